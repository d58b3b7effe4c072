"""`mir2 study`: train, attack, measure and compare several algorithms."""

import argparse
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mir2_core.config import parse
from mir2_core.errors import UserError
from mir2_core.files import locked, writable_folder

from mir2_policies.cli.options import check_at_least, show

if TYPE_CHECKING:
    from mir2_policies.studies.engine import Engine
    from mir2_policies.studies.plan import Plan

ENGINES = ("local", "ray")
SUMMARY = "train, attack, measure and compare several algorithms"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which study, where, and how long its parts may take."""
    parser.add_argument("name", metavar="STUDY", help="rendezvous, rendezvous_three, worst or any")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the study")
    parser.add_argument("--plan", type=Path, metavar="FILE.yaml", help="default: the one shipped for the study")
    parser.add_argument("--minutes-per-policy", type=float, help="instead of the plan's limits")
    parser.add_argument("--minutes-per-attack", type=float, help="instead of the plan's limits")
    parser.add_argument("--jobs", type=int, help="units of work at a time; default: 1, or with ray its CPUs")
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0], help="this machine, or a cluster")
    parser.add_argument("--address", metavar="HOST:PORT", help="of ray; default: the cluster of this machine")
    parser.add_argument("--resume", action="store_true", help="go on with the folder's study")
    parser.add_argument("--quick", action="store_true", help="everything very small, to see that it works")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Begin a study or go on with one, and print where its reports are."""
    from mir2_policies.evaluation.report import REPORT_FILE, TABLE_FILE
    from mir2_policies.studies.engine import run_study
    from mir2_policies.studies.plan import PLAN_FILE

    if arguments.jobs is not None:
        check_at_least("--jobs", arguments.jobs, 1)
    _check_engine(arguments)
    directory: Path = arguments.output
    planned = directory / PLAN_FILE
    if arguments.resume:
        plan = _resumed(arguments, planned)
    elif planned.exists():
        raise UserError(f"{directory}: already holds a study; give --resume to go on with it, or another --output")
    else:
        plan = _new(arguments)
    writable_folder(directory)
    try:
        with locked(directory / ".lock", wait=False, what="'mir2 study'"):
            engine = _engine(arguments, plan)
            if not planned.exists():
                plan.write(planned)
            run_study(directory, plan, engine, arguments.quiet)
    except KeyboardInterrupt:
        option = "" if arguments.engine == ENGINES[0] else f" --engine {arguments.engine}"
        command = f"mir2 study {arguments.name} --output {directory}{option} --resume"
        raise UserError(f"interrupted; go on with '{command}'") from None
    folders = {variant.name: directory / variant.name / "report" / "all" for variant in plan.variants}
    files = {"report": REPORT_FILE, "table": TABLE_FILE}
    show({name: {what: str(folder / file) for what, file in files.items()} for name, folder in folders.items()})
    return 0


def _check_engine(arguments: argparse.Namespace) -> None:
    if arguments.engine == "local":
        if arguments.address is not None:
            raise UserError("--address is for --engine ray; give that as well, or leave --address out")
    elif importlib.util.find_spec("ray") is None:
        raise UserError(
            "--engine ray needs the package 'ray'; install it in the checkout with: "
            ".venv/bin/pip install --editable '.[cluster]'"
        )


def _engine(arguments: argparse.Namespace, plan: "Plan") -> "Engine":
    directory, jobs = arguments.output, arguments.jobs
    if arguments.engine == "local":
        from mir2_policies.studies.local import Local

        return Local(directory, plan, jobs or 1)
    from tqdm import tqdm

    from mir2_policies.studies.cluster import Cluster

    def say(message: str) -> None:
        if not arguments.quiet:
            tqdm.write(message, file=sys.stderr)

    return Cluster(directory, plan, arguments.address, jobs=jobs, say=say)


def _resumed(arguments: argparse.Namespace, planned: Path) -> "Plan":
    from mir2_policies.studies.plan import load_plan

    for option in ("plan", "quick", "minutes_per_policy", "minutes_per_attack"):
        if getattr(arguments, option):
            name = option.replace("_", "-")
            raise UserError(f"--{name} cannot change a study that is resumed; leave it out, or start another --output")
    if not planned.exists():
        raise UserError(f"{planned}: no such file; leave --resume out to begin a study there")
    return load_plan(planned)


def _new(arguments: argparse.Namespace) -> "Plan":
    from mir2_policies.studies.plan import load_plan, quick, shipped_plan_file

    plan = load_plan(arguments.plan or shipped_plan_file(arguments.name))
    if arguments.quick:
        plan = quick(plan)
    changes = {"training": arguments.minutes_per_policy, "attack": arguments.minutes_per_attack}
    for key, minutes in changes.items():
        if minutes is not None:
            limits: dict[str, Any] = getattr(plan, key).model_dump() | {"steps": None, "minutes": minutes}
            option = f"--minutes-per-{'policy' if key == 'training' else 'attack'}"
            plan = plan.model_copy(update={key: parse(limits, type(getattr(plan, key)), option)})
    return plan
