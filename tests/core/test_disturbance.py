"""What comes between robots and the world: alike for NumPy and torch, exact where it can be told by hand."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mir2_core.config import parse
from mir2_core.disturbance import PRESETS, Arrays, Disturbance, Motors, Sensing, parse_disturbance
from mir2_core.disturbed_world import DisturbedWorld
from mir2_core.errors import UserError
from mir2_core.kinematic import KinematicWorld
from mir2_core.robots import EPUCK2_POINT
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_sim.batched import float_tensors

DT_S = 0.1
NUMPY = Arrays()
BEGINS, GOES_ON = np.array([True]), np.array([False])


def motors(seed: int = 0, dt_s: float = DT_S, **parameters: float) -> Motors:
    return Motors(Disturbance(**parameters), dt_s, np.random.default_rng(seed), NUMPY)


def sensing(seed: int = 0, **parameters: float) -> Sensing:
    return Sensing(Disturbance(**parameters), DT_S, np.random.default_rng(seed), NUMPY)


def driven(part: Any, values: Any) -> Any:
    """What comes of `values` (T, B, N, K), an episode of B worlds."""
    worlds = values.shape[1]
    return np.stack([part(value, np.full(worlds, step == 0)) for step, value in enumerate(values)])


@pytest.mark.parametrize("preset", PRESETS)
def test_numpy_and_torch_are_disturbed_alike(preset: str) -> None:
    rng, disturbance = np.random.default_rng(1), PRESETS[preset]
    xp, asarray = float_tensors()
    for kind, numbers in ((Motors, 2), (Sensing, 3)):
        values = rng.uniform(-1.0, 1.0, (30, 4, 3, numbers))
        begins = rng.random((30, 4)) < 0.1
        begins[0] = True
        here = kind(disturbance, DT_S, np.random.default_rng(2), NUMPY)
        there = kind(disturbance, DT_S, np.random.default_rng(2), Arrays(xp, asarray))
        for value, begin in zip(values, begins, strict=True):
            expected, found = here(value, begin), there(asarray(value), torch.as_tensor(begin))
            np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=2e-5)
        assert np.allclose(found.numpy(), value) == (preset == "ideal")


@settings(max_examples=15)
@given(st.floats(0.0, 0.5), st.floats(0.0, 0.5))
def test_a_constant_command_arrives_when_latency_and_lag_are_over(latency_s: float, lag_s: float) -> None:
    found = driven(motors(command_latency_s=latency_s, motor_lag_s=lag_s), np.ones((150, 1, 1, 2)))
    # What is lost of the way at full speed, by the definition of both.
    assert DT_S * (1.0 - found[:, 0, 0, 0]).sum() == pytest.approx(latency_s + lag_s, abs=1e-6)
    assert (found[: math.floor(latency_s / DT_S)] == 0.0).all()


@pytest.mark.parametrize("dt_s", [0.1, 0.05, 0.01])
def test_a_wheels_way_does_not_depend_on_how_time_is_cut(dt_s: float) -> None:
    steps = round(1.0 / dt_s)
    way = dt_s * driven(motors(dt_s=dt_s, motor_lag_s=0.15, command_latency_s=0.1), np.ones((steps, 1, 1, 2))).sum(0)
    assert way[0, 0, 0] == pytest.approx(0.9 - 0.15 * (1.0 - math.exp(-0.9 / 0.15)), abs=1e-9)


def test_in_a_dead_zone_wheels_stand() -> None:
    found = motors(dead_zone=0.05)(np.array([[[0.049, -0.049], [0.05, -0.06]]]), BEGINS)
    np.testing.assert_array_equal(found, [[[0.0, 0.0], [0.05, -0.06]]])


def test_wheels_are_drawn_for_an_episode_and_no_further_off_than_told() -> None:
    part, ones = motors(wheel_mismatch=0.05), np.ones((500, 4, 2))
    first = part(ones, np.ones(500, dtype=bool))
    assert 0.95 <= first.min() < 0.951
    assert 1.049 < first.max() <= 1.05
    begins = np.arange(500) < 250
    second = part(ones, begins)
    assert (second[250:] == first[250:]).all()
    assert (second[:250] != first[:250]).all()


def test_a_robot_that_starts_anew_has_forgotten_its_commands() -> None:
    part = motors(command_latency_s=0.2, motor_lag_s=0.1)
    driven(part, np.ones((10, 1, 1, 2)))
    assert (part(np.ones((1, 1, 2)), BEGINS) == 0.0).all()


@settings(max_examples=15)
@given(st.floats(0.0, 0.5))
def test_a_place_is_known_as_late_as_told(latency_s: float) -> None:
    time_s = DT_S * np.arange(50)
    states = np.stack([0.1 * time_s, -0.2 * time_s, (6.0 * time_s) % (2.0 * math.pi)], axis=-1)[:, None, None]
    known = driven(sensing(state_latency_s=latency_s), states)[10:, 0, 0]
    then_s = time_s[10:] - latency_s
    np.testing.assert_allclose(known[:, :2], np.stack([0.1 * then_s, -0.2 * then_s], axis=-1), atol=1e-9)
    turned = (known[:, 2] - 6.0 * then_s + math.pi) % (2.0 * math.pi) - math.pi
    np.testing.assert_allclose(turned, 0.0, atol=1e-9)


def test_jitter_lies_between_nothing_and_what_is_told() -> None:
    states = np.broadcast_to(DT_S * np.arange(20.0)[:, None, None, None], (20, 100, 5, 3))
    late_s = (states - driven(sensing(state_latency_s=0.05, state_jitter_s=0.2), states))[5:, ..., 0]
    assert late_s.min() + 1e-9 >= 0.05
    assert late_s.min() < 0.052
    assert 0.248 < late_s.max() <= 0.25 + 1e-9
    assert late_s.mean() == pytest.approx(0.15, abs=0.003)


def test_noise_has_the_deviation_that_is_told_and_leaves_velocities_alone() -> None:
    states = np.zeros((1, 2000, 10, 5))
    noise = driven(sensing(pose_noise_m=0.02, heading_noise_rad=0.1), states)[0].reshape(-1, 5)
    np.testing.assert_allclose(noise.std(axis=0), [0.02, 0.02, 0.1, 0.0, 0.0], rtol=0.03)
    assert abs(noise.mean(axis=0)).max() < 0.003


def test_odometry_drifts_with_the_root_of_the_way_and_not_where_a_robot_stands() -> None:
    part = sensing(drift_m=0.1, drift_rad=0.2)
    way_m = np.minimum(np.arange(80) * 0.1, 4.0)  # four metres, then it stands
    states = np.zeros((80, 400, 5, 5))
    states[..., 0] = way_m[:, None, None]
    off = (driven(part, states) - states).reshape(80, -1, 5)
    np.testing.assert_allclose(off[40].std(axis=0), [0.2, 0.2, 0.4, 0.0, 0.0], rtol=0.06)
    np.testing.assert_allclose(off[10].std(axis=0), [0.1, 0.1, 0.2, 0.0, 0.0], rtol=0.06)
    np.testing.assert_allclose(off[-1], off[40], atol=2e-3)
    assert np.abs(part(states[0], np.ones(400, dtype=bool)) - states[0]).max() < 1e-3, "an episode begins where it is"


def test_a_place_that_is_lost_stays_the_last_one_for_as_long_as_told_and_never_at_the_start() -> None:
    steps = 400
    states = np.broadcast_to(np.arange(float(steps))[:, None, None, None], (steps, 200, 5, 3))
    known = driven(sensing(dropouts_hz=0.5, dropout_s=0.4), states)[..., 0]
    assert (known[0] == 0.0).all()
    lost = known != states[..., 0]
    begun = (lost[1:] & ~lost[:-1]).sum()
    assert lost.sum() / begun * DT_S == pytest.approx(0.4, rel=0.05)
    assert begun / ((~lost).sum() * DT_S) == pytest.approx(0.5, rel=0.05)
    assert (known[1:][lost[1:]] == known[:-1][lost[1:]]).all()


def test_what_is_remembered_goes_on_bit_for_bit() -> None:
    values = np.random.default_rng(3).uniform(-1.0, 1.0, (20, 2, 3, 3))
    for kind in (Motors, Sensing):
        first = kind(PRESETS["harsh"], DT_S, rng := np.random.default_rng(5), NUMPY)
        second = kind(PRESETS["harsh"], DT_S, again := np.random.default_rng(6), NUMPY)
        cut = values[..., :2] if kind is Motors else values
        driven(first, cut)
        again.bit_generator.state = rng.bit_generator.state
        second.recall(first.memory())
        for value in cut:
            np.testing.assert_array_equal(first(value, np.zeros(2, bool)), second(value, np.zeros(2, bool)))


def world(disturbance: Disturbance, seed: int = 0) -> DisturbedWorld:
    task = Rendezvous(RendezvousParams(robots=2))
    inner = KinematicWorld(task, np.array([[0.5, 0.5, 0.0], [1.5, 1.5, 1.0]]))
    return DisturbedWorld(inner, [EPUCK2_POINT] * 2, disturbance, step_s=DT_S, seed=seed)


def test_a_disturbed_world_moves_as_its_motors_and_reports_what_is_known() -> None:
    twists = np.array([[0.1, 0.0], [0.05, 1.0]])

    def lived(disturbance: Disturbance, seed: int) -> tuple[Any, Any]:
        disturbed = world(disturbance, seed)
        known = []
        for _ in range(10):
            disturbed.step(twists, DT_S)
            known.append(np.hstack([disturbed.poses(), disturbed.velocities()]))
        np.testing.assert_array_equal(disturbed.poses(), known[-1][:, :3], err_msg="asking again changes nothing")
        return disturbed.truth.poses(), np.stack(known)

    plain = world(Disturbance()).truth
    for _ in range(10):
        plain.step(twists, DT_S)
    truth, known = lived(Disturbance(pose_noise_m=0.01), 1)
    np.testing.assert_allclose(truth, plain.poses(), atol=1e-12)
    assert 0.0 < np.abs(known[-1, :, :2] - truth[:, :2]).max() < 0.05
    truth, known = lived(Disturbance(command_latency_s=0.2), 1)
    assert truth[0, 0] == pytest.approx(0.5 + 0.1 * 0.8)
    np.testing.assert_array_equal(known[-1, :, :3], truth)
    for first, second in zip(lived(PRESETS["harsh"], 2), lived(PRESETS["harsh"], 2), strict=True):
        np.testing.assert_array_equal(first, second)
    assert (lived(PRESETS["harsh"], 2)[0] != lived(PRESETS["harsh"], 3)[0]).any()


def test_a_disturbance_is_a_preset_or_parameters_or_both() -> None:
    assert parse_disturbance("") == parse_disturbance("ideal") == Disturbance()
    assert Disturbance().off
    assert not Disturbance(motor_lag_s=0.1).off
    assert parse_disturbance("{motor_lag_s: 0.1}") == Disturbance(motor_lag_s=0.1)
    changed = parse_disturbance("lab:{motor_lag_s: 0.1}")
    assert changed == PRESETS["lab"].model_copy(update={"motor_lag_s": 0.1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("labb", "launch argument is 'labb': unknown preset 'labb'; valid: .*did you mean 'lab'"),
        ("lab:{motor_lag_s: 2}", "launch argument: key 'motor_lag_s' is 2: allowed: 0 to 1$"),
        ("{pose_noise_m: -0.1}", "key 'pose_noise_m' is -0.1: allowed: 0 to 0.5$"),
        ("{wheel_mismatch: .nan}", "key 'wheel_mismatch'"),
        ("{motor_lag: 0.1}", "unknown key 'motor_lag'; .*did you mean 'motor_lag_s'"),
        ("lab:0.3", "is no YAML of keys and values"),
    ],
)
def test_a_mistaken_disturbance_is_refused_by_name_and_range(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_disturbance(text, "launch argument")


@pytest.mark.parametrize("name", Disturbance.model_fields)
@pytest.mark.parametrize("value", [-1e-9, 1e9])
def test_every_parameter_has_a_range(name: str, value: float) -> None:
    with pytest.raises(UserError, match=f"{name}.*allowed: 0 to"):
        parse({name: value}, Disturbance, "x")
