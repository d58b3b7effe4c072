"""`mir2 rollout`: one episode inside the process."""

import json

import numpy as np
import pytest
from mir2_core.bundle import PolicyBundle
from mir2_core.rollout import rollout
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_policies.cli.main import main


def test_keeps_the_trajectory_of_the_episode(make_bundle, tmp_path, capsys):
    bundle, file = make_bundle(), tmp_path / "episode.npz"
    with pytest.raises(SystemExit) as end:
        main(["rollout", str(bundle), "--seed", "4", "--steps", "20", "--output", str(file)])
    assert not end.value.code
    task = Rendezvous(RendezvousParams())
    truth = rollout(task, PolicyBundle.load(bundle), task.reset(np.random.default_rng(4))[0], 20)
    with np.load(file) as arrays:
        np.testing.assert_array_equal(arrays["poses"], truth.poses)
        np.testing.assert_array_equal(arrays["actions"], truth.actions)
    assert json.loads(capsys.readouterr().out)["return"] == pytest.approx(truth.rewards.sum())


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--seed", "-1", "--seed is -1"),
        ("--steps", "0", "--steps is 0"),
        ("--output", "/no/where.npz", "cannot be written"),
    ],
)
def test_mistakes_are_named(make_bundle, tmp_path, capsys, option, value, message):
    arguments = {"--seed": "0", "--steps": "1", "--output": str(tmp_path / "x.npz"), option: value}
    with pytest.raises(SystemExit) as end:
        main(["rollout", str(make_bundle()), *(word for pair in arguments.items() for word in pair)])
    assert end.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
