"""What the subcommands of `mir2` do that need the learning libraries or a bundle."""

import argparse
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from mir2_core.bundle import PolicyBundle
from mir2_core.config import parse
from mir2_core.errors import UserError
from mir2_core.rollout import rollout
from mir2_core.tasks import Rendezvous, RendezvousParams, task_type

from mir2_policies.cli import DEFAULT_ALGORITHM
from mir2_policies.evaluate import episode_returns, summary

if TYPE_CHECKING:
    from mir2_policies.config import MaddpgConfig

DEFAULT_MINUTES = 20.0


def train(arguments: argparse.Namespace) -> None:
    """Start or resume a run and print its final evaluation."""
    from mir2_policies.checkpoint import CHECKPOINT_FILE, run_config
    from mir2_policies.trainer import Trainer
    from mir2_policies.training_run import Budget

    budget = Budget(**_limits(arguments))
    _check_device(arguments.device)
    directory: Path = arguments.output or _new_directory(arguments)
    if arguments.resume:
        config = run_config(directory)
        _check_unchanged(arguments, config)
    elif (directory / CHECKPOINT_FILE).exists():
        raise UserError(f"{directory}: already holds a run; give --resume to go on with it, or another --output")
    else:
        config = _new_config(arguments)
    trainer = Trainer(config, directory, arguments.device)
    if arguments.resume:
        trainer.resume()
    try:
        trainer.run(budget, quiet=arguments.quiet)
    except KeyboardInterrupt:
        raise UserError(f"interrupted; go on with 'mir2 train --output {directory} --resume'") from None
    _show(trainer.measure())


def export(arguments: argparse.Namespace) -> None:
    """Write a bundle and print the evaluation that it carries."""
    from mir2_policies.export import export_run

    _show(export_run(arguments.run, arguments.output))


def curve(arguments: argparse.Namespace) -> None:
    """Write the picture and its numbers, and print the final returns."""
    from mir2_policies.curve import draw_curve

    if arguments.output.suffix != ".png":
        raise UserError(f"--output is '{arguments.output}': give a file name that ends in .png")
    _show(draw_curve(arguments.runs, arguments.output))


def evaluate(arguments: argparse.Namespace) -> None:
    """Print the clean return of a bundle, computed as robots do it: NumPy and ONNX Runtime."""
    for name in ("adversaries", "conditions", "robots", "traitors", "seeds"):
        if getattr(arguments, name):
            raise UserError(f"--{name} needs --output DIR, where the report goes")
    if len(arguments.bundles) > 1:
        raise UserError(f"{len(arguments.bundles)} policies need --output DIR, where the report goes")
    if arguments.episodes < 2:
        raise UserError(f"--episodes is {arguments.episodes}: give 2 or more")
    if arguments.seed < 0:
        raise UserError(f"--seed is {arguments.seed}: give 0 or more")
    bundle, task = _load(arguments.bundles[0])

    def act(observations: Any) -> Any:
        actions = bundle.act(observations.reshape(-1, task.observation_size))
        return actions.reshape(-1, task.params.robots, task.action_size)

    _show(summary(np.asarray(episode_returns(task, act, arguments.episodes, arguments.seed)), arguments.seed))


def roll_out(arguments: argparse.Namespace) -> None:
    """Write the trajectory of one episode, each robot acting on its own observation as it does on the floor."""
    if arguments.seed < 0:
        raise UserError(f"--seed is {arguments.seed}: give 0 or more")
    bundle, task = _load(arguments.bundle)
    steps = task.params.horizon if arguments.steps is None else arguments.steps
    if steps < 1:
        raise UserError(f"--steps is {steps}: give 1 or more")
    trajectory = rollout(task, bundle, task.reset(np.random.default_rng(arguments.seed))[0], steps)
    try:
        np.savez_compressed(arguments.output, **vars(trajectory))
    except OSError as error:
        raise UserError(f"{arguments.output}: cannot be written ({error.strerror}); give another --output") from None
    _show({"return": float(trajectory.rewards.sum()), "steps": steps, "seed": arguments.seed})


def _load(path: Path) -> tuple[PolicyBundle, Rendezvous]:
    """A bundle and the task that it was made for."""
    bundle = PolicyBundle.load(path)
    params = parse(bundle.metadata.task_parameters, RendezvousParams, str(path))
    return bundle, task_type(bundle.metadata.task)(params)


def _new_directory(arguments: argparse.Namespace) -> Path:
    if arguments.resume:
        raise UserError("--resume needs --output DIR, the folder of the run to go on with")
    return Path("runs") / f"{datetime.now():%Y-%m-%d-%H%M%S}-{arguments.algorithm or DEFAULT_ALGORITHM}"


def _limits(arguments: argparse.Namespace) -> dict[str, float]:
    limits = {"minutes": arguments.minutes, "transitions": arguments.steps}
    given = {name: value for name, value in limits.items() if value is not None}
    for name, value in given.items():
        if not value > 0:
            option = "--steps" if name == "transitions" else "--minutes"
            raise UserError(f"{option} is {value}: give a positive number")
    return given or {"minutes": DEFAULT_MINUTES}


def _new_config(arguments: argparse.Namespace) -> "MaddpgConfig":
    from mir2_policies.algorithms import algorithm, default_config_file, load_config

    name = arguments.algorithm or DEFAULT_ALGORITHM
    algorithm(name)
    path = arguments.config or default_config_file(name)
    config = load_config(path)
    if arguments.algorithm and config.algorithm != arguments.algorithm:
        raise UserError(f"{path}: key 'algorithm' is '{config.algorithm}' but --algorithm is '{arguments.algorithm}'")
    changes = {"seed": arguments.seed, "task": arguments.task}
    changed = config.model_dump() | {key: value for key, value in changes.items() if value is not None}
    return parse(changed, type(config), "command line")


def _check_unchanged(arguments: argparse.Namespace, config: "MaddpgConfig") -> None:
    if arguments.config is not None:
        raise UserError("--config cannot change a run that is resumed; leave it out, or start another --output")
    for name in ("algorithm", "task", "seed"):
        wanted, found = getattr(arguments, name), getattr(config, name)
        if wanted is not None and wanted != found:
            raise UserError(
                f"{arguments.output}: --{name} is {wanted!r} but this run has {found!r}; leave it out, or start "
                "another --output"
            )


def _check_device(name: str) -> None:
    import torch

    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"--device '{name}' cannot be used ({reason}); give 'cpu'") from None


def _show(result: dict[str, Any]) -> None:
    print(json.dumps(result))
