"""The units of work that follow from a plan, in an order in which they can be done."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from mir2_core.bundle import PolicyBundle

from mir2_policies.attacks.threats import THREATS
from mir2_policies.studies.plan import POLICY_FILE, Again, Plan, Variant, rule_config

MEASURE_MINUTES = 0.05  # a guess, per condition and 256 episodes, for the time left before anything was measured


class Attack(NamedTuple):
    """Who attacks a victim, and whether it judges what it is told."""

    threat: str
    robots: tuple[int, ...]
    tracker: bool

    @property
    def name(self) -> str:
        """Threat, then traitors; how the victim hears them stands between where it is not as usual."""
        heard = "" if self.tracker == THREATS[self.threat].tracker else f".{'tracked' if self.tracker else 'believed'}"
        return f"{self.threat}{heard}.{'-'.join(map(str, self.robots))}"


class Victim(NamedTuple):
    """A policy or a reference as it is attacked and measured: as a team of some size, with or without a vote."""

    variant: str
    policy: str  # name of the unit that makes it
    team: int
    own: bool  # whether that is the size that the task has in training
    vote: int = 0

    @property
    def name(self) -> str:
        """Of its units: the policy, then what is not as it was trained."""
        size, vote = "" if self.own else f".of-{self.team}", f".vote-{self.vote}" if self.vote else ""
        return f"{self.policy}{size}{vote}"


class Unit(NamedTuple):
    """One piece of work in a folder of its own, `variant/kind/name`."""

    variant: str
    kind: Literal["train", "attack", "measure", "report"]
    name: str  # of the policy or the victim, then of the attack
    needs: tuple[str, ...]  # names of the units that come first
    minutes: float  # expected
    victim: Victim | None = None
    attack: Attack | None = None

    @property
    def path(self) -> str:
        """Its folder within the study's, which is also what it is called."""
        return f"{self.variant}/{self.kind}/{self.name}"


def victims(plan: Plan, variant: Variant) -> dict[Victim, list[Attack]]:
    """Everything that is attacked and measured, with its attacks: references, then the policies of seed after seed.

    A reference is left out where the team is too small for it, and never votes.
    """
    own = variant.task_parameters.robots
    needed = {name: rule_config(name).fewest_robots for name in plan.references_of(variant)}
    found: dict[Victim, list[Attack]] = {}
    for name in [*needed, *(policy for policy, _, _ in plan.policies())]:
        for again in variant.rounds:
            for team in again.teams:
                if name in needed and (again.vote or team < needed[name]):
                    continue
                attacks = found.setdefault(Victim(variant.name, name, team, team == own, again.vote), [])
                attacks += [attack for attack in _attacks(plan, variant, again) if attack not in attacks]
    return found


def bundle_file(study: Path, victim: Victim, *, reference: bool) -> Path:
    """Where a unit of training leaves a victim's bundle; references have one for each size."""
    file = f"vote-{victim.vote}.onnx" if victim.vote else POLICY_FILE
    if reference and not victim.own:
        file = f"of-{victim.team}.onnx"
    return study / victim.variant / "train" / victim.policy / file


def load_victim(study: Path, plan: Plan, victim: Victim) -> PolicyBundle:
    """A victim that has been trained, as a team of its size."""
    references = plan.references_of(plan.variant(victim.variant))
    bundle = PolicyBundle.load(bundle_file(study, victim, reference=victim.policy in references))
    return bundle.of_size(victim.team)


def units(plan: Plan) -> Iterator[Unit]:
    """All the work, in an order in which it can be done: all policies of one seed before those of the next."""
    for variant in plan.variants:
        policies = [name for name, _, _ in plan.policies()]
        references = list(plan.references_of(variant))
        minutes = dict.fromkeys(policies, plan.training.expected_minutes) | dict.fromkeys(references, MEASURE_MINUTES)
        trained = {name: Unit(variant.name, "train", name, (), expected) for name, expected in minutes.items()}
        yield from trained.values()
        measured = []
        for victim, attacks in victims(plan, variant).items():
            needed = [trained[victim.policy].path]
            for attack in attacks:
                unit = attack_unit(plan, victim, attack)
                yield unit
                needed.append(unit.path)
            expected = _measuring(plan, len(attacks))
            measure = Unit(variant.name, "measure", victim.name, tuple(needed), expected, victim)
            yield measure
            measured.append(measure.path)
        yield Unit(variant.name, "report", "all", tuple(measured), MEASURE_MINUTES)


def attack_unit(plan: Plan, victim: Victim, attack: Attack) -> Unit:
    """The unit of one attack."""
    name, needs = f"{victim.name}.{attack.name}", (f"{victim.variant}/train/{victim.policy}",)
    return Unit(victim.variant, "attack", name, needs, plan.attack.expected_minutes, victim, attack)


def _attacks(plan: Plan, variant: Variant, again: Again) -> Iterator[Attack]:
    """One for each threat that victims can hear in this way, and each set of traitors."""
    for name in plan.attack.threats:
        tracker = THREATS[name].tracker if again.tracker is None else again.tracker
        if THREATS[name].takes(tracker):
            for robots in plan.traitors_of(variant, again):
                yield Attack(name, tuple(robots), tracker)


def _measuring(plan: Plan, attacks: int) -> float:
    scripted = len(plan.evaluation.conditions) * sum(
        math.comb(len(plan.evaluation.robots), count) for count in plan.evaluation.traitors
    )
    return MEASURE_MINUTES * (scripted + attacks) * len(plan.evaluation.seeds) * plan.evaluation.episodes / 256.0
