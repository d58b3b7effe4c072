"""The bag of a run through real processes: nothing is missing in lockstep, and a kill costs nothing else."""

import json
import os
import signal

from rosbags.highlevel import AnyReader

from tests.ros import DEADLINE_S, process_of, wait_until
from tests.views import field, layout_paths, layout_topics, rviz_topics

LAUNCH = ("launch", "mir2_swarm", "rendezvous.launch.py", "robots:=3", "backend:=kinematic", "robots_per_process:=3")


NOT_IN_A_BAG = {"/parameter_events", "/bag_recorder/ready", "/bag_recorder/clock"}


def read(path):
    """The messages of every topic, decoded with the definitions in the bag."""
    with AnyReader([path]) as reader:
        heard = {topic: [] for topic in reader.topics}
        for connection, _, raw in reader.messages():
            heard[connection.topic].append(reader.deserialize(raw, connection.msgtype))
    return heard


def stamps(messages):
    """Their times in steps of 0.1 s."""
    return {round((m.header.stamp.sec + 1e-9 * m.header.stamp.nanosec) / 0.1) for m in messages}


def assert_views_show(heard):
    """What Foxglove and rviz are told to show is in the bag, but for the robots that this team does not have."""
    others = tuple(f"/robot_{k}/" for k in range(3, 10))
    assert all(heard[topic] for topic in layout_topics() | rviz_topics() if not topic.startswith(others))
    shown = [(topic, fields) for topic, fields in layout_paths() if not topic.startswith(others)]
    assert [topic for topic, _ in shown if not heard[topic]] in ([], ["/rosout"]), "nobody may have had anything to log"
    for topic, fields in shown:
        for message in heard[topic]:
            field(message, fields)


def test_in_lockstep_nothing_is_missing(swarm, make_bundle):
    bundle, output = make_bundle(robots=3), f"output:={swarm.folder}/run"
    faults = "fault:=stop@robot_1:1:1,offset@robot_2:2:1"
    status, said = swarm.ros2(*LAUNCH, f"policy:={bundle}", output, "mode:=lockstep", "duration:=5", faults)
    assert status == 0, said
    heard = read(swarm.folder / "run" / "run.mcap")
    steps = set(range(50))
    for robot in ("robot_0", "robot_1", "robot_2"):
        for topic in ("odom", "state", "cmd_vel/policy", "cmd_vel", "gate"):
            assert steps <= stamps(heard[f"/{robot}/{topic}"]), topic
        assert heard[f"/{robot}/allies"]
    assert [message.step for message in heard["/swarm/metrics"]] == list(range(1, 51))
    assert stamps(heard["/robot_1/cmd_vel/fault"]) == set(range(10, 20))
    assert stamps(heard["/robot_2/state/fault"]) == set(range(20, 30))
    assert {fault.fault for message in heard["/faults"] for fault in message.faults} == {"stop", "offset"}
    assert heard["/clock"]
    assert_views_show(heard)
    assert f"Topic: /robot_0/odom | Type: nav_msgs/msg/Odometry | Count: {len(heard['/robot_0/odom'])}" in swarm.ros2(
        "bag", "info", str(swarm.folder / "run" / "run.mcap")
    )[1]  # fmt: skip


def test_a_killed_recorder_leaves_what_it_had_and_the_run_goes_on(swarm, make_bundle):
    bag = swarm.folder / "run" / "run.mcap"
    output = f"output:={swarm.folder}/run"
    with swarm.running(*LAUNCH, f"policy:={make_bundle(robots=3)}", output, "duration:=600") as demo:
        demo.wait_for("return", DEADLINE_S)
        size = bag.stat().st_size
        wait_until(lambda: bag.stat().st_size > size, DEADLINE_S, "the bag grows")
        _, listed = swarm.ros2("topic", "list")
        os.kill(process_of(swarm, "bag_recorder"), signal.SIGKILL)
        assert read(bag)["/swarm/metrics"]
        with AnyReader([bag]) as reader:
            assert set(listed.split()) - NOT_IN_A_BAG == set(reader.topics)
        demo.wait_for("the bag recorder was killed by signal 9; the run goes on without", DEADLINE_S)
        lines = len(demo.lines)
        wait_until(lambda: len(demo.lines) > lines + 1, DEADLINE_S, "the run goes on")
    assert json.loads((swarm.folder / "run" / "metrics.json").read_text())["steps"] >= 20
