"""The suite: every family of attacks against one frozen team within a budget, and the worst that any of them found.

A family's figure is finished once and kept in the folder, so that an interrupted suite goes on with the next family.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.config import StrictModel, load_yaml, read_text
from mir2_core.errors import UserError, nearest
from mir2_core.files import write_text, writing
from pydantic import Field, ValidationError

from mir2_policies.attacks.config import AttackConfig
from mir2_policies.attacks.duel import Duel
from mir2_policies.attacks.families import FAMILIES
from mir2_policies.attacks.families.family import Known, clock_s
from mir2_policies.attacks.families.network import Network
from mir2_policies.attacks.suite_plots import plot_suite
from mir2_policies.attacks.trainer import AttackTrainer
from mir2_policies.evaluation.returns import FINAL_SEED, SELECTION_SEED, mean_and_error
from mir2_policies.training.checkpoint import CONFIG_FILE, save_config

SUITE_FILE = "suite.json"
PICTURE_FILE = "suite.png"
NETWORK = next(name for name, family in FAMILIES.items() if family is Network)
SETTLED = 0.9  # of the harm at the end was found in half of the time


class SuiteConfig(StrictModel):
    """Whom the suite attacks, as whom, what for, and for how long."""

    attack: AttackConfig
    families: tuple[str, ...] = tuple(FAMILIES)
    minutes: float = Field(gt=0.0)


class Finding(StrictModel):
    """What one family found."""

    family: str
    loss_mean: float  # of the return that is aimed at, against the same starts with a loyal team
    loss_standard_error: float
    episodes: int
    seconds: float  # search and figure
    settled: bool  # whether half of the time would have been enough
    budget_minutes: float = Field(gt=0.0)  # of the suite in which it was found
    curve: list[tuple[float, float]]  # seconds, and the loss of the best so far on the starts by which it chooses
    found: dict[str, Any]
    known: list[tuple[float, list[list[float]]]] = Field(default_factory=list)  # what later families begin with


def check_families(names: Sequence[str]) -> tuple[str, ...]:
    """The families of these names in the order in which they run; none means all."""
    for name in names:
        if name not in FAMILIES:
            raise UserError(f"--families: unknown family '{name}'; {nearest(name, FAMILIES)}")
    return tuple(name for name in FAMILIES if not names or name in names)


class Suite:
    """A suite in its folder."""

    def __init__(self, config: SuiteConfig, victim: PolicyBundle, directory: Path) -> None:
        torch.set_num_threads(config.attack.threads)
        self.config, self.directory = config, directory
        self.duel = Duel(victim, config.attack)
        self._known = Known(directory)

    def run(self, show: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
        """Every family, then the report, which is also returned."""
        self.directory.mkdir(parents=True, exist_ok=True)
        save_config(self.directory, self.config)
        self._known.recall()
        findings, skipped = [], {}
        names, seconds = list(self.config.families), 60.0 * self.config.minutes
        for place, name in enumerate(names):
            if FAMILIES[name].needs_gradients and self.duel.no_gradients:
                skipped[name] = self.duel.no_gradients
                continue
            file = self.directory / f"{name}.json"
            share = FAMILIES[name].share / sum(FAMILIES[each].share for each in names[place:])
            finding = self._finding(name, file, share * seconds)
            seconds = max(0.0, seconds - finding.seconds)
            show(f"{name}: lost {finding.loss_mean:.2f} ± {finding.loss_standard_error:.2f}, {finding.seconds:.0f} s")
            findings.append(finding)
        if not findings:
            raise UserError("; ".join(skipped.values()) + "; no other family was asked for: name more in --families")
        return self._report(findings, skipped)

    def _finding(self, name: str, file: Path, seconds: float) -> Finding:
        """What a family found before, unless it had too little time and now there is more."""
        before = _read(file) if file.exists() else None
        if before:
            self._learn(before)
            if before.settled or self.config.minutes <= before.budget_minutes:
                return before
        finding = self._attack(name, seconds)
        if before and before.loss_mean > finding.loss_mean:
            better = {"budget_minutes": self.config.minutes, "seconds": finding.seconds}
            finding = before.model_copy(update=better)
        with writing(file):
            write_text(file, finding.model_dump_json(indent=1) + "\n")
        self._learn(finding)
        return finding

    def _learn(self, finding: Finding) -> None:
        for left, numbers in finding.known:
            self._known.add(left, torch.tensor(numbers))

    def network(self) -> AttackTrainer | None:
        """The network at its best, if that family has run."""
        if not (self.directory / f"{NETWORK}.json").exists():
            return None
        trainer = Network(self.duel, self._known).trainer
        trainer.take_best()
        return trainer

    def _attack(self, name: str, seconds: float) -> Finding:
        begun = clock_s()
        family = FAMILIES[name](self.duel, self._known)
        loyal = self.duel.loyal(family.episodes, FINAL_SEED)
        known = loyal if family.on_fresh_starts else self.duel.loyal(family.selection_episodes, SELECTION_SEED)
        curve = []
        for left in family.search(seconds):
            curve.append((round(clock_s() - begun, 2), round(float(known.mean()) - left, 4)))
        loss = (loyal - family.returns()).double().numpy()
        return Finding(
            family=name,
            **mean_and_error("loss", loss),
            episodes=family.episodes,
            seconds=round(clock_s() - begun, 1),
            settled=family.exhausted or settled(curve),
            budget_minutes=self.config.minutes,
            curve=curve,
            found=family.found(),
            known=[(left, numbers.tolist()) for left, numbers in self._known.numbers],
        )

    def _report(self, findings: list[Finding], skipped: dict[str, str]) -> dict[str, Any]:
        """Written as JSON and as a picture."""
        attack = self.config.attack
        worst = max(findings, key=lambda finding: finding.loss_mean)
        leading = [finding for finding in findings if finding.loss_mean >= SETTLED * worst.loss_mean]
        unsettled = [finding.family for finding in leading if not finding.settled]
        document = {
            "policy": attack.policy,
            "victim_sha256": attack.victim_sha256,
            "threat": attack.threat,
            "tracker": attack.tracker,
            "robots": list(attack.robots),
            "seed": attack.seed,
            "aim": f"{self.duel.aim} return",
            "worst": worst.family,
            "loss_mean": worst.loss_mean,
            "loss_standard_error": worst.loss_standard_error,
            "episodes": worst.episodes,
            "minutes": round(sum(finding.seconds for finding in findings) / 60.0, 2),
            "budget_minutes": self.config.minutes,
            "settled": not unsettled,
            "note": _note(unsettled, self.config.minutes),
            "skipped": skipped,
            "adversary": _kept(findings, worst),
        }
        families = [finding.model_dump(exclude={"known"}) for finding in findings]
        with writing(self.directory):
            write_text(self.directory / SUITE_FILE, json.dumps(document | {"families": families}, indent=1) + "\n")
            title = f"{attack.policy}: {attack.threat} as robots {', '.join(map(str, attack.robots))}"
            plot_suite(families, title, self.duel.aim, self.directory / PICTURE_FILE)
        return document


def settled(curve: Sequence[tuple[float, float]]) -> bool:
    """Whether what was found in half of the time is nearly all that was found."""
    half, last = curve[-1][0] / 2.0, curve[-1][1]
    early = [loss for seconds, loss in curve if seconds <= half]
    return bool(early) and early[-1] >= SETTLED * last


def _kept(findings: Sequence[Finding], worst: Finding) -> dict[str, Any] | None:
    """What the attacker that runs as a bundle costs, beside the worst."""
    bundles = [finding for finding in findings if finding.family == NETWORK]
    if not bundles:
        return None
    loss = {"loss_mean": bundles[0].loss_mean, "loss_standard_error": bundles[0].loss_standard_error}
    return loss | {"part_of_the_worst": round(bundles[0].loss_mean / worst.loss_mean, 3) if worst.loss_mean else 1.0}


def _note(unsettled: Sequence[str], minutes: float) -> str:
    if not unsettled:
        return "half of the time would have found nearly as much; still a lower bound on the harm"
    return (
        f"{minutes:g} minutes were too short: {' and '.join(unsettled)} found more up to the end, so that this figure "
        "is not final; attack again with more --minutes"
    )


def open_suite(
    config: SuiteConfig, victim: PolicyBundle, directory: Path, resume: bool, keep: Sequence[str] = ()
) -> Suite:
    """A new suite, or one that goes on, with the settings named in `keep` as it was begun with."""
    begun = (directory / CONFIG_FILE).exists()
    if begun and not resume:
        raise UserError(f"{directory}: already holds an attack; give --resume to go on with it, or another --output")
    if begun:
        found = load_yaml(directory / CONFIG_FILE, SuiteConfig, "the settings of a suite of attacks")
        for key in ("victim_sha256", "threat", "tracker", "robots", "seed"):
            ours, theirs = getattr(config.attack, key), getattr(found.attack, key)
            if ours != theirs:
                raise UserError(
                    f"{directory}: {key} is {ours!r} but this attack has {theirs!r}; resume it with the same options, "
                    "or start another --output"
                )
        kept = {key: getattr(found, key) for key in ("attack", *keep)}
        config = config.model_copy(update=kept)
    return Suite(config, victim, directory)


def _read(path: Path) -> Finding:
    try:
        return Finding.model_validate_json(read_text(path, "what a family of attacks found"))
    except ValidationError:
        raise UserError(f"{path}: not what a family of attacks found; remove it to attack again") from None
