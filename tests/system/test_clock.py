"""The machine's clock is set while a swarm runs in real time."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from tests.ros import DEADLINE_S

CLOCK = Path(__file__).parents[1] / "chaos" / "clock"  # a wall clock that a test sets
LAUNCH = ("launch", "mir2_swarm", "rendezvous.launch.py", "backend:=kinematic", "robots:=3", "record:=false")


@pytest.mark.parametrize("shift_s", [3600.0, -3600.0])
def test_planned_faults_begin_and_end_by_the_runs_own_clock(swarm, make_bundle, shift_s):
    clock, folder = swarm.folder / "clock", swarm.folder / "run"
    path = os.pathsep.join([str(CLOCK), os.environ.get("PYTHONPATH", "")])
    swarm.environment |= {"CHAOS_CLOCK": str(clock), "PYTHONPATH": path}
    arguments = (f"policy:={make_bundle(robots=3)}", f"output:={folder}", "duration:=9")
    faults = "fault:=stop@robot_0:4:2,offset@robot_1:1:6,flee@robot_2:0:1"
    with swarm.running(*LAUNCH, *arguments, faults) as launch:
        for second, set_s in ((2, shift_s), (5, 0.0)):  # before a fault begins, and while two hold
            launch.wait_for(f"    {second} s   mean pair distance", DEADLINE_S)
            clock.write_text(str(set_s))
        assert launch.end(DEADLINE_S) == 0, launch.output
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert [event["detail"].split(";")[0] for event in events if event["event"] == "clock_set"] == [
        f"by {shift_s:+.1f} s",
        f"by {-shift_s:+.1f} s",
    ]
    with np.load(folder / "trajectories.npz") as arrays:
        compromised, time_s = arrays["compromised"], arrays["time_s"][1:]
    for robot, start_s, end_s in ((0, 4.0, 6.0), (1, 1.0, 7.0), (2, 0.0, 1.0)):
        traitor = time_s[compromised[:, robot]]
        assert start_s - 0.2 < traitor.min() < start_s + 0.5, "on a busy machine its lease may run out for a while"
        assert end_s - 0.5 < traitor.max() < end_s + 0.3
    recorded = json.loads((folder / "metrics.json").read_text())["faults"]
    assert {text.split(":")[0] for text in recorded} == {"stop@robot_0", "offset@robot_1", "flee@robot_2"}
