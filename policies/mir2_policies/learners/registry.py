"""The learning algorithms; adding one is one file and one line here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mir2_core.config import StrictModel, load_yaml
from mir2_core.errors import UserError, nearest
from mir2_core.tasks import Task
from mir2_core.tasks.base import ActionKind
from pydantic import ConfigDict

from mir2_policies.learners.apg import Apg, ApgConfig
from mir2_policies.learners.config import RunConfig
from mir2_policies.learners.ernie import Ernie, ErnieConfig
from mir2_policies.learners.learner import Learner
from mir2_policies.learners.m3ddpg import M3ddpg, M3ddpgConfig
from mir2_policies.learners.maddpg import Maddpg, MaddpgConfig
from mir2_policies.learners.mir2 import Mir2, Mir2Config, Mir2States, Mir2StatesConfig
from mir2_policies.learners.mir2_allies import Mir2Allies, Mir2AlliesConfig
from mir2_policies.learners.networks import Actor
from mir2_policies.learners.romax import Romax, RomaxConfig
from mir2_policies.learners.romq import Romq, RomqConfig
from mir2_policies.learners.set_actor import new_actor


class Algorithm(NamedTuple):
    """The settings an algorithm takes, what makes its learner and, for an export, its policy, and what it can learn."""

    config: type[RunConfig]
    learner: Callable[[Any, Any, Any, str], Learner]  # of settings, task, random numbers and device
    actor: Callable[[Any, Any], Actor] = new_actor  # of settings and task
    actions: ActionKind = "continuous"
    randomises: bool = False  # whether it can learn with teams of several sizes whose robots do not all hear each other


ALGORITHMS: dict[str, Algorithm] = {
    "maddpg": Algorithm(MaddpgConfig, Maddpg),
    "mir2": Algorithm(Mir2Config, Mir2),
    "mir2_states": Algorithm(Mir2StatesConfig, Mir2States),
    "mir2_allies": Algorithm(Mir2AlliesConfig, Mir2Allies),
    "m3ddpg": Algorithm(M3ddpgConfig, M3ddpg),
    "romq": Algorithm(RomqConfig, Romq),
    "ernie": Algorithm(ErnieConfig, Ernie),
    "romax": Algorithm(RomaxConfig, Romax),
    "apg": Algorithm(ApgConfig, Apg, randomises=True),
}


class _Named(StrictModel):
    """Only the key that says which settings the rest of a file holds."""

    model_config = ConfigDict(extra="ignore")
    algorithm: str


def algorithm(name: str) -> Algorithm:
    """The algorithm of that name; a `UserError` lists the valid ones."""
    if name not in ALGORITHMS:
        raise UserError(f"unknown algorithm '{name}'; {nearest(name, ALGORITHMS)}")
    return ALGORITHMS[name]


def new_learner(config: RunConfig, task: Task, rng: np.random.Generator, device: str = "cpu") -> Learner:
    """The learner that a configuration describes; a `UserError` if it cannot learn the task's kind of actions."""
    chosen = algorithm(config.algorithm)
    if chosen.actions != task.action_kind:
        able = sorted(name for name, other in ALGORITHMS.items() if other.actions == task.action_kind)
        raise UserError(
            f"algorithm '{config.algorithm}' learns {chosen.actions} actions, but those of task '{task.name}' are "
            f"{task.action_kind}; algorithms for these: {', '.join(able) or 'none'}"
        )
    _check_randomisation(config, task, chosen)
    _check_disturbance(config, chosen)
    return chosen.learner(config, task, rng, device)


def _check_randomisation(config: RunConfig, task: Task, chosen: Algorithm) -> None:
    varied = config.randomisation
    if not varied.off and not chosen.randomises:
        raise UserError(
            f"algorithm '{config.algorithm}' learns with one team that hears all: its critic has inputs for every "
            f"robot, and its memory keeps no reports; leave randomisation out, or give --algorithm {_randomising()}"
        )
    for robots in {*varied.teams(task.params.robots), *varied.evaluated(task.params.robots)}:
        if task.of_size(robots).observe.own_terms != task.observe.own_terms:
            raise UserError(
                f"randomisation: the observation of task '{task.name}' is one for {task.params.robots} robots, not for "
                f"{robots}; give one for any team, such as task_parameters.observation=allies"
            )
    if varied.disturbed and not task.observe.ally_terms:
        raise UserError(
            f"randomisation.disturbed: the observation of task '{task.name}' does not say which allies are present; "
            "give one that does, such as task_parameters.observation=allies"
        )


def _check_disturbance(config: RunConfig, chosen: Algorithm) -> None:
    if (config.disturbance.senses or config.disturbance.loss) and not chosen.randomises:
        raise UserError(
            f"algorithm '{config.algorithm}' learns from where robots are, not from where they take themselves to be; "
            "leave noise, dropouts and latency of the state, and loss, out of the disturbance, such as --disturbance "
            f"'{{motor_lag_s: 0.05}}', or give --algorithm {_randomising()}"
        )
    if config.disturbance.loss and config.randomisation.disturbed:
        raise UserError(
            "disturbance.loss and randomisation.disturbed both say which reports are heard; leave out one of them"
        )


def _randomising() -> str:
    """The algorithms that take a randomisation, and so a state that is not known."""
    return ", ".join(name for name, other in ALGORITHMS.items() if other.randomises)


def load_config(path: Path) -> RunConfig:
    """Read a training configuration; its key `algorithm` says what it may hold."""
    what = "a training configuration"
    name = load_yaml(path, _Named, what).algorithm
    if name not in ALGORITHMS:
        raise UserError(f"{path}: key 'algorithm' is '{name}'; {nearest(name, ALGORITHMS)}")
    return load_yaml(path, ALGORITHMS[name].config, what)
