"""What gates do with their own senses when reports may say anything."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mir2_core.gate import CommandGate, GateLimits, Reason
from mir2_core.robots import EPUCK2
from mir2_core.senses import NOISES, ranges_to
from mir2_core.types import Command, Echo, RobotState

from tests.core.test_gate_neighbours import toward

LIMITS = GateLimits(arena_m=2.0, period_s=0.1, command_timeout_s=0.5, state_timeout_s=0.5)
TOUCHING_M = 2.0 * EPUCK2.radius_m
SENSOR = EPUCK2.proximity[0]
SUBSTEPS = 20
ME = RobotState(1.0, 1.0, 1.0, 0.0)
FREE = [Echo(1.0, math.inf)] * 8
anything = st.floats(allow_nan=True, allow_infinity=True)
near = st.floats(0.85, 1.15)
claims = st.lists(st.tuples(anything | near, anything | near), max_size=6)
seeds = st.integers(0, 2**32 - 1)


def states(places) -> list[RobotState]:
    return [RobotState(1.0, x_m, y_m, 0.0) for x_m, y_m in places]


@given(claims=claims, v_mps=st.floats(-0.2, 0.2), omega_radps=st.floats(-8.0, 8.0))
def test_no_report_stops_or_turns_a_robot_that_sees_free_floor(claims, v_mps, omega_radps):
    asked = Command(1.0, v_mps, omega_radps)
    alone = CommandGate(EPUCK2, LIMITS).step(1.0, asked, ME, (), FREE)
    crowded = CommandGate(EPUCK2, LIMITS).step(1.0, asked, ME, states(claims), FREE)
    assert crowded.command == alone.command
    assert Reason.NEIGHBOUR not in crowded.reasons


def test_contradictions_name_who_was_not_seen():
    everybody = states([(1.5, 1.0), (1.08, 1.0), (1.0, 1.0), (math.nan, 1.0)])
    decision = CommandGate(EPUCK2, LIMITS).step(1.0, Command(1.0, 0.1, 0.0), ME, everybody, FREE)
    assert decision.contradicted == (1, 2, 3)


@pytest.mark.parametrize("stamp_s", [0.4, 1.6, math.nan])
def test_echoes_that_are_old_or_of_the_future_count_as_silence(stamp_s):
    gate, echoes, asked = CommandGate(EPUCK2, LIMITS), [Echo(stamp_s, 0.0)] * 8, Command(1.0, 0.1, 0.0)
    decision = gate.step(1.0, asked, ME, (), echoes)
    assert decision.command.v_mps == 0.1
    assert decision.silent == tuple(f"ps{i}" for i in range(8))
    assert gate.step(1.0, asked, ME, (), [*FREE[:7], None]).silent == ("ps7",)
    believed = gate.step(1.0, asked, ME, states([(1.08, 1.0)]), echoes)
    assert Reason.NEIGHBOUR in believed.reasons


@given(readings=st.lists(anything, min_size=8, max_size=8), v_mps=st.floats(-0.3, 0.3), omega=st.floats(-9.0, 9.0))
def test_whatever_sensors_say_no_robot_gets_faster_than_it_asked(readings, v_mps, omega):
    echoes = [Echo(1.0, reading) for reading in readings]
    decision = CommandGate(EPUCK2, LIMITS).step(1.0, Command(1.0, v_mps, omega), ME, (), echoes)
    assert decision.command.is_finite()
    assert abs(decision.command.v_mps) <= abs(v_mps) + 1e-12
    assert decision.command.v_mps * v_mps >= 0.0


class Team:
    """Poses (N, 3) that move as the gates say; what gates hear of the others is made up by `lie`."""

    def __init__(self, poses, rng, lie) -> None:
        self.poses = np.array(poses, dtype=float)
        self.gates = [CommandGate(EPUCK2, LIMITS) for _ in self.poses]
        self.rng, self.lie = rng, lie
        self.now_s = 1.0
        self.nearest_m = math.inf

    def echoes(self, i: int) -> list[Echo]:
        offsets = np.delete(self.poses[:, :2], i, axis=0) - self.poses[i, :2]
        cos, sin = math.cos(self.poses[i, 2]), math.sin(self.poses[i, 2])
        read_m = ranges_to(EPUCK2, offsets @ np.array([[cos, -sin], [sin, cos]])).min(axis=0)
        read_m = read_m + SENSOR.noise_m * np.clip(self.rng.standard_normal(8), -NOISES, NOISES)
        return [Echo(self.now_s, math.inf if each >= SENSOR.range_m else each) for each in read_m.tolist()]

    def step(self, twists) -> None:
        applied = np.empty((len(self.poses), 2))
        for i, (v_mps, omega_radps) in enumerate(np.asarray(twists, dtype=float).tolist()):
            heard = [RobotState(self.now_s, *self.lie(self, i, j)) for j in range(len(self.poses)) if j != i]
            own, asked = RobotState(self.now_s, *self.poses[i]), Command(self.now_s, v_mps, omega_radps)
            command = self.gates[i].step(self.now_s, asked, own, heard, self.echoes(i)).command
            applied[i] = command.v_mps, command.omega_radps
        for _ in range(SUBSTEPS):
            part_s = LIMITS.period_s / SUBSTEPS
            ahead = np.stack([np.cos(self.poses[:, 2]), np.sin(self.poses[:, 2])], axis=-1)
            self.poses[:, :2] += part_s * applied[:, :1] * ahead
            self.poses[:, 2] += part_s * applied[:, 1]
            i, j = np.triu_indices(len(self.poses), k=1)
            gaps_m = np.hypot(*(self.poses[i, :2] - self.poses[j, :2]).T)
            self.nearest_m = min(self.nearest_m, gaps_m.min())
        self.now_s += LIMITS.period_s


def elsewhere(team: Team, _: int, __: int):
    return team.rng.uniform((0.0, 0.0, -3.0), (2.0, 2.0, 3.0))


def a_little_off(team: Team, _: int, who: int):
    return team.poses[who] + team.rng.uniform(-0.03, 0.03, 3)


def farther_than_true(team: Team, listener: int, who: int):
    offset = team.poses[who, :2] - team.poses[listener, :2]
    distance_m = np.hypot(*offset)
    return (*(team.poses[listener, :2] + offset * (1.0 + 0.006 / distance_m)), 0.0)


LIES = [elsewhere, a_little_off, farther_than_true]


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("backwards", [False, True])
@settings(max_examples=15)
@given(seed=seeds, bearing_rad=st.floats(-math.pi, math.pi))
def test_two_that_drive_at_each_other_never_touch_whatever_reports_say(lie, backwards, seed, bearing_rad):
    rng = np.random.default_rng(seed)
    away = 0.2 * np.array([math.cos(bearing_rad), math.sin(bearing_rad)])
    team = Team([(1.0, 1.0, rng.uniform(-3.0, 3.0)), (*(1.0 + away), rng.uniform(-3.0, 3.0))], rng, lie)
    for _ in range(40):
        facing = team.poses + ([0.0, 0.0, math.pi] if backwards else [0.0, 0.0, 0.0])
        twists = np.stack([toward(facing, team.poses[1 - i, :2], 8.0)[i] for i in range(2)])
        team.step(twists * ([-1.0, 1.0] if backwards else [1.0, 1.0]))
    assert team.nearest_m > TOUCHING_M


@pytest.mark.parametrize("lie", LIES)
@settings(max_examples=20)
@given(seed=seeds)
def test_a_crowd_that_drives_anywhere_never_touches_whatever_reports_say(lie, seed):
    rng = np.random.default_rng(seed)
    ring = np.arange(5) * math.tau / 5
    starts = np.stack([1.0 + 0.09 * np.cos(ring), 1.0 + 0.09 * np.sin(ring), rng.uniform(-3.0, 3.0, 5)], axis=-1)
    team = Team(starts, rng, lie)
    for _ in range(6):
        twists = rng.uniform((-0.15, -8.0), (0.2, 8.0), (5, 2))
        for _ in range(5):
            team.step(twists)
    assert team.nearest_m > TOUCHING_M


def test_a_robot_that_a_liar_stands_on_goes_on():
    def on_top(team: Team, listener: int, _: int):
        return team.poses[listener] + [0.075 * math.cos(team.poses[listener, 2]), 0.0, 0.0]

    team = Team([(0.5, 1.0, 0.0), (1.5, 1.5, 0.0)], np.random.default_rng(0), on_top)
    for _ in range(50):
        team.step([(0.1, 0.0), (0.0, 0.0)])
    assert team.poses[0, 0] == pytest.approx(1.0)
