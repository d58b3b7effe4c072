"""The graph as our nodes see it, and as a plain DDS participant sees our nodes."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from cyclonedds.qos import Policy
from embedded_ros.cdr import deserialize
from embedded_ros.dds import Participant, make_qos
from embedded_ros.messages import message_class
from embedded_ros.wire import cyclone_config
from rclpy.node import NodeNameNonExistentError
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from ros_world import DATA, DEADLINE_S, World
from std_srvs.srv import SetBool

RECORDED = json.loads((DATA / "ros2_jazzy_graph.json").read_text())
NODE = ("policy", "/robot_3")


def shape(kind: str, topic: str, type_name: str, user_data: str) -> tuple[str, str, str, str]:
    """An endpoint without what differs from process to process: the participant's part of the identity."""
    return kind, topic, type_name, re.sub(r"(id=)[ .0-9a-f]*\.0\.0\.0\.", r"\1", user_data)


def policies(qos: Any) -> dict[str, Any]:
    return {
        "reliable": qos[Policy.Reliability] != Policy.Reliability.BestEffort,
        "transient_local": qos[Policy.Durability] == Policy.Durability.TransientLocal,
        "lifespan_ns": qos[Policy.Lifespan].lifespan if qos[Policy.Lifespan] else 2**63 - 1,
    }


def recorded_policies(entries: list[str]) -> dict[str, Any]:
    text = " ".join(entries)
    lifespan = re.search(r"lifespan=(\d+)", text)
    return {
        "reliable": "Reliability.Reliable" in text,
        "transient_local": "Durability.TransientLocal" in text,
        "lifespan_ns": int(lifespan[1]) if lifespan else 2**63 - 1,
    }


@pytest.fixture
def observer(ros_domain: int) -> Iterator[Participant]:
    participant = Participant(ros_domain, cyclone_config())
    yield participant
    participant.delete()


def until(get: Callable[[], Any], wanted: Any) -> None:
    """Waits until `get()` is what is wanted; afterwards compares, so that a failure shows the difference."""
    deadline = time.monotonic() + DEADLINE_S
    while get() != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert get() == wanted


def test_endpoints_are_those_of_the_recorded_node(
    observer: Participant, recorded_node: "subprocess.Popen[str]"
) -> None:
    wanted = {shape(e["kind"], e["topic"], e["type"], e["user_data"]): e for e in RECORDED["endpoints"] if e["topic"]}

    def seen() -> dict[tuple[str, str, str, str], Any]:
        kinds = {"publication": False, "subscription": True}
        return {
            shape(kind, e.topic, e.type_name, e.qos[Policy.Userdata].data.decode()): e.qos
            for kind, readers in kinds.items()
            for e in observer.endpoints(readers=readers)
            if e.participant != observer.gid and not e.topic.startswith("DCPS")
        }

    until(lambda: set(seen()), set(wanted))
    for key, qos in seen().items():
        assert policies(qos) == recorded_policies(wanted[key]["qos"]), key
    enclaves = [data for gid, data in observer.participants().items() if gid != observer.gid]
    assert enclaves == [{"enclave": "/"}]


def test_discovery_info_lists_the_recorded_nodes_entities(
    observer: Participant, recorded_node: "subprocess.Popen[str]"
) -> None:
    info = "rmw_dds_common/msg/ParticipantEntitiesInfo"
    decode = partial(deserialize, message_class(info))
    samples = [s for s in RECORDED["samples"] if s["topic"] == "ros_discovery_info"]
    recorded = decode(bytes.fromhex(samples[0]["cdr"])).node_entities_info_seq[0]
    type_name = "rmw_dds_common::msg::dds_::ParticipantEntitiesInfo_"
    reader = observer.reader("ros_discovery_info", type_name, make_qos(transient_local=True, depth=0))
    newest: list[Any] = []

    def counts() -> tuple[Any, ...]:
        newest.extend(decode(cdr) for cdr, _ in reader.take_cdr(100))
        if not newest or not newest[-1].node_entities_info_seq:
            return ()
        node = newest[-1].node_entities_info_seq[0]
        return node.node_namespace, node.node_name, len(node.reader_gid_seq), len(node.writer_gid_seq)

    until(counts, ("/robot_3", "policy", len(recorded.reader_gid_seq), len(recorded.writer_gid_seq)))
    listed = {bytes(gid.data) for gid in newest[-1].node_entities_info_seq[0].writer_gid_seq}
    announced = {e.gid for e in observer.endpoints(readers=False) if e.topic.startswith(("rt/", "rr/"))}
    assert listed == announced
    reader.delete()


def test_queries_about_another_process(world: World, recorded_node: "subprocess.Popen[str]") -> None:
    node = world.node()
    assert node.wait_for_node("/robot_3/policy", DEADLINE_S)
    until(lambda: node.get_subscriber_names_and_types_by_node(*NODE), [("/cmd", ["std_msgs/msg/String"])])
    services = [name for name, _ in node.get_service_names_and_types_by_node(*NODE)]
    assert services[0] == "/emergency_stop/set"
    assert len(services) == 8
    assert ("/robot_3/odom", ["nav_msgs/msg/Odometry"]) in node.get_topic_names_and_types()
    assert ("rt/cmd", ["std_msgs::msg::dds_::String_"]) in node.get_topic_names_and_types(no_demangle=True)
    assert sorted(node.get_node_names_and_namespaces()) == [("policy", "/robot_3"), ("tester", "/")]
    (info,) = node.get_publishers_info_by_topic("/robot_3/status")
    assert (info.node_name, info.node_namespace, info.topic_type) == (*NODE, "std_msgs/msg/String")
    assert info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
    (info,) = node.get_publishers_info_by_topic("/robot_3/odom")
    assert (info.qos_profile.reliability, info.qos_profile.depth) == (ReliabilityPolicy.BEST_EFFORT, 5)
    assert node.count_publishers("/parameter_events") == 2
    assert node.count_services("/emergency_stop/set") == 1
    node.create_client(SetBool, "/emergency_stop/set")
    assert node.get_client_names_and_types_by_node("tester", "/") == [("/emergency_stop/set", ["std_srvs/srv/SetBool"])]
    with pytest.raises(NodeNameNonExistentError):
        node.get_service_names_and_types_by_node("nobody", "/")


def test_a_process_that_ends_leaves_the_graph(world: World, recorded_node: "subprocess.Popen[str]") -> None:
    node = world.node()
    assert node.wait_for_node("/robot_3/policy", DEADLINE_S)
    recorded_node.terminate()
    until(node.get_node_names, ["tester"])
    assert node.count_publishers("/robot_3/odom") == 0
