"""`mir2 rollout`: run one episode of a bundle inside this process and keep its trajectory."""

import argparse
from pathlib import Path

import numpy as np
from mir2_core.files import writing

from mir2_policies.cli.options import add_team, check_at_least, load_policy, show

SUMMARY = "run one episode of a bundle inside this process and keep its trajectory"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which policy, which start, how long, and where to."""
    parser.add_argument("bundle", type=Path, metavar="FILE.onnx")
    parser.add_argument("--seed", type=int, default=0, help="of the start poses; default: 0")
    parser.add_argument("--steps", type=int, help="default: the task's horizon")
    add_team(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.npz")


def run(arguments: argparse.Namespace) -> int:
    """Write the trajectory, each robot acting on its own observation as it does on the floor."""
    from mir2_core.rollout import rollout

    check_at_least("--seed", arguments.seed, 0)
    bundle = load_policy(arguments.bundle, arguments.team)
    task = bundle.task()
    steps = task.params.horizon if arguments.steps is None else arguments.steps
    check_at_least("--steps", steps, 1)
    trajectory = rollout(task, bundle, task.reset(np.random.default_rng(arguments.seed))[0], steps)
    with writing(arguments.output):
        np.savez_compressed(arguments.output, **vars(trajectory))
    show({"return": float(trajectory.rewards.sum()), "steps": steps, "seed": arguments.seed})
    return 0
