"""The table of an evaluation: what was measured of each policy, and what it says of each algorithm."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mir2_core.config import StrictModel, read_text
from mir2_core.errors import UserError
from mir2_core.files import write_text
from pydantic import Field, ValidationError

from mir2_policies.evaluation.statistics import Estimate, iqm_interval, mean_interval, probability_of_improvement

CLEAN = "clean"


class Measurement(StrictModel):
    """One policy in one condition with one set of traitors; episode k starts alike in all measurements."""

    policy: str  # the algorithm, and the settings in which it differs from its like
    file: str
    seed: int  # of the training run
    condition: str
    robots: list[int] = Field(default_factory=list)  # the traitors
    team_returns: list[float] = Field(min_length=1)  # of each episode, as published
    benign_returns: list[float] = Field(min_length=1)  # of each episode, over benign robots' pairs
    loyal_returns: list[float] = Field(min_length=1)  # of the same robots where nobody is a traitor
    rendezvous_s: float  # mean time until the benign robots are together; the whole episode where they never are
    success_rate: float  # episodes at whose end the benign robots are together
    gaussian_nats: float | None = None  # None where it is not known what robots were told
    club_nats: float | None = None
    team: int | None = None  # the number of robots, in a table of teams of several sizes

    @property
    def label(self) -> str:
        """The condition with the number of traitors, if there are several, and the size of the team, if that varies."""
        traitors = f", {len(self.robots)} traitors" if len(self.robots) > 1 else ""
        return f"{self.condition}{traitors}" + (f", {self.team} robots" if self.team else "")


class Table(StrictModel):
    """Everything measured, and how."""

    task: str
    task_parameters: dict[str, Any]
    episodes: int  # per measurement and seed
    seeds: list[int]  # of the evaluation
    played: str = "in one process"  # or how else
    measurements: list[Measurement] = Field(min_length=1)

    @property
    def policies(self) -> list[str]:
        """In order of appearance."""
        return list(dict.fromkeys(row.policy for row in self.measurements))

    @property
    def conditions(self) -> list[str]:
        """In order of appearance."""
        return list(dict.fromkeys(row.label for row in self.measurements))

    @property
    def teams(self) -> list[int]:
        """The sizes of the teams, smallest first."""
        own: int = self.task_parameters["robots"]
        return sorted({row.team or own for row in self.measurements})

    def rows(self, policy: str, condition: str) -> list[Measurement]:
        """The measurements of all runs of a policy in a condition."""
        return [row for row in self.measurements if (row.policy, row.label) == (policy, condition)]

    def write(self, path: Path) -> None:
        """As JSON."""
        write_text(path, self.model_dump_json(indent=1) + "\n")


def read_table(path: Path) -> Table:
    """A table that `write` has written."""
    try:
        return Table.model_validate_json(read_text(path, "a table written by 'mir2 evaluate'"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole file"
        raise UserError(f"{path}: {where}: {first['msg']}; write it again with 'mir2 evaluate'") from None


Values = tuple[Measurement, Any]  # a number for each episode of a measurement
Stratum = tuple[str | int | None, ...]  # condition, size of the team and traitors


class Summary(NamedTuple):
    """One policy in one condition; `runs` is the number of training runs."""

    policy: str
    condition: str
    runs: int
    team: Estimate
    benign: Estimate
    gap: Estimate  # what the same benign robots lose against a loyal team
    worst_benign: float  # with the worst of the traitors' places
    rendezvous_s: float
    success_rate: float
    gaussian_nats: float | None
    club_nats: float | None


class Rank(NamedTuple):
    """A policy over all conditions with traitors, by benign return."""

    policy: str
    runs: int
    attacked: Estimate
    improvement: dict[str, Estimate | None]  # chance that a run beats a run of the other policy


def summarise(table: Table) -> list[Summary]:
    """A summary of every policy in every condition that it was measured in."""
    pairs = [(policy, condition) for policy in table.policies for condition in table.conditions]
    return [_summary(table, *pair) for pair in pairs if table.rows(*pair)]


def rank(table: Table) -> list[Rank]:
    """Best first; each is compared with the others over the conditions that both were measured in.

    Of teams of several sizes, those count that all policies were measured in.
    """
    policies = [[row for row in table.measurements if row.policy == policy] for policy in table.policies]
    common = set.intersection(*({row.team for row in rows} for rows in policies))
    attacked = {rows[0].policy: [row for row in rows if row.robots and row.team in common] for rows in policies}
    ranks = [
        Rank(
            policy,
            _runs(rows),
            _estimate([(row, row.benign_returns) for row in rows]),
            {other: _improvement(rows, theirs) for other, theirs in attacked.items() if other != policy and theirs},
        )
        for policy, rows in attacked.items()
        if rows
    ]
    return sorted(ranks, key=lambda row: -row.attacked.value)


def _summary(table: Table, policy: str, condition: str) -> Summary:
    rows = table.rows(policy, condition)
    losses = [(row, np.subtract(row.loyal_returns, row.benign_returns)) for row in rows]
    by_place = _strata([(row, row.benign_returns) for row in rows])
    return Summary(
        policy,
        condition,
        _runs(rows),
        _estimate([(row, row.team_returns) for row in rows]),
        _estimate([(row, row.benign_returns) for row in rows]),
        _estimate(losses),
        min(float(np.mean(scores)) for scores in by_place.values()),
        *(float(np.mean([getattr(row, name) for row in rows])) for name in ("rendezvous_s", "success_rate")),
        *(_mean([getattr(row, name) for row in rows]) for name in ("gaussian_nats", "club_nats")),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _runs(rows: Sequence[Measurement]) -> int:
    return len({row.file for row in rows})


def _strata(values: Sequence[Values]) -> dict[Stratum, list[float]]:
    """One score a run, its mean over episodes, for each condition, size of the team and set of traitors."""
    strata: dict[Stratum, list[float]] = {}
    for row, episodes in values:
        strata.setdefault((row.condition, row.team, *row.robots), []).append(float(np.mean(episodes)))
    return strata


def _by_run(values: Sequence[Values]) -> dict[str, list[float]]:
    runs: dict[str, list[float]] = {}
    for row, episodes in values:
        runs.setdefault(row.file, []).append(float(np.mean(episodes)))
    return runs


def _estimate(values: Sequence[Values]) -> Estimate:
    """Over training runs where there are several; of one run, over the starts of its episodes."""
    if _runs([row for row, _ in values]) > 1:
        strata = list(_strata(values).values())
        if len({len(scores) for scores in strata}) > 1:  # runs with different traitors: their means
            strata = [[float(np.mean(list(scores))) for scores in _by_run(values).values()]]
        return iqm_interval(strata)
    return mean_interval(np.mean([episodes for _, episodes in values], axis=0))


def _improvement(ours: Sequence[Measurement], theirs: Sequence[Measurement]) -> Estimate | None:
    if _runs([*ours, *theirs]) < 3:
        return None  # one run against one says nothing of the algorithms
    own, other = (_strata([(row, row.benign_returns) for row in rows]) for rows in (ours, theirs))
    runs, rivals = _runs(ours), _runs(theirs)
    common = [s for s in own if len(own[s]) == runs and len(other.get(s, ())) == rivals]
    if not common:
        return None
    return probability_of_improvement([own[s] for s in common], [other[s] for s in common])
