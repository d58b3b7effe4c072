"""`mir2 render`: a recorded run as a film or a picture."""

import argparse
from pathlib import Path

from mir2_core.errors import UserError
from mir2_core.files import writing

from mir2_policies.cli.options import show

SUMMARY = "draw a recorded run as a film (.mp4, .gif) or one moment of it as a picture (.png), without a screen"
LIMITS = {"fps": (1.0, 60.0), "speed": (0.1, 20.0)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, how, and where to."""
    parser.add_argument("folder", type=Path, metavar="RUN", help="the folder of a run")
    parser.add_argument("--output", type=Path, metavar="FILE", help=".mp4, .gif or .png; default: RUN/run.mp4")
    parser.add_argument("--view", default="oblique", help="oblique or top; default: oblique")
    parser.add_argument("--fps", type=float, default=10.0, help="frames a second of a film; default: 10")
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster than it was; default: 1")
    parser.add_argument("--at", type=float, metavar="S", help="the moment of a picture; default: the end")


def run(arguments: argparse.Namespace) -> int:
    """Write one file."""
    from mir2_policies.evaluation.film import PICTURE, check_suffix, draw_film, draw_picture
    from mir2_policies.evaluation.ros import RunRecord

    path = arguments.output or arguments.folder / "run.mp4"
    check_suffix(path)
    for option, (low, high) in LIMITS.items():
        if not low <= getattr(arguments, option) <= high:
            raise UserError(f"--{option} is {getattr(arguments, option):g}; allowed: {low:g} to {high:g}")
    if arguments.at is not None and path.suffix != PICTURE:
        raise UserError(
            f"--at is {arguments.at:g}, but '{path}' is a film of the whole run; give an --output that ends in .png"
        )
    record = RunRecord.read(arguments.folder)
    with writing(path):
        if path.suffix == PICTURE:
            at_s = float(record.time_s[-1]) if arguments.at is None else arguments.at
            draw_picture(record, path, view=arguments.view, at_s=at_s)
        else:
            draw_film(record, path, view=arguments.view, fps=arguments.fps, speed=arguments.speed)
    show({"file": str(path)})
    return 0
