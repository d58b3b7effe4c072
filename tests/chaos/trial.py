"""One launch that is harmed once, and what is to be said of it afterwards."""

import json
import math
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rclpy
from mir2_core.recorder import pair_distances
from mir2_interfaces.msg import SwarmMetrics
from nav_msgs.msg import Odometry
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.logging import LoggingSeverity
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions

from tests.bundles import write_centroid_bundle
from tests.ros import Process, Swarm, survivors, wait_until

STANDS_MPS, STANDS_RADPS = 0.005, 0.1
MOVES_MPS, MOVES_RADPS = 0.02, 0.5
STANDS_S = 0.3  # for how long, at least
LATEST_START_S = 180.0
SENSOR_DATA = QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)


@dataclass(frozen=True)
class Setting:
    """The team and the world of all trials; no policy given: a rule that drives to the centroid of the others."""

    robots: int = 5
    backend: str = "pybullet"
    duration_s: float = 20.0
    policy: str = ""


class Watcher:
    """A bystander's node: where robots are, how fast, and the run's time."""

    def __init__(self, domain: int, names: list[str]) -> None:
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        self._context = Context()
        rclpy.init(args=[], context=self._context, domain_id=domain, signal_handler_options=SignalHandlerOptions.NO)
        self.node = Node("bystander", context=self._context, start_parameter_services=False)
        self.node.get_logger().set_level(LoggingSeverity.FATAL)  # what is no message is others' concern
        self.seen: dict[str, list[tuple[float, float, float]]] = {name: [] for name in names}  # at, v, omega
        self.run_s = 0.0
        for name in names:
            self.node.create_subscription(Odometry, f"/{name}/odom", self._listener(name), SENSOR_DATA)
        self.node.create_subscription(SwarmMetrics, "/swarm/metrics", self._on_metrics, SENSOR_DATA)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        with suppress(ExternalShutdownException):
            self._executor.spin()

    def _listener(self, name: str) -> Callable[[Odometry], None]:
        def listen(message: Odometry) -> None:
            if message.header.frame_id == "map":
                twist = message.twist.twist
                self.seen[name].append((time.monotonic(), abs(twist.linear.x), abs(twist.angular.z)))

        return listen

    def _on_metrics(self, message: SwarmMetrics) -> None:
        self.run_s = message.step * 0.1

    def moves(self, name: str) -> bool:
        """Whether a robot is on its way."""
        return bool(self.seen[name]) and (self.seen[name][-1][1] > MOVES_MPS or self.seen[name][-1][2] > MOVES_RADPS)

    def stood_after_s(self, name: str, since_s: float) -> float:
        """How long after `since_s` a robot was first seen to stand; `inf` if it was not."""
        after = [each for each in self.seen[name] if each[0] >= since_s]
        for at_s, v, omega in after:
            if v < STANDS_MPS and omega < STANDS_RADPS:
                stays = [each for each in after if at_s <= each[0] <= at_s + STANDS_S]
                if all(v < STANDS_MPS and omega < STANDS_RADPS for _, v, omega in stays):
                    return at_s - since_s
        return math.inf

    def close(self) -> None:
        """Leave the network."""
        self._context.try_shutdown()
        self._thread.join()
        self.node.destroy_node()


@dataclass
class Trial:
    """A launch in a domain of its own; `harm` is given it and does its worst, once robots move."""

    swarm: Swarm
    setting: Setting
    draw: random.Random
    victim: str
    names: list[str]
    launch: Process
    watcher: Watcher
    harmed_s: float = math.nan
    notes: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Of the run."""
        return self.swarm.folder / "run"

    def harmed(self) -> None:
        """Now it has happened."""
        self.harmed_s = time.monotonic()

    def process(self, node: str, robot: str = "") -> int:
        """The process that runs a node, of a robot where there are several."""
        for line in survivors(self.swarm.environment):
            number, _, command = line.partition(": ")
            if f"mir2_swarm.entry:{node}" in command and (not robot or robot in command.split()):
                return int(number)
        raise AssertionError(f"no process of {node} {robot}")

    def wait_s(self, low_s: float, high_s: float) -> float:
        """Wait for a time drawn at random and note it."""
        drawn_s = self.draw.uniform(low_s, high_s)
        time.sleep(drawn_s)
        return drawn_s

    def events(self) -> list[dict[str, object]]:
        """The record so far; every line must be whole."""
        path = self.folder / "events.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def apart_m(self) -> float:
        """The widest pair of robots at the end of the record."""
        with np.load(self.folder / "trajectories.npz") as recorded:
            return pair_distances(recorded["poses"][-1])[1]

    def near_m(self) -> float:
        """How close is met."""
        return float(json.loads((self.folder / "metrics.json").read_text())["rendezvous_m"])


@contextmanager
def trial(
    folder: Path,
    domain: int,
    setting: Setting,
    draw: random.Random,
    environment: dict[str, str],
) -> Iterator[Trial]:
    """A launch whose robots have begun to move, and certainty that nothing of it stays behind."""
    swarm = Swarm(folder, domain)
    swarm.environment |= environment
    policy = setting.policy or str(write_centroid_bundle(folder / "centroid.onnx", robots=setting.robots))
    names = [f"robot_{k}" for k in range(setting.robots)]
    watcher = Watcher(domain, names)
    words = ["launch", "mir2_swarm", "rendezvous.launch.py", f"policy:={policy}", f"robots:={setting.robots}",
             f"backend:={setting.backend}", f"duration:={setting.duration_s}", f"output:={folder}/run",
             f"seed:={draw.randrange(10)}"]  # fmt: skip
    with swarm.running(*words) as launch:
        made = Trial(swarm, setting, draw, draw.choice(names), names, launch, watcher)
        try:
            launch.wait_for("return", LATEST_START_S)
            yield made
        finally:
            for line in survivors(swarm.environment):  # whoever is paused cannot end
                with suppress(OSError):
                    os.kill(int(line.split(":")[0]), signal.SIGCONT)
            watcher.close()


def wait_for_the_end(made: Trial) -> int:
    """The exit status; a run has its duration, a few seconds to end, and a slow machine's patience."""
    return made.launch.end(made.setting.duration_s + 120.0)


def orphans(made: Trial) -> list[str]:
    """What still runs ten seconds after the launch has ended."""
    with suppress(AssertionError):
        wait_until(lambda: not survivors(made.swarm.environment), 10.0, "everything ended")
    return survivors(made.swarm.environment)
