"""What a study consists of: a typed plan, tried out before anything of it is done."""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from mir2_core.config import StrictModel, load_yaml, one_of, parse
from mir2_core.errors import UserError, nearest
from mir2_core.files import write_text
from mir2_core.roster import MAX_ROBOTS
from mir2_core.tasks import RendezvousParams, Task, TaskChoice, task_type
from mir2_core.vote import MOST_LIARS
from pydantic import Field, field_validator, model_validator

from mir2_policies.attacks.config import AttackConfig
from mir2_policies.attacks.suite import check_families
from mir2_policies.attacks.threats import THREATS
from mir2_policies.bundles.rules import RuleConfig
from mir2_policies.evaluation.episodes import check_robots
from mir2_policies.evaluation.measure import Settings
from mir2_policies.learners.config import RunConfig
from mir2_policies.learners.registry import ALGORITHMS, algorithm
from mir2_policies.training.run import Budget

SHIPPED_PLANS = Path(__file__).parent / "plans"
PLAN_FILE = "plan.yaml"
POLICY_FILE = "policy.onnx"
ADVERSARY_FILE = "adversary.onnx"
Reference = Literal["centroid", "geometric_median", "wmsr", "wmsr_2", "wmsr_3"]  # the numbers are F, otherwise 1
TRANSITIONS_PER_MINUTE = 60_000.0  # a guess, for the time left before anything was measured
QUICK: dict[str, Any] = {
    "variants": [{"name": "quick", "task_parameters": {"robots": 3}}],
    "algorithms": ["mir2"],
    "references": ["centroid"],
    "seeds": [0, 1],
    "training": {
        "steps": 1600,
        "settings": {"hidden": [32, 32], "batch": 32, "evaluation_episodes": 8, "final_evaluation_episodes": 16},
    },
    "attack": {
        "threats": ["liar"],
        "robots": [[0]],
        "steps": 1600,
        "settings": {
            "hidden": [32, 32],
            "start_episodes": 8,
            "evaluation_episodes": 8,
            "final_evaluation_episodes": 16,
        },
    },
    "evaluation": {"conditions": ["clean", "flee"], "robots": [0], "traitors": [1], "episodes": 16, "seeds": [0]},
}


def rule_config(reference: str) -> RuleConfig:
    """The settings of a reference."""
    name, *f = reference.split("_") if reference.startswith("wmsr") else [reference]
    return parse({"algorithm": name} | ({"f": int(f[0])} if f else {}), RuleConfig, "references of the plan")


class Limits(StrictModel):
    """When training stops, and what is set otherwise than by default."""

    steps: int | None = Field(default=None, gt=0)
    minutes: float | None = Field(default=None, gt=0.0)
    settings: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _limited(self) -> "Limits":
        if self.steps is None and self.minutes is None:
            raise ValueError("give steps, minutes or both, or it would never end")
        return self

    @property
    def budget(self) -> Budget:
        """For a trainer."""
        return Budget(self.minutes or math.inf, self.steps or math.inf)

    @property
    def expected_minutes(self) -> float:
        """A guess, for the progress bar."""
        return min(self.budget.minutes, self.budget.transitions / TRANSITIONS_PER_MINUTE)


class Attacks(Limits):
    """What attacks every policy, once for each threat and set of robots: a network, or the suite of attacks."""

    threats: list[Literal["published", "saboteur", "liar", "two_faced", "plausible_liar", "mute"]]
    robots: list[list[int]]
    families: list[str] | None = Field(default=None, description="of the suite; a network alone if there are none")

    @field_validator("families")
    @classmethod
    def _in_order(cls, names: list[str] | None) -> list[str] | None:
        return None if names is None else list(check_families(names))

    @model_validator(mode="after")
    def _timed(self) -> "Attacks":
        if self.families is not None and (self.minutes is None or self.steps is not None):
            raise ValueError("a suite is given its budget in minutes, and no steps")
        if self.families is None and "mute" in self.threats:
            raise ValueError("silence has no gradient: give families of the suite")
        return self


class Again(StrictModel):
    """More attacks on the same policies and references at some sizes: on a vote, heard otherwise, or by others."""

    teams: list[int] = Field(min_length=1)
    vote: int = Field(default=0, ge=0, le=MOST_LIARS, description="liars that policies withstand by it; not references")
    tracker: bool | None = Field(default=None, description="whether victims judge reports; none: as the threat has it")
    traitors: list[list[int]] | None = Field(default=None, description="none: those of the variant")


class Variant(TaskChoice):
    """One setting of the task; `references` and `traitors` replace the plan's references and sets of traitors.

    Policies are trained once, and attacked and measured as teams of each size of `teams`.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    teams: list[int] = Field(default_factory=list, description="none: the size that the task has in training")
    traitors: list[list[int]] | None = None
    references: list[Reference] | None = None
    again: list[Again] = Field(default_factory=list)

    @property
    def rounds(self) -> list[Again]:
        """What is attacked and measured: every size of the variant, and what comes again."""
        return [Again(teams=self.teams or [self.task_parameters.robots]), *self.again]


class Learner(StrictModel):
    """An algorithm, with settings of its own if it has any; a bare name in a plan is the algorithm as it is shipped."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    algorithm: Annotated[str, one_of("algorithm", ALGORITHMS)]
    settings: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value, "algorithm": value} if isinstance(value, str) else value


class Plan(StrictModel):
    """A study: algorithms × seeds, attacks on each, and one way to measure them all."""

    name: str
    variants: list[Variant] = Field(min_length=1)
    algorithms: list[Learner] = Field(min_length=1)
    references: list[Reference] = Field(default_factory=list)
    seeds: list[int] = Field(min_length=1)
    training: Limits
    attack: Attacks
    evaluation: Settings

    def policies(self) -> Iterator[tuple[str, Learner, int]]:
        """Name, algorithm and seed of every training run, all runs of one seed before those of the next."""
        for seed, learner in itertools.product(self.seeds, self.algorithms):
            yield f"{learner.name}-{seed}", learner, seed

    def variant(self, name: str) -> Variant:
        """The variant of that name."""
        return next(variant for variant in self.variants if variant.name == name)

    def references_of(self, variant: Variant) -> list[Reference]:
        """The references that a variant is compared with."""
        return self.references if variant.references is None else variant.references

    def traitors_of(self, variant: Variant, again: Again) -> list[list[int]]:
        """The sets of traitors that attack in a round of a variant."""
        sets = (again.traitors, variant.traitors, self.attack.robots)
        return next(robots for robots in sets if robots is not None)

    def training_config(self, variant: Variant, learner: Learner, seed: int) -> RunConfig:
        """The settings of one training run."""
        settings = self.training.settings | learner.settings
        chosen = variant.model_dump(include={"task", "task_parameters"})
        changes = {**settings, **chosen, "seed": seed}
        return parse(changes, algorithm(learner.algorithm).config, f"settings of '{learner.name}' in the plan")

    def attack_config(self, **own: Any) -> AttackConfig:
        """The settings of one attack, of which some are its `own`."""
        return parse({**self.attack.settings, **own}, AttackConfig, "attack.settings of the plan")

    def write(self, path: Path) -> None:
        """As YAML, all in one go."""
        document = self.model_dump(mode="json") | {"evaluation": parse_settings(self.evaluation)}
        write_text(path, yaml.safe_dump(document, sort_keys=False))


def parse_settings(settings: Settings) -> dict[str, Any]:
    """Evaluation settings as plain data."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in settings._asdict().items()}


def load_plan(path: Path) -> Plan:
    """Read a plan and refuse one that could not be carried out to its end."""
    return checked(load_yaml(path, Plan, "the plan of a study"), str(path))


def shipped_plan_file(name: str) -> Path:
    """The file of a study's plan; a `UserError` lists those that are shipped."""
    known = {path.stem: path for path in SHIPPED_PLANS.glob("*.yaml")}
    if name not in known:
        raise UserError(f"unknown study '{name}'; {nearest(name, known)}")
    return known[name]


def quick(plan: Plan) -> Plan:
    """The same kind of study in less than a minute; its figures mean nothing."""
    return checked(parse({"name": plan.name, **QUICK}, Plan, "--quick"), "--quick")


def checked(plan: Plan, source: str) -> Plan:
    """The plan, after every setting in it has been tried out."""
    if len({variant.name for variant in plan.variants}) < len(plan.variants):
        raise UserError(f"{source}: key 'variants': two have the same name; give each its own")
    learners = [learner.name for learner in plan.algorithms]
    for key, names in (("algorithms", learners), ("references", plan.references), ("seeds", plan.seeds)):
        if len(set(names)) < len(names):
            raise UserError(f"{source}: key '{key}' names something twice")
    for first, second in itertools.combinations(plan.algorithms, 2):
        if (first.algorithm, first.settings) == (second.algorithm, second.settings):
            both = f"'{first.name}' and '{second.name}'"
            raise UserError(f"{source}: key 'algorithms': {both} are the same; leave one out")
    for variant in plan.variants:
        _check_variant(plan, variant, source)
    return plan


def _check_variant(plan: Plan, variant: Variant, source: str) -> None:
    where = f"{source}: variant '{variant.name}'"
    task = task_type(variant.task).task(variant.task_parameters)
    for again in variant.rounds:
        for size in again.teams:
            _check_size(task, again, size, where)
            plan.evaluation.check(size)
            for robots in plan.traitors_of(variant, again):
                check_robots(robots, size)
        if again.tracker is not None and not any(THREATS[name].takes(again.tracker) for name in plan.attack.threats):
            threats = ", ".join(plan.attack.threats)
            raise UserError(f"{where}: key 'again': tracker is {again.tracker}, which changes nothing for {threats}")
    if plan.references_of(variant):
        _check_references(plan, variant, where)
    for learner in plan.algorithms:
        plan.training_config(variant, learner, plan.seeds[0])
    own: dict[str, Any] = {"policy": POLICY_FILE, "victim_sha256": "", "robots": (0,), "seed": plan.seeds[0]}
    for threat in plan.attack.threats:
        plan.attack_config(**own, threat=threat, tracker=THREATS[threat].tracker)


def _check_size(task: Task, again: Again, size: int, where: str) -> None:
    """Refuse sizes that policies cannot have, and votes that they cannot take."""
    if not 2 <= size <= MAX_ROBOTS:
        raise UserError(f"{where}: a team of {size}; allowed: 2 to {MAX_ROBOTS}")
    if size != task.params.robots and task.of_size(size).observe.own_terms != task.observe.own_terms:
        raise UserError(
            f"{where}: its policies are for teams of {task.params.robots} only, not {size}; give it "
            "'task_parameters: {observation: allies}', which is for any team"
        )
    if again.vote and not task.observe.ally_terms:
        raise UserError(
            f"{where}: vote is {again.vote}, but its policies need every ally; give it "
            "'task_parameters: {observation: allies}', or leave the vote out"
        )


def _check_references(plan: Plan, variant: Variant, where: str) -> None:
    """Refuse references that do not know the task, and those that no team of the variant is large enough for."""
    size, given = variant.task_parameters.robots, variant.task_parameters.model_dump()
    alike = {"observation": "pairwise"} if given.get("observation") == "allies" else {}
    if variant.task != "rendezvous" or given | alike != RendezvousParams(robots=size).model_dump():
        raise UserError(
            f"{where}: references know the published task with any number of robots only; give this variant "
            "'references: []'"
        )
    largest = max(size for again in variant.rounds for size in again.teams)
    for name in plan.references_of(variant):
        if largest < (needed := rule_config(name).fewest_robots):
            raise UserError(f"{where}: '{name}' needs a team of {needed}; leave it out of 'references'")
