"""Checks a launch's arguments against each other and writes down what will run, before anything is started."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mir2_core.bundle import PolicyBundle
from mir2_core.deployment import Deployment, find_policy, resize
from mir2_core.errors import UserError
from mir2_core.faults import parse_faults
from mir2_core.roster import Roster
from mir2_core.start_poses import start_poses
from mir2_core.world import for_backend

DEFAULT_ROSTER = "rendezvous.yaml"


@dataclass(frozen=True)
class Run:
    """One run, fully determined: `roster_file` in the output folder holds team, start poses and policy as they are."""

    roster: Roster
    roster_file: Path
    output: Path
    backend: str
    mode: str
    duration_s: float
    seed: int
    fault: str
    robots_per_process: int
    gui: bool


def prepare_run(arguments: Mapping[str, str], share: Path) -> Run:
    """Resolve and check everything; raises `UserError` and leaves nothing behind where something does not fit."""
    given = Path(arguments["roster"]).expanduser() if arguments["roster"] else share / "config" / DEFAULT_ROSTER
    roster = Roster.load(given)
    if arguments["robots"]:
        roster = resize(roster, int(_number("robots", arguments["robots"], low=2, high=64, whole=True)))
    backend, mode = arguments["backend"], arguments["mode"]
    roster = for_backend(roster, backend)
    from_roster = not arguments["policy"]
    policy = find_policy(
        roster.policy if from_roster else arguments["policy"],
        share / "policies",
        relative_to=given.parent if from_roster else Path.cwd(),
    )
    roster = roster.model_copy(update={"policy": str(policy)})
    deployment = Deployment.check(roster, PolicyBundle.load(policy))
    parse_faults(arguments["fault"], roster.names)
    if arguments["fault"] and not roster.allow_fault_injection:
        raise UserError(f"{given}: this roster does not allow faults; set 'allow_fault_injection: true' to permit them")
    duration_s = _number("duration", arguments["duration"], low=1.0 / roster.rate_hz, high=86400.0)
    seed = int(_number("seed", arguments["seed"], low=0, high=2**31 - 1, whole=True))
    shared = int(_number("robots_per_process", arguments["robots_per_process"], low=1, high=64, whole=True))
    roster = roster.with_starts(start_poses(roster, deployment.task, seed))
    output = _output_folder(arguments["output"])
    roster_file = output / "roster.yaml"
    roster.save(roster_file)
    return Run(
        roster=roster,
        roster_file=roster_file,
        output=output,
        backend=backend,
        mode=mode,
        duration_s=duration_s,
        seed=seed,
        fault=arguments["fault"],
        robots_per_process=shared,
        gui=arguments["gui"] == "true",
    )


def _number(name: str, text: str, *, low: float, high: float, whole: bool = False) -> float:
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        raise UserError(f"launch argument {name} is '{text}'; allowed: {kind} from {low:g} to {high:g}")
    return value


def _output_folder(text: str) -> Path:
    """The folder for the run, made now; one that already holds a run is refused."""
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S-%f")
    folder = (Path(text).expanduser() if text else Path("runs") / f"{stamp}-rendezvous").absolute()
    if (folder / "roster.yaml").exists():
        raise UserError(f"launch argument output is '{text}', which already holds a run; choose a new folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"launch argument output is '{text}': {folder} cannot be made ({error.strerror}); choose another folder"
        ) from None
    return folder
