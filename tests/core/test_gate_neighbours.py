"""Robots with bodies among each other: every robot behind its own gate, in a world that does what gates let through."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mir2_core.gate import CommandGate, GateLimits, Reason
from mir2_core.recorder import rendezvous_distance_m
from mir2_core.robots import robot_model
from mir2_core.start_poses import non_overlapping_poses
from mir2_core.types import Command, RobotState

LIMITS = GateLimits(arena_m=2.0, period_s=0.1, command_timeout_s=0.5, state_timeout_s=0.5)
EPUCK2 = robot_model("epuck2")
SPACING_M = EPUCK2.spacing_m
FASTEST_MPS = EPUCK2.max_v_mps
SUBSTEPS = 20
seeds = st.integers(0, 2**32 - 1)


class Team:
    """Poses (N, 3) that move exactly as the gates say."""

    def __init__(self, poses) -> None:
        self.poses = np.array(poses, dtype=float)
        self.gates = [CommandGate(EPUCK2, LIMITS) for _ in self.poses]
        self.now_s = 0.0
        self.nearest_m = math.inf

    def step(self, twists) -> np.ndarray:
        """Ask for (v, ω) of every robot; returns what was let through, (N, 2)."""
        self.now_s += LIMITS.period_s
        states = [RobotState(self.now_s, *pose) for pose in self.poses.tolist()]
        applied = np.empty((len(states), 2))
        for i, (v_mps, omega_radps) in enumerate(np.asarray(twists, dtype=float).tolist()):
            asked = Command(self.now_s, v_mps, omega_radps)
            command = self.gates[i].step(self.now_s, asked, states[i], states[:i] + states[i + 1 :]).command
            applied[i] = command.v_mps, command.omega_radps
        for _ in range(SUBSTEPS):
            heading_rad, part_s = self.poses[:, 2], LIMITS.period_s / SUBSTEPS
            ahead = np.stack([np.cos(heading_rad), np.sin(heading_rad)], axis=-1)
            self.poses[:, :2] += part_s * applied[:, :1] * ahead
            self.poses[:, 2] += part_s * applied[:, 1]
            self.nearest_m = min(self.nearest_m, self.distances_m().min())
        return applied

    def distances_m(self) -> np.ndarray:
        """Of every pair, once."""
        i, j = np.triu_indices(len(self.poses), k=1)
        return np.hypot(*(self.poses[i, :2] - self.poses[j, :2]).T)

    def drive_to(self, place, steps: int, gain: float = 5.0) -> None:
        """Every robot drives straight to one place."""
        for _ in range(steps):
            self.step(toward(self.poses, place, gain))


def toward(poses, place, gain: float = 5.0) -> np.ndarray:
    """(v, ω) that turns to the place and drives there, slower for the last 5 cm."""
    offset = np.asarray(place) - poses[:, :2]
    distance_m = np.hypot(*offset.T)
    off_rad = np.arctan2(offset[:, 1], offset[:, 0]) - poses[:, 2]
    off_rad = np.arctan2(np.sin(off_rad), np.cos(off_rad))
    v_mps = FASTEST_MPS * np.clip(np.cos(off_rad), 0.0, None) * np.clip(distance_m / 0.05, None, 1.0)
    return np.stack([v_mps, np.where(distance_m > 0.005, gain * off_rad, 0.0)], axis=-1)


def side_by_side(gap_m: float, behind_m: float, heading_rad: float, converging_rad: float) -> np.ndarray:
    """Two robots that head for about the same place to the east, turned by `heading_rad` as a whole."""
    places = np.array([[0.0, 0.5 * gap_m], [-behind_m, -0.5 * gap_m]])
    cos, sin = math.cos(heading_rad), math.sin(heading_rad)
    places = places @ np.array([[cos, sin], [-sin, cos]]) + 1.0
    return np.c_[places, [heading_rad - converging_rad, heading_rad + converging_rad]]


@pytest.mark.parametrize("heading_rad", [0.0, 0.5 * math.pi, 2.0, -2.7])
@pytest.mark.parametrize("behind_m", [0.0, 0.001, 0.01, 0.03])
@pytest.mark.parametrize("gap_m", [SPACING_M, 0.09, 0.15])
def test_two_that_converge_both_arrive(gap_m, behind_m, heading_rad):
    place = (1.0 + 0.6 * math.cos(heading_rad), 1.0 + 0.6 * math.sin(heading_rad))
    team = Team(side_by_side(gap_m, behind_m, heading_rad, 0.1))
    team.drive_to(place, 150)
    assert team.nearest_m >= SPACING_M - 1e-9
    assert np.hypot(*(team.poses[:, :2] - place).T).max() < 1.1 * SPACING_M


@pytest.mark.parametrize("converging_rad", [0.1, 0.3, 0.6])
def test_two_that_steer_into_each_other_go_on_side_by_side(converging_rad):
    """The learned policy did this: both kept asking for a heading up to 35° towards the other."""
    team = Team(side_by_side(SPACING_M + 0.001, 0.0, 0.0, converging_rad))
    start_m = team.poses[:, 0].min()
    for _ in range(60):
        wanted_rad = np.array([-converging_rad, converging_rad])
        team.step(np.c_[np.full(2, 0.1), 5.0 * (wanted_rad - team.poses[:, 2])])
    assert team.nearest_m >= SPACING_M - 1e-9
    assert team.poses[:, 0].min() - start_m > 0.3


@settings(max_examples=60)
@given(seed=seeds, robots=st.integers(2, 8), backwards=st.booleans())
def test_no_commands_whatever_bring_two_robots_nearer_than_the_clearance(seed, robots, backwards):
    rng = np.random.default_rng(seed)
    team = Team(np.add(non_overlapping_poses(rng, robots, 0.6, SPACING_M), (0.7, 0.7, 0.0)))
    for _ in range(8):
        twists = rng.uniform((-0.2 if backwards else 0.1, -8.0), (0.2, 8.0), (robots, 2))
        for _ in range(6):
            team.step(twists)
    assert team.nearest_m >= SPACING_M - 1e-9


@settings(max_examples=60)
@given(seed=seeds, robots=st.integers(2, 6), overlap=st.floats(0.0, 0.01))
def test_robots_that_are_too_near_already_come_no_nearer(seed, robots, overlap):
    rng = np.random.default_rng(seed)
    team = Team(np.add(non_overlapping_poses(rng, robots, 1.0, SPACING_M - overlap), (0.5, 0.5, 0.0)))
    before_m = np.minimum(team.distances_m(), SPACING_M)
    for _ in range(20):
        team.step(rng.uniform((-0.2, -8.0), (0.2, 8.0), (robots, 2)))
        now_m = np.minimum(team.distances_m(), SPACING_M)
        assert (now_m >= before_m - 1e-9).all()
        before_m = now_m


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("robots", range(2, 8))
def test_robots_that_head_for_one_place_stand_only_when_they_are_packed(robots, seed):
    """The starts are fixed: of random ones about one in 250 ends with a robot that stands in line behind another."""
    rng = np.random.default_rng([robots, seed])
    team = Team(non_overlapping_poses(rng, robots, 2.0, 1.05 * SPACING_M))
    team.drive_to(rng.uniform(0.6, 1.4, 2), 300, rng.uniform(2.0, 10.0))
    assert team.nearest_m >= SPACING_M - 1e-9
    assert team.distances_m().max() <= rendezvous_distance_m(robots, SPACING_M) + 0.02


@pytest.mark.parametrize("bearing_rad", np.linspace(0.0, 2.0 * math.pi, 8, endpoint=False))
def test_a_traitor_can_neither_push_nor_ram(bearing_rad):
    """It drives at a robot that stands, and at one that tries to get away, as fast as it can."""
    victim = np.array([1.0, 1.0, 0.3])
    start = (1.0 + 0.3 * math.cos(bearing_rad), 1.0 + 0.3 * math.sin(bearing_rad), 0.0)
    team = Team([victim, start])
    for _ in range(100):
        applied = team.step([(0.0, 0.0), toward(team.poses, team.poses[0, :2], 8.0)[1]])
        assert applied[0].tolist() == [0.0, 0.0]
    np.testing.assert_array_equal(team.poses[0], victim)
    for _ in range(100):
        team.step([(0.1, 0.5), toward(team.poses, team.poses[0, :2], 8.0)[1]])
    assert team.nearest_m >= SPACING_M - 1e-9


@given(seed=seeds, v_mps=st.floats(-0.3, 0.3), omega_radps=st.floats(-10.0, 10.0), count=st.integers(1, 6))
def test_neighbours_make_no_robot_faster_and_move_none_that_stands(seed, v_mps, omega_radps, count):
    rng = np.random.default_rng(seed)
    me = RobotState(1.0, 1.0, 1.0, rng.uniform(-4.0, 4.0))
    others = [RobotState(1.0, *rng.uniform(0.9, 1.1, 2), 0.0) for _ in range(count)]
    asked = Command(1.0, v_mps, omega_radps)
    alone, crowded = [CommandGate(EPUCK2, LIMITS).step(1.0, asked, me, seen).command for seen in ([], others)]
    assert abs(crowded.v_mps) <= abs(v_mps) + 1e-12
    assert crowded.v_mps * v_mps >= 0.0
    if v_mps == 0.0:
        assert crowded == alone


@pytest.mark.parametrize("place", [(math.nan, 1.0), (1.0, math.inf), (1.0, 1.0)])
def test_a_robot_that_does_not_know_where_a_neighbour_is_stands_and_may_turn(place):
    gate, me = CommandGate(EPUCK2, LIMITS), RobotState(1.0, 1.0, 1.0, 0.0)
    decision = gate.step(1.0, Command(1.0, 0.1, 1.0), me, [RobotState(1.0, *place, 0.0)])
    assert (decision.command.v_mps, decision.command.omega_radps) == (0.0, 1.0)
    assert decision.reasons == (Reason.NEIGHBOUR,)
