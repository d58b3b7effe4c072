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


ALGORITHMS: dict[str, Algorithm] = {
    "maddpg": Algorithm(MaddpgConfig, Maddpg),
    "mir2": Algorithm(Mir2Config, Mir2),
    "mir2_states": Algorithm(Mir2StatesConfig, Mir2States),
    "mir2_allies": Algorithm(Mir2AlliesConfig, Mir2Allies),
    "m3ddpg": Algorithm(M3ddpgConfig, M3ddpg),
    "romq": Algorithm(RomqConfig, Romq),
    "ernie": Algorithm(ErnieConfig, Ernie),
    "romax": Algorithm(RomaxConfig, Romax),
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
    return chosen.learner(config, task, rng, device)


def load_config(path: Path) -> RunConfig:
    """Read a training configuration; its key `algorithm` says what it may hold."""
    what = "a training configuration"
    name = load_yaml(path, _Named, what).algorithm
    if name not in ALGORITHMS:
        raise UserError(f"{path}: key 'algorithm' is '{name}'; {nearest(name, ALGORITHMS)}")
    return load_yaml(path, ALGORITHMS[name].config, what)
