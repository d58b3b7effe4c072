"""A stranger speaks in the names of robots about what they have heard, while a swarm runs."""

import json
import signal
import sys
from pathlib import Path

import numpy as np

from tests.ros import DEADLINE_S, Process

LAUNCH = ("launch", "mir2_swarm", "rendezvous.launch.py", "backend:=kinematic", "mode:=lockstep", "robots:=5")
NAMES = [f"robot_{k}" for k in range(5)]


def run(swarm, bundle, name):
    folder = swarm.folder / name
    arguments = (f"policy:={bundle}", f"output:={folder}", "duration:=8", "record:=false", "robots_per_process:=5")
    status, output = swarm.ros2(*LAUNCH, *arguments, deadline_s=240.0)
    assert status == 0, output
    with np.load(folder / "trajectories.npz") as arrays:
        poses = arrays["poses"]
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return poses, json.loads((folder / "metrics.json").read_text()), events, output


def test_a_forger_convicts_nobody_changes_nothing_and_is_named(swarm, make_bundle):
    bundle = make_bundle(robots=5)
    alone, metrics, *_ = run(swarm, bundle, "alone")
    assert metrics["refused_reports"] == {}
    forger = Process(
        [sys.executable, str(Path(__file__).with_name("forger.py")), *NAMES], swarm.environment, swarm.folder
    )
    try:
        forger.wait_for("ready", DEADLINE_S)
        poses, metrics, events, output = run(swarm, bundle, "forged")
    finally:
        forger.process.send_signal(signal.SIGINT)
        assert forger.end(DEADLINE_S) == 0, forger.output
    np.testing.assert_array_equal(poses, alone)
    assert metrics["absent"] == []
    assert {robot: set(why) for robot, why in metrics["refused_reports"].items()} == {
        name: {"two_voices"} for name in NAMES[1:]
    }
    strangers = [event["detail"] for event in events if event["event"] == "foreign_publisher"]
    assert strangers == ["/forger publishes on /swarm/heard"]
    abused = {event["robot"] for event in events if event["event"] == "reports_refused"}
    assert abused == set(NAMES[1:])
    assert "a stranger on /swarm/heard? Two different things are said there in the name of" in output
