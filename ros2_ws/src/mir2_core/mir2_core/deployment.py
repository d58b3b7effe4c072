"""A roster and the policy it names, checked against each other."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mir2_core.bundle import PolicyBundle
from mir2_core.config import parse
from mir2_core.errors import UserError, nearest
from mir2_core.listener import Team
from mir2_core.robots import robot_model
from mir2_core.roster import MAX_ROBOTS, Roster
from mir2_core.tasks import FloorTask, on_floor, task_type
from mir2_core.traitors.schedule import FaultSpec
from mir2_core.traitors.trained import AdversaryBundle
from mir2_core.types import Command


@dataclass(frozen=True)
class Deployment:
    """Everything a node needs to know about the team and its policy."""

    roster: Roster
    policy: PolicyBundle
    task: FloorTask

    @classmethod
    def load(cls, path: Path | str, zoo: Path) -> "Deployment":
        """Read a roster and the policy it names, in the zoo or by path, and refuse one that does not fit."""
        roster = Roster.load(path)
        return cls.check(roster, PolicyBundle.load(find_policy(roster.policy, zoo, relative_to=Path(path).parent)))

    @classmethod
    def check(cls, roster: Roster, policy: PolicyBundle) -> "Deployment":
        """Refuse a policy made for another task, team, arena, rate or robot."""
        task_type(roster.task)
        policy.require({"task": roster.task})
        made_for = on_floor(policy.task(), str(policy.path))
        task = made_for.of_size(len(roster.robots))
        expected: dict[str, Any] = {
            "task_parameters.arena_m": roster.arena.size_m,
            "control_rate_hz": roster.rate_hz,
        }
        if task.observe.own_terms != made_for.observe.own_terms:  # else the policy serves teams of any size
            expected["task_parameters.robots"] = len(roster.robots)
        for kind in sorted({robot.kind for robot in roster.robots}):
            policy.require({**expected, "robot_kind": robot_model(kind).policy_kind})
        terms = {"observation_terms": task.observe.own_terms, "ally_terms": task.observe.ally_terms}
        policy.require({name: [term._asdict() for term in each] for name, each in terms.items()})
        policy.require({"action_meaning": task.action_meaning})
        policy = policy.of_size(len(roster.robots))
        return cls(roster, policy.voting(roster.vote) if roster.vote else policy, task)

    def decide(self, robot: str, team: Team, time_s: float) -> Command:
        """What the policy wants of a robot at a time, given where it takes everybody to be."""
        index = self.roster.names.index(robot)
        action = self.policy.act(self.task.observe.of_robot(team.poses[None], index, team.present[None]))[0]
        v_mps, omega_radps = self.task.action_to_twist(action.astype(np.float64))
        return Command(time_s, float(v_mps), float(omega_radps))

    def adversary(self, bundle: str, robot: str, zoo: Path) -> AdversaryBundle:
        """The trained adversary that a robot is to become; `UserError` for one of another victim, team or robot."""
        adversary = AdversaryBundle.load(find_adversary(bundle, zoo))
        adversary.require_victim(self.policy)
        adversary.require({"task_parameters.robots": len(self.roster.robots)})
        adversary.require_part(self.roster.names.index(robot))
        return adversary


def find_policy(name: str, zoo: Path, relative_to: Path) -> Path:
    """The file of a policy given by name (in the zoo) or by path (ends in .onnx)."""
    return _find("policy", name, zoo, relative_to)


def find_adversary(name: str, zoo: Path) -> Path:
    """The file of an adversary given by name (in the zoo's `adversaries`, maybe after `zoo:`) or by path."""
    return _find("adversary", name.removeprefix("zoo:"), zoo / "adversaries", Path.cwd())


def adversaries(faults: Iterable[FaultSpec], zoo: Path) -> list[Path]:
    """The files of the trained adversaries among faults as they were announced, maybe by somebody who may not."""
    found = []
    for spec in faults:
        with suppress(UserError):
            found += [find_adversary(spec.bundle, zoo)] if spec.bundle else []
    return found


def _find(what: str, name: str, folder: Path, relative_to: Path) -> Path:
    if name.endswith(".onnx"):
        return (relative_to / Path(name).expanduser()).resolve()
    shipped = sorted(path.stem for path in folder.glob("*.onnx"))
    if name not in shipped:
        raise UserError(
            f"{what} '{name}' is not in {folder}; {nearest(name, shipped)}; or give the path of an .onnx file"
        )
    return (folder / f"{name}.onnx").resolve()


def resize(roster: Roster, robots: int) -> Roster:
    """The roster with its first `robots` robots, or with more of the first kind, named robot_<index>."""
    if not 2 <= robots <= MAX_ROBOTS:
        raise UserError(f"robots is {robots}; allowed: 2 to {MAX_ROBOTS}")
    kind = roster.robots[0].kind
    extra = [{"name": f"robot_{index}", "kind": kind} for index in range(len(roster.robots), robots)]
    team = [*(robot.model_dump() for robot in roster.robots), *extra][:robots]
    return parse({**roster.model_dump(exclude_unset=True), "robots": team}, Roster, "roster")
