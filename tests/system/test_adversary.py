"""Trained adversaries on the ROS graph: they are what evaluation measures, each ally's own lies included."""

import json

import numpy as np
import pytest
import yaml
from mir2_core.bundle import PolicyBundle
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.traitors.trained import AdversaryBundle
from mir2_policies.evaluation.episodes import bundle_act, run_episodes

from tests.bundles import write_adversary_bundle
from tests.system.test_lockstep import LAUNCH, run

BELIEVE_ALL = {"noise_m": 1e6, "noise_rad": 1e6, "traitors": 10}  # as victims do in evaluation


@pytest.mark.parametrize(("threat", "robots"), [("two_faced", [1]), ("liar", [0, 2])])
def test_an_attacked_run_equals_the_evaluations_episode(swarm, make_bundle, threat, robots):
    victim = make_bundle(robots=4)
    bundle = write_adversary_bundle(swarm.folder / "adversary.onnx", victim, robots, threat)
    team = {"arena": {"size_m": 2.0}, "policy": str(victim), "trust": BELIEVE_ALL, "allow_fault_injection": True}
    roster = swarm.folder / "roster.yaml"
    roster.write_text(yaml.safe_dump(team | {"robots": [{"name": f"robot_{k}"} for k in range(4)]}))
    faults = ",".join(f"adversary({bundle.name})@robot_{robot}:0" for robot in robots)
    arrays, _ = run(swarm, f"roster:={roster}", "seed:=5", "duration:=4", f"fault:={faults}")
    task = Rendezvous(RendezvousParams(robots=4))
    act, adversary = bundle_act(PolicyBundle.load(victim)), AdversaryBundle.load(bundle)
    episodes = run_episodes(task, act, 1, 5, robots=robots, traitor=adversary)
    np.testing.assert_allclose(arrays["poses"], episodes.poses[:41, 0], rtol=0, atol=1e-6)
    assert [index for index in range(4) if arrays["compromised"][0, index]] == robots
    events = [json.loads(line) for line in (swarm.folder / "run" / "events.jsonl").read_text().splitlines()]
    assert {event["fault"] for event in events if event["event"] == "fault_started"} == {
        f'adversary:{{bundle: "{bundle.resolve()}"}}'
    }


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("adversary(zoo:nobody)@robot_0:1", ["adversary 'nobody' is not in", "mir2_allies-3-liar-0"]),
        ("adversary(other.onnx)@robot_1:1", ["other.onnx: trained against", "another victim"]),
        ("adversary(mine.onnx)@robot_2:1", ["mine.onnx: trained as robots [1]", "robot 2"]),
        ("adversary(centroid.onnx)@robot_1:1", ["a policy, not an adversary"]),
    ],
)
def test_an_adversary_of_another_victim_or_robot_is_refused(swarm, make_bundle, fault, words):
    victim = make_bundle(robots=4)
    write_adversary_bundle(swarm.folder / "mine.onnx", victim, [1], "liar")
    write_adversary_bundle(swarm.folder / "other.onnx", make_bundle("x.onnx", robots=4, seed=9), [1], "liar")
    status, output = swarm.ros2(*LAUNCH, f"policy:={victim}", "robots:=4", f"fault:={fault}")
    assert status == 1
    last = output.splitlines()[-1]
    assert all(word in last for word in words), last
