"""The gradient through the world: it is the return's own, whatever is varied, and pays for what one ally says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mir2_core.errors import UserError
from mir2_core.tasks import RendezvousParams
from mir2_policies.learners.apg import Apg, ApgConfig
from mir2_policies.learners.registry import new_learner
from mir2_policies.learners.set_actor import SetActor
from mir2_policies.training.run import Budget
from mir2_policies.training.trainer import Trainer
from mir2_sim.batched import BatchedWorld, torch_task
from mir2_sim.hearing import Heard
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from tests.policies.tiny_run import tiny_config

ANY_TEAM: dict[str, Any] = {"robots": 3, "observation": "allies", "horizon": 30}


def an_apg(**changes: Any) -> Apg:
    config = ApgConfig.model_validate(
        {"worlds": 8, "hidden": [16], "encoder": 8, "task_parameters": ANY_TEAM, **changes}
    )
    task = torch_task("rendezvous", config.task_parameters)
    learner = new_learner(config, task, np.random.default_rng(0))
    assert isinstance(learner, Apg)
    assert isinstance(learner.actor, SetActor)
    torch.nn.init.normal_(learner.actor.itself)  # zeros stand on a kink
    return learner


def test_a_window_moves_the_policy_along_the_slope_of_its_return() -> None:
    apg = an_apg(window=5, tail=3.0, gradient_clip=1e9)
    task = torch_task("rendezvous", apg.config.task_parameters)
    apg.actor.double()
    apg.optimizer = torch.optim.SGD(apg.actor.parameters(), 1.0)  # type: ignore[assignment]
    start = task.asarray(task.reset(np.random.default_rng(3), 8)).double()

    def earned(weights: torch.Tensor) -> float:
        vector_to_parameters(weights, apg.actor.parameters())
        state, total = start, 0.0
        with torch.no_grad():
            for step in range(5):
                actions = apg.actor(task.observe(state))
                state = task.step(state, actions)
                total += (4.0 if step == 4 else 1.0) * float(task.reward(state, actions).mean())
        return total

    before = parameters_to_vector(apg.actor.parameters()).detach().clone()
    world = BatchedWorld(task, 8, np.random.default_rng(4))
    world.state, world.age[:] = start, 0
    apg.config = apg.config.model_copy(update={"learning_rate": 1.0, "final_learning_rate": 1.0})
    apg.advance(world, used=0.0)
    gradient = parameters_to_vector(apg.actor.parameters()).detach() - before
    direction = torch.randn(len(before), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    slope = (earned(before + 1e-6 * direction) - earned(before - 1e-6 * direction)) / 2e-6
    assert float(gradient @ direction) == pytest.approx(slope, rel=1e-4)


def test_the_penalty_counts_what_one_ally_says_and_that_it_does() -> None:
    apg = an_apg(penalty_weight=0.1)
    task = torch_task("rendezvous", apg.config.task_parameters)
    state = task.asarray(task.reset(np.random.default_rng(0), 8))
    silent = torch.ones(8, 3, 3, dtype=torch.bool)
    silent[::2] = False
    heard = Heard(state[:, None].expand(-1, 3, -1, -1), silent)
    found = apg.information(task, heard, apg.actor(heard.observed(task)))
    assert found.shape == (8,)
    assert (found > 0.0).all()
    deaf = Heard(heard.believed, torch.zeros_like(silent))
    assert not apg.information(task, deaf, apg.actor(deaf.observed(task))).any()
    found.sum().backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is not None for parameter in apg.actor.parameters())


def test_a_run_over_sizes_and_disturbances_resumes_exactly_and_says_its_returns(tmp_path: Path) -> None:
    varied = {"robots": [2, 4], "evaluated_robots": [4, 2], "disturbed": 0.8}
    sizes = {"worlds": 8, "window": 10, "encoder": 8, "hidden": [16], "evaluation_episodes": 2}
    config = tiny_config(
        "apg",
        task_parameters=ANY_TEAM,
        randomisation=varied,
        disturbance="harsh",
        penalty_weight=0.001,
        evaluation_interval=800,  # the best of the same evaluations
        **sizes,
        final_evaluation_episodes=4,
    )
    whole, parts = Trainer(config, tmp_path / "whole"), Trainer(config, tmp_path / "parts")
    whole.run(Budget(transitions=1600), quiet=True)
    parts.run(Budget(transitions=800), quiet=True)
    resumed = Trainer(config, tmp_path / "parts")
    resumed.resume()
    resumed.run(Budget(transitions=1600), quiet=True)
    for expected, found in zip(whole.actor.parameters(), resumed.actor.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=0)
    measured = resumed.measure()
    assert list(measured["teams"]) == ["3", "4", "2"]
    assert measured["return_mean"] == measured["teams"]["3"]["return_mean"]


@pytest.mark.parametrize(
    ("algorithm", "given", "words"),
    [
        ("maddpg", {"randomisation": {"disturbed": 0.5}}, "'maddpg' learns with one team that hears all.*apg"),
        ("maddpg", {"disturbance": "lab"}, "'maddpg' learns from where robots are.*motor_lag_s.*apg"),
        ("maddpg", {"disturbance": "{loss: 0.1}"}, "'maddpg' learns from where robots are.*loss.*apg"),
        (
            "apg",
            {"disturbance": "{loss: 0.1}", "randomisation": {"disturbed": 0.5}, "task_parameters": ANY_TEAM},
            "both say which reports are heard",
        ),
        ("apg", {"randomisation": {"robots": [2, 5]}}, "one for 3 robots, not for 2; give one for any team"),
        ("apg", {"randomisation": {"disturbed": 0.5}}, "does not say which allies are present"),
    ],
)
def test_what_cannot_be_varied_is_refused(algorithm: str, given: dict[str, Any], words: str) -> None:
    config = tiny_config(algorithm, **given)
    with pytest.raises(UserError, match=words):
        new_learner(config, torch_task("rendezvous", config.task_parameters), np.random.default_rng(0))


def test_other_algorithms_learn_with_the_observation_for_any_team(tmp_path: Path) -> None:
    trainer = Trainer(tiny_config("mir2_allies", task_parameters=ANY_TEAM, hidden=[32, 32], batch=32), tmp_path)
    trainer.run(Budget(transitions=800), quiet=True)
    assert np.isfinite(trainer.measure()["return_mean"])
    assert RendezvousParams.model_validate(ANY_TEAM).observation == "allies"
