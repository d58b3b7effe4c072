"""What `mir2 study` does."""

import argparse
import json
from pathlib import Path
from typing import Any

from mir2_core.config import parse
from mir2_core.errors import UserError, nearest

from mir2_policies.report import REPORT_FILE, TABLE_FILE, writable_folder
from mir2_policies.study import run_study
from mir2_policies.study_plan import PLAN_FILE, Plan, load_plan, quick
from mir2_policies.study_units import locked

PREFIX = "study_"
CONFIGS = Path(__file__).parent / "configs"


def study(arguments: argparse.Namespace) -> None:
    """Begin a study or go on with one, and print where its reports are."""
    if arguments.jobs < 1:
        raise UserError(f"--jobs is {arguments.jobs}: give 1 or more")
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
        with locked(directory / ".lock", wait=False):
            if not planned.exists():
                plan.write(planned)
            run_study(directory, plan, arguments.jobs, arguments.quiet)
    except BlockingIOError:
        raise UserError(f"{directory}: another 'mir2 study' is at work here; wait for it or stop it") from None
    except KeyboardInterrupt:
        command = f"mir2 study {arguments.name} --output {directory} --resume"
        raise UserError(f"interrupted; go on with '{command}'") from None
    folders = [directory / variant.name / "report" / "all" for variant in plan.variants]
    print(json.dumps({folder.parts[-3]: _files(folder) for folder in folders}))


def _resumed(arguments: argparse.Namespace, planned: Path) -> Plan:
    for option in ("plan", "quick", "minutes_per_policy", "minutes_per_attack"):
        if getattr(arguments, option):
            name = option.replace("_", "-")
            raise UserError(f"--{name} cannot change a study that is resumed; leave it out, or start another --output")
    if not planned.exists():
        raise UserError(f"{planned}: no such file; leave --resume out to begin a study there")
    return load_plan(planned)


def _new(arguments: argparse.Namespace) -> Plan:
    plan = load_plan(arguments.plan or _shipped(arguments.name))
    if arguments.quick:
        plan = quick(plan)
    changes = {"training": arguments.minutes_per_policy, "attack": arguments.minutes_per_attack}
    for key, minutes in changes.items():
        if minutes is not None:
            limits: dict[str, Any] = getattr(plan, key).model_dump() | {"steps": None, "minutes": minutes}
            option = f"--minutes-per-{'policy' if key == 'training' else 'attack'}"
            plan = plan.model_copy(update={key: parse(limits, type(getattr(plan, key)), option)})
    return plan


def _shipped(name: str) -> Path:
    known = [path.stem.removeprefix(PREFIX) for path in CONFIGS.glob(f"{PREFIX}*.yaml")]
    if name not in known:
        raise UserError(f"unknown study '{name}'; {nearest(name, known)}")
    return CONFIGS / f"{PREFIX}{name}.yaml"


def _files(folder: Path) -> dict[str, str]:
    return {"report": str(folder / REPORT_FILE), "table": str(folder / TABLE_FILE)}
