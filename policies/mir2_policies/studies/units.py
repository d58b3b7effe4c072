"""What the units of a study do, each in a folder of its own that is complete once it holds `done.json`."""

import json
import time
from pathlib import Path

import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.config import parse, read_text
from mir2_core.errors import UserError
from mir2_core.files import locked, write_text
from pydantic import TypeAdapter, ValidationError

from mir2_policies.attacks.suite import SUITE_FILE, SuiteConfig, open_suite
from mir2_policies.attacks.trainer import AttackTrainer
from mir2_policies.bundles.adversary import export_adversary
from mir2_policies.bundles.export import export_run
from mir2_policies.bundles.rules import RuleConfig
from mir2_policies.bundles.rules_export import export_rule
from mir2_policies.evaluation.measure import load_adversaries, policy_names
from mir2_policies.evaluation.table import Measurement
from mir2_policies.studies.compare import measure_policy, policy_scenarios, report
from mir2_policies.studies.plan import ADVERSARY_FILE, POLICY_FILE, Plan, Unit, Variant, units
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


def policy_file(study: Path, variant: str, policy: str) -> Path:
    """Where a unit of training leaves its policy."""
    return study / variant / "train" / policy / POLICY_FILE


def _train(study: Path, plan: Plan, unit: Unit) -> None:
    folder, variant = study / unit.path, plan.variant(unit.variant)
    output = policy_file(study, unit.variant, unit.name)
    if unit.name in plan.references_of(variant):
        name, *f = unit.name.split("_") if unit.name.startswith("wmsr") else [unit.name]
        settings = {"algorithm": name} | ({"f": int(f[0])} if f else {})
        rule = parse(settings, RuleConfig, "references of the plan")
        export_rule(rule, variant.task_parameters.robots, output)
        return
    learner, seed = next((learner, seed) for name, learner, seed in plan.policies() if name == unit.name)
    trainer = Trainer(plan.training_config(variant, learner, seed), folder / RUN_FOLDER)
    trainer.resume()
    trainer.run(plan.training.budget, quiet=True)
    export_run(folder / RUN_FOLDER, output)


def _attack(study: Path, plan: Plan, unit: Unit) -> None:
    folder = study / unit.path
    policy, threat, robots = unit.name.split(".")
    victim = PolicyBundle.load(policy_file(study, unit.variant, policy))
    digest, seed = victim.metadata.file_sha256, victim.metadata.seed
    indices = [int(robot) for robot in robots.split("-")]
    config = plan.attack_config(victim.path, digest, threat, indices, seed)
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
    victim = PolicyBundle.load(policy_file(study, unit.variant, unit.name))
    adversaries = load_adversaries(_adversary_files(study, plan, unit.variant, unit.name), [victim])
    scenarios = policy_scenarios(victim, adversaries, plan.evaluation)
    measurements = measure_policy(victim, unit.name, scenarios, plan.evaluation)
    path = study / unit.path / MEASUREMENTS_FILE
    write_text(path, MEASUREMENTS.dump_json(measurements, indent=1).decode() + "\n")


def _report(study: Path, plan: Plan, unit: Unit) -> None:
    """Put the measurements together; policies get the names that tell their settings apart."""
    variant = plan.variant(unit.variant)
    policies = [*(name for name, _, _ in plan.policies()), *plan.references_of(variant)]
    bundles = [PolicyBundle.load(policy_file(study, unit.variant, policy)) for policy in policies]
    names = policy_names([bundle.metadata for bundle in bundles])
    measurements = []
    for policy, name, bundle in zip(policies, names, bundles, strict=True):
        rows = _read_measurements(study / unit.variant / "measure" / policy / MEASUREMENTS_FILE)
        measurements += [row.model_copy(update={"policy": name, "file": str(bundle.path)}) for row in rows]
    files = [path for policy in policies for path in _adversary_files(study, plan, unit.variant, policy)]
    folder = study / unit.path
    report(bundles, load_adversaries(files, bundles), measurements, plan.evaluation, folder)
    if plan.attack.families is not None:
        found = [
            each
            for unit, name in zip(policies, names, strict=True)
            for each in _found(study, plan, variant, (unit, name))
        ]
        write_worst(found, folder)


def _found(study: Path, plan: Plan, variant: Variant, policy: tuple[str, str]) -> list[Found]:
    """What the suites found against a policy, given as its unit and as its name in tables."""
    unit, name = policy
    found = []
    for attack in _attacks_on(plan, variant.name, unit):
        path = study / attack.path / RUN_FOLDER / SUITE_FILE
        suite = json.loads(read_text(path, "the report of a suite of attacks"))
        found.append(
            Found(
                policy=name,
                seed=PolicyBundle.load(policy_file(study, variant.name, unit)).metadata.seed,
                team=variant.task_parameters.robots,
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
        )
    return found


def _attacks_on(plan: Plan, variant: str, policy: str) -> list[Unit]:
    return [unit for unit in units(plan) if unit.path.startswith(f"{variant}/attack/{policy}.")]


def _adversary_files(study: Path, plan: Plan, variant: str, policy: str) -> list[Path]:
    files = [study / unit.path / ADVERSARY_FILE for unit in _attacks_on(plan, variant, policy)]
    return files if plan.attack.families is None else [file for file in files if file.exists()]


def _read_measurements(path: Path) -> list[Measurement]:
    try:
        return MEASUREMENTS.validate_json(read_text(path, "measurements of a study"))
    except ValidationError:
        raise UserError(f"{path}: damaged; delete the folder {path.parent} and resume the study") from None
