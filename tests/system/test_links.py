"""Links at fault in lockstep: what is lost is lost alike in every run, and the team is whole again afterwards."""

import numpy as np
from mir2_core.allies import TrustSettings
from mir2_core.bundle import PolicyBundle
from mir2_core.listener import Heard, Listener
from mir2_core.robots import EPUCK2_POINT
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.traitors.links import Links, UnderWay
from mir2_core.traitors.schedule import parse_faults
from mir2_core.types import RobotState
from mir2_swarm.convert import seconds, stamp

from tests.system.test_lockstep import run, twists

NAMES = ["robot_0", "robot_1", "robot_2"]
FAULTS = "loss:{share: 0.5}@robot_1:0.5:2.5,latency:{s: 0.2, way: out}@robot_2:1:1.5"


def test_loss_and_latency_equal_robots_that_hear_over_such_links_in_process(swarm, make_bundle):
    bundle = make_bundle(robots=3)
    arrays, metrics = run(swarm, f"policy:={bundle}", "robots:=3", "seed:=3", "duration:=4", f"fault:={FAULTS}")
    task, policy = Rendezvous(RendezvousParams(robots=3)), PolicyBundle.load(bundle)
    listeners = {
        own: Listener(NAMES, own, model=EPUCK2_POINT, arena_m=2.0, period_s=0.1, settings=TrustSettings())
        for own in NAMES
    }
    links = Links(parse_faults(FAULTS, NAMES), NAMES, seed=3, period_s=0.1)
    under_way = {(ally, own): UnderWay() for own in NAMES for ally in NAMES if ally != own}
    poses = task.reset(np.random.default_rng(3))
    missing = 0
    for k in range(40):
        time_s = seconds(stamp(round(0.1 * k, 9)))
        states = {
            name: RobotState(time_s, *map(float, pose), *twist)
            for name, pose, twist in zip(NAMES, poses[0], twists(arrays, k), strict=True)
        }
        actions = []
        for index, own in enumerate(NAMES):
            listener = listeners[own]
            for ally in listener.allies:
                way = under_way[ally, own]
                way.send(states[ally], time_s + links.late_s(time_s, ally, own)[0])
                arrived = way.arrived(time_s + 0.05, whole=not links.touched(time_s, ally, own))
                missing += not arrived
                for report in arrived:
                    listener.hear({ally: Heard(time_s, report)}, states[own])
            believed = listener.team(states[own], time_s).poses
            actions.append(policy.act(task.observe(believed[None])[0, index][None])[0])
        poses = task.step(poses, np.array([actions], np.float64))
        np.testing.assert_allclose(arrays["poses"][k + 1], poses[0], rtol=0, atol=1e-6, err_msg=f"step {k}")
    assert missing > 30
    assert not arrays["compromised"].any(), "a robot with bad links is no traitor"
    assert metrics["missing_reports"] == 0, "what the monitor measures does not pass the links"


def test_a_partition_splits_the_team_and_heals(swarm, make_bundle):
    fault = "partition:{group: [robot_1]}@robot_0:0:12"
    arrays, metrics = run(
        swarm, f"policy:={make_bundle(robots=4)}", "robots:=4", "seed:=1", "duration:=24", f"fault:={fault}"
    )

    def apart_m(step, one, other):
        return np.hypot(*(arrays["poses"][step, one, :2] - arrays["poses"][step, other, :2]))

    assert max(apart_m(120, 0, 1), apart_m(120, 2, 3)) < 0.1, "each side meets"
    assert min(apart_m(120, one, other) for one in (0, 1) for other in (2, 3)) > 0.3, "the sides do not"
    assert metrics["final_max_distance_m"] < 0.1, "the team meets once it hears of each other"
    assert metrics["compromised"] == []
