"""No ally's report touches what is believed of another, and nobody is believed to be where a robot cannot be."""

import itertools
import math

import array_api_compat.torch
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mir2_core.allies import SPEED_MARGIN, AllyTracker, Presence, Reports, TrustSettings, Verdict
from mir2_core.robots.epuck2 import EPUCK2

PERIOD_S, ARENA_M = 0.1, 2.0
TRUST = TrustSettings()
FAR = np.array([1.9, 1.9, 0.0])


def tracker(trust=TRUST, xp=np):
    return AllyTracker(xp, EPUCK2, ARENA_M, PERIOD_S, trust)


def reports(*rows):
    """One row an ally: None, or (stamp_s, x_m, y_m, heading_rad, v_mps, omega_radps)."""
    numbers = np.array([row or (0.0,) * 6 for row in rows], dtype=np.float64)
    return Reports(np.array([row is not None for row in rows]), numbers[:, 0], numbers[:, 1:4], numbers[:, 4:])


def told(track, beliefs, now_s, *rows, own=FAR):
    beliefs, verdicts = track.hear(beliefs, reports(*rows), now_s, own)
    return beliefs, [Verdict(int(each)) for each in verdicts]


def at(stamp_s, x_m=1.0, y_m=1.0, heading_rad=0.0, v_mps=0.0, omega_radps=0.0):
    return (stamp_s, x_m, y_m, heading_rad, v_mps, omega_radps)


ANY = st.floats() | st.sampled_from([0.0, 1.0, 1e9, -1e9, 1e300])
PLAUSIBLE = st.floats(-0.1, 2.1)
MOVES = st.tuples(st.floats(0.0, 0.3), st.floats(-1.0, 1.0), PLAUSIBLE, PLAUSIBLE, st.floats(-7.0, 7.0))
ANYTHING = st.tuples(ANY, ANY, ANY, ANY, ANY, ANY)


@given(st.lists(st.one_of(st.none(), MOVES, ANYTHING), max_size=30), st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_nothing_an_ally_says_changes_what_is_believed_of_another(said, random):
    track = tracker()
    alone = both = track.nobody(np.zeros(2))
    now_s = 100.0
    for each in said:
        now_s += random.choice([0.0, 0.001, 0.05, 0.1, 0.1, 0.1])
        truth = at(now_s, 0.5, 0.5) if random.random() < 0.7 else None
        liar = None if each is None else (each if len(each) == 6 else (now_s + each[1], *each[2:], 0.0, 0.0))
        alone, _ = told(track, alone, now_s, None, truth)
        both, _ = told(track, both, now_s, liar, truth)
        for one, other in zip(_leaves(alone), _leaves(both), strict=True):
            np.testing.assert_array_equal(one[1], other[1])
        assert np.isfinite(track.poses(both, now_s)).all()


def _leaves(beliefs):
    return [leaf for part in beliefs for leaf in (part if isinstance(part, tuple) else (part,))]


@given(st.lists(st.one_of(MOVES, ANYTHING), min_size=2, max_size=40), st.sampled_from([0.0001, 0.01, 0.1, 0.3]))
@settings(max_examples=200)
def test_nobody_is_believed_to_have_been_faster_than_its_kind_at_any_rate_of_reports(said, every_s):
    track, trust = tracker(), TRUST
    beliefs, now_s, believed = track.nobody(np.zeros(1)), 50.0, []
    for each in said:
        now_s += every_s
        report = each if len(each) == 6 else (now_s + 0.4 * each[1], *each[2:], 0.0, 0.0)
        beliefs, (verdict,) = told(track, beliefs, now_s, report)
        if verdict == Verdict.BELIEVED:
            believed.append((float(beliefs.last.stamp_s[0]), beliefs.last.pose[0].copy()))
    for (t0, first), (t1, then) in itertools.combinations(believed, 2):
        reach_m = SPEED_MARGIN * EPUCK2.max_v_mps * (t1 - t0) + trust.noise_m
        assert math.hypot(*(then - first)[:2]) <= reach_m + 1e-9
        assert np.isfinite(then).all()
        assert (then[:2] >= -trust.margin_m).all()
        assert (then[:2] <= ARENA_M + trust.margin_m).all()


def test_a_flood_of_small_steps_gains_one_noise_and_no_more():
    track = tracker()
    beliefs, now_s = track.nobody(np.zeros(1)), 0.0
    for step in range(1000):
        now_s += 0.001
        beliefs, _ = told(track, beliefs, now_s, at(now_s, 0.5 + 0.01 * step))
    assert beliefs.last.pose[0, 0] <= 0.5 + SPEED_MARGIN * EPUCK2.max_v_mps * 1.0 + TRUST.noise_m


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (at(10.1, math.nan), Verdict.NON_FINITE),
        (at(math.inf), Verdict.NON_FINITE),
        (at(9.9), Verdict.STALE),
        (at(10.0), Verdict.NOTHING),
        (at(10.7), Verdict.FUTURE),
        (at(10.1, 2.06, 1.0), Verdict.OUTSIDE),
        (at(10.1, 1.1), Verdict.TOO_FAST),
        (at(10.1, heading_rad=2.0), Verdict.TOO_FAST),
        (at(10.1, 1.01), Verdict.BELIEVED),
    ],
)
def test_a_report_is_refused_for_the_first_reason_that_holds(report, verdict):
    track = tracker()
    beliefs, _ = told(track, track.nobody(np.zeros(1)), 10.0, at(10.0))
    after, found = told(track, beliefs, 10.1, report)
    assert found == [verdict]
    if verdict != Verdict.BELIEVED:
        np.testing.assert_array_equal(after.last.pose, beliefs.last.pose)


def test_nobody_stands_inside_the_listener():
    track = tracker()
    _, found = told(track, track.nobody(np.zeros(1)), 1.0, at(1.0, 1.0, 1.0), own=np.array([1.03, 1.0, 0.0]))
    assert found == [Verdict.IMPOSSIBLE_HERE]


def test_an_old_stamp_is_stale_even_from_somebody_unknown():
    track = tracker()
    _, found = told(track, track.nobody(np.zeros(1)), 1.0, at(0.4))
    assert found == [Verdict.STALE]


def test_a_silent_ally_coasts_and_is_then_absent_until_it_has_said_enough():
    track = tracker()
    beliefs, _ = told(track, track.nobody(np.zeros(1)), 0.0, at(0.0, v_mps=0.1))
    assert track.presence(beliefs, 0.1) == [Presence.PRESENT]
    assert track.presence(beliefs, 0.3) == [Presence.COASTING]
    assert track.poses(beliefs, 0.3)[0, 0] == pytest.approx(1.03)
    assert track.poses(beliefs, 99.0)[0, 0] == pytest.approx(1.05)
    assert track.presence(beliefs, 0.6) == [Presence.ABSENT]
    verdicts = []
    for step in range(5):
        now_s = 1.0 + 0.1 * step
        beliefs, found = told(track, beliefs, now_s, at(now_s, 1.02))
        verdicts += found
        assert (track.presence(beliefs, now_s) == Presence.PRESENT) == (step == 4)
    assert verdicts == [Verdict.ON_PROBATION] * 4 + [Verdict.BELIEVED]


def test_a_liar_that_comes_back_elsewhere_waits_until_it_could_be_there():
    track = tracker()
    beliefs, _ = told(track, track.nobody(np.zeros(1)), 0.0, at(0.0, 0.2))
    back_s = None
    for step in range(10, 200):
        now_s = 0.1 * step
        beliefs, (verdict,) = told(track, beliefs, now_s, at(now_s, 1.2))
        if verdict == Verdict.BELIEVED and back_s is None:
            back_s = now_s
    soonest_s = (1.0 - TRUST.noise_m) / (SPEED_MARGIN * EPUCK2.max_v_mps)
    assert soonest_s <= back_s <= soonest_s + 0.7


@pytest.mark.parametrize("jump_s", [-3600.0, 3600.0])
def test_a_listener_whose_own_clock_jumps_believes_again_after_a_moment(jump_s):
    track = tracker()
    beliefs = track.nobody(np.zeros(1))
    for k in range(10):
        beliefs, _ = told(track, beliefs, 1e4 + 0.1 * k, at(1e4 + 0.1 * k))
    for k in range(10, 17):
        now_s = 1e4 + jump_s + 0.1 * k
        beliefs, verdicts = told(track, beliefs, now_s, at(now_s))
    assert verdicts == [Verdict.BELIEVED]
    assert track.presence(beliefs, now_s) == [Presence.PRESENT]


def test_nobody_coasts_faster_than_its_kind_can_drive():
    track = tracker()
    beliefs, _ = told(track, track.nobody(np.zeros(1)), 0.0, at(0.0, v_mps=50.0))
    assert track.poses(beliefs, 0.4)[0, 0] == pytest.approx(1.0 + 0.4 * EPUCK2.max_v_mps)


def test_nan_between_true_reports_is_only_counted():
    track = tracker()
    beliefs, now_s, verdicts = track.nobody(np.zeros(1)), 0.0, []
    for step in range(100):
        now_s += 0.02
        beliefs, found = told(track, beliefs, now_s, at(now_s) if step % 5 == 0 else at(now_s, math.nan))
        verdicts += found
        assert track.presence(beliefs, now_s) == [Presence.PRESENT]
    assert verdicts.count(Verdict.BELIEVED) == 20
    assert verdicts.count(Verdict.NON_FINITE) == 80


@pytest.mark.parametrize("offset_s", [-0.3, 0.0, 0.3])
def test_an_honest_robot_at_full_speed_with_noise_and_another_clock_is_always_believed(offset_s):
    track, rng = tracker(), np.random.default_rng(0)
    beliefs, heading, place = track.nobody(np.zeros(1)), 0.0, np.array([1.0, 1.0])
    for step in range(2000):
        now_s = PERIOD_S * step
        omega = 1.2
        heading += omega * PERIOD_S
        place = place + EPUCK2.max_v_mps * PERIOD_S * np.array([math.cos(heading), math.sin(heading)])
        seen = place + rng.normal(0.0, 0.002, 2)
        angle = (heading + rng.normal(0.0, 0.02)) % math.tau
        beliefs, (verdict,) = told(
            track,
            beliefs,
            now_s,
            at(now_s + offset_s, *seen, angle, EPUCK2.max_v_mps, omega),
            own=np.array([9.0, 9.0, 0.0]),
        )
        assert verdict == Verdict.BELIEVED, step


def test_the_batched_tracker_on_tensors_is_the_robots_tracker():
    rng, track = np.random.default_rng(1), tracker()
    batched = tracker(xp=array_api_compat.torch)
    worlds, allies = 5, 3
    single = [track.nobody(np.zeros(allies)) for _ in range(worlds)]
    many = batched.nobody(torch.zeros(worlds, allies, dtype=torch.float64))
    own = np.tile(FAR, (worlds, 1))
    place = rng.uniform(0.3, 1.5, (worlds, allies, 2))
    for step in range(60):
        now_s = 0.1 * step
        place = place + rng.uniform(-0.012, 0.012, place.shape)
        lie = rng.random((worlds, allies)) < 0.2
        pose = np.concatenate(
            [np.where(lie[..., None], rng.uniform(-0.5, 2.5, place.shape), place), 0 * place[..., :1]], -1
        )
        pose[rng.random((worlds, allies)) < 0.05] = np.nan
        heard = rng.random((worlds, allies)) < 0.7
        stamp, twist = np.full((worlds, allies), now_s), np.zeros((worlds, allies, 2))
        many, verdicts = batched.hear(
            many, Reports(*map(torch.as_tensor, (heard, stamp, pose, twist))), now_s, torch.as_tensor(own)
        )
        for world in range(worlds):
            given_reports = Reports(heard[world], stamp[world], pose[world], twist[world])
            single[world], verdict = track.hear(single[world], given_reports, now_s, own[world])
            np.testing.assert_array_equal(verdicts[world].numpy(), verdict)
            np.testing.assert_allclose(batched.poses(many, now_s)[world].numpy(), track.poses(single[world], now_s))
            np.testing.assert_array_equal(
                batched.presence(many, now_s)[world].numpy(), track.presence(single[world], now_s)
            )
