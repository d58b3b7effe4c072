"""Files of a training run that survive a kill at any moment."""

from pathlib import Path
from typing import Any

import torch
import yaml
from mir2_core.config import StrictModel
from mir2_core.errors import UserError
from mir2_core.files import replacing, write_text

from mir2_policies.learners.config import RunConfig
from mir2_policies.learners.registry import load_config

CONFIG_FILE = "config.yaml"
CHECKPOINT_FILE = "checkpoint.pt"


def save_checkpoint(directory: Path, state: dict[str, Any]) -> None:
    """Replace the checkpoint in one go: a kill leaves the old one or the new one, never half of one."""
    with replacing(directory / CHECKPOINT_FILE) as file:
        torch.save(state, file)


def load_checkpoint(directory: Path, command: str = "mir2 train") -> dict[str, Any]:
    """The last saved state of a run."""
    path = directory / CHECKPOINT_FILE
    if not path.is_file():
        raise UserError(f"{path}: no such file; give the folder of a run that '{command}' has written")
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: not a checkpoint of '{command}' ({reason}); start again") from None
    return state


def save_config(directory: Path, config: StrictModel) -> None:
    """Write every setting of the run, defaults included."""
    write_text(directory / CONFIG_FILE, yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))


def run_config(directory: Path) -> RunConfig:
    """The settings a run was started with."""
    path = directory / CONFIG_FILE
    if not path.is_file():
        raise UserError(f"{path}: no such file; give the folder of a run that 'mir2 train' has written")
    return load_config(path)
