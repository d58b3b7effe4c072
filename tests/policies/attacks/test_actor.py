"""A network that begins as a rule does exactly what the rule does, in PyTorch and as a bundle."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.traitors.sight import Sight
from mir2_core.traitors.trained import to_deed
from mir2_policies.attacks.actor import TraitorActor
from mir2_policies.attacks.numbers import Numbers, NumbersTraitor
from mir2_policies.attacks.threats import THREATS
from mir2_policies.bundles.adversary import rule_to_onnx

from tests.policies.attacks.victims import duel

RULES = torch.tensor(
    [
        Numbers(facing=1.0, along_m=0.3, ahead_m=0.2, turn_rad=0.1, quiet=0.5, cycle_steps=20.0),
        Numbers(whom=0.5, across_gain=0.5, left_m=-0.1, heading_rad=2.0, switches=0.3, quiet=-0.3, cycle_steps=7.0),
    ]
)


@pytest.mark.parametrize("threat", THREATS)
def test_a_rule_is_a_network_too(threat: str, five: PolicyBundle, tmp_path: Path) -> None:
    fight = duel(five, threat=threat, tracker=THREATS[threat].tracker, robots=(3, 1))
    actor = TraitorActor(fight, (64, 64))
    actor.begin_as_numbers(RULES)
    session = onnxruntime.InferenceSession(rule_to_onnx(actor.eval()).SerializeToString())
    poses, sight = fight.starts(20, 1), Sight(fight.task, [3, 1])
    for step in (0, 7, 33):
        seen = sight(poses, step)
        outputs = actor(seen)
        bundled = session.run(["action"], {"observation": seen.flatten(0, 1).numpy()})[0]
        np.testing.assert_allclose(bundled, outputs.flatten(0, 1).detach(), atol=1e-5)
        found = to_deed(fight.task, outputs)
        expected = NumbersTraitor(fight, RULES)(fight.situation(poses, step))
        torch.testing.assert_close(found.actions, expected.actions, atol=1e-4, rtol=0.0)
        if expected.reported is not None and found.reported is not None:
            gap = (found.reported - expected.reported).abs()
            gap[..., 2] = torch.minimum(gap[..., 2], 2.0 * np.pi - gap[..., 2])
            assert gap.max() < 1e-3
        assert (found.silent is None) == (expected.silent is None)
        if expected.silent is not None and found.silent is not None:
            assert found.silent.equal(expected.silent)
