from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rclpy
import yaml
from mir2_policies.evaluation.ros import reserved_domain
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from tests.ros import DEADLINE_S, wait_until


class Bench:
    """Nodes under test and a probe node, spun together on a domain of their own."""

    def __init__(self) -> None:
        self.executor = SingleThreadedExecutor()
        self.nodes: list[Node] = []
        self.probe = self.add(Node("probe"))

    def add(self, node: Node) -> Node:
        self.nodes.append(node)
        self.executor.add_node(node)
        return node

    def spin_until(self, condition: Callable[[], object], what: str) -> None:
        def spun() -> object:
            self.executor.spin_once(timeout_sec=0.05)
            return condition()

        wait_until(spun, DEADLINE_S, what)

    def listen(self, message_type: type, topic: str, qos: object = 10) -> list:
        heard: list = []
        self.probe.create_subscription(message_type, topic, heard.append, qos)
        return heard


@pytest.fixture
def roster_file(tmp_path: Path, make_bundle: Callable[..., Path]) -> Callable[..., Path]:
    """A function that writes a roster of three robots with a policy for them."""

    def write(kind: str = "epuck2", team: dict[str, object] | None = None, **robot: object) -> Path:
        robots = [{"name": f"robot_{k}", "kind": kind, **robot} for k in range(3)]
        document = {"arena": {"size_m": 2.0}, "policy": str(make_bundle(robots=3)), "robots": robots}
        path = tmp_path / "roster.yaml"
        path.write_text(yaml.safe_dump(document | {"allow_fault_injection": True} | (team or {})))
        return path

    return write


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    """A function that initialises rclpy with ROS arguments and gives a bench."""
    yield from benches(monkeypatch)


def benches(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    """What the fixture gives, then its end."""
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    made: list[Bench] = []
    with reserved_domain() as domain:

        def make(**parameters: object) -> Bench:
            arguments = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
            rclpy.init(args=["--ros-args", *arguments] if arguments else None, domain_id=domain)
            made.append(Bench())
            return made[0]

        yield make
        for node in made[0].nodes if made else []:
            node.destroy_node()
        rclpy.try_shutdown()
