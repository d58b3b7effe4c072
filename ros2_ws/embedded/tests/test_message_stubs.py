"""What type checkers see of the message classes."""

import os
import subprocess
import sys
from pathlib import Path

from embedded_ros.stubs import main

PROGRAM = """\
import numpy as np
from nav_msgs.msg import Odometry
from rover_msgs.msg import AlarmArray
from sensor_msgs.msg import JointState, NavSatStatus
from std_srvs.srv import SetBool

odometry = Odometry(child_frame_id="base")
odometry.pose.covariance = np.zeros(36)
odometry.pose.covariance = [0.0] * 36
x: float = odometry.pose.pose.position.x
joints = JointState(position=[1.0], name=["a"])
first: float = joints.position[0]
count: int = len(AlarmArray().alarms)
status: int = NavSatStatus.STATUS_FIX
def answer(request: SetBool.Request, response: SetBool.Response) -> bool:
    return request.data and response.success"""
MISTAKES = {
    "odometry.child_frame = 'x'": 'has no attribute "child_frame"',
    "Odometry(child_frame_id=3)": "incompatible type",
    "Odometry(child='x')": "Unexpected keyword argument",
    "joints.position = 'fast'": "Incompatible types in assignment",
    "SetBool.Request(success=True)": "Unexpected keyword argument",
}


def test_a_type_checker_finds_mistakes_and_nothing_else(tmp_path: Path) -> None:
    main(tmp_path)
    program = tmp_path / "program.py"
    program.write_text("\n".join([PROGRAM, *MISTAKES]))
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", tmp_path / "cache", program]
    env = {**os.environ, "MYPYPATH": str(tmp_path)}
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=200, check=False)
    found = [line for line in run.stdout.splitlines() if "error:" in line]
    first = len(PROGRAM.splitlines()) + 1
    assert [int(line.split(":")[1]) for line in found] == list(range(first, first + len(MISTAKES))), run.stdout
    for line, message in zip(found, MISTAKES.values(), strict=True):
        assert message in line
