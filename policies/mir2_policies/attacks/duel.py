"""A frozen team against traitors in many worlds at once: what every family of attacks tries its ideas in.

Dimensions: B worlds, N robots, K traitors, T steps.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

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
from mir2_policies.evaluation.ears import Ears, Hearing
from mir2_policies.evaluation.episodes import Act, Arena, Episodes, bundle_act, run_episodes


class State(NamedTuple):
    """Where everybody is, and what was said so far where that matters."""

    poses: Tensor  # (B, N, 3)
    hearing: Hearing | None


class Duel:
    """The victims, their world, who has turned traitor and what for."""

    def __init__(self, victim: PolicyBundle, config: AttackConfig) -> None:
        self.victim, self.config = victim, config
        self.threat = THREATS[config.threat]
        self.arena = Arena(on_floor(victim.task(*float_tensors()), str(victim.path)), config.robots)
        self.task = self.arena.task
        self.seed = config.seed
        self._ears: Ears | None = None
        if config.tracker or self.threat.plausible:
            self._ears = Ears(self.arena, two_faced=self.threat.two_faced, tracked=config.tracker)
        self.no_gradients = ""  # why there are none, if there are none
        self.victims: Act
        try:
            self.victims = TorchVictim(victim)
        except UserError as reason:
            self.no_gradients = str(reason)
            self.victims = _black_box(victim)
        if self.threat.mute:
            self.no_gradients = "silence has no gradient: attack with --suite, whose other families need none"

    @property
    def aim(self) -> str:
        """Whose return the traitors work against: `benign` or `team`."""
        return "benign" if self.threat.benign_only else "team"

    def starts(self, episodes: int, seed: int) -> Tensor:
        """The poses (B, N, 3) from which `run_episodes` starts with this seed."""
        starts: Tensor = self.task.asarray(self.task.reset(np.random.default_rng(seed), episodes))
        return starts

    def begin(self, poses: Tensor) -> State:
        """Nothing was said yet, in `poses` (B, N, 3)."""
        return State(poses, self._ears.begin(poses) if self._ears else None)

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

    def act(self, state: State, deed: Deed, wanted: Tensor | None = None) -> tuple[Tensor, Hearing | None]:
        """What all do (B, N, A), and what was heard by then; `wanted` is done by traitors whose deed has no actions."""
        arena, own = self.arena, wanted if deed.actions is None else deed.actions
        assert own is not None
        hearing, seen, known = self._heard(state, deed)
        believed = tamed(seen, self.config.sight_gradient_clip)
        theirs = self.victims(arena.observe(believed, known)[:, arena.benign])
        actions = torch.empty(*state.poses.shape[:2], self.task.action_size)
        actions[:, arena.benign], actions[:, arena.robots] = theirs, own
        return actions, hearing

    def _heard(self, state: State, deed: Deed) -> tuple[Hearing | None, Tensor, Tensor | None]:
        """What was heard by then, the poses that victims therefore believe in, and whom they know."""
        if self._ears is None or state.hearing is None:
            return None, self.arena.seen(state.poses, deed.reported), None
        hearing = self._ears.hear(state.hearing, state.poses, deed._replace(plausible=self.threat.plausible))
        return hearing, *self._ears.seen(hearing, state.poses)

    def step(self, state: State, deed: Deed, wanted: Tensor | None = None) -> tuple[State, Tensor, Tensor]:
        """The state after a step, the reward (B,) that is aimed at, and whether (B,) the episode has ended."""
        actions, hearing = self.act(state, deed, wanted)
        after = self.task.step(state.poses, actions)
        reward, ended = self.task.outcome(after, actions)
        return State(after, hearing), self.aimed_reward(after, actions, reward), ended

    def aimed_reward(self, after: Tensor, actions: Tensor, team: Tensor) -> Tensor:
        """The reward (B,) that is aimed at, of a step whose `team` reward is known."""
        benign: Tensor = self.arena.benign_reward(after, actions) if self.threat.benign_only else team
        return benign

    @torch.no_grad()
    def returns(self, traitor: Traitor, starts: Tensor) -> Tensor:
        """The returns (B,) that are aimed at, of whole episodes from `starts` (B, N, 3)."""
        state, memory = self.begin(starts), Memory()
        total, going = torch.zeros(len(starts)), torch.ones(len(starts), dtype=torch.bool)
        for step in range(self.task.params.horizon):
            moment = self.situation(state.poses, step).memory.ago(0)
            memory.note(step, moment)
            deed = traitor(Situation(self.task, self.task.robot, self.arena.robots, self.seed, step, memory))
            state, reward, ended = self.step(state, deed, moment.wanted if deed.actions is None else None)
            total = total + reward * going
            going = going & ~ended
        return total

    @torch.no_grad()
    def loyal(self, episodes: int, seed: int) -> Tensor:
        """The returns (B,) that are aimed at where nobody is a traitor."""
        return self.aimed(run_episodes(self.task, self.victims, episodes, seed))

    def aimed(self, played: Episodes) -> Tensor:
        """The returns (B,) that are aimed at, of episodes whose traitors were these or nobody."""
        aimed = self.arena.benign_return(played) if self.threat.benign_only else played.team_return
        return torch.as_tensor(aimed, dtype=torch.float32)


def mapped(tree: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same tuples of tuples of tensors with every tensor changed."""
    if tree is None or isinstance(tree, Tensor):
        return None if tree is None else change(tree)
    return type(tree)(*(mapped(part, change) for part in tree))


def tensors(tree: Any) -> list[Tensor]:
    """All tensors of tuples of tuples, in order."""
    found: list[Tensor] = []
    mapped(tree, lambda tensor: found.append(tensor) or tensor)  # type: ignore[func-returns-value]
    return found


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
