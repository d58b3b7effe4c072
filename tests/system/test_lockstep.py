"""Ten robots through the ROS graph, real processes over DDS, give the in-process rollout."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from mir2_core.allies import TrustSettings
from mir2_core.bundle import PolicyBundle
from mir2_core.listener import Heard, Listener
from mir2_core.robots import EPUCK2_POINT
from mir2_core.rollout import rollout
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.traitors import ACTS
from mir2_core.traitors.schedule import parse_faults
from mir2_core.traitors.takeover import Takeover
from mir2_core.traitors.traitor import Memory, Moment, Situation
from mir2_core.types import RobotState
from mir2_swarm.convert import seconds, stamp

from tests.bundles import write_any_team_bundle

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
    noted = [(event["event"], event["time_s"]) for event in events if event["event"] != "monitor_paused"]
    assert noted == [  # a busy machine pauses anybody
        ("run_started", 0.0),
        ("fault_started", 1.0),
        ("fault_ended", 3.0),
        ("run_ended", 4.0),
    ]


@pytest.mark.parametrize("duration", [1, 4])
def test_a_robot_that_is_silent_from_the_first_step_is_absent_in_the_record(swarm, make_bundle, duration):
    bundle = make_bundle(robots=4)
    _, metrics = run(
        swarm, f"policy:={bundle}", "robots:=4", f"duration:={duration}", "record:=false", "fault:=silence@robot_1:0"
    )
    assert metrics["absent"] == ["robot_1"]
    events = [json.loads(line) for line in (swarm.folder / "run" / "events.jsonl").read_text().splitlines()]
    (absent,) = [event for event in events if event["event"] in ("robot_absent", "robot_back")]
    assert (absent["robot"], absent["detail"]) == ("robot_1", "for 3 of 3 robots")
    assert absent["time_s"] == min(duration, 2)


@pytest.mark.parametrize("vote", [0, 1])
def test_a_policy_for_any_team_equals_its_rollout_and_the_record_says_whether_it_voted(swarm, vote):
    bundle = write_any_team_bundle(swarm.folder / "any.onnx")
    team = [{"name": f"robot_{index}"} for index in range(4)]
    roster = {"arena": {"size_m": 2.0}, "policy": str(bundle), "vote": vote, "robots": team}
    (swarm.folder / "team.yaml").write_text(yaml.safe_dump(roster))
    arrays, metrics = run(swarm, "roster:=team.yaml", "seed:=5", "duration:=5")
    policy = PolicyBundle.load(bundle).of_size(4)
    if vote:
        policy = policy.voting(vote)
    assert metrics["vote"] == yaml.safe_load((swarm.folder / "run" / "roster.yaml").read_text())["vote"] == vote
    task = policy.task()
    truth = rollout(task, policy, task.reset(np.random.default_rng(5))[0], 50)
    assert arrays["poses"].shape == (51, 4, 3)
    np.testing.assert_allclose(arrays["poses"], truth.poses, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("fault", "any_team"),
    [("offset:{x_m: 0.15}", False), ("silence", False), ("silence", True), ("delayed:{s: 0.2}", False)],
)
def test_a_fault_on_reports_equals_robots_that_hear_them_in_process(swarm, make_bundle, fault, any_team):
    bundle = write_any_team_bundle(swarm.folder / "any.onnx") if any_team else make_bundle(robots=3)
    arguments = (f"policy:={bundle}", "robots:=3", "seed:=3", "duration:=4")
    arrays, metrics = run(swarm, *arguments, f"fault:={fault}@robot_2:1:1.5,stop@robot_2:2")
    policy = PolicyBundle.load(bundle).of_size(3)
    task = policy.task()
    names = ["robot_0", "robot_1", "robot_2"]
    listeners = [
        Listener(names, own, model=EPUCK2_POINT, arena_m=2.0, period_s=0.1, settings=TrustSettings()) for own in names
    ]
    (spec, _) = parse_faults(f"{fault}@robot_2:1:1.5,stop@robot_2:2", names)
    takeover = Takeover(spec.traitor(), task, EPUCK2_POINT, 2, seed=3)
    poses = task.reset(np.random.default_rng(3))
    for k in range(40):
        time_s = seconds(stamp(0.1 * k))
        states = [
            RobotState(time_s, *map(float, pose), *twist)
            for pose, twist in zip(poses[0], twists(arrays, k), strict=True)
        ]
        reports = [[state] for state in states]
        if 10 <= k < 25:
            reports[2] = [told.state for told in takeover.reports(k - 10, states)]
        actions = np.zeros((3, 2))
        for own, listener in enumerate(listeners):
            for ally in listener.allies:
                for report in reports[names.index(ally)]:
                    listener.hear({ally: Heard(time_s, report)}, states[own])
            believed, present = listener.team(states[own], time_s)
            actions[own] = policy.act(task.observe(believed[None], present[None, None])[:, own])[0]
        if k >= 20:
            actions[2] = 0.0
        poses = task.step(poses, actions[None])
        np.testing.assert_allclose(arrays["poses"][k + 1], poses[0], rtol=0, atol=1e-6, err_msg=f"step {k}")
        assert arrays["compromised"][k].tolist() == [False, False, k >= 10]
    assert metrics["missing_reports"] == 0
    events = [json.loads(line) for line in (swarm.folder / "run" / "events.jsonl").read_text().splitlines()]
    assert [(e["event"], e["time_s"], e["fault"]) for e in events if e["event"].startswith("fault")] == [
        ("fault_started", 1.0, fault),
        ("fault_started", 2.0, "stop"),
        ("fault_ended", 2.5, fault),
    ]


def twists(arrays, step):
    """What odometry says of the robots' motion at the beginning of a step."""
    return arrays["twists"][step - 1].tolist() if step else [[0.0, 0.0]] * 3


def test_robots_with_bodies_repeat_bit_for_bit(swarm, make_bundle):
    faults = "fault:=flee@robot_2:1:2,drift@robot_2:1:2,loss:{share: 0.5}@robot_4:0.5:2,latency@robot_5:1:2"
    common = (f"policy:={make_bundle()}", "backend:=pybullet", "duration:=4", faults)
    first, _ = run(swarm, *common, name="first")
    second, _ = run(swarm, *common, "robots_per_process:=3", name="second")
    np.testing.assert_array_equal(first["poses"], second["poses"])
    np.testing.assert_array_equal(first["twists"], second["twists"])
