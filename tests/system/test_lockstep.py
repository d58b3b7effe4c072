"""Ten robots through the ROS graph, real processes over DDS, give the in-process rollout."""

import json
from pathlib import Path

import numpy as np
import pytest
from mir2_core.bundle import PolicyBundle
from mir2_core.rollout import rollout
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.traitors import ACTS
from mir2_core.traitors.traitor import Memory, Moment, Situation

SHIPPED = Path(__file__).parents[2] / "policies" / "zoo" / "rendezvous-mir2_states-10.onnx"
LAUNCH = (
    "launch",
    "mir2_swarm",
    "rendezvous.launch.py",
    "backend:=kinematic",
    "mode:=lockstep",
    "robots_per_process:=5",
)


def run(swarm, *arguments, name="run"):
    folder = swarm.folder / name
    status, output = swarm.ros2(*LAUNCH, f"output:={folder}", *arguments, deadline_s=240.0)
    assert status == 0, output
    with np.load(folder / "trajectories.npz") as arrays:
        return dict(arrays), json.loads((folder / "metrics.json").read_text())


@pytest.mark.parametrize(("shipped", "seed"), [(False, 7), (True, 8)])
def test_equals_the_rollout_of_the_same_bundle_and_seed(swarm, make_bundle, shipped, seed):
    bundle = SHIPPED if shipped else make_bundle()
    arrays, metrics = run(swarm, f"policy:={bundle}", f"seed:={seed}", "duration:=20")
    task = Rendezvous(RendezvousParams())
    truth = rollout(task, PolicyBundle.load(bundle), task.reset(np.random.default_rng(seed))[0], 200)
    assert arrays["poses"].shape == (201, 10, 3)
    np.testing.assert_allclose(arrays["poses"], truth.poses, rtol=0, atol=1e-6)
    np.testing.assert_allclose(arrays["reward"], truth.rewards, rtol=0, atol=1e-6)
    assert metrics["episode_return"] == pytest.approx(truth.rewards.sum(), abs=1e-6)
    assert metrics["missing_reports"] == 0


@pytest.mark.fast
def test_a_planned_fault_equals_the_rollout_with_that_fault(swarm, make_bundle):
    bundle = make_bundle()
    arrays, _ = run(swarm, f"policy:={bundle}", "seed:=3", "duration:=4", "fault:=random@robot_2:1:2")
    task, policy = Rendezvous(RendezvousParams()), PolicyBundle.load(bundle)
    memory = Memory()
    poses = task.reset(np.random.default_rng(3))
    for k in range(40):
        actions = np.stack([policy.act(row[None])[0] for row in task.observe(poses)[0]]).astype(np.float64)
        if 10 <= k < 30:
            memory.note(k - 10, Moment(poses, lambda: None))
            situation = Situation(task, task.robot, [2], seed=3, step=k - 10, memory=memory)
            actions[2] = ACTS["random"](situation).actions[0, 0]
        poses = task.step(poses, actions[None])
        np.testing.assert_allclose(arrays["poses"][k + 1], poses[0], rtol=0, atol=1e-6, err_msg=f"step {k}")
        assert arrays["compromised"][k, 2] == (10 <= k < 30)
    events = [json.loads(line) for line in (swarm.folder / "run" / "events.jsonl").read_text().splitlines()]
    assert [(event["event"], event["time_s"]) for event in events] == [
        ("run_started", 0.0),
        ("fault_started", 1.0),
        ("fault_ended", 3.0),
        ("run_ended", 4.0),
    ]


def test_robots_with_bodies_repeat_bit_for_bit(swarm, make_bundle):
    common = (f"policy:={make_bundle()}", "backend:=pybullet", "duration:=4", "fault:=flee@robot_2:1:2")
    first, _ = run(swarm, *common, name="first")
    second, _ = run(swarm, *common, "robots_per_process:=3", name="second")
    np.testing.assert_array_equal(first["poses"], second["poses"])
    np.testing.assert_array_equal(first["twists"], second["twists"])
