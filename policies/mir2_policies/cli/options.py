"""Options that several subcommands read, and how a result is shown."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.roster import MAX_ROBOTS
from mir2_core.traitors.parameters import split_list

if TYPE_CHECKING:
    from mir2_policies.evaluation.measure import Settings
    from mir2_policies.training.run import Budget

MOST_NUMBERS = 64


def add_budget(parser: argparse.ArgumentParser, default: str) -> None:
    """`--minutes` and `--steps`."""
    parser.add_argument("--minutes", type=float, help=f"stop after this time; {default}")
    parser.add_argument("--steps", type=int, help="stop after this many steps of a whole team")


def read_budget(arguments: argparse.Namespace, **default: float) -> "Budget":
    """The limits that were given, else `default`."""
    from mir2_policies.training.run import Budget

    limits = {"minutes": arguments.minutes, "transitions": arguments.steps}
    given = {name: value for name, value in limits.items() if value is not None}
    for name, value in given.items():
        if not value > 0:
            option = "--steps" if name == "transitions" else "--minutes"
            raise UserError(f"{option} is {value}: give a positive number")
    return Budget(**(given or default))


def add_team(parser: argparse.ArgumentParser) -> None:
    """`--team`."""
    parser.add_argument("--team", type=int, metavar="N", help="how many robots; default: as the policy was made for")


def add_traitors(parser: argparse.ArgumentParser, conditions: str) -> None:
    """`--adversaries`, `--conditions`, `--robots` and `--traitors`."""
    parser.add_argument("--adversaries", type=Path, nargs="+", default=[], metavar="FILE.onnx", help="of 'mir2 attack'")
    parser.add_argument(
        "--conditions", metavar="NAMES", help=f"such as clean,flee,offset:{{x_m: 0.5}}; default: {conditions}"
    )
    parser.add_argument("--robots", metavar="INDICES", help="who may be a traitor, such as 0,4,9; default: 0")
    parser.add_argument("--traitors", metavar="NUMBERS", help="how many at once, such as 1..3; default: 1")


def read_settings(arguments: argparse.Namespace, **default: Any) -> "Settings":
    """The conditions, traitors and seeds that were given; what is not given is as by `default`."""
    from mir2_policies.evaluation.measure import Settings

    given = dict(default)
    if arguments.conditions is not None:
        given["conditions"] = tuple(split_list(arguments.conditions))
    for name in ("robots", "traitors", "seeds"):
        if (text := getattr(arguments, name)) is not None:
            given[name] = read_numbers(text, f"--{name}")
    return Settings(**given)


def load_policy(path: Path, team: int | None) -> PolicyBundle:
    """The policy, as one for a team of that size if it is given."""
    policy = PolicyBundle.load(path)
    if team is None:
        return policy
    if not 2 <= team <= MAX_ROBOTS:
        raise UserError(f"--team is {team}; allowed: 2 to {MAX_ROBOTS}")
    return policy.of_size(team)


def read_numbers(text: str, option: str) -> tuple[int, ...]:
    """Read `0,4,9` or `1..3` or a mixture of both."""
    numbers: list[int] = []
    for part in filter(None, text.split(",")):
        first, dots, last = part.partition("..")
        try:
            low, high = int(first), int(last if dots else first)
        except ValueError:
            raise UserError(f"{option} is '{text}': give numbers such as 0,4,9 or 1..3") from None
        if not low <= high <= low + MOST_NUMBERS:
            raise UserError(f"{option} is '{text}': {low}..{high} is empty or too long")
        numbers += range(low, high + 1)
    return tuple(numbers)


def check_at_least(option: str, value: int, least: int) -> None:
    """Refuse a smaller number."""
    if value < least:
        raise UserError(f"{option} is {value}: give {least} or more")


def check_ending(option: str, path: Path, ending: str) -> None:
    """Refuse a file of another kind."""
    if path.suffix != ending:
        raise UserError(f"{option} is '{path}': give a file name that ends in {ending}")


def show(result: dict[str, Any]) -> None:
    """Print a result as one line of JSON."""
    print(json.dumps(result), flush=True)
