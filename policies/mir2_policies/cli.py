"""The `mir2` command: one subcommand per thing a user does with policies."""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from mir2_core.errors import EXIT_USER_ERROR, UserError, nearest, user_errors

DEFAULT_ALGORITHM = "mir2_allies"

Handler = Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors end with the nearest valid choice."""

    def error(self, message: str) -> NoReturn:
        """Show the usage, then the error as the last line."""
        self.print_usage(sys.stderr)
        self.exit(EXIT_USER_ERROR, f"error: {message}\n")


def _lazily(module: str, function: str) -> Handler:
    """A handler that imports what it runs only when it runs, so that no command waits for another's libraries."""

    def handler(arguments: argparse.Namespace) -> int:
        getattr(import_module(module), function)(arguments)
        return 0

    return handler


def _check_world(arguments: argparse.Namespace) -> int:
    from mir2_policies.check_world import TOLERANCE, check_world

    errors, worst = check_world(arguments.file)
    for name, error in errors.items():
        print(f"{name:24} {error:.3e}")
    print(f"worst {worst:.3e}")
    return 0 if worst <= TOLERANCE else 1


def _add_check_world(parser: argparse.ArgumentParser) -> Handler:
    parser.add_argument("file", type=Path, metavar="FILE.npz")
    return _check_world


def _add_train(parser: argparse.ArgumentParser) -> Handler:
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder of the run; default: a new one below runs/")
    parser.add_argument("--algorithm", metavar="NAME", help=f"default: {DEFAULT_ALGORITHM}")
    parser.add_argument("--task", metavar="NAME", help="default: as in the configuration")
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="default: the one shipped for the algorithm")
    parser.add_argument("--seed", type=int, help="default: as in the configuration")
    parser.add_argument("--minutes", type=float, help="stop after this time; default: 20 if no --steps is given")
    parser.add_argument("--steps", type=int, help="stop after this many steps of a whole team")
    parser.add_argument("--device", default="cpu", help="cpu or cuda; default: cpu")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return _lazily("mir2_policies.commands", "train")


def _add_export(parser: argparse.ArgumentParser) -> Handler:
    parser.add_argument("run", type=Path, metavar="RUN_DIR")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.onnx")
    return _lazily("mir2_policies.commands", "export")


def _evaluate(arguments: argparse.Namespace) -> int:
    if arguments.output is None:
        from mir2_policies.commands import evaluate

        evaluate(arguments)
    else:
        from mir2_policies.evaluation_command import evaluate_and_report

        evaluate_and_report(arguments)
    return 0


def _add_evaluate(parser: argparse.ArgumentParser) -> Handler:
    parser.add_argument("bundles", type=Path, nargs="+", metavar="FILE.onnx")
    parser.add_argument("--output", type=Path, metavar="DIR", help="for tables, pictures and report.html")
    parser.add_argument("--adversaries", type=Path, nargs="+", default=[], metavar="FILE.onnx", help="of 'mir2 attack'")
    parser.add_argument("--conditions", metavar="NAMES", help="such as clean,random,flee; default: all")
    parser.add_argument("--robots", metavar="INDICES", help="who may be a traitor, such as 0,4,9; default: 0")
    parser.add_argument("--traitors", metavar="NUMBERS", help="how many at once, such as 1..3; default: 1")
    parser.add_argument("--episodes", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", metavar="NUMBERS", help="several seeds, such as 0,1; needs --output")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return _evaluate


def _add_rollout(parser: argparse.ArgumentParser) -> Handler:
    parser.add_argument("bundle", type=Path, metavar="FILE.onnx")
    parser.add_argument("--seed", type=int, default=0, help="of the start poses; default: 0")
    parser.add_argument("--steps", type=int, help="default: the task's horizon")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.npz")
    return _lazily("mir2_policies.commands", "roll_out")


def _add_curve(parser: argparse.ArgumentParser) -> Handler:
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN_DIR")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.png")
    return _lazily("mir2_policies.commands", "curve")


def _add_reference(parser: argparse.ArgumentParser) -> Handler:
    parser.add_argument("rule", metavar="RULE", help="centroid or wmsr")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.onnx")
    parser.add_argument("--f", type=int, help="of wmsr: how many liars it withstands; default: 1")
    parser.add_argument("--robots", type=int, default=10, help="in the team; default: 10")
    return _lazily("mir2_policies.references_command", "reference")


def _add_attack(parser: argparse.ArgumentParser) -> Handler:
    parser.add_argument("--policy", type=Path, required=True, metavar="FILE.onnx", help="the victims' policy")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the attack")
    parser.add_argument("--threat", default="published", metavar="NAME", help="published, saboteur or liar")
    parser.add_argument("--robots", metavar="I,J", help="indices of the traitors")
    parser.add_argument("--all", action="store_true", help="one attack as each robot, in folders below --output")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, help="stop each attack after this time")
    parser.add_argument("--steps", type=int, help="stop each attack after this many steps; default: 100000")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return _lazily("mir2_policies.attack_command", "attack")


def _add_study(parser: argparse.ArgumentParser) -> Handler:
    parser.add_argument("name", metavar="STUDY", help="rendezvous")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the study")
    parser.add_argument("--plan", type=Path, metavar="FILE.yaml", help="default: the one shipped for the study")
    parser.add_argument("--minutes-per-policy", type=float, help="instead of the plan's limits")
    parser.add_argument("--minutes-per-attack", type=float, help="instead of the plan's limits")
    parser.add_argument("--jobs", type=int, default=1, help="units of work at the same time; default: 1")
    parser.add_argument("--resume", action="store_true", help="go on with the folder's study")
    parser.add_argument("--quick", action="store_true", help="everything very small, to see that it works")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return _lazily("mir2_policies.study_command", "study")


# name -> (what it does, function that adds its arguments and returns its handler)
COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], Handler]]] = {
    "train": ("train a policy, or go on training it", _add_train),
    "export": ("write a run's best policy as a bundle for robots", _add_export),
    "evaluate": ("measure the clean return of a bundle; with --output, how robust policies are", _add_evaluate),
    "rollout": ("run one episode of a bundle inside this process and keep its trajectory", _add_rollout),
    "attack": ("train the ally that hurts a policy most", _add_attack),
    "reference": ("write a controller that nobody trained as a bundle", _add_reference),
    "curve": ("draw return against training time of several runs", _add_curve),
    "study": ("train, attack, measure and compare several algorithms", _add_study),
    "check-world": ("compare the task with recorded values of another implementation", _add_check_world),
}


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = Parser(prog="mir2", allow_abbrev=False, description="Train, check and export robust swarm policies.")
    commands = top.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for name, (text, add) in COMMANDS.items():
        command = commands.add_parser(name, allow_abbrev=False, help=text, description=f"{text[0].upper()}{text[1:]}.")
        command.set_defaults(handler=add(command))
    return top


@user_errors
def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one subcommand; its result is the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and not words[0].startswith("-") and words[0] not in COMMANDS:
        raise UserError(f"unknown command '{words[0]}'; {nearest(words[0], COMMANDS)}")
    arguments = parser().parse_args(words)
    handler: Handler = arguments.handler
    try:
        sys.exit(handler(arguments))
    except ModuleNotFoundError as error:
        raise UserError(
            f"'mir2 {words[0]}' needs the package '{error.name}'; install it in the checkout with: make setup"
        ) from None
