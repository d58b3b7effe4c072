"""Measure policies with loyal teams, with scripted traitors and with adversaries trained against them."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mir2_core.bundle import BundleMetadata, PolicyBundle
from mir2_core.errors import UserError, nearest
from mir2_core.tasks import FloorTask, on_floor
from mir2_core.traitors import FAULTS, TRAINED, TRAITORS
from mir2_core.traitors.parameters import find_fault, split_parameters
from mir2_core.traitors.trained import AdversaryBundle
from mir2_core.traitors.traitor import Traitor
from mir2_core.types import FloatArray

from mir2_policies.evaluation.episodes import (
    Arena,
    Episodes,
    bundle_act,
    check_robots,
    run_episodes,
)
from mir2_policies.evaluation.information import interaction
from mir2_policies.evaluation.table import CLEAN, Measurement

DECIMALS = 4


class Settings(NamedTuple):
    """Which conditions are measured, with which traitors, and over how many episodes."""

    conditions: tuple[str, ...] = (CLEAN, *TRAITORS)
    robots: tuple[int, ...] = (0,)  # those that may be traitors
    traitors: tuple[int, ...] = (1,)  # how many of them at once
    episodes: int = 256
    seeds: tuple[int, ...] = (0,)

    def check(self, team: int, check_condition: Callable[[str], Any] | None = None) -> None:
        """Refuse what cannot be measured with a team of that size."""
        for condition in self.conditions:
            (check_condition or scripted)(condition)
        for name in ("conditions", "robots", "traitors", "seeds"):
            values = getattr(self, name)
            if not values:
                raise UserError(f"--{name} is empty: give one at least")
            if len(set(values)) != len(values):
                raise UserError(f"--{name}: {', '.join(map(str, values))} names something twice")
        if self.episodes < 2:
            raise UserError(f"--episodes is {self.episodes}: give 2 or more")
        if min(self.seeds) < 0:
            raise UserError(f"--seeds: {min(self.seeds)} is negative; give 0 or more")
        for count in self.traitors:
            if not 1 <= count <= len(self.robots):
                raise UserError(f"--traitors: {count} of the {len(self.robots)} named by --robots; give 1 to that many")
            check_robots(self.robots[:count], team)
        check_robots(self.robots[:1], team)
        for robot in self.robots:
            check_robots([robot], team)


class Scenario(NamedTuple):
    """One condition with one set of traitors."""

    condition: str
    robots: tuple[int, ...] = ()
    traitor: Traitor | None = None


def check_comparable(bundles: Sequence[PolicyBundle]) -> None:
    """Refuse policies that cannot be compared: they must be different files for one task."""
    if not bundles:
        raise UserError("no policy to evaluate: give one .onnx file at least")
    first = bundles[0]
    seen: dict[str, Path] = {}
    for bundle in bundles:
        for field in ("task", "task_parameters"):
            ours, theirs = getattr(first.metadata, field), getattr(bundle.metadata, field)
            if ours != theirs:
                raise UserError(
                    f"{bundle.path}: cannot be compared with {first.path}: {_difference(field, ours, theirs)}; "
                    "evaluate policies of different tasks separately"
                )
        digest = bundle.metadata.file_sha256
        if digest in seen:
            raise UserError(f"{bundle.path}: the same policy as {seen[digest]}; name each policy once")
        seen[digest] = bundle.path


def bundle_task(bundle: PolicyBundle) -> FloorTask:
    """The task that a policy was made for; `UserError` if it is not one of robots on a floor."""
    return on_floor(bundle.task(), str(bundle.path))


def policy_names(metadata: Sequence[BundleMetadata]) -> list[str]:
    """The algorithm of each policy, with its vote and the settings in which it differs from others of that algorithm.

    Policies of one name are training runs that differ in nothing but the seed.
    """
    configs = [{key: value for key, value in each.training_config.items() if key != "seed"} for each in metadata]
    names = []
    for each, config in zip(metadata, configs, strict=True):
        alike = [c for other, c in zip(metadata, configs, strict=True) if other.algorithm == each.algorithm]
        keys = sorted({key for other in alike for key in {*config, *other} if other.get(key) != config.get(key)})
        votes = [f"vote {each.vote}"] if each.vote else []
        details = ", ".join([*(f"{key} {_short(config.get(key))}" for key in keys), *votes])
        names.append(f"{each.algorithm} ({details})" if details else each.algorithm)
    return names


def scripted(condition: str) -> Traitor | None:
    """The script of a condition such as `flee` or `offset:{x_m: 0.5}`; None for that without traitors."""
    kind, parameters = split_parameters(condition)
    if condition == CLEAN:
        return None
    if kind in TRAINED:
        raise UserError("--conditions: trained adversaries are named by --adversaries FILE.onnx")
    if kind in FAULTS and kind not in TRAITORS:
        raise UserError(
            f"--conditions: '{kind}' spoils messages, and evaluation in one process has none; add --runtime ros, "
            f"or launch it: fault:={kind}@robot_0:5"
        )
    if kind not in TRAITORS:
        raise UserError(f"--conditions: unknown condition '{kind}'; {nearest(kind, (CLEAN, *TRAITORS))}")
    try:
        return find_fault(kind, parameters, TRAITORS)
    except UserError as mistake:
        raise UserError(f"--conditions: {mistake}") from None


def scripted_scenarios(settings: Settings) -> Iterator[Scenario]:
    """Every condition with every set of traitors."""
    for condition in settings.conditions:
        script = scripted(condition)
        if script is None:
            yield Scenario(CLEAN)
            continue
        for count in settings.traitors:
            for robots in itertools.combinations(settings.robots, count):
                yield Scenario(condition, robots, script)


def load_adversaries(paths: Sequence[Path], victims: Sequence[PolicyBundle]) -> dict[str, list[AdversaryBundle]]:
    """Adversaries by the SHA-256 of their victims, each of which must be among `victims`."""
    by_digest = {victim.metadata.file_sha256: victim for victim in victims}
    against: dict[str, list[AdversaryBundle]] = {digest: [] for digest in by_digest}
    for path in paths:
        adversary = AdversaryBundle.load(path)
        digest = adversary.info.victim_sha256
        if digest not in by_digest:
            raise UserError(
                f"{path}: trained against '{adversary.info.victim}' (file_sha256 {digest[:12]}…), which is not among "
                "the policies to evaluate; add that policy, or train an adversary against yours with 'mir2 attack'"
            )
        adversary.require_victim(by_digest[digest])
        condition, robots = adversary_condition(adversary), adversary.info.robots
        if any((condition, robots) == (adversary_condition(each), each.info.robots) for each in against[digest]):
            raise UserError(f"{path}: a second '{condition}' as robots {robots} of one victim; name one of them")
        against[digest].append(adversary)
    return against


def adversary_condition(adversary: AdversaryBundle) -> str:
    """What tables call an adversary."""
    return f"trained {adversary.info.threat}{', tracked' if adversary.info.tracker else ''}"


def trained_scenarios(adversaries: Sequence[AdversaryBundle]) -> Iterator[Scenario]:
    """One scenario an adversary, with its own robots."""
    for adversary in adversaries:
        yield Scenario(adversary_condition(adversary), tuple(adversary.info.robots), adversary)


def play(
    bundle: PolicyBundle, scenario: Scenario, episodes: int, seed: int, starts: FloatArray | None = None
) -> Episodes:
    """Episodes of a policy in a scenario, computed as robots do it: NumPy and ONNX Runtime."""
    return run_episodes(
        bundle_task(bundle),
        bundle_act(bundle),
        episodes,
        seed,
        robots=scenario.robots,
        traitor=scenario.traitor,
        tracker=isinstance(scenario.traitor, AdversaryBundle) and scenario.traitor.info.tracker,
        starts=starts,
    )


def measure(
    bundle: PolicyBundle,
    name: str,
    scenario: Scenario,
    records: Sequence[Episodes],
    loyal: Sequence[Episodes],
    *,
    informed: bool = True,
) -> Measurement:
    """All figures of a policy in a scenario; `loyal` are clean episodes from the starts of `records`.

    How strongly robots react to each other is `informed` by what they were told, or left out.
    """
    task = bundle_task(bundle)
    arena = Arena(task, scenario.robots)
    times, successes = zip(*(rendezvous(record, task.params.dt_s) for record in records), strict=True)
    information = interaction(task, records[0]) if informed else None
    return Measurement(
        policy=name,
        file=str(bundle.path),
        seed=bundle.metadata.seed,
        condition=scenario.condition,
        robots=list(scenario.robots),
        team_returns=_rounded([record.team_return for record in records]),
        benign_returns=_rounded([record.benign_return for record in records]),
        loyal_returns=_rounded([arena.benign_return(record) for record in loyal]),
        rendezvous_s=round(float(np.mean(times)), DECIMALS),
        success_rate=round(float(np.mean(successes)), DECIMALS),
        gaussian_nats=round(information.gaussian_nats, DECIMALS) if information else None,
        club_nats=round(information.club_nats, DECIMALS) if information else None,
    )


def rendezvous(record: Episodes, dt_s: float) -> tuple[Any, Any]:
    """When the benign robots are first together (B,), and whether they are at the end (B,).

    Where they never are, the time is that of the whole episode.
    """
    together = record.benign_widest_m <= record.together_m
    first = np.where(together.any(axis=0), together.argmax(axis=0), len(together) - 1)
    last = record.going.sum(axis=0)
    return first * dt_s, np.take_along_axis(together, last[None], axis=0)[0]


def _rounded(values: Sequence[Any]) -> list[float]:
    return [round(float(value), DECIMALS) for value in np.concatenate(values)]


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _difference(field: str, ours: Any, theirs: Any) -> str:
    if isinstance(ours, dict):
        field, ours, theirs = next(
            (f"{field}.{key}", ours.get(key), theirs.get(key))
            for key in {**ours, **theirs}
            if ours.get(key) != theirs.get(key)
        )
    return f"{field} is {theirs!r} there and {ours!r} here"
