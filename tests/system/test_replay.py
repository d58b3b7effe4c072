"""A run in lockstep, disturbed by hand, is played again and is the same."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from mir2_policies.evaluation.replay import compare
from mir2_policies.evaluation.ros import RunRecord

from tests.ros import DEADLINE_S, wait_until

LAUNCH = ("launch", "mir2_swarm", "rendezvous.launch.py", "robots:=3", "backend:=kinematic", "robots_per_process:=3")
INJECT = ("service", "call", "/fault_injector/inject", "mir2_interfaces/srv/InjectFault")
CLEAR = ("service", "call", "/fault_injector/clear", "mir2_interfaces/srv/ClearFault")
MIR2 = Path(sys.executable).with_name("mir2")


def mir2(*arguments):
    done = subprocess.run([MIR2, *map(str, arguments)], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def test_a_run_with_faults_by_hand_is_reproduced_and_an_altered_one_refused(swarm):
    folder = swarm.folder / "run"
    planned = "fault:=offset:{x_m: 0.2}@robot_2:0.55:1,adversary(zoo:mir2_allies-3-liar-0)@robot_0:0.4:1"

    def told(event):
        return lambda: event in (folder / "events.jsonl").read_text()

    with swarm.running(
        *LAUNCH, "policy:=rendezvous-mir2_allies-3", f"output:={folder}", "mode:=lockstep", "duration:=3600", planned
    ) as demo:
        demo.wait_for("return", DEADLINE_S)
        assert "success=True" in swarm.ros2(*INJECT, "{robot: robot_1, fault: flee}")[1]
        wait_until(told('"fault": "flee"'), DEADLINE_S, "the fault begins")
        assert "success=True" in swarm.ros2(*CLEAR, "{robot: robot_1}")[1]
        wait_until(told('"fault_ended", "robot": "robot_1"'), DEADLINE_S, "the fault ends")
        demo.process.send_signal(signal.SIGINT)
        demo.end(DEADLINE_S)

    status, said, mistake = mir2("replay", folder)
    assert mistake == ""
    found = json.loads(said)
    assert (status, found["equal"], found["first_difference"]) == (0, True, None), found
    record, again = RunRecord.read(folder), RunRecord.read(swarm.folder / "run-replay")
    assert found["steps"] == len(record.rewards) == len(again.rewards)
    assert record.metrics["faults"] == again.metrics["faults"]
    kinds = [fault.partition("@")[0].partition(":")[0] for fault in record.metrics["faults"]]
    assert kinds == ["adversary", "offset", "flee"]
    made_of = json.loads((folder / "digests.json").read_text())
    assert {Path(file).name for file in made_of} >= {"rendezvous-mir2_allies-3.onnx", "mir2_allies-3-liar-0.onnx"}

    poses = record.poses.copy()
    poses[7:, 1, 0] += 0.25
    found = compare(record, RunRecord(**{**vars(record), "poses": poses}), found["steps"])
    assert (found.step, found.robot) == (7, "robot_1")
    np.testing.assert_allclose([found.largest_m, found.largest_rad], [0.25, 0.0], atol=1e-12)

    altered = shutil.copytree(folder, swarm.folder / "altered")
    (altered / "roster.yaml").write_text((altered / "roster.yaml").read_text() + "\n")
    status, _, mistake = mir2("replay", altered)
    assert status == 2
    assert mistake == f"error: {altered}/roster.yaml: has been altered since the run; give the file as it was"
