"""A frozen team against traitors in many worlds at once: what every family of attacks tries its ideas in.

Dimensions: B worlds, N robots, K traitors, T steps.
"""

import numpy as np
import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.tasks import on_floor
from mir2_core.traitors.traitor import Deed, Memory, Moment, Situation, Traitor
from mir2_sim.batched import float_tensors
from torch import Tensor

from mir2_policies.attacks.config import AttackConfig
from mir2_policies.attacks.threats import THREATS
from mir2_policies.attacks.victim import TorchVictim
from mir2_policies.evaluation.episodes import Act, Arena, bundle_act, run_episodes


class Duel:
    """The victims, their world, who has turned traitor and what for."""

    def __init__(self, victim: PolicyBundle, config: AttackConfig) -> None:
        self.victim, self.config = victim, config
        self.threat = THREATS[config.threat]
        self.arena = Arena(on_floor(victim.task(*float_tensors()), str(victim.path)), config.robots)
        self.task = self.arena.task
        self.seed = config.seed
        self.no_gradients = ""  # why there are none, if there are none
        self.victims: Act
        try:
            self.victims = TorchVictim(victim)
        except UserError as reason:
            self.no_gradients = str(reason)
            self.victims = _black_box(victim)

    @property
    def aim(self) -> str:
        """Whose return the traitors work against: `benign` or `team`."""
        return "benign" if self.threat.benign_only else "team"

    def starts(self, episodes: int, seed: int) -> Tensor:
        """The poses (B, N, 3) from which `run_episodes` starts with this seed."""
        starts: Tensor = self.task.asarray(self.task.reset(np.random.default_rng(seed), episodes))
        return starts

    def made_up(self, deed: Deed) -> Tensor:
        """What the threat is about: reports (B, K, 3) or (B, K, N, 3); where these are true, actions (B, K, A)."""
        made_up: Tensor | None = deed.reported if self.threat.lies else deed.actions
        assert made_up is not None
        return made_up

    def situation(self, poses: Tensor, step: int) -> Situation:
        """What traitors see in `poses` (B, N, 3) if nothing came before."""
        memory = Memory()
        memory.note(step, Moment(poses, lambda: self.victims(self.task.observe(poses)[:, self.arena.robots])))
        return Situation(self.task, self.task.robot, self.arena.robots, self.seed, step, memory)

    def step(self, poses: Tensor, deed: Deed, wanted: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Poses (B, N, 3) after a step, the reward (B,) that is aimed at, and whether (B,) the episode has ended.

        `wanted` are the traitors' actions where the deed has none.
        """
        arena, own = self.arena, wanted if deed.actions is None else deed.actions
        assert own is not None
        believed = tamed(arena.seen(poses, deed.reported), self.config.sight_gradient_clip)
        theirs = self.victims(arena.observe(believed)[:, arena.benign])
        actions = torch.empty(*poses.shape[:2], self.task.action_size)
        actions[:, arena.benign], actions[:, arena.robots] = theirs, own
        after = self.task.step(poses, actions)
        reward, ended = self.task.outcome(after, actions)
        return after, arena.benign_reward(after, actions) if self.threat.benign_only else reward, ended

    @torch.no_grad()
    def returns(self, traitor: Traitor, starts: Tensor) -> Tensor:
        """The returns (B,) that are aimed at, of whole episodes from `starts` (B, N, 3)."""
        poses, memory = starts, Memory()
        total, going = torch.zeros(len(starts)), torch.ones(len(starts), dtype=torch.bool)
        for step in range(self.task.params.horizon):
            moment = self.situation(poses, step).memory.ago(0)
            memory.note(step, moment)
            deed = traitor(Situation(self.task, self.task.robot, self.arena.robots, self.seed, step, memory))
            poses, reward, ended = self.step(poses, deed, moment.wanted if deed.actions is None else None)
            total = total + reward * going
            going = going & ~ended
        return total

    @torch.no_grad()
    def loyal(self, episodes: int, seed: int) -> Tensor:
        """The returns (B,) that are aimed at where nobody is a traitor."""
        played = run_episodes(self.task, self.victims, episodes, seed)
        aimed = self.arena.benign_return(played) if self.threat.benign_only else played.team_return
        return torch.as_tensor(aimed, dtype=torch.float32)


def tamed(seen: Tensor, limit: float) -> Tensor:
    """What victims see (..., 3), its gradient shortened for each robot: near others it would explode."""
    if not seen.requires_grad:
        return seen

    def shortened(gradient: Tensor) -> Tensor:
        gradient = gradient.nan_to_num(0.0, 0.0, 0.0)
        norm: Tensor = gradient.norm(dim=-1, keepdim=True)
        return gradient * (limit / norm.clamp(min=limit))

    own = seen + 0.0  # a tensor of its own, for the hook
    own.register_hook(shortened)  # type: ignore[no-untyped-call]
    return own


def _black_box(victim: PolicyBundle) -> Act:
    """A team computed by ONNX Runtime, for tensors without gradients."""
    act = bundle_act(victim)
    return lambda observations: torch.from_numpy(act(observations.detach().numpy()))
