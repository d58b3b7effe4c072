"""`mir2 showcase`: two teams side by side through the real nodes, each with its own liar, as picture and film."""

import argparse
import tempfile
from pathlib import Path

from mir2_core.errors import UserError
from mir2_core.files import writable_folder, writing

from mir2_policies.cli.options import check_at_least, show

SUMMARY = "draw two teams side by side through the real nodes, each with its own trained liar"
ZOO = Path(__file__).parents[2] / "zoo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which start, and where to."""
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="for showcase.png and showcase.gif")
    parser.add_argument("--seed", type=int, default=0, help="of the start poses; default: 0")
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time; default: 2")


def run(arguments: argparse.Namespace) -> int:
    """Play four runs, draw them, and print what the liars cost."""
    from mir2_policies.evaluation.showcase import Team, draw, play_sides

    check_at_least("--seed", arguments.seed, 0)
    check_at_least("--jobs", arguments.jobs, 1)
    if not ZOO.is_dir():
        raise UserError(f"{ZOO}: no such folder; 'mir2 showcase' needs a checkout with its shipped policies")
    teams = [
        Team(name, ZOO / f"rendezvous-{algorithm}-3.onnx", ZOO / "adversaries" / f"{algorithm}-3-liar-0.onnx")
        for name, algorithm in (("MADDPG", "maddpg"), ("mir2_allies", "mir2_allies"))
    ]
    directory = writable_folder(arguments.output)
    with tempfile.TemporaryDirectory() as folder:
        sides = play_sides(teams, arguments.seed, Path(folder), arguments.jobs)
    with writing(directory):
        draw(sides, 2.0, arguments.seed, directory)
    files = {"picture": str(directory / "showcase.png"), "film": str(directory / "showcase.gif")}
    show(files | {"lost_to_the_liar": {side.title: round(side.lost, 4) for side in sides}})
    return 0
