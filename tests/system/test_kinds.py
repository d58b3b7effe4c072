"""Teams of drones and mixed teams through the real nodes; other simulators, and one that breaks down."""

import json
import re
from importlib.util import find_spec

import numpy as np
import pytest
from mir2_core.roster import Roster

LAUNCH = ("launch", "mir2_swarm", "rendezvous.launch.py", "mode:=lockstep", "robots_per_process:=10", "record:=false")


def play(swarm, name, *arguments):
    folder = swarm.folder / name
    status, output = swarm.ros2(*LAUNCH, f"output:={folder}", *arguments, deadline_s=280.0)
    assert status == 0, output
    with np.load(folder / "trajectories.npz") as arrays:
        return Roster.load(folder / "roster.yaml"), dict(arrays)


def test_a_mixed_team_drives_flies_and_repeats_bit_for_bit(swarm):
    roster, first = play(swarm, "first", "roster:=mixed", "seed:=3", "duration:=3")
    assert {robot.kind for robot in roster.robots} == {"epuck2", "turtlebot3_burger", "crazyflie"}
    moved_m = np.linalg.norm(first["poses"][-1, :, :2] - first["poses"][0, :, :2], axis=-1)
    assert (moved_m > 0.02).all()
    fastest_mps = np.array([robot.model.max_v_mps for robot in roster.robots])
    assert (np.abs(first["twists"][..., 0]) <= fastest_mps + 1e-9).all()
    _, second = play(swarm, "second", "roster:=mixed", "seed:=3", "duration:=3")
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)


def test_a_traitor_of_another_kind_turns_and_is_recorded(swarm):
    _, arrays = play(
        swarm, "run", "roster:=crazyflies", "robots:=3", "duration:=4", "fault:=flee@drone_1:1,lie-circle@drone_2:1"
    )
    assert arrays["compromised"][:10].sum() == 0
    assert arrays["compromised"][10:, 1:].all()
    assert np.abs(arrays["twists"][10:, 1, 0]).max() > 0.3, "it flees as fast as its kind can"


def test_gym_pybullet_drones_flies_the_swarm_or_says_how_to_get_it(swarm):
    backend = "backend:=gym_pybullet_drones"
    if find_spec("gym_pybullet_drones"):
        roster, arrays = play(swarm, "run", backend, "policy:=rendezvous-any", "robots:=3", "duration:=3")
        assert {robot.kind for robot in roster.robots} == {"crazyflie"}
        assert (np.linalg.norm(arrays["poses"][-1, :, :2] - arrays["poses"][0, :, :2], axis=-1) > 0.02).all()
        return
    status, output = swarm.ros2(*LAUNCH, backend)
    assert status == 1
    assert "process started" not in output
    assert "gym-pybullet-drones 2.x, which is not installed; install it from its repository" in output.splitlines()[-1]


BREAKING = """
from mir2_sim import pybullet_backend
KINDS = pybullet_backend.KINDS

def make_world(*arguments, **options):
    world = pybullet_backend.make_world(*arguments, **options)
    step = world.step

    def kicked(twists, duration_s):
        if world.time_s > 1.95:
            world.client.resetBaseVelocity(world.robots[1].body, [1e5, 0.0, 0.0])
        return step(twists, duration_s)

    world.step = kicked
    return world
"""


def test_physics_that_breaks_down_is_named_and_what_came_before_is_kept(swarm):
    (swarm.folder / "breaking_backend.py").write_text(BREAKING)
    (swarm.folder / "sitecustomize.py").write_text(
        "from mir2_core.world import BACKENDS\nBACKENDS['breaking'] = 'breaking_backend'\n"
    )
    swarm.environment["PYTHONPATH"] = str(swarm.folder)
    folder = swarm.folder / "run"
    status, output = swarm.ros2(
        *LAUNCH, "backend:=breaking", "policy:=rendezvous-any", "robots:=3", "duration:=20", f"output:={folder}"
    )
    assert status == 1
    assert "Traceback" not in output
    assert re.search(r"error: physics broke down at 2\.1 s: robot_1 is at \(", output)
    assert "the run ended early: the simulator ended with status 2" in output
    with np.load(folder / "trajectories.npz") as arrays:
        assert len(arrays["poses"]) in (20, 21)
        assert np.isfinite(arrays["poses"]).all()
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert {"node_died", "run_cut_short", "run_ended"} <= {event["event"] for event in events}


@pytest.mark.parametrize(
    ("robot", "words"),
    [
        ("kind: crazyflie, height_m: 9", "less than or equal to 3"),
        ("kind: epuck2, height_m: 1", "its kind 'epuck2' does not fly"),
        ("kind: turtlebot3", "unknown robot kind; valid: crazyflie, epuck2"),
    ],
)
def test_a_roster_with_an_impossible_robot_is_refused(swarm, robot, words):
    team = f"arena: {{size_m: 2.0}}\npolicy: rendezvous-any\nrobots:\n  - {{name: a}}\n  - {{name: b, {robot}}}\n"
    (swarm.folder / "roster.yaml").write_text(team)
    status, output = swarm.ros2(*LAUNCH, "roster:=roster.yaml")
    assert status == 1
    assert words in output.splitlines()[-1]
    assert "process started" not in output
