"""Robots of several kinds in one team: who has to keep clear of whom, who sees whom, and what each can do."""

import math

import numpy as np
import pytest
from mir2_core.allies import AllyTracker, Reports, TrustSettings, Verdict
from mir2_core.errors import UserError
from mir2_core.gate import CommandGate, GateLimits, Reason
from mir2_core.recorder import RENDEZVOUS_M, met_within_m, rendezvous_distance_m
from mir2_core.robots import CRAZYFLIE, EPUCK2, EPUCK2_POINT, ROBOTS, TURTLEBOT3_BURGER, RobotModel
from mir2_core.roster import Roster
from mir2_core.senses import ranges_to
from mir2_core.start_poses import check_clear, start_poses
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.types import Command, Echo, RobotState

LIMITS = GateLimits(arena_m=2.0, period_s=0.1, command_timeout_s=0.5, state_timeout_s=0.5)
ME, AHEAD = RobotState(1.0, 1.0, 1.0, 0.0), Command(1.0, 0.1, 0.0)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (EPUCK2, EPUCK2, True),
        (EPUCK2, TURTLEBOT3_BURGER, True),
        (TURTLEBOT3_BURGER, CRAZYFLIE, False),
        (EPUCK2, CRAZYFLIE, False),
        (CRAZYFLIE, CRAZYFLIE, True),
        (CRAZYFLIE, CRAZYFLIE.at(0.75), True),
        (CRAZYFLIE, CRAZYFLIE.at(1.0), False),
        (TURTLEBOT3_BURGER, CRAZYFLIE.at(0.4), True),
        (EPUCK2, EPUCK2_POINT, False),
    ],
)
def test_bodies_meet_where_they_share_a_height(one: RobotModel, other: RobotModel, meet: bool) -> None:
    assert one.meets(other) == other.meets(one) == meet
    between_m = one.radius_m + other.radius_m + max(one.clearance_m, other.clearance_m)
    assert one.spacing_to_m(other) == other.spacing_to_m(one) == (between_m if meet else 0.0)
    assert one.spacing_to_m(one) == one.spacing_m


def test_sensors_see_what_is_at_their_height() -> None:
    seen = {(a.name, b.name) for a in ROBOTS.values() for b in ROBOTS.values() if a.proximity and a.sees(b)}
    burger = "turtlebot3_burger"
    assert seen == {("epuck2", "epuck2"), ("epuck2", burger), (burger, burger)}


def test_a_drone_can_do_half_of_both_or_all_of_either() -> None:
    assert CRAZYFLIE.max_v_mps == 0.5
    assert CRAZYFLIE.max_omega_radps == pytest.approx(3.0)
    assert CRAZYFLIE.speed_scale(0.25, 1.5) == 1.0
    assert CRAZYFLIE.speed_scale(0.5, 3.0) == pytest.approx(0.5)


def roster(*robots: dict[str, object], arena_m: float = 2.0, **more: object) -> Roster:
    team = [{"name": f"r{k}", **robot} for k, robot in enumerate(robots)]
    return Roster.model_validate({"arena": {"size_m": arena_m}, "policy": "p", "robots": team, **more})


def test_a_roster_tells_each_drone_its_height() -> None:
    team = roster(
        {"kind": "crazyflie"},
        {"kind": "crazyflie", "height_m": 1.6},
        {"kind": "epuck2"},
        defaults={"crazyflie": {"height_m": 0.9}},
    )
    assert [robot.model.height_m for robot in team.robots] == [0.9, 1.6, 0.0]
    assert roster({"kind": "crazyflie"}, {}).robots[0].model == CRAZYFLIE


@pytest.mark.parametrize(
    ("robot", "message"),
    [
        (
            {"kind": "epuck2", "height_m": 0.5},
            "'r1' has height_m 0.5, but its kind 'epuck2' does not fly; .* crazyflie",
        ),
        ({"kind": "crazyflie", "height_m": 0.1}, "greater than or equal to 0.3"),
        ({"kind": "crazyflie", "height_m": math.inf}, "less than or equal to 3|finite"),
    ],
)
def test_an_impossible_height_is_refused(robot: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        roster({}, robot)


TASK = Rendezvous(RendezvousParams(robots=4, arena_m=2.0))
MIXED = ({"kind": "epuck2"}, {"kind": "turtlebot3_burger"}, {"kind": "crazyflie"}, {"kind": "turtlebot3_burger"})


@pytest.mark.parametrize("seed", range(20))
def test_drawn_starts_of_a_mixed_team_are_clear(seed: int) -> None:
    team = roster(*MIXED)
    poses = start_poses(team, TASK, seed)
    models = [robot.model for robot in team.robots]
    check_clear(poses, team.names, 2.0, models)
    for i, one in enumerate(models):
        assert (poses[i, :2] >= 1.5 * one.radius_m).all()
        for j in range(i):
            assert np.hypot(*(poses[i, :2] - poses[j, :2])) >= 1.5 * (one.radius_m + models[j].radius_m)


def test_given_starts_may_be_above_each_other_but_not_inside() -> None:
    here = {"x_m": 1.0, "y_m": 1.0}
    near = {"x_m": 1.15, "y_m": 1.0}
    start_poses(roster({"kind": "epuck2", "start": here}, {"kind": "crazyflie", "start": here}), TASK, 0)
    start_poses(roster({"kind": "epuck2", "start": here}, {"kind": "turtlebot3_burger", "start": near}), TASK, 0)
    with pytest.raises(UserError, match=r"r1: starts 0.150 m from r0; allowed: 0.21 m \(where the bodies touch\)"):
        start_poses(
            roster({"kind": "turtlebot3_burger", "start": here}, {"kind": "turtlebot3_burger", "start": near}), TASK, 0
        )
    with pytest.raises(UserError, match=r"r0: start x_m 0.1, y_m 1 is not inside the walls; allowed: 0.105 to 1.895 m"):
        start_poses(roster({"kind": "turtlebot3_burger", "start": {"x_m": 0.1, "y_m": 1.0}}, {}), TASK, 0)


def test_more_robots_than_fit_are_refused() -> None:
    crowd = roster(*[{"kind": "turtlebot3_burger"}] * 64)
    with pytest.raises(UserError, match=r"no room for 64 robots at least 0\.315 m apart in an arena of side 2 m"):
        start_poses(crowd, Rendezvous(RendezvousParams(robots=64, arena_m=2.0)), 0)


def let_through(model: RobotModel, other: RobotModel, gap_m: float, echoes: list[Echo] | None = None) -> float:
    """The speed of a robot that wants to go at 0.1 m/s, with another ahead whose body is at that distance."""
    there = RobotState(1.0, 1.0 + model.radius_m + other.radius_m + gap_m, 1.0, 0.0)
    gate = CommandGate(model, LIMITS, [other])
    return gate.step(1.0, AHEAD, ME, [there], echoes or [], kinds=[other]).command.v_mps


def test_a_gate_keeps_clear_of_each_kind_by_its_own_size() -> None:
    for one, other in ((EPUCK2, EPUCK2), (EPUCK2, TURTLEBOT3_BURGER), (TURTLEBOT3_BURGER, EPUCK2)):
        clearance_m = max(one.clearance_m, other.clearance_m)
        assert let_through(one, other, clearance_m) == 0.0
        assert let_through(one, other, clearance_m + 0.002) == pytest.approx(0.01, rel=0.1)
        assert let_through(one, other, clearance_m + 0.021) == 0.1
    assert let_through(EPUCK2, CRAZYFLIE, -0.05) == 0.1
    assert let_through(CRAZYFLIE, CRAZYFLIE.at(1.6), -0.05) == 0.1


def test_a_gate_looks_farther_ahead_for_a_robot_that_answers_late() -> None:
    assert let_through(CRAZYFLIE, CRAZYFLIE, 0.06 + 0.02) <= 0.01 / (0.1 + CRAZYFLIE.lag_s)
    out = RobotState(1.0, 1.86, 1.0, 0.0)
    fenced = CommandGate(CRAZYFLIE, LIMITS).step(1.0, AHEAD, out)
    assert fenced.command.v_mps == pytest.approx(0.02 / (0.1 + CRAZYFLIE.lag_s))
    assert fenced.reason == Reason.FENCE


def echoes_of(model: RobotModel, body: RobotModel | None, gap_m: float = 0.0) -> list[Echo]:
    """What the sensors of a robot say that has a body ahead, or nothing."""
    if body is None:
        return [Echo(1.0, math.inf) for _ in model.proximity]
    ranges_m = ranges_to(model, (model.radius_m + body.radius_m + gap_m, 0.0), body.radius_m)
    limits_m = [sensor.range_m for sensor in model.proximity]
    return [Echo(1.0, float(r) if r < limit else math.inf) for r, limit in zip(ranges_m, limits_m, strict=True)]


def test_an_ally_that_is_not_seen_is_contradicted_only_where_the_sensors_look_at_its_height() -> None:
    for model, other, seen in (
        (EPUCK2, EPUCK2, True),
        (EPUCK2, TURTLEBOT3_BURGER, True),
        (EPUCK2, CRAZYFLIE, False),
        (TURTLEBOT3_BURGER, EPUCK2, False),
        (TURTLEBOT3_BURGER, TURTLEBOT3_BURGER, True),
    ):
        there = RobotState(1.0, 1.0 + model.radius_m + other.radius_m + 0.01, 1.0, 0.0)
        gate = CommandGate(model, LIMITS, [other])
        decision = gate.step(1.0, AHEAD, ME, [there], echoes_of(model, None), kinds=[other])
        assert decision.contradicted == ((0,) if seen else ()), (model.name, other.name)
        honest = gate.step(1.0, AHEAD, ME, [there], echoes_of(model, other, 0.01), kinds=[other])
        assert not seen or honest.contradicted == ()


def test_an_echo_that_nobody_explains_may_be_of_any_kind_that_there_is() -> None:
    echoes = echoes_of(EPUCK2, TURTLEBOT3_BURGER, 0.012)
    asked = Command(1.0, 0.1, 0.9)  # curving past what could be a small body, not past a large one
    alone = CommandGate(EPUCK2, LIMITS).step(1.0, asked, ME, (), echoes).command.v_mps
    mixed = CommandGate(EPUCK2, LIMITS, [TURTLEBOT3_BURGER]).step(1.0, asked, ME, (), echoes).command.v_mps
    assert 0.0 < mixed <= alone < 0.1


def test_reports_are_judged_by_what_the_kind_of_the_ally_can_do() -> None:
    kinds = [EPUCK2, CRAZYFLIE, TURTLEBOT3_BURGER]
    tracker = AllyTracker(np, EPUCK2, 2.0, 0.1, TrustSettings(), allies=kinds)
    own, beliefs = np.array([0.2, 0.2, 0.0]), tracker.nobody(np.zeros(3))
    for step in range(4):  # everybody moves at 0.4 m/s: fine for a drone
        pose = np.array([[1.0 + 0.04 * step, 1.0, 0.0]] * 3)
        reports = Reports(np.ones(3, dtype=bool), np.full(3, 0.1 * step), pose, np.zeros((3, 2)))
        beliefs, verdicts = tracker.hear(beliefs, reports, 0.1 * step, own)
    assert [Verdict(int(each)) for each in verdicts] == [Verdict.TOO_FAST, Verdict.BELIEVED, Verdict.TOO_FAST]
    inside = Reports(np.ones(3, dtype=bool), np.full(3, 9.0), np.array([[0.3, 0.2, 0.0]] * 3), np.zeros((3, 2)))
    _, verdicts = tracker.hear(tracker.nobody(np.zeros(3)), inside, 9.0, own)
    assert [Verdict(int(each)) for each in verdicts] == [Verdict.BELIEVED, Verdict.BELIEVED, Verdict.IMPOSSIBLE_HERE]


def test_a_mixed_team_has_met_when_each_layer_is_packed() -> None:
    assert met_within_m([EPUCK2] * 7) == rendezvous_distance_m(7, EPUCK2.spacing_m)
    assert met_within_m([EPUCK2_POINT] * 7) == RENDEZVOUS_M
    drones = [CRAZYFLIE.at(0.5), CRAZYFLIE.at(1.1), CRAZYFLIE.at(1.7)]
    assert met_within_m(drones) == RENDEZVOUS_M
    both = [EPUCK2] * 3 + [CRAZYFLIE] * 7
    assert met_within_m(both) == rendezvous_distance_m(7, CRAZYFLIE.spacing_m)
