"""The learning algorithms; adding one is one file and one line here."""

from pathlib import Path
from typing import NamedTuple

from mir2_core.config import StrictModel, load_yaml
from mir2_core.errors import UserError, nearest
from pydantic import ConfigDict

from mir2_policies.config import (
    ErnieConfig,
    M3ddpgConfig,
    MaddpgConfig,
    Mir2AlliesConfig,
    Mir2Config,
    Mir2StatesConfig,
    RomaxConfig,
    RomqConfig,
)
from mir2_policies.ernie import Ernie
from mir2_policies.m3ddpg import M3ddpg
from mir2_policies.maddpg import Maddpg
from mir2_policies.mir2 import Mir2, Mir2States
from mir2_policies.mir2_allies import Mir2Allies
from mir2_policies.romax import Romax
from mir2_policies.romq import Romq


class Algorithm(NamedTuple):
    """The settings an algorithm takes and the learner that follows them."""

    config: type[MaddpgConfig]
    learner: type[Maddpg]


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


def default_config_file(name: str) -> Path:
    """The YAML file with the settings that an algorithm is shipped with."""
    algorithm(name)
    return Path(__file__).parent / "configs" / f"{name}.yaml"


def load_config(path: Path) -> MaddpgConfig:
    """Read a training configuration; its key `algorithm` says what it may hold."""
    what = "a training configuration"
    name = load_yaml(path, _Named, what).algorithm
    if name not in ALGORITHMS:
        raise UserError(f"{path}: key 'algorithm' is '{name}'; {nearest(name, ALGORITHMS)}")
    return load_yaml(path, ALGORITHMS[name].config, what)
