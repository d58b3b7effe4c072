"""One run as one typed value: launch arguments, a YAML file and tests all build it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo

from mir2_core.bundle import PolicyBundle
from mir2_core.config import StrictModel, load_yaml
from mir2_core.deployment import Deployment, find_policy, resize
from mir2_core.digests import note_digests
from mir2_core.disturbance import PRESETS, parse_disturbance
from mir2_core.driver import HARDWARE, require_drivable
from mir2_core.errors import UserError, nearest
from mir2_core.files import find_shipped
from mir2_core.roster import MAX_ROBOTS, Roster
from mir2_core.scenario import ProcessEvent, Scenario, load_scenario
from mir2_core.start_poses import start_poses
from mir2_core.traitors.schedule import FaultSchedule, FaultSpec, parse_faults
from mir2_core.world import BACKENDS, for_backend

DEFAULT_ROSTER = "rendezvous"
LONGEST_S = 86400.0
ROSTER_FILE, RUN_FILE, SCENARIO_FILE = "roster.yaml", "run.yaml", "scenario.yaml"


class Run(StrictModel):
    """Who runs where, at which pace, for how long, with which faults, and where it is written down."""

    roster: str = Field(
        "",
        description="a shipped roster's name (crazyflies, mixed), or a file (YAML): who takes part and where; "
        "empty: ten e-puck2",
    )
    robots: int | None = Field(None, ge=2, le=MAX_ROBOTS, description="team size; empty: all robots of the roster")
    policy: str = Field(
        "", description="a shipped policy's name, or the path of an .onnx bundle; empty: the roster's policy"
    )
    backend: str = Field(
        "pybullet",
        description=f"world: {' or '.join(sorted(BACKENDS))}; bodies, or the task's points; or {HARDWARE}: real robots",
    )
    mode: Literal["realtime", "lockstep"] = Field(
        "realtime", description="realtime or lockstep: the wall clock, or every step waits for every robot"
    )
    duration_s: float = Field(30.0, ge=0.1, le=LONGEST_S, description="seconds until the run ends by itself")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="draws the start poses and the faults")
    fault: str = Field(
        "",
        description="kind[:{parameters}]@robot:start_s[:duration_s], such as random@robot_0:5; a comma between two; "
        "empty: none",
    )
    scenario: str = Field(
        "", description="a shipped scenario's name, or a file (YAML): what goes wrong when; empty: nothing"
    )
    disturbance: str = Field(
        "",
        description=f"what comes between robots and world: {', '.join(PRESETS)}, or with parameters, such as "
        "lab:{motor_lag_s: 0.1}; empty: nothing",
    )
    output: str = Field("", description="folder that the run is written to; empty: a new one below runs/")
    robots_per_process: int = Field(1, ge=1, le=MAX_ROBOTS, description="how many robots' policies share one process")
    gui: bool = Field(False, description="true or false: show PyBullet's window")
    record: bool = Field(True, description="true or false: record all messages in run.mcap")
    share_domain: bool = Field(False, description="true or false: start although another run is in this ROS domain")

    @classmethod
    def load(cls, path: Path | str) -> "Run":
        """Read a run file strictly; roster, scenario and policy that it names by path lie beside it."""
        run, folder = load_yaml(path, cls, "a run (YAML)"), Path(path).expanduser().parent
        paths = {
            "roster": run.roster if Path(run.roster).suffix or (folder / run.roster).is_file() else "",
            "policy": run.policy if run.policy.endswith(".onnx") else "",
            "scenario": run.scenario if (folder / run.scenario).is_file() else "",
        }
        return run.model_copy(
            update={key: str(folder / Path(given).expanduser()) for key, given in paths.items() if given}
        )

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, str]) -> "Run":
        """Launch arguments, where an empty text means not given, over those of the file that `run` names."""
        for name in arguments:
            if name not in ARGUMENTS:
                raise UserError(f"unknown launch argument '{name}'; {nearest(name, ARGUMENTS)}")
        given = {_FIELDS.get(name, name): text for name, text in arguments.items() if text}
        file = given.pop("run", None)
        values = cls.load(file).model_dump(exclude_unset=True) if file else {}
        try:
            return cls.model_validate(values | given)
        except ValidationError as error:
            mistake = error.errors()[0]
            raise UserError(_refusal(str(mistake["loc"][0]), str(mistake["input"]))) from None

    def to_arguments(self) -> dict[str, str]:
        """The launch arguments that give this run again: those that differ from the defaults."""
        changed = self.model_dump(exclude_defaults=True)
        texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in changed.items()}
        return {_NAMES[name]: text for name, text in texts.items()}


_NAMES = {field: field for field in Run.model_fields} | {"duration_s": "duration"}
_FIELDS = {name: field for field, name in _NAMES.items()}


def _help(info: FieldInfo) -> str:
    return f"{info.description} (default: {info.default})" if info.default not in ("", None) else str(info.description)


ARGUMENTS = {"run": "run file (YAML), whose values hold where no argument is given; every run writes one"} | {
    _NAMES[field]: _help(info) for field, info in Run.model_fields.items()
}
"""The launch arguments, each with what it says."""


def _refusal(field: str, text: str) -> str:
    schema: dict[str, Any] = Run.model_json_schema()["properties"][field]
    schema = schema.get("anyOf", [schema])[0]
    if "enum" in schema:
        allowed = nearest(text, schema["enum"])
    elif schema["type"] == "boolean":
        allowed = "allowed: true or false"
    else:
        kind = "a whole number" if schema["type"] == "integer" else "a number"
        allowed = f"allowed: {kind} from {schema['minimum']} to {schema['maximum']}"
    return f"launch argument {_NAMES[field]} is '{text}'; {allowed}"


class Plan(NamedTuple):
    """What is to go wrong, as the run says itself and as its scenario does."""

    own_faults: list[FaultSpec]
    scenario: Scenario | None
    scenario_faults: list[FaultSpec]

    @property
    def faults(self) -> list[FaultSpec]:
        """All of them."""
        return [*self.own_faults, *self.scenario_faults]

    @property
    def processes(self) -> tuple[ProcessEvent, ...]:
        """What happens to processes."""
        return self.scenario.processes if self.scenario else ()


@dataclass(frozen=True)
class PreparedRun:
    """A run whose folder holds `roster.yaml`, team, start poses and policy as they are, and `run.yaml`."""

    run: Run
    roster: Roster
    folder: Path
    plan: Plan

    @property
    def roster_file(self) -> Path:
        """What every node reads."""
        return self.folder / ROSTER_FILE

    @property
    def fault(self) -> str:
        """The planned faults as the fault injector reads them, with the full paths of adversaries."""
        return _text(self.plan.faults)


def prepare(run: Run, share: Path) -> PreparedRun:
    """Resolve and check everything; raises `UserError` and leaves nothing behind where something does not fit.

    `share` holds the shipped rosters in `config` and the shipped policies in `policies`.
    """
    parse_disturbance(run.disturbance, "launch argument disturbance")
    given = find_shipped("roster", run.roster or DEFAULT_ROSTER, share / "config")
    roster = Roster.load(given)
    if run.robots is not None:
        roster = resize(roster, run.robots)
    if run.backend == HARDWARE:
        _require_real(run)
        require_drivable(roster)
    else:
        roster = for_backend(roster, run.backend)
    if run.mode == "lockstep":
        roster.require_stamped_commands()
    policy = find_policy(
        run.policy or roster.policy, share / "policies", relative_to=Path.cwd() if run.policy else given.parent
    )
    roster = roster.model_copy(update={"policy": str(policy)})
    deployment = Deployment.check(roster, PolicyBundle.load(policy))
    plan = _plan(run, roster, share)
    for spec in plan.faults:
        if spec.bundle:
            deployment.adversary(spec.bundle, spec.robot, share / "policies")
    if (plan.faults or plan.processes) and not roster.allow_fault_injection:
        raise UserError(f"{given}: this roster does not allow faults; set 'allow_fault_injection: true' to permit them")
    roster = roster.with_starts(start_poses(roster, deployment.task, run.seed))
    prepared = PreparedRun(run, roster, _new_folder(run.output), plan)
    roster.save(prepared.roster_file)
    changes = {"roster": ROSTER_FILE, "fault": _text(plan.own_faults)}
    if plan.scenario:
        plan.scenario.save(prepared.folder / SCENARIO_FILE, plan.scenario_faults)
        changes["scenario"] = SCENARIO_FILE
    again = run.model_copy(update=changes).model_dump(exclude={"robots", "policy", "output"})
    (prepared.folder / RUN_FILE).write_text(yaml.safe_dump(again, sort_keys=False), encoding="utf-8")
    note_digests(prepared.folder, [ROSTER_FILE, RUN_FILE, policy])
    return prepared


def _require_real(run: Run) -> None:
    """Refuse what only a simulated world can do."""
    for argument, value, wanted in (
        ("mode", run.mode, "realtime"),
        ("disturbance", run.disturbance, ""),
        ("gui", run.gui, False),
    ):
        if value != wanted:
            raise UserError(
                f"launch argument {argument} is '{str(value).lower()}', which real robots cannot do; leave it out, or "
                f"choose another backend than {HARDWARE}"
            )


def _plan(run: Run, roster: Roster, share: Path) -> Plan:
    """Everything that is to go wrong; `UserError` where it contradicts itself, or the run."""
    own = parse_faults(run.fault, roster.names, Path.cwd())
    for spec in own:
        if spec.start_s >= run.duration_s:
            raise UserError(
                f"launch argument fault: '{spec.text}' starts after {spec.start_s:g} s, when the run is over; allowed: "
                f"from 0 to less than {run.duration_s:g} s, or a longer duration"
            )
    if not run.scenario:
        return Plan(own, None, [])
    path = find_shipped("scenario", run.scenario, share / "scenarios")
    scenario, faults = load_scenario(path, robots=roster.names, duration_s=run.duration_s, mode=run.mode)
    if run.backend == HARDWARE and any(event.process == "simulator" for event in scenario.processes):
        raise UserError(f"{path}: process 'simulator': there is none with backend:={HARDWARE}")
    schedule = FaultSchedule()
    for spec in [*faults, *own]:
        try:
            schedule.inject(spec)
        except UserError as mistake:
            raise UserError(f"launch argument fault and {path}: {mistake}") from None
    return Plan(own, scenario, faults)


def _text(faults: Sequence[FaultSpec]) -> str:
    return ",".join(spec.text for spec in faults)


def _new_folder(text: str) -> Path:
    """The folder for the run, made now; one that already holds a run is refused."""
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S-%f")
    folder = (Path(text).expanduser() if text else Path("runs") / f"{stamp}-rendezvous").absolute()
    if (folder / ROSTER_FILE).exists():
        raise UserError(f"launch argument output is '{text}', which already holds a run; choose a new folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"launch argument output is '{text}': {folder} cannot be made ({error.strerror}); choose another folder"
        ) from None
    return folder
