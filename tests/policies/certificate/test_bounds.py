"""Bounds hold: no report, asked of the bundle itself in ONNX Runtime, is ever found beyond them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mir2_policies.bundles.certificate.boxes import DIRECTION, DISTANCE, Boxes, everywhere
from mir2_policies.bundles.certificate.decision import MARGIN, Decision
from mir2_policies.bundles.certificate.search import NEAREST_M, Effort, Found, certify

from tests.policies.certificate.cases import CASES, decision

SEEDS = st.integers(0, 2**32 - 1)


def boxes_anywhere(found: Decision, rng: np.random.Generator, count: int = 200) -> Boxes:
    """Boxes of all sizes, also where reports are out of the arena or out of range."""
    middle = rng.uniform((0.0, -math.pi, -math.pi), (1.0, math.pi, math.pi), (count, 3))
    middle[:, DISTANCE] = 2.8 * rng.random(count) ** 3
    half = 10.0 ** rng.uniform(-4.0, 0.0, (count, 1)) * rng.uniform(0.0, (1.0, math.pi, math.pi), (count, 3))
    half[:, DISTANCE] = np.minimum(half[:, DISTANCE], middle[:, DISTANCE])
    liars = torch.as_tensor(rng.integers(len(found.allies), size=count))
    return Boxes(torch.as_tensor(middle), torch.as_tensor(half), liars)


def reports_within(boxes: Boxes, rng: np.random.Generator) -> torch.Tensor:
    """A report of each box, often one of its corners."""
    places = rng.uniform(-1.0, 1.0, tuple(boxes.half.shape))
    places = np.where(rng.random(places.shape) < 0.5, np.sign(places), places)
    return boxes.middle + torch.as_tensor(places) * boxes.half


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=8)
@given(seed=SEEDS)
def test_every_box_holds_what_its_reports_lead_to(case: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = decision(case, seed % 4)
    boxes = boxes_anywhere(found, rng)
    low, high, _ = found.enclose(boxes)
    for _ in range(4):
        reports = reports_within(boxes, rng)
        heard = (reports[:, DISTANCE] > NEAREST_M) & (reports[:, DISTANCE] < found.policy.furthest_m - 1e-9)
        poses = found.policy.sight.poses(reports, found.own)
        actions = torch.as_tensor(found.act(poses.numpy(), boxes.liar.numpy()))
        assert ((low <= actions) & (actions <= high))[heard].all()


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=5)
@given(seed=SEEDS)
def test_what_is_seen_is_enclosed(case: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = decision(case, seed % 4)
    task, robot = found.policy.task, found.robot
    boxes = boxes_anywhere(found, rng)
    boxes = boxes.part(boxes.middle[:, DISTANCE] + boxes.half[:, DISTANCE] < found.policy.furthest_m)
    seen = found.policy.sight.enclose(boxes, float(found.own[2]))
    reports = reports_within(boxes, rng)
    there = (reports - boxes.middle) / boxes.half.clamp(min=1e-300)
    poses = found.policy.sight.poses(reports, found.own).numpy()
    told = np.repeat(found.poses[None], len(poses), axis=0)
    told[range(len(poses)), found.allies[boxes.liar.numpy()]] = poses
    observed = task.observe.of_robot(told, robot)
    for row, ally in enumerate(found.allies[boxes.liar.numpy()].tolist()):
        if reports[row, DISTANCE] > NEAREST_M:
            numbers = observed[row, found.policy.columns(robot, ally)][-seen.value.shape[1] :]
            linear = seen.value[row] + (seen.slope[row] * there[row]).sum(dim=-1)
            assert (np.abs(numbers - linear.numpy()) <= seen.error[row].sum(dim=-1).numpy() + 1e-9).all()


@settings(max_examples=50)
@given(x=st.floats(0.0, 2.0), y=st.floats(0.0, 2.0), seed=SEEDS)
def test_every_place_of_the_arena_is_in_a_box(x: float, y: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    own = torch.tensor([x, y, 0.3], dtype=torch.float64)
    boxes = everywhere(own, 2.0, math.inf, 1, (3, 5, 1))
    for _ in range(3):
        which = torch.as_tensor(rng.integers(3, size=len(boxes.liar)))
        boxes = boxes.halved(which).within(own, 2.0)
    for place in [*rng.uniform(0.0, 2.0, (20, 2)), *np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0]])]:
        away = place - own[:2].numpy()
        told = torch.tensor([math.hypot(*away), math.atan2(away[1], away[0])], dtype=torch.float64)
        apart = (boxes.middle[:, [DISTANCE, DIRECTION]] - told).abs()
        assert (apart <= boxes.half[:, [DISTANCE, DIRECTION]] + 1e-9).all(dim=-1).any()
    assert (boxes.middle[:, DISTANCE] + boxes.half[:, DISTANCE]).max() <= 2.0 * math.sqrt(2.0) + 1e-9


BOUNDED: dict[tuple[str, int], Found] = {}


def bounded(case: str, seed: int) -> Found:
    """Found with little effort, so that bounds are loose and quickly there."""
    if (case, seed) not in BOUNDED:
        BOUNDED[case, seed] = certify(decision(case, seed), Effort(0.05, 2000), np.random.default_rng(seed))
    return BOUNDED[case, seed]


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=60)
@given(
    seed=st.integers(0, 1),
    x=st.floats(0.0, 2.0),
    y=st.floats(0.0, 2.0),
    near_m=st.none() | st.floats(0.0, 0.1),
    heading=st.floats(-10.0, 10.0) | st.floats(-1e9, 1e9),
)
def test_no_report_is_beyond_the_bound(
    case: str, seed: int, x: float, y: float, near_m: float | None, heading: float
) -> None:
    found, team = bounded(case, seed), decision(case, seed)
    place = np.array([x, y])
    if near_m is not None:  # most of what matters is close by
        place = (team.poses[team.robot, :2] + near_m * (place - 1.0)).clip(0.0, 2.0)
    report = np.array([*place, heading])
    liars = np.arange(len(team.allies))
    actions = team.act(np.repeat(report[None], len(liars), axis=0), liars)
    assert np.abs(actions - team.honest).max() <= found.bound


@pytest.mark.parametrize("case", CASES)
def test_the_worst_that_was_found_is_what_the_bundle_does(case: str) -> None:
    for seed in range(2):
        found, team = bounded(case, seed), decision(case, seed)
        liar = team.allies.tolist().index(found.ally)
        action = team.act(np.array([found.report]), np.array([liar]))[0] if found.report else team.silences()[liar]
        assert np.abs(action - team.honest).max() == pytest.approx(found.attack, abs=1e-6)
        assert found.attack + MARGIN <= found.bound <= 2.0 + 3 * MARGIN
        assert found.bound <= found.attack + 0.05 + 3 * MARGIN or found.boxes >= 2000


@pytest.mark.parametrize("case", [case for case in CASES if "mir2" not in case])
def test_silence_is_within_the_bound(case: str) -> None:
    for seed in range(2):
        team = decision(case, seed)
        changes = np.abs(team.silences() - team.honest).max(axis=-1)
        assert len(changes) == len(team.allies)
        assert changes.max() <= bounded(case, seed).bound
