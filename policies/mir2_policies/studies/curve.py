"""Return against training time of several runs: a picture, and its numbers beside it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from mir2_core.errors import UserError

from mir2_policies.bundles.export import evaluate_run
from mir2_policies.training.checkpoint import run_config
from mir2_policies.training.progress import read_progress

REFERENCES = {"standing still": -66.6, "driving to the centroid, written by hand": -9.96}


def draw_curve(runs: list[Path], output: Path) -> dict[str, Any]:
    """Write `output` and a JSON file of the same name; returns what the JSON file says of the final policies."""
    curves = [_curve(run) for run in runs]
    finals = [curve["final"]["return_mean"] for curve in curves]
    summary = {
        "return_mean_over_runs": round(float(np.mean(finals)), 3),
        "standard_deviation_over_runs": round(float(np.std(finals, ddof=1)), 3) if len(finals) > 1 else None,
        "returns": finals,
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    document = {"summary": summary, "references": REFERENCES, "runs": curves}
    output.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    _plot(curves, output)
    return summary


def _curve(run: Path) -> dict[str, Any]:
    config, rows = run_config(run), read_progress(run)
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


def _plot(curves: list[dict[str, Any]], output: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for curve in curves:
        minutes = [row["minutes"] for row in curve["evaluations"]]
        returns = np.array([row["return_mean"] for row in curve["evaluations"]])
        error = np.array([row["return_standard_error"] for row in curve["evaluations"]])
        (line,) = axes.plot(minutes, returns, label=f"{curve['algorithm']}, seed {curve['seed']}")
        axes.fill_between(minutes, returns - error, returns + error, color=line.get_color(), alpha=0.25, linewidth=0)
    for (name, value), style in zip(REFERENCES.items(), (":", "--"), strict=True):
        axes.axhline(value, color="black", linestyle=style, linewidth=1.0, label=f"{name} ({value})")
    axes.set_xlabel("training time (minutes, one thread per run)")
    axes.set_ylabel("clean return of an episode")
    axes.set_title("Rendezvous, 10 robots")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(output, dpi=130)
