"""What the units of a study do, each in a folder of its own that is complete once it holds `done.json`."""

import json
import time
import traceback
from pathlib import Path
from typing import get_args

import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.config import parse, read_text
from mir2_core.errors import UserError
from mir2_core.files import locked, write_text
from pydantic import TypeAdapter, ValidationError

from mir2_policies.attacks.config import width
from mir2_policies.attacks.suite import SUITE_FILE, SuiteConfig, open_suite
from mir2_policies.attacks.trainer import AttackTrainer
from mir2_policies.bundles.adversary import export_adversary
from mir2_policies.bundles.export import export_run
from mir2_policies.bundles.rules import RuleName
from mir2_policies.bundles.rules_export import export_rule
from mir2_policies.evaluation.measure import Scenario, load_adversaries
from mir2_policies.evaluation.table import Measurement
from mir2_policies.studies.compare import Measured, measure_policy, policy_scenarios, report
from mir2_policies.studies.plan import ADVERSARY_FILE, Plan, rule_config
from mir2_policies.studies.schedule import Unit, Victim, attack_unit, bundle_file, load_victim, victims
from mir2_policies.studies.worst import Found, write_worst
from mir2_policies.training.trainer import Trainer

DONE_FILE = "done.json"
MEASUREMENTS_FILE = "measurements.json"
RUN_FOLDER = "run"
MEASUREMENTS = TypeAdapter(list[Measurement])


def is_done(study: Path, unit: Unit) -> bool:
    """Whether a unit needs no more work."""
    return (study / unit.path / DONE_FILE).exists()


def carry_out(study: Path, plan: Plan, unit: Unit) -> None:
    """Do a unit's work, or what is left of it, and mark it as done."""
    folder = study / unit.path
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    torch.set_num_threads(1)
    # A worker whose study was killed may still be ending.
    with locked(folder / ".lock", wait=True):
        {"train": _train, "attack": _attack, "measure": _measure, "report": _report}[unit.kind](study, plan, unit)
        done = {"unit": unit.path, "minutes": round((time.monotonic() - begun) / 60.0, 3)}
        write_text(folder / DONE_FILE, json.dumps(done) + "\n")


def attempt(study: Path, plan: Plan, unit: Unit) -> str:
    """`carry_out`, but what went wrong is returned, in words."""
    try:
        carry_out(study, plan, unit)
    except UserError as error:
        return str(error)
    except OSError as error:
        return f"{error.filename or study}: {error.strerror or error}"
    except Exception:
        return f"unforeseen\n{traceback.format_exc()}"
    return ""


def _train(study: Path, plan: Plan, unit: Unit) -> None:
    folder, variant = study / unit.path, plan.variant(unit.variant)
    made = {victim for victim in victims(plan, variant) if victim.policy == unit.name}
    if unit.name in plan.references_of(variant):
        for victim in made:
            export_rule(rule_config(unit.name), victim.team, bundle_file(study, victim, reference=True))
        return
    learner, seed = next((learner, seed) for name, learner, seed in plan.policies() if name == unit.name)
    trainer = Trainer(plan.training_config(variant, learner, seed), folder / RUN_FOLDER)
    trainer.resume()
    trainer.run(plan.training.budget, quiet=True)
    for output, vote in {(bundle_file(study, victim, reference=False), victim.vote) for victim in made}:
        export_run(folder / RUN_FOLDER, output, vote)


def _attack(study: Path, plan: Plan, unit: Unit) -> None:
    assert unit.victim is not None
    assert unit.attack is not None
    folder, victim = study / unit.path, load_victim(study, plan, unit.victim)
    usual = {"hidden": (width(victim, unit.attack.threat),) * 2}
    own = {"policy": victim.path.name, "victim_sha256": victim.metadata.file_sha256, "seed": victim.metadata.seed}
    config = plan.attack_config(**usual, **own, **unit.attack._asdict())
    if plan.attack.families is not None:
        suite = {"attack": config, "families": tuple(plan.attack.families), "minutes": plan.attack.minutes}
        _suite(parse(suite, SuiteConfig, "attack of the plan"), victim, folder)
        return
    trainer = AttackTrainer(config, victim, folder / RUN_FOLDER)
    trainer.resume()
    trainer.run(plan.attack.budget, quiet=True)
    export_adversary(trainer, folder / ADVERSARY_FILE)


def _suite(config: SuiteConfig, victim: PolicyBundle, folder: Path) -> None:
    suite = open_suite(config, victim, folder / RUN_FOLDER, resume=True)
    suite.run()
    if (network := suite.network()) is not None:
        export_adversary(network, folder / ADVERSARY_FILE)


def _measure(study: Path, plan: Plan, unit: Unit) -> None:
    assert unit.victim is not None
    victim = load_victim(study, plan, unit.victim)
    scenarios = _scenarios(study, plan, unit.victim, victim)
    measurements = measure_policy(victim, unit.name, scenarios, plan.evaluation)
    # As the file is called within the study, wherever that lies.
    file = {"file": victim.path.relative_to(study).as_posix()}
    measurements = [row.model_copy(update=file) for row in measurements]
    path = study / unit.path / MEASUREMENTS_FILE
    write_text(path, MEASUREMENTS.dump_json(measurements, indent=1).decode() + "\n")


def _report(study: Path, plan: Plan, unit: Unit) -> None:
    """Put the measurements together; policies are called as the plan does."""
    variant = plan.variant(unit.variant)
    names = {name: learner.name for name, learner, _ in plan.policies()}
    several = len({victim.team for victim in victims(plan, variant)}) > 1
    measured, found = [], []
    for victim, attacks in victims(plan, variant).items():
        bundle = load_victim(study, plan, victim)
        name = names.get(victim.policy, victim.policy) + (f", vote {victim.vote}" if victim.vote else "")
        # What the runs of a policy have in common over all sizes is the first of their files.
        file = bundle_file(study, victim._replace(own=True), reference=victim.policy not in names)
        known = {"policy": name, "file": str(file), "team": victim.team if several else None}
        rows = _read_measurements(study / unit.variant / "measure" / victim.name / MEASUREMENTS_FILE)
        scenarios = _scenarios(study, plan, victim, bundle)
        measured.append(Measured(bundle, scenarios, [row.model_copy(update=known) for row in rows]))
        if plan.attack.families is not None:
            found += [_found(study, attack_unit(plan, victim, attack), name, bundle) for attack in attacks]
    folder = study / unit.path
    # Learned policies first: the table is of their task.
    measured.sort(key=lambda each: each.bundle.metadata.algorithm in get_args(RuleName))
    report(measured, plan.evaluation, folder)
    if found:
        write_worst(found, folder)


def _found(study: Path, unit: Unit, policy: str, bundle: PolicyBundle) -> Found:
    """What a suite found against a policy that tables call so."""
    path = study / unit.path / RUN_FOLDER / SUITE_FILE
    suite = json.loads(read_text(path, "the report of a suite of attacks"))
    return Found(
        policy=policy,
        rule=bundle.metadata.algorithm in get_args(RuleName),
        seed=bundle.metadata.seed,
        team=bundle.metadata.task_parameters["robots"],
        threat=suite["threat"],
        tracker=suite["tracker"],
        robots=suite["robots"],
        worst=suite["worst"],
        loss=suite["loss_mean"],
        standard_error=suite["loss_standard_error"],
        settled=suite["settled"],
        minutes=suite["minutes"],
        families={each["family"]: each["loss_mean"] for each in suite["families"]},
    )


def _scenarios(study: Path, plan: Plan, victim: Victim, bundle: PolicyBundle) -> list[Scenario]:
    """Everything in which a victim is measured: scripts, and the networks that were trained against it."""
    attacks = victims(plan, plan.variant(victim.variant))[victim]
    files = [study / attack_unit(plan, victim, attack).path / ADVERSARY_FILE for attack in attacks]
    if plan.attack.families is not None:
        files = [file for file in files if file.exists()]
    return policy_scenarios(bundle, load_adversaries(files, [bundle]), plan.evaluation)


def _read_measurements(path: Path) -> list[Measurement]:
    try:
        return MEASUREMENTS.validate_json(read_text(path, "measurements of a study"))
    except ValidationError:
        raise UserError(f"{path}: damaged; delete the folder {path.parent} and resume the study") from None
