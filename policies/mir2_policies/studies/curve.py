"""Return against training time of several runs: a picture, and its numbers beside it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from mir2_core.errors import UserError
from mir2_core.files import write_text, writing
from mir2_core.tasks import task_type

from mir2_policies.bundles.export import evaluate_run
from mir2_policies.bundles.rules import Rule, RuleConfig, tells_allies_apart
from mir2_policies.evaluation.returns import FINAL_SEED, Act, episode_returns
from mir2_policies.learners.config import RunConfig
from mir2_policies.training.checkpoint import run_config
from mir2_policies.training.progress import read_progress

REFERENCE_EPISODES = 256


def draw_curve(runs: list[Path], output: Path) -> dict[str, Any]:
    """Write `output` and a JSON file of the same name; returns what the JSON file says of the final policies."""
    configs = [run_config(run) for run in runs]
    for run, config in zip(runs, configs, strict=True):
        if (config.task, config.task_parameters) != (configs[0].task, configs[0].task_parameters):
            raise UserError(f"{run}: another task than that of {runs[0]}; draw runs of one task in one picture")
    curves = [_curve(run, config) for run, config in zip(runs, configs, strict=True)]
    references = _references(configs[0])
    finals = [curve["final"]["return_mean"] for curve in curves]
    summary = {
        "return_mean_over_runs": round(float(np.mean(finals)), 3),
        "standard_deviation_over_runs": round(float(np.std(finals, ddof=1)), 3) if len(finals) > 1 else None,
        "returns": finals,
    }
    document = {"summary": summary, "references": references, "runs": curves}
    title = f"{configs[0].task.capitalize()}, {configs[0].task_parameters.robots} robots"
    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        write_text(output.with_suffix(".json"), json.dumps(document, indent=1) + "\n")
        _plot(curves, references, title, output)
    return summary


def _references(config: RunConfig) -> dict[str, float]:
    """What teams that learned nothing return on the episodes of the final figures."""
    task = task_type(config.task).task(config.task_parameters)
    rules: dict[str, Act] = {"standing still": lambda seen: 0.0 * seen[..., : task.action_size]}
    if tells_allies_apart(task):
        rules["driving to the centroid, written by hand"] = Rule(task, RuleConfig(algorithm="centroid"))
    returns = {name: episode_returns(task, rule, REFERENCE_EPISODES, FINAL_SEED) for name, rule in rules.items()}
    return {name: round(float(values.mean()), 2) for name, values in returns.items()}


def _curve(run: Path, config: RunConfig) -> dict[str, Any]:
    rows = read_progress(run)
    if not rows:
        raise UserError(f"{run}: holds no evaluations yet; train longer")
    return {
        "command": f"mir2 train --task {config.task} --algorithm {config.algorithm} --seed {config.seed} "
        f"--steps {rows[-1].transitions} --output DIR",
        "algorithm": config.algorithm,
        "seed": config.seed,
        "training_config": config.model_dump(mode="json"),
        "evaluations": [row._asdict() for row in rows],
        "final": evaluate_run(run),
    }


def _plot(curves: list[dict[str, Any]], references: dict[str, float], title: str, output: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for curve in curves:
        minutes = [row["minutes"] for row in curve["evaluations"]]
        returns = np.array([row["return_mean"] for row in curve["evaluations"]])
        error = np.array([row["return_standard_error"] for row in curve["evaluations"]])
        (line,) = axes.plot(minutes, returns, label=f"{curve['algorithm']}, seed {curve['seed']}")
        axes.fill_between(minutes, returns - error, returns + error, color=line.get_color(), alpha=0.25, linewidth=0)
    for (name, value), style in zip(references.items(), (":", "--"), strict=False):
        axes.axhline(value, color="black", linestyle=style, linewidth=1.0, label=f"{name} ({value})")
    axes.set_xlabel("training time (minutes, one thread per run)")
    axes.set_ylabel("clean return of an episode")
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(output, dpi=130)
