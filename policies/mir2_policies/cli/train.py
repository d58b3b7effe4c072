"""`mir2 train`: train a policy, or go on training it."""

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from mir2_core.config import parse
from mir2_core.errors import UserError

from mir2_policies.cli.options import add_budget, read_budget, show

if TYPE_CHECKING:
    from mir2_policies.learners.config import RunConfig

SUMMARY = "train a policy, or go on training it"
DEFAULT_ALGORITHM = "mir2_allies"
DEFAULT_MINUTES = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to train, where, and for how long."""
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder of the run; default: a new one below runs/")
    parser.add_argument("--algorithm", metavar="NAME", help=f"default: {DEFAULT_ALGORITHM}")
    parser.add_argument("--task", metavar="NAME", help="default: as in the configuration")
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings other than the algorithm's own")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="one setting, such as task_parameters.robots=3"
    )
    parser.add_argument(
        "--disturbance", metavar="NAME", help="ideal, lab or harsh, or parameters such as 'lab:{motor_lag_s: 0.1}'"
    )
    parser.add_argument("--seed", type=int, help="default: as in the configuration")
    add_budget(parser, f"default: {DEFAULT_MINUTES:g} if no --steps is given")
    parser.add_argument("--device", default="cpu", help="cpu or cuda; default: cpu")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Start or resume a run and print its final evaluation."""
    from mir2_policies.training.checkpoint import CHECKPOINT_FILE, run_config
    from mir2_policies.training.trainer import Trainer

    budget = read_budget(arguments, minutes=DEFAULT_MINUTES)
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
    show(trainer.measure())
    return 0


def _new_directory(arguments: argparse.Namespace) -> Path:
    if arguments.resume:
        raise UserError("--resume needs --output DIR, the folder of the run to go on with")
    return Path("runs") / f"{datetime.now():%Y-%m-%d-%H%M%S}-{arguments.algorithm or DEFAULT_ALGORITHM}"


def _new_config(arguments: argparse.Namespace) -> "RunConfig":
    """The algorithm's settings, changed by the file, then by each `--set`, then by options of their own."""
    from mir2_policies.learners.registry import algorithm, load_config

    name = arguments.algorithm or DEFAULT_ALGORITHM
    given = {} if arguments.task is None else {"task": arguments.task}
    config = parse({"algorithm": name, **given}, algorithm(name).config, "command line")
    if arguments.config is not None:
        config = load_config(arguments.config)
        for key in ("algorithm", "task"):
            wanted, found = getattr(arguments, key), getattr(config, key)
            if wanted not in (None, found):
                raise UserError(f"{arguments.config}: key '{key}' is '{found}' but --{key} is '{wanted}'")
    for text in arguments.set:
        config = parse(_changed(config.model_dump(), text), type(config), f"--set {text}")
    own = {"seed": arguments.seed, "disturbance": arguments.disturbance}
    changed = config.model_dump() | {key: value for key, value in own.items() if value is not None}
    return parse(changed, type(config), "command line")


def _changed(settings: dict[str, Any], text: str) -> dict[str, Any]:
    """The settings with `key.key=value` put in, the value read as YAML."""
    path, equals, value = text.partition("=")
    *parents, key = path.split(".")
    if not equals or not all([*parents, key]):
        raise UserError(f"--set is '{text}': give KEY=VALUE, such as task_parameters.robots=3")
    if path == "algorithm":
        raise UserError(f"--set {text}: an algorithm has settings of its own; give --algorithm {value}")
    if path == "task":
        raise UserError(f"--set {text}: a task has parameters of its own; give --task {value}")
    place = settings
    for parent in parents:
        inner = place.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise UserError(f"--set {text}: key '{parent}' is {inner!r} and holds no keys; give {parent}=VALUE")
        place = inner
    try:
        place[key] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise UserError(f"--set {text}: the value is not YAML; quote it, such as --set \"{path}='...'\"") from None
    return settings


def _check_unchanged(arguments: argparse.Namespace, config: "RunConfig") -> None:
    for option, given in (
        ("--config", arguments.config),
        ("--set", arguments.set),
        ("--disturbance", arguments.disturbance),
    ):
        if given:
            raise UserError(f"{option} cannot change a run that is resumed; leave it out, or start another --output")
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
