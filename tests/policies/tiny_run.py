"""A tiny training run that the tests share."""

from pathlib import Path
from typing import Any

import yaml
from mir2_policies.learners.config import RunConfig
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
}


def tiny_config(algorithm: str, **changes: Any) -> RunConfig:
    return ALGORITHMS[algorithm].config.model_validate(TINY | changes)


def tiny_file(folder: Path) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(
        yaml.safe_dump({"algorithm": "mir2", **TINY, "final_learning_rate": 0.5, "checkpoint_interval_s": 0.1})
    )
    return path
