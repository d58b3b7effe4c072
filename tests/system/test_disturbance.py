"""A disturbed run through the real nodes is the episode in process, and is repeated from its folder."""

import numpy as np
import pytest
import yaml
from mir2_core.bundle import PolicyBundle
from mir2_core.disturbance import parse_disturbance
from mir2_core.disturbed_world import DisturbedWorld
from mir2_core.kinematic import KinematicWorld
from mir2_core.robots import EPUCK2_POINT
from mir2_core.tasks import Rendezvous, RendezvousParams

LAUNCH = ("launch", "mir2_swarm", "rendezvous.launch.py", "mode:=lockstep", "robots_per_process:=3", "record:=false")
DISTURBANCE = "lab:{motor_lag_s: 0.2}"
BELIEVES_ALL = {"noise_m": 1e6, "noise_rad": 1e6, "traitors": 2}


def play(swarm, name, *arguments):
    folder = swarm.folder / name
    status, output = swarm.ros2(*LAUNCH, f"output:={folder}", *arguments, deadline_s=280.0)
    assert status == 0, output
    with np.load(folder / "trajectories.npz") as arrays:
        return dict(arrays)


def test_equals_the_disturbed_episode_in_process_and_is_repeated_by_its_run_file(swarm, make_bundle):
    bundle = make_bundle(robots=3)
    team = [{"name": f"robot_{index}", "kind": "epuck2_point"} for index in range(3)]
    roster = {"arena": {"size_m": 2.0}, "policy": str(bundle), "trust": BELIEVES_ALL, "robots": team}
    (swarm.folder / "team.yaml").write_text(yaml.safe_dump(roster))
    given = ("backend:=kinematic", "roster:=team.yaml", "seed:=5", "duration:=2")
    arrays = play(swarm, "first", *given, f"disturbance:={DISTURBANCE}")
    task, policy = Rendezvous(RendezvousParams(robots=3)), PolicyBundle.load(bundle)
    start = task.reset(np.random.default_rng(5))[0]
    settings = parse_disturbance(DISTURBANCE)
    world = DisturbedWorld(KinematicWorld(task, start), [EPUCK2_POINT] * 3, settings, step_s=0.1, seed=5)
    for step in range(20):
        np.testing.assert_allclose(arrays["poses"][step], world.truth.poses(), rtol=0, atol=1e-6, err_msg=f"{step}")
        actions = np.stack([policy.act(row[None])[0] for row in task.observe(world.poses()[None])[0]])
        world.step(np.stack(task.action_to_twist(actions.astype(np.float64)), axis=-1), 0.1)
    assert np.abs(world.poses() - world.truth.poses()).max() > 1e-4
    assert yaml.safe_load((swarm.folder / "first" / "run.yaml").read_text())["disturbance"] == DISTURBANCE
    again = play(swarm, "again", f"run:={swarm.folder / 'first' / 'run.yaml'}")
    for name, values in arrays.items():
        np.testing.assert_array_equal(values, again[name], err_msg=name)


@pytest.mark.parametrize(
    ("text", "words"), [("motor_lag_s", "unknown preset"), ("{motor_lag_s: 2}", "allowed: 0 to 1")]
)
def test_a_disturbance_out_of_range_is_refused_before_anything_starts(swarm, text, words):
    status, output = swarm.ros2(*LAUNCH, f"disturbance:={text}", deadline_s=120.0)
    assert status != 0
    assert "launch argument disturbance" in output
    assert words in output
