"""A tiny training run that the tests share."""

from pathlib import Path
from typing import Any

import yaml
from mir2_policies.learners.config import RunConfig
from mir2_policies.learners.maddpg import Maddpg
from mir2_policies.learners.registry import ALGORITHMS

TINY: dict[str, Any] = {
    "task_parameters": {"robots": 3, "horizon": 100},
    "worlds": 16,
    "hidden": [64, 64],
    "batch": 128,
    "warmup_transitions": 500,
    "replay_transitions": 20_000,
    "evaluation_interval": 2000,
    "evaluation_episodes": 32,
    "final_evaluation_episodes": 64,
    "final_learning_rate": 1.0,
    "window": 25,
}

BACKBONES = [
    name for name, entry in ALGORITHMS.items() if isinstance(entry.learner, type) and issubclass(entry.learner, Maddpg)
]
"""The algorithms that derive from MADDPG."""


def tiny_config(algorithm: str, **changes: Any) -> RunConfig:
    config = ALGORITHMS[algorithm].config
    return config.model_validate({key: TINY[key] for key in TINY if key in config.model_fields} | changes)


def tiny_file(folder: Path) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(
        yaml.safe_dump(tiny_config("mir2", final_learning_rate=0.5, checkpoint_interval_s=0.1).model_dump(mode="json"))
    )
    return path
