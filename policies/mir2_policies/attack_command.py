"""What `mir2 attack` does."""

import argparse
import json
from pathlib import Path
from typing import Any

from mir2_core.bundle import PolicyBundle
from mir2_core.config import load_yaml, parse
from mir2_core.errors import UserError, nearest
from mir2_core.tasks import RendezvousParams

from mir2_policies.adversary_export import export_adversary
from mir2_policies.attack_config import AttackConfig
from mir2_policies.attack_trainer import AttackTrainer
from mir2_policies.checkpoint import CHECKPOINT_FILE, CONFIG_FILE
from mir2_policies.episodes import check_robots
from mir2_policies.threats import THREATS
from mir2_policies.training_run import Budget

DEFAULT_STEPS = 100_000
ADVERSARY_FILE = "adversary.onnx"


def attack(arguments: argparse.Namespace) -> None:
    """Attack as one set of robots, or as each robot in turn, and print one line of figures for each."""
    if arguments.threat not in THREATS:
        raise UserError(f"unknown threat '{arguments.threat}'; {nearest(arguments.threat, THREATS)}")
    victim = PolicyBundle.load(arguments.policy)
    budget = _budget(arguments)
    for robots, directory in _targets(arguments, victim):
        config = _config(arguments, victim, robots)
        trainer = _trainer(config, victim, directory, arguments.resume)
        try:
            trainer.run(budget, quiet=arguments.quiet)
        except KeyboardInterrupt:
            raise UserError("interrupted; give the same command with --resume to go on") from None
        output = directory / ADVERSARY_FILE
        print(json.dumps(export_adversary(trainer, output) | {"file": str(output)}), flush=True)


def _targets(arguments: argparse.Namespace, victim: PolicyBundle) -> list[tuple[tuple[int, ...], Path]]:
    """The robots of each attack and its folder."""
    team = parse(victim.metadata.task_parameters, RendezvousParams, str(victim.path)).robots
    if arguments.all == (arguments.robots is not None):
        raise UserError("give either --robots, such as --robots 0,4, or --all")
    if arguments.all:
        return [((robot,), arguments.output / f"robot-{robot}") for robot in range(team)]
    robots = _indices(arguments.robots)
    check_robots(robots, team)
    return [(robots, arguments.output)]


def _indices(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise UserError(f"--robots is '{text}': give indices separated by commas, such as 0,4") from None


def _budget(arguments: argparse.Namespace) -> Budget:
    for option, value in (("--minutes", arguments.minutes), ("--steps", arguments.steps)):
        if value is not None and not value > 0:
            raise UserError(f"{option} is {value}: give a positive number")
    limits = {"minutes": arguments.minutes, "transitions": arguments.steps}
    given = {name: value for name, value in limits.items() if value is not None}
    return Budget(**(given or {"transitions": DEFAULT_STEPS}))


def _config(arguments: argparse.Namespace, victim: PolicyBundle, robots: tuple[int, ...]) -> AttackConfig:
    settings: dict[str, Any] = {
        "policy": arguments.policy.name,
        "victim_sha256": victim.metadata.file_sha256,
        "threat": arguments.threat,
        "robots": robots,
        "seed": arguments.seed,
    }
    return parse(settings, AttackConfig, "command line")


def _trainer(config: AttackConfig, victim: PolicyBundle, directory: Path, resume: bool) -> AttackTrainer:
    """A new attack, or one that goes on; an attack that was not begun yet begins."""
    begun = (directory / CHECKPOINT_FILE).exists()
    if begun and not resume:
        raise UserError(f"{directory}: already holds an attack; give --resume to go on with it, or another --output")
    if not begun:
        return AttackTrainer(config, victim, directory)
    found = load_yaml(directory / CONFIG_FILE, AttackConfig, "the settings of an attack")
    for key in ("victim_sha256", "threat", "robots", "seed"):
        ours, theirs = getattr(config, key), getattr(found, key)
        if ours != theirs:
            raise UserError(
                f"{directory}: {key} is {ours!r} but this attack has {theirs!r}; resume it with the same options, or "
                "start another --output"
            )
    trainer = AttackTrainer(found, victim, directory)
    trainer.resume()
    return trainer
