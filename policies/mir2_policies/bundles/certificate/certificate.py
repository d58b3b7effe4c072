"""The certificate of a policy: bounds of what one lying ally can do to decisions, in states that its teams come into.

Dimensions: B episodes, T steps, N robots.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import onnx
import torch
from mir2_core.bundle import UNSEALED, CertificateInfo, PolicyBundle
from mir2_core.config import StrictModel
from mir2_core.traitors.trained import AdversaryBundle
from mir2_core.traitors.traitor import benign_robots
from mir2_core.types import FloatArray

from mir2_policies.bundles.certificate.decision import Decision, Policy
from mir2_policies.bundles.certificate.search import Effort, certify
from mir2_policies.bundles.export import write_bundle
from mir2_policies.evaluation.measure import Scenario, Settings, play, scripted_scenarios, trained_scenarios

DECIMALS = 6


class Entry(StrictModel):
    """One decision: no report of one ally changes any number of its action, within [−1, 1], by more than `bound`."""

    condition: str
    traitors: list[int]  # in the episode that led there
    episode: int
    step: int
    robot: int  # whose decision it is
    bound: float
    attack: float  # what the worst report that was found does
    liar: int  # whose that is
    report: list[float]  # its pose; none: silence
    boxes: int
    seconds: float  # of one core


class Certificate(StrictModel):
    """All decisions, and how they were chosen."""

    policy: str
    file_sha256: str
    task: str
    task_parameters: dict[str, Any]
    vote: int
    traitors: Literal[1] = 1
    states: int  # of each condition, each from an episode of its own
    seed: int
    gap: float
    boxes: int  # at most, of a decision
    entries: list[Entry]

    @property
    def conditions(self) -> list[str]:
        """In order of appearance."""
        return list(dict.fromkeys(entry.condition for entry in self.entries))

    def summary(self) -> CertificateInfo:
        """What a bundle carries of it."""
        bounds, attacks = (np.array([getattr(entry, name) for entry in self.entries]) for name in ("bound", "attack"))
        return CertificateInfo(
            robots=self.task_parameters["robots"],
            vote=self.vote,
            conditions=self.conditions,
            states=self.states,
            decisions=len(self.entries),
            seed=self.seed,
            bound_mean=round(float(bounds.mean()), DECIMALS),
            bound_largest=round(float(bounds.max()), DECIMALS),
            attack_mean=round(float(attacks.mean()), DECIMALS),
            attack_largest=round(float(attacks.max()), DECIMALS),
        )


class State(NamedTuple):
    """A state that a team came into, and the scenario in which it did."""

    scenario: Scenario
    episode: int
    step: int
    poses: FloatArray  # (N, 3)

    @property
    def robots(self) -> list[int]:
        """Those that follow the policy."""
        return benign_robots(len(self.poses), self.scenario.robots)


def sampled_states(bundle: PolicyBundle, adversaries: Sequence[AdversaryBundle], settings: Settings) -> Iterator[State]:
    """One state, at random, of each of `settings.episodes` episodes in each condition."""
    (seed,) = settings.seeds
    rng = np.random.default_rng(seed)
    for scenario in (*scripted_scenarios(settings), *trained_scenarios(adversaries)):
        played = play(bundle, scenario, settings.episodes, seed)
        for episode, steps in enumerate(played.going.sum(axis=0)):
            step = int(rng.integers(steps))
            yield State(scenario, episode, step, played.poses[step, episode])


def certificate(
    bundle: PolicyBundle,
    adversaries: Sequence[AdversaryBundle],
    settings: Settings,
    effort: Effort,
    done: Callable[[], Any] = lambda: None,
) -> Certificate:
    """Bound every decision of benign robots in the sampled states; `done` is called after each state."""
    torch.set_num_threads(1)
    policy, rng = Policy(bundle), np.random.default_rng(settings.seeds[0])
    entries = []
    for state in sampled_states(bundle, adversaries, settings):
        for robot in state.robots:
            found = certify(Decision(policy, state.poses, robot), effort, rng)
            entries.append(
                Entry(
                    condition=state.scenario.condition,
                    traitors=list(state.scenario.robots),
                    episode=state.episode,
                    step=state.step,
                    robot=robot,
                    bound=round(found.bound + 0.5 * 10.0**-DECIMALS, DECIMALS),
                    attack=round(found.attack, DECIMALS),
                    liar=found.ally,
                    report=list(found.report),
                    boxes=found.boxes,
                    seconds=round(found.seconds, 3),
                )
            )
        done()
    metadata = bundle.metadata
    return Certificate(
        policy=bundle.path.name,
        file_sha256=metadata.file_sha256,
        task=metadata.task,
        task_parameters=metadata.task_parameters,
        vote=metadata.vote,
        states=settings.episodes,
        seed=settings.seeds[0],
        gap=effort.gap,
        boxes=effort.boxes,
        entries=entries,
    )


def write_certified(path: Path, summary: CertificateInfo, output: Path) -> None:
    """Write the policy of a file with the certificate in its metadata, in place of one for the same team and vote."""
    bundle = PolicyBundle.load(path)
    kept = [
        other
        for other in bundle.metadata.certificates
        if (other.robots, other.traitors, other.vote) != (summary.robots, summary.traitors, summary.vote)
    ]
    changes = {"certificates": [*kept, summary], "file_sha256": UNSEALED}
    write_bundle(onnx.load(path), bundle.metadata.model_copy(update=changes), output)
    PolicyBundle.load(output)
