"""M3DDPG (Li et al., AAAI 2019): every robot expects the worst of the others' actions.

Robot i assumes that every other robot's action is moved by one step of length ε down the critic's normalised
gradient. This holds in the critic's target and when the actor learns robot i's own action. The robots share a critic,
so that its target is the mean over i of what they expect.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from mir2_policies.learners.maddpg import Maddpg, MaddpgConfig, temporal_difference_target
from mir2_policies.learners.networks import Critic
from mir2_policies.learners.perturbation import input_gradient
from mir2_policies.learners.replay import Batch


class M3ddpgConfig(MaddpgConfig):
    """MADDPG's settings and the length of the worst-case step, as published for rendezvous."""

    algorithm: Literal["m3ddpg"] = "m3ddpg"  # type: ignore[assignment]
    perturbation: float = Field(default=0.001, ge=0.0, description="ε, length of the step of every other's action")


class M3ddpg(Maddpg):
    """The backbone with the others' worst-case actions in target and actor loss."""

    config: M3ddpgConfig

    @torch.no_grad()
    def critic_target(self, batch: Batch) -> Tensor:
        """y (B,) = r + γ·mean over i of Q'(s', a'_i, worst a'_others)."""
        state = self.inputs.features(batch.next_state)
        actions = self.target_actor(self.task.observe(batch.next_state))
        value = self.worst_values(self.target_critic, state, actions).mean(dim=1)
        return temporal_difference_target(batch.reward, batch.alive, value, self.config.gamma)

    def actor_loss(self, state: Tensor, batch: Batch) -> Tensor:
        """−sum over i of Q(s, π(o_i), worst a_others): for ε = 0, the gradient is the backbone's."""
        values = self.worst_values(self.critic, state, self.actor(self.task.observe(batch.state)))
        return -values.sum(dim=1).mean()

    def worst_values(self, critic: Critic, state: Tensor, actions: Tensor) -> Tensor:
        """Value (B, N) of the joint action as each robot expects it."""
        expected = worst_case_actions(critic, state, actions, self.config.perturbation)
        value: Tensor = critic(state[:, None].expand(-1, actions.shape[1], -1), expected)
        return value


def worst_case_actions(critic: Critic, state: Tensor, actions: Tensor, epsilon: float) -> Tensor:
    """Joint actions (B, N, N, A): row i keeps robot i's action and its gradient; the others move by ε, without one."""
    gradient = input_gradient(lambda joint: critic(state, joint), actions)
    moved = actions.detach() - epsilon * functional.normalize(gradient, dim=-1)
    own = torch.eye(actions.shape[1], dtype=torch.bool, device=actions.device)[..., None]
    return torch.where(own, actions[:, None], moved[:, None])
