"""The rungs of the ladder from the training world to robots: how the same episode is played on each."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from mir2_core.bundle import PolicyBundle
from mir2_core.config import StrictModel
from mir2_core.errors import UserError
from mir2_core.robots import robot_model
from mir2_core.roster import DEFAULT_KIND
from mir2_core.traitors import TRAITORS
from mir2_core.traitors.parameters import split_parameters
from mir2_core.traitors.trained import AdversaryBundle
from mir2_core.types import FloatArray

from mir2_policies.evaluation.episodes import Episodes
from mir2_policies.evaluation.in_process import play_twin, starts
from mir2_policies.evaluation.measure import Scenario, bundle_task, play, rendezvous, scripted
from mir2_policies.evaluation.ros import RunRecord
from mir2_policies.evaluation.table import CLEAN
from mir2_policies.evaluation.through_nodes import Nodes, episodes

TOUCH_M = 0.001  # bodies nearer than this touch
EQUAL = 1e-6  # m, rad, m/s and rad/s between rungs that are the same run by other means


class Rung(NamedTuple):
    """How episodes are played: as runs, or in the training world."""

    title: str
    nodes: Nodes | None


RUNGS = {
    0: Rung("training world", None),
    1: Rung("PyBullet in process", Nodes(player=play_twin)),
    2: Rung("through the nodes in lockstep", Nodes()),
    3: Rung("in real time, lab", Nodes("realtime", disturbance="lab")),
    4: Rung("in real time, harsh", Nodes("realtime", disturbance="harsh")),
}
TWINS = ((1, 2),)  # the same runs by other means


class Outcome(StrictModel):
    """One episode on one rung; None is what there is not on that rung."""

    rung: int
    policy: str
    file: str
    condition: str
    robots: list[int]  # the traitors
    seed: int  # of the start
    team_return: float
    benign_return: float
    success: bool  # whether the benign robots are together at the end
    rendezvous_s: float  # until they first are; the whole episode if they never are
    collisions: int | None = None  # how often a body began to touch another one, or a wall
    interventions: int | None = None  # of gates: robots, steps and reasons
    ally_age_ms_p50: float | None = None
    ally_age_ms_p99: float | None = None
    missed_deadlines: int | None = None  # robots and steps

    @property
    def label(self) -> str:
        """The condition, with the number of traitors if there are several."""
        return self.condition + (f", {len(self.robots)} traitors" if len(self.robots) > 1 else "")


class Twins(StrictModel):
    """How far two rungs are apart that are the same runs by other means."""

    rungs: tuple[int, int]
    episodes: int
    largest: float  # m, rad, m/s or rad/s
    equal: bool


def choose(numbers: Sequence[int] | None) -> list[int]:
    """The rungs of these numbers in order, by default all; `UserError` for those that there are not."""
    there = ", ".join(f"{number} ({rung.title})" for number, rung in RUNGS.items())
    for number in numbers or ():
        if number not in RUNGS:
            raise UserError(f"--rungs: there is no rung {number}; there are {there}")
    if numbers is not None and not numbers:
        raise UserError(f"--rungs is empty: give one at least of {there}")
    return sorted(set(RUNGS if numbers is None else numbers))


def training_world_plays(scenario: Scenario) -> bool:
    """Whether the training world, which has no messages, knows the condition."""
    if isinstance(scenario.traitor, AdversaryBundle) or scenario.condition == CLEAN:
        return True
    return split_parameters(scenario.condition)[0] in TRAITORS


def play_in_training_world(bundle: PolicyBundle, scenario: Scenario, seed: int) -> Episodes:
    """One episode from the start of runs with that seed, in a batch of one: a traitor draws what it draws in them."""
    script = scenario.traitor or scripted(scenario.condition)
    task = bundle_task(bundle)
    return play(bundle, scenario._replace(traitor=script), 1, seed, starts(task, seed)[None])


def outcome_of_run(bundle: PolicyBundle, scenario: Scenario, record: RunRecord, known: dict[str, Any]) -> Outcome:
    """The figures of a run."""
    metrics = record.metrics
    return outcome(bundle, scenario, episodes(bundle, scenario, [record]), known).model_copy(
        update={
            "collisions": collisions(record.poses, bundle_task(bundle).params.arena_m),
            "interventions": sum(sum(reasons.values()) for reasons in metrics["gate_interventions"].values()),
            **{name: metrics[name] for name in ("ally_age_ms_p50", "ally_age_ms_p99", "missed_deadlines")},
        }
    )


def outcome(bundle: PolicyBundle, scenario: Scenario, played: Episodes, known: dict[str, Any]) -> Outcome:
    """The figures of an episode, beside what is `known` of it: rung, policy and seed."""
    (met_s,), (success,) = rendezvous(played, bundle_task(bundle).params.dt_s)
    return Outcome(
        **known,
        file=str(bundle.path),
        condition=scenario.condition,
        robots=list(scenario.robots),
        team_return=float(played.team_return[0]),
        benign_return=float(played.benign_return[0]),
        success=bool(success),
        rendezvous_s=float(met_s),
    )


def collisions(poses: FloatArray, arena_m: float) -> int:
    """How often a body began to touch another one, or a wall, as seen in the poses (T + 1, N, 3) of steps."""
    radius_m = robot_model(DEFAULT_KIND).radius_m
    places = poses[..., :2]
    near_wall = (np.minimum(places, arena_m - places) <= radius_m + TOUCH_M).any(axis=-1)
    pairs = [
        np.hypot(*(places[:, one] - places[:, other]).T) <= 2.0 * radius_m + TOUCH_M
        for one, other in combinations(range(poses.shape[1]), 2)
    ]
    touches = np.column_stack([near_wall, *pairs])
    return int((touches[1:] & ~touches[:-1]).sum())


def compare_twins(rungs: tuple[int, int], records: Sequence[tuple[RunRecord, RunRecord]]) -> Twins:
    """Pairs of records of the same runs."""
    largest = max(_apart(*pair) for pair in records)
    return Twins(rungs=rungs, episodes=len(records), largest=largest, equal=largest <= EQUAL)


def _apart(one: RunRecord, other: RunRecord) -> float:
    poses, twists = np.abs(one.poses - other.poses), np.abs(one.twists - other.twists)
    poses[..., 2] = np.abs((poses[..., 2] + np.pi) % (2.0 * np.pi) - np.pi)
    return float(max(poses.max(), twists.max()))
