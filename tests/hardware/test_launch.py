"""The launch of the swarm on emulated robots: the real driver, gates and policies over real TCP and DDS."""

import json
import math
import re
import signal
import sys
from pathlib import Path

import pytest
from ament_index_python.packages import get_package_share_directory
from mir2_core.errors import UserError
from mir2_core.roster import Roster
from mir2_core.run import Run, prepare

from tests.ros import DEADLINE_S, Process, wait_until

LAUNCH = ("launch", "mir2_swarm", "rendezvous.launch.py", "backend:=hardware", "robots_per_process:=3", "record:=false")


@pytest.fixture
def emulate(swarm):
    """A function that starts emulated robots in a process of their own; the roster, and how they ended."""
    processes = []

    def start(*words):
        path = swarm.folder / "lab.yaml"
        command = [sys.executable, "-m", "mir2_hardware.epuck2.emulator", "--roster", str(path), *words]
        processes.append(Process(command, swarm.environment, swarm.folder))
        processes[-1].wait_for("ros2 launch", DEADLINE_S)
        return path, processes[-1]

    yield start
    for process in processes:
        end(process)


def end(process):
    if process.process.poll() is None:
        process.process.send_signal(signal.SIGINT)
    assert process.end(DEADLINE_S) == 0
    return process.output


def widest_m(launch):
    """How far apart the team said last that it is."""
    found = (re.search(r"widest +([\d.]+) m ", line) for line in reversed(launch.lines[-50:]))
    return next((float(match[1]) for match in found if match), math.inf)


def be_patient(path):
    """A machine that is ten times too busy must not make robots stand."""
    roster = Roster.load(path)
    changes = {
        "timeouts": {"command_s": 10.0, "state_s": 10.0, "driver_s": 10.0},
        "trust": {"timeout_s": 10.0, "coast_s": 10.0},
    }
    Roster.model_validate(roster.model_dump(exclude_none=True) | changes).save(path)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_three_emulated_robots_meet_and_stand_when_the_launch_ends(swarm, emulate):
    path, emulator = emulate("--robots", "3", "--seed", "4")
    be_patient(path)
    arguments = (f"roster:={path}", f"output:={swarm.folder}/run", "duration:=600")
    with swarm.running(*LAUNCH, *arguments) as launch:
        launch.wait_for("widest", 2 * DEADLINE_S)
        began_m = widest_m(launch)
        wait_until(lambda: widest_m(launch) < 0.5 * began_m, 2 * DEADLINE_S, "they come together")
        launch.process.send_signal(signal.SIGINT)
        launch.end(DEADLINE_S)
    assert "Traceback" not in launch.output
    metrics = json.loads((swarm.folder / "run" / "metrics.json").read_text())
    assert (metrics["backend"], metrics["robots"]) == ("hardware", 3)
    said = end(emulator)
    assert float(re.search(r"the widest pair is ([\d.]+) m apart", said)[1]) < 0.7 * began_m, "they really have"
    assert said.count("motors 0, 0 steps/s") == 3, "nobody drives after the run"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_robot_that_is_switched_off_keeps_nobody_waiting(swarm, emulate):
    path, _ = emulate("--robots", "3", "--fault", "off@robot_2:0")
    with swarm.running(*LAUNCH, f"roster:={path}", f"output:={swarm.folder}/run", "duration:=600") as launch:
        launch.wait_for("the run begins although nothing is heard of /robot_2/", DEADLINE_S)
        launch.wait_for("cannot be reached (Connection refused)", DEADLINE_S)
        launch.wait_for("mean pair distance", DEADLINE_S)


@pytest.mark.parametrize(
    ("arguments", "change", "words"),
    [
        ({"mode": "lockstep"}, {}, "launch argument mode is 'lockstep', which real robots cannot do"),
        ({"disturbance": "lab"}, {}, "launch argument disturbance is 'lab', which real robots cannot do"),
        ({"gui": "true"}, {}, "launch argument gui is 'true', which real robots cannot do"),
        ({}, {"start": None}, "robot 'robot_0' has no start"),
        ({}, {"driver": {}}, "robot 'robot_0', driver: key 'host' is missing"),
        ({"scenario": "dies.yaml"}, {}, "process 'simulator': there is none with backend:=hardware"),
    ],
)
def test_what_robots_cannot_do_is_refused_before_anything_starts(tmp_path, monkeypatch, arguments, change, words):
    monkeypatch.chdir(tmp_path)
    start = {"x_m": 1.0, "y_m": 1.0}
    robots = [
        {"name": "robot_0", "driver": {"host": "127.0.0.1", "port": 1}, "start": start} | change,
        {"name": "robot_1", "driver": {"host": "127.0.0.1", "port": 2}, "start": {"x_m": 0.5, "y_m": 0.5}},
    ]
    team = {"arena": {"size_m": 2.0}, "policy": "rendezvous-any", "allow_fault_injection": True, "robots": robots}
    Roster.model_validate(team).save(Path("lab.yaml"))
    Path("dies.yaml").write_text("processes:\n  - {at_s: 1, do: kill, process: simulator}\n")
    run = Run.from_arguments({"backend": "hardware", "roster": "lab.yaml", **arguments})
    with pytest.raises(UserError, match=words):
        prepare(run, Path(get_package_share_directory("mir2_swarm")))
    assert not Path("runs").exists()
