"""What an attack can be told."""

from typing import Literal

from mir2_core.config import StrictModel
from pydantic import Field


class AttackConfig(StrictModel):
    """TD3 (Fujimoto et al., ICML 2018) against a frozen victim; the learning rate is the published one."""

    algorithm: Literal["attack"] = "attack"
    policy: str = Field(description="path of the victim's bundle")
    victim_sha256: str
    threat: Literal["published", "saboteur", "liar"] = "published"
    robots: tuple[int, ...] = Field(min_length=1, description="indices of the traitors")
    seed: int = Field(default=0, ge=0)
    threads: int = Field(default=1, ge=1, description="of PyTorch")

    worlds: int = Field(default=32, ge=1)
    warmup_transitions: int = Field(default=3200, ge=1, description="before the first update")
    imitation_updates: int = Field(default=600, ge=0, description="the actor begins as one that flees")
    critic_warmup_updates: int = Field(default=500, ge=0, description="before the actor's first update")
    replay_transitions: int = Field(default=100_000, ge=1)
    exploration_noise: float = Field(default=0.3, ge=0.0, le=2.0)
    noise_memory: float = Field(default=0.7, ge=0.0, lt=1.0, description="fraction of the noise kept each step")

    hidden: tuple[int, ...] = (128, 128)
    critic_hidden: tuple[int, ...] = (128, 128)
    batch: int = Field(default=256, ge=1)
    multi_step: int = Field(default=3, ge=1, description="rewards summed before the critics' estimate")
    gamma: float = Field(default=0.98, ge=0.0, lt=1.0)
    tau: float = Field(default=0.02, gt=0.0, le=1.0)
    learning_rate: float = Field(default=5e-4, gt=0.0)
    final_learning_rate: float = Field(default=0.2, gt=0.0, le=1.0, description="fraction left at the end")
    reward_scale: float = Field(default=10.0, gt=0.0)
    policy_delay: int = Field(default=2, ge=1, description="updates of the critics per update of the actor")
    saturation_cost: float = Field(default=1.0, ge=0.0, description="of outputs that are large before tanh")
    target_noise: float = Field(default=0.2, ge=0.0)
    target_noise_clip: float = Field(default=0.5, ge=0.0)
    gradient_clip: float = Field(default=10.0, gt=0.0)

    evaluation_interval: int = Field(default=16_000, ge=1, description="in transitions")
    evaluation_episodes: int = Field(default=64, ge=2)
    final_evaluation_episodes: int = Field(default=256, ge=2)
    checkpoint_interval_s: float = Field(default=30.0, ge=0.0)
