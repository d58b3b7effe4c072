"""Numbers put a lie where they say, relative to whom they say."""

import math

import numpy as np
import pytest
import torch
from mir2_core.bundle import PolicyBundle
from mir2_policies.attacks.numbers import SIZE, Numbers, NumbersTraitor, from_point, returns_of, to_point

from tests.policies.attacks.victims import duel

# Robot 0 lies; robot 1 is 0.4 m west of robot 2.
POSES = torch.tensor([[[1.0, 1.9, 0.0], [0.8, 1.0, 2.0], [1.2, 1.0, 3.0]]])


@pytest.mark.parametrize(
    ("numbers", "step", "expected"),
    [
        (Numbers(along_m=0.3), 0, (0.5, 1.0, math.pi)),
        (Numbers(along_m=0.3, heading_rad=math.pi), 0, (0.5, 1.0, 0.0)),
        (Numbers(whom=0.5, along_m=0.3), 0, (1.5, 1.0, 0.0)),
        (Numbers(whom=1.0, along_m=0.3), 0, (1.5, 1.0, 0.0)),
        (Numbers(along_gain=-1.0), 0, (1.2, 1.0, math.pi)),
        (Numbers(along_gain=-2.0), 0, (1.6, 1.0, math.pi)),
        (Numbers(across_m=0.3), 0, (0.8, 0.7, math.pi)),
        (Numbers(along_m=0.3, switches=0.5), 1, (0.5, 1.0, math.pi)),
        (Numbers(along_m=0.3, switches=0.5), 2, (1.5, 1.0, 0.0)),
        (Numbers(along_m=0.3, turn_rad=0.5 * math.pi), 1, (0.8, 0.7, math.pi)),
        (Numbers(along_m=1.5), 0, (0.0, 1.0, math.pi)),
        (Numbers(ahead_m=0.1), 0, (0.8 + 0.1 * math.cos(2.0), 1.0 + 0.1 * math.sin(2.0), math.pi)),
        (Numbers(whom=0.5, left_m=0.1), 0, (1.2 - 0.1 * math.sin(3.0), 1.0 + 0.1 * math.cos(3.0), 0.0)),
        (Numbers(facing=1.0, along_m=0.3), 0, (1.5, 1.0, 0.0)),
        (Numbers(facing=-1.0, along_m=0.3), 0, (0.5, 1.0, math.pi)),
        (Numbers(facing=-1.0, along_m=0.3, switches=1.0), 1, (1.5, 1.0, 0.0)),
    ],
)
def test_where_a_liar_claims_to_be(
    numbers: Numbers, step: int, expected: tuple[float, ...], victim: PolicyBundle
) -> None:
    fight = duel(victim)
    deed = NumbersTraitor(fight, torch.tensor([numbers]))(fight.situation(POSES, step))
    assert deed.reported is not None
    np.testing.assert_allclose(deed.reported[0, 0], expected, atol=1e-5)


def test_a_two_faced_traitor_follows_each_listener(victim: PolicyBundle) -> None:
    fight = duel(victim, threat="two_faced")
    deed = NumbersTraitor(fight, torch.tensor([Numbers(along_m=0.3)]))(fight.situation(POSES, 0))
    assert deed.reported is not None
    np.testing.assert_allclose(deed.reported[0, 0], [POSES[0, 0], (0.5, 1.0, math.pi), (1.5, 1.0, 0.0)], atol=1e-5)


def test_one_that_cannot_lie_drives_there(victim: PolicyBundle) -> None:
    fight = duel(victim, threat="saboteur")
    traitor = NumbersTraitor(fight, torch.tensor([Numbers(along_m=0.3)]))
    poses = POSES
    for step in range(200):
        poses = fight.task.step(
            poses, torch.nn.functional.pad(traitor(fight.situation(poses, step)).actions, (0, 0, 0, 2))
        )
    np.testing.assert_allclose(poses[0, 0, :2], (0.5, 1.0), atol=0.02)


@pytest.mark.parametrize(
    ("quiet", "cycle_steps", "spoken"),
    [(0.0, 4.0, "1111"), (1.0, 4.0, "0000"), (0.5, 4.0, "1100"), (-0.25, 4.0, "0111"), (-1.0, 0.0, "0000")],
)
def test_a_mute_traitor_keeps_its_silence(quiet: float, cycle_steps: float, spoken: str, victim: PolicyBundle) -> None:
    fight = duel(victim, threat="mute", tracker=True)
    traitor = NumbersTraitor(fight, torch.tensor([Numbers(quiet=quiet, cycle_steps=cycle_steps)]))
    for step in range(8):
        silent = traitor(fight.situation(POSES, step)).silent
        assert silent is not None
        assert silent.tolist() == [[spoken[step % 4] == "0"]]


def test_points_of_the_cube_are_numbers() -> None:
    points = 2.0 * torch.rand(100, SIZE, generator=torch.Generator().manual_seed(0)) - 1.0
    numbers = from_point(points)
    torch.testing.assert_close(from_point(to_point(numbers)), numbers)
    assert (numbers[:, [0, -1]] >= 0.0).all()


def test_many_candidates_are_played_as_each_alone(victim: PolicyBundle) -> None:
    fight, starts = duel(victim), duel(victim).starts(3, 1)
    candidates = torch.tensor([[Numbers(along_m=0.3)], [Numbers(whom=0.6, turn_rad=0.1, across_m=1.0)]])
    together = returns_of(fight, candidates, starts)
    for row, numbers in zip(together, candidates, strict=True):
        torch.testing.assert_close(row, fight.returns(NumbersTraitor(fight, numbers), starts))
