"""MADDPG as published for rendezvous: one world, a critic for each robot, one update for each collected episode.

Usage: python -m per_agent.training DIRECTORY  (trains until it is ended; writes progress.csv there)
"""

import copy
import csv
import sys
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from mir2_core.tasks import RendezvousParams
from mir2_policies.evaluation.returns import SELECTION_SEED, episode_returns, summary
from mir2_policies.learners.networks import Actor, Critic, soft_update
from mir2_policies.training.progress import PROGRESS_FILE, Evaluation
from mir2_sim.batched import torch_task
from torch import Tensor, nn

from per_agent.world import World

HIDDEN, LEARNING_RATE, GAMMA, TAU, CLIP, NOISE = (256, 256), 1e-3, 0.99, 0.01, 10.0, 0.1
BATCH_EPISODES, REPLAY_EPISODES = 8, 5000
EVALUATION_INTERVAL_EPISODES, EVALUATION_EPISODES = 10, 32


class Episode(NamedTuple):
    """T steps; of sampled episodes, each with a leading axis."""

    observations: Tensor  # (T + 1, N, O)
    states: Tensor  # (T + 1, N, S)
    actions: Tensor  # (T, N, A)
    rewards: Tensor  # (T,)


class Training:
    """Actor shared by the robots, a critic for each, and the episodes that they learn from."""

    def __init__(self, params: RendezvousParams, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self._rng = np.random.default_rng(seed)
        self._world = World(params, self._rng)
        self.task = torch_task("rendezvous", params)
        self._robots = range(params.robots)
        state_size = len(self._world.states[0])
        self.actor = Actor(self.task.observe.size, self.task.action_size, HIDDEN)
        self._critics = [Critic(state_size, params.robots * self.task.action_size, HIDDEN) for _ in self._robots]
        self._target_actor, self._target_critics = copy.deepcopy((self.actor, self._critics))
        self._actor_optimizer = torch.optim.Adam(self.actor.parameters(), LEARNING_RATE)
        self._critic_optimizers = [torch.optim.Adam(critic.parameters(), LEARNING_RATE) for critic in self._critics]
        self._episodes: deque[Episode] = deque(maxlen=REPLAY_EPISODES)

    @torch.no_grad()
    def collect(self) -> int:
        """Play one episode and remember it; returns its steps.

        Ten exploring robots never gather within a centimetre, so all episodes last until the time is up.
        """
        world, steps = self._world, self.task.params.horizon
        world.reset()
        observations, states = [torch.tensor(world.observations)], [torch.tensor(world.states)]
        actions, rewards = [], []
        for _ in range(steps):
            action = self.actor(observations[-1])
            action = (action + NOISE * torch.randn_like(action)).clamp(-1.0, 1.0)
            reward, _ = world.step([(left, right) for left, right in action.tolist()])
            observations.append(torch.tensor(world.observations))
            states.append(torch.tensor(world.states))
            actions.append(action)
            rewards.append(reward)
        self._episodes.append(
            Episode(torch.stack(observations), torch.stack(states), torch.stack(actions), torch.tensor(rewards))
        )
        return steps

    def update(self) -> None:
        """One step of every robot's critic and of the actor on whole episodes; the last step counts as terminal."""
        if len(self._episodes) < BATCH_EPISODES:
            return
        chosen = self._rng.choice(len(self._episodes), BATCH_EPISODES, replace=False)
        batch = Episode(*(torch.stack(column) for column in zip(*(self._episodes[i] for i in chosen), strict=True)))
        alive = torch.ones_like(batch.rewards)
        alive[:, -1] = 0.0
        with torch.no_grad():
            next_actions = self._target_actor(batch.observations[:, 1:])
        for i in self._robots:
            with torch.no_grad():
                value = self._target_critics[i](batch.states[:, 1:, i], next_actions)
            target = batch.rewards + GAMMA * alive * value
            loss = nn.functional.mse_loss(self._critics[i](batch.states[:, :-1, i], batch.actions), target)
            self._step(self._critic_optimizers[i], self._critics[i], loss)
        self._step(self._actor_optimizer, self.actor, self._actor_loss(batch))
        soft_update(self._target_actor, self.actor, TAU)
        for target_critic, critic in zip(self._target_critics, self._critics, strict=True):
            soft_update(target_critic, critic, TAU)

    def _actor_loss(self, batch: Episode) -> Tensor:
        """Each robot's own action is the actor's and the others' are those of the episode (Lowe et al., 2017)."""
        values = []
        for i in self._robots:
            actions = batch.actions.clone()
            actions[:, :, i] = self.actor(batch.observations[:, :-1, i])
            values.append(self._critics[i](batch.states[:, :-1, i], actions).mean())
        return -torch.stack(values).mean()

    @staticmethod
    def _step(optimizer: torch.optim.Optimizer, module: nn.Module, loss: Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), CLIP)
        optimizer.step()


def main(directory: Path) -> None:
    """Train and evaluate in turn; evaluations run in the batched world, as those of `mir2 train`."""
    torch.set_num_threads(1)
    training, transitions, start_s = Training(RendezvousParams()), 0, time.monotonic()
    with (directory / PROGRESS_FILE).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(Evaluation._fields)
        while True:
            if transitions % (EVALUATION_INTERVAL_EPISODES * training.task.params.horizon) == 0:
                with torch.no_grad():
                    returns = episode_returns(training.task, training.actor, EVALUATION_EPISODES, SELECTION_SEED)
                result = summary(returns, SELECTION_SEED)
                minutes = (time.monotonic() - start_s) / 60.0
                rows.writerow((transitions, minutes, result["return_mean"], result["return_standard_error"]))
                file.flush()
            transitions += training.collect()
            training.update()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
