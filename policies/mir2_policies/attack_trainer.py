"""The attack's training loop: collect against the frozen team, update, evaluate, save."""

import math
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.config import parse
from mir2_core.errors import UserError
from mir2_core.tasks import RendezvousParams
from mir2_sim.batched import BatchedWorld, Step, torch_task
from torch import Tensor

from mir2_policies.attack import Attacker, deed
from mir2_policies.attack_config import AttackConfig
from mir2_policies.checkpoint import CHECKPOINT_FILE, load_checkpoint, save_checkpoint, save_config
from mir2_policies.episodes import Act, Arena, Episodes, bundle_act, run_episodes
from mir2_policies.progress import Evaluation, Progress
from mir2_policies.replay import Batch, Replay
from mir2_policies.threats import SCRIPTS
from mir2_policies.trainer import EVALUATION_SEED, FINAL_SEED, Budget

COMMAND = "mir2 attack"
LOG_EVERY_UPDATES = 100


class Moment(NamedTuple):
    """One step of all worlds; `over` (B,) marks those whose episode ended with it."""

    poses: Tensor
    outputs: Tensor
    reward: Tensor
    over: Tensor


class AttackTrainer:
    """An attack in a folder; everything it needs to go on after a kill is in the folder's checkpoint."""

    def __init__(self, config: AttackConfig, victim: PolicyBundle, directory: Path) -> None:
        torch.set_num_threads(config.threads)
        self.config = config
        self.victim = victim
        self.victims = tensor_act(victim)
        self._directory = directory
        rng = np.random.default_rng(config.seed)
        params = parse(victim.metadata.task_parameters, RendezvousParams, str(victim.path))
        self.arena = Arena(torch_task(victim.metadata.task, params), config.robots)
        self.attacker = Attacker(config, self.arena, rng)
        self._world = BatchedWorld(self.arena.task, config.worlds, rng)
        self._replay = Replay(
            config.replay_transitions, params.robots, self.attacker.output_size, actors=len(config.robots)
        )
        self._recent: list[Moment] = []
        self.transitions = 0
        self.minutes = 0.0
        self._evaluated_at = -1
        self._best: dict[str, Any] = {
            "return_mean": math.inf,
            "transitions": 0,
            "actor": self.attacker.actor.state_dict(),
        }

    def resume(self) -> None:
        """Go on from the folder's checkpoint, if it was reached."""
        if not (self._directory / CHECKPOINT_FILE).exists():
            return
        state = load_checkpoint(self._directory, COMMAND)
        self.attacker.load_state_dict(state["attacker"])
        self._world.load_state_dict(state["world"])
        self._replay.load_state_dict(state["replay"])
        self._recent = [Moment(*moment) for moment in state["recent"]]
        self.transitions, self.minutes = state["transitions"], state["minutes"]
        self._best, self._evaluated_at = state["best"], state["evaluated_at"]

    def run(self, budget: Budget, quiet: bool = False) -> None:
        """Train until the budget is used; the attacker then acts as in its best evaluation."""
        self._directory.mkdir(parents=True, exist_ok=True)
        save_config(self._directory, self.config)
        used = budget.used(self.minutes, self.transitions)
        progress = Progress(self._directory, self.transitions, used, quiet, best=min)
        try:
            self._loop(budget, progress)
        finally:
            progress.close()
        self.attacker.actor.load_state_dict(self._best["actor"])

    @torch.no_grad()
    def play(self, episodes: int, seed: int, attacked: bool = True) -> Episodes:
        """Episodes with the traitors, or with nobody attacked from the same starts."""
        robots, adversary = (self.config.robots, self.attacker) if attacked else ((), None)
        return run_episodes(self.arena.task, self.victims, episodes, seed, robots=robots, adversary=adversary)

    def measure(self) -> dict[str, Any]:
        """Returns on fresh episodes, and how much the attack costs compared with the same starts unattacked."""
        episodes = self.config.final_evaluation_episodes
        attacked, clean = self.play(episodes, FINAL_SEED), self.play(episodes, FINAL_SEED, attacked=False)
        lost = {"team": clean.team_return - attacked.team_return}
        lost["benign"] = self.arena.benign_return(clean) - attacked.benign_return
        result: dict[str, Any] = {"threat": self.config.threat, "robots": list(self.config.robots)}
        for name, returns in (("team", attacked.team_return), ("benign", attacked.benign_return)):
            result |= _estimate(f"{name}_return", returns) | _estimate(f"{name}_loss", lost[name])
        spent: dict[str, Any] = {"best_transitions": self._best["transitions"], "transitions": self.transitions}
        spent |= {"minutes": round(self.minutes, 2)}  # best_transitions 0: the imitation was not improved on
        return result | {"episodes": episodes, "seed": FINAL_SEED} | spent

    def _loop(self, budget: Budget, progress: Progress) -> None:
        clock = time.monotonic() - 60.0 * self.minutes
        if self.transitions == 0:
            self._begin(progress)
        self._save()
        saved = time.monotonic()
        while (used := budget.used(self.minutes, self.transitions)) < 1.0:
            self._collect()
            if self.transitions >= self.config.warmup_transitions:
                self.attacker.anneal(used)
                metrics = self._checked(self.attacker.update(self._replay))
                if self.attacker.updates % LOG_EVERY_UPDATES == 1:
                    progress.log(self.transitions, metrics)
                    progress.show(used, self.transitions)
            self.minutes = (time.monotonic() - clock) / 60.0
            if self.transitions % self.config.evaluation_interval < self.config.worlds:
                self._evaluate(progress)
            if time.monotonic() - saved >= self.config.checkpoint_interval_s:
                self._save()
                saved = time.monotonic()
        if self._evaluated_at != self.transitions:
            self._evaluate(progress)
        self._save()
        progress.show(1.0, self.transitions)

    def _begin(self, progress: Progress) -> None:
        """Imitate a script in the states that it leads to; what training makes of it has to be better."""
        config, task = self.config, self.arena.task
        with torch.no_grad():
            played = run_episodes(
                task, self.victims, config.worlds, config.seed, robots=config.robots, adversary=SCRIPTS["flee"]
            )
        self.attacker.imitate_fleeing(task.asarray(played.poses).flatten(0, 1))
        self._evaluate(progress)

    @torch.no_grad()
    def _collect(self) -> None:
        arena, poses = self.arena, self._world.poses
        outputs = self.attacker.explore(poses)
        done = deed(arena.task, poses[:, arena.robots], outputs)
        actions = self.victims(arena.task.observe(arena.seen(poses, done.reported)))
        actions = arena.replaced(actions, done.actions)
        step = self._world.step(actions)
        reward = self.attacker.reward(step.poses, actions, step.reward)
        self._recent.append(Moment(poses, outputs, reward, step.gathered | step.truncated))
        if len(self._recent) == self.config.multi_step:
            self._remember(step)
        self.transitions += self.config.worlds

    def _remember(self, last: Step) -> None:
        """Add what the last steps earned together, of worlds whose episode went on until the last of them."""
        first, gamma = self._recent[0], self.config.gamma
        earned = sum((gamma**i * moment.reward for i, moment in enumerate(self._recent)), 0.0 * first.reward)
        restarted = torch.stack([moment.over for moment in self._recent[:-1]] or [first.over & False]).any(dim=0)
        batch = Batch(first.poses, first.outputs, earned, last.poses, (~last.gathered).float())
        self._replay.add(Batch(*(column[~restarted] for column in batch)))
        self._recent = self._recent[1:]

    def _checked(self, metrics: dict[str, float]) -> dict[str, float]:
        for name, value in metrics.items():
            if not math.isfinite(value):
                raise UserError(
                    f"{self._directory}: the attack stopped at transition {self.transitions}: {name} is {value}; "
                    "attack again with another --seed"
                )
        return metrics

    def _evaluate(self, progress: Progress) -> None:
        played = self.play(self.config.evaluation_episodes, EVALUATION_SEED)
        returns = played.benign_return if self.attacker.threat.benign_only else played.team_return
        mean, error = _estimate("return", returns).values()
        progress.evaluated(Evaluation(self.transitions, round(self.minutes, 4), mean, error))
        self._evaluated_at = self.transitions
        if mean < self._best["return_mean"]:
            weights = {name: value.clone() for name, value in self.attacker.actor.state_dict().items()}
            self._best = {"return_mean": mean, "transitions": self.transitions, "actor": weights}

    def _save(self) -> None:
        save_checkpoint(
            self._directory,
            {
                "attacker": self.attacker.state_dict(),
                "world": self._world.state_dict(),
                "replay": self._replay.state_dict(),
                "recent": [tuple(moment) for moment in self._recent],
                "transitions": self.transitions,
                "minutes": self.minutes,
                "best": self._best,
                "evaluated_at": self._evaluated_at,
            },
        )


def tensor_act(victim: PolicyBundle) -> Act:
    """A bundle as a team for tensors; ONNX Runtime computes small batches as fast as PyTorch."""
    act = bundle_act(victim)

    def tensors(observations: Tensor) -> Tensor:
        return torch.from_numpy(act(observations.numpy()))

    return tensors


def _estimate(name: str, values: Any) -> dict[str, float]:
    error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
    return {f"{name}_mean": round(float(np.mean(values)), 4), f"{name}_standard_error": round(error, 4)}
