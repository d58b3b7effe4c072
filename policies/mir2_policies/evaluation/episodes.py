"""Whole episodes of a team of which some robots may be traitors: what everything else measures.

A victim sees the poses that traitors report, to everybody or to it alone, and the true poses of everybody else; a
traitor sees the truth; the world moves by the truth. K is the number of traitors, T the number of steps.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.recorder import RENDEZVOUS_M
from mir2_core.rollout import play
from mir2_core.tasks import FloorTask, task_type
from mir2_core.tasks.geometry import Array, pair_distances
from mir2_core.traitors.traitor import Deed, Memory, Moment, Situation, Traitor, benign_robots
from numpy.typing import NDArray

from mir2_policies.evaluation.ears import Ears, Hearing

Act = Callable[[Array], Array]  # observations (..., O) -> actions (..., A)
FloatArray = NDArray[np.float64]


class Episodes(NamedTuple):
    """A record of B episodes; once the whole team has gathered nothing more is earned."""

    robots: tuple[int, ...]  # the traitors' indices
    poses: FloatArray  # (T + 1, B, N, 3) the truth
    reported: FloatArray  # (T, B, K, 3) by the traitors before each step; (T, B, K, N, 3) where to each robot another
    actions: FloatArray  # (T, B, N, A)
    going: NDArray[np.bool_]  # (T, B) whether the episode had not ended before the step
    team_reward: FloatArray  # (T, B) as published; 0 where the episode has ended
    benign_reward: FloatArray  # (T, B) the published formula over benign robots, their pairs and their actions alone
    benign_widest_m: FloatArray  # (T + 1, B) largest distance of two benign robots
    together_m: float = RENDEZVOUS_M  # which of these counts as met

    @property
    def team_return(self) -> FloatArray:
        """Sum of the team's rewards (B,)."""
        return _wide(self.team_reward.sum(axis=0))

    @property
    def benign_return(self) -> FloatArray:
        """Sum of the benign robots' rewards (B,)."""
        return _wide(self.benign_reward.sum(axis=0))


class Arena:
    """One task with its traitors: who sees what, and what a step earns."""

    def __init__(self, task: FloorTask, robots: Sequence[int] = ()) -> None:
        check_robots(robots, task.params.robots)
        self.task = task
        self.robots = list(robots)
        self.benign = benign_robots(task.params.robots, self.robots)
        self._benign_task = task.of_size(len(self.benign))

    def seen(self, poses: Array, reported: Array | None) -> Array:
        """The poses (B, N, 3) that victims believe in; (B, N, N, 3), of each listener, where lies differ."""
        if reported is None:
            return poses
        if reported.ndim == 3:
            return self.replaced(poses, reported)
        team = poses.shape[1]
        believed = self.task.xp.broadcast_to(poses[:, None], (len(poses), team, team, 3)) + 0.0
        believed[:, :, self.robots] = self.task.xp.swapaxes(reported, 1, 2)
        return believed

    def observe(self, seen: Array, present: Array | None = None) -> Array:
        """The observations (B, N, O) of robots that believe what `seen` gives, and hear those `present` (B, N, N)."""
        observe = self.task.observe if seen.ndim == 3 else self.task.observe.of_listeners
        return observe(seen, present)

    def replaced(self, values: Array, rows: Array) -> Array:
        """A copy of `values` (B, N, ...) with the traitors' rows (B, K, ...) in place."""
        if not self.robots:
            return values
        result = values + 0.0
        result[:, self.robots] = rows
        return result

    def benign_reward(self, poses: Array, actions: Array) -> Array:
        """The task's reward (B,) for the benign robots of poses and actions (B, N, ...) alone."""
        return self._benign_task.reward(poses[:, self.benign], actions[:, self.benign])

    def benign_return(self, played: "Episodes") -> FloatArray:
        """Returns (B,) of this arena's benign robots in episodes that may have had other traitors, or none."""
        task = task_type(self.task.name).task(self._benign_task.params)  # on NumPy arrays
        places, moves = played.poses[1:, :, self.benign], played.actions[:, :, self.benign]
        rewards = np.stack([task.reward(*step) for step in zip(places, moves, strict=True)])
        return _wide((rewards * played.going).sum(axis=0))

    def benign_widest_m(self, poses: Array) -> Array:
        """The largest distance (B,) of two benign robots."""
        xp = self.task.xp
        return xp.max(xp.max(pair_distances(xp, poses[:, self.benign]), axis=-1), axis=-1)


class Listening:
    """What a team believes in one batch of episodes, step after step."""

    def __init__(self, arena: Arena, tracked: bool) -> None:
        self._arena, self._tracked = arena, tracked
        self._ears: Ears | None = None
        self._hearing: Hearing | None = None

    def observed(self, poses: Array, deed: Deed) -> Array:
        """The observations (B, N, O) of victims that have heard what a deed says."""
        if not self._tracked and not deed.plausible:
            return self._arena.observe(self._arena.seen(poses, deed.reported))
        if self._ears is None or self._hearing is None:
            two_faced = deed.reported is not None and deed.reported.ndim > poses.ndim
            self._ears = Ears(self._arena, two_faced=two_faced, tracked=self._tracked)
            self._hearing = self._ears.begin(poses)
        self._hearing = self._ears.hear(self._hearing, poses, deed)
        return self._arena.observe(*self._ears.seen(self._hearing, poses))


def check_robots(robots: Sequence[int], team: int) -> None:
    """Refuse indices that are out of range or doubled, and teams with fewer than two benign robots."""
    for robot in robots:
        if not 0 <= robot < team:
            raise UserError(f"robot {robot} cannot be a traitor: the team has robots 0 to {team - 1}")
    if len(set(robots)) != len(robots):
        raise UserError(f"robots {list(robots)}: each traitor may be named once")
    if team - len(robots) < 2:
        raise UserError(f"{len(robots)} traitors of {team} robots leave fewer than two benign ones; name fewer")


def run_episodes(
    task: FloorTask,
    victims: Act,
    episodes: int,
    seed: int,
    *,
    robots: Sequence[int] = (),
    traitor: Traitor | None = None,
    tracker: bool = False,
    starts: FloatArray | None = None,
) -> Episodes:
    """Play episodes from the same starts as `returns.episode_returns` with the same seed, or from `starts` (B, N, 3).

    With `tracker`, victims judge reports as robots do; without, they believe them all.
    """
    if bool(robots) != (traitor is not None):
        raise ValueError("robots that turn traitor need something to do, and nobody else does")
    arena = Arena(task, robots)
    if starts is None:
        starts = task.reset(np.random.default_rng(seed), episodes)
    begun = task.asarray(starts)
    told: list[Array] = []
    memory, listening = Memory(), Listening(arena, tracker)

    def act(step: int, poses: Array) -> Array:
        if traitor is None:
            told.append(poses[:, []])
            return victims(task.observe(poses))
        moment = Moment(poses, lambda: victims(task.observe(poses)[:, arena.robots]))
        memory.note(step, moment)
        deed = traitor(Situation(task, task.robot, arena.robots, seed, step, memory))
        told.append(poses[:, arena.robots] if deed.reported is None else deed.reported)
        actions = victims(listening.observed(poses, deed))
        return arena.replaced(actions, moment.wanted if deed.actions is None else deed.actions)

    places, widest, rows = [_numpy(begun)], [_numpy(arena.benign_widest_m(begun))], []
    for step in play(task, act, begun, task.params.horizon):
        team = step.reward * step.going
        benign = arena.benign_reward(step.after, step.actions) * step.going
        rows.append([_numpy(value) for value in (told[-1], step.actions, step.going, team, benign)])
        places.append(_numpy(step.after))
        widest.append(_numpy(arena.benign_widest_m(step.after)))
    reported, actions, going, team, benign = (np.stack(column) for column in zip(*rows, strict=True))
    return Episodes(
        robots=tuple(robots),
        poses=_wide(np.stack(places)),
        reported=_wide(reported),
        actions=_wide(actions),
        going=going,
        team_reward=_wide(team),
        benign_reward=_wide(benign),
        benign_widest_m=_wide(np.stack(widest)),
    )


def bundle_act(bundle: PolicyBundle) -> Act:
    """A bundle as a team: NumPy observations (..., O) to actions (..., A), computed by ONNX Runtime."""

    def act(observations: Array) -> Array:
        rows = bundle.act(observations.reshape(-1, observations.shape[-1]))
        return rows.reshape(*observations.shape[:-1], rows.shape[-1])

    return act


def _numpy(values: Array) -> Any:
    """A NumPy array of a NumPy array or of a tensor on any device."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def _wide(values: Any) -> FloatArray:
    return np.asarray(values, np.float64)
