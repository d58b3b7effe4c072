"""What a training run can be told; one frozen model per algorithm, loaded from YAML without tolerance."""

from typing import Literal

from mir2_core.config import StrictModel
from mir2_core.errors import nearest
from mir2_core.tasks import TASKS, RendezvousParams
from pydantic import Field, field_validator


class MaddpgConfig(StrictModel):
    """Settings of the backbone; the networks, γ, τ, learning rates and clipping are the published ones."""

    algorithm: Literal["maddpg"] = "maddpg"
    task: str = "rendezvous"
    task_parameters: RendezvousParams = RendezvousParams()
    seed: int = Field(default=0, ge=0)
    threads: int = Field(default=1, ge=1, description="of PyTorch; small networks gain nothing from more")

    worlds: int = Field(default=64, ge=1)
    warmup_transitions: int = Field(default=1000, ge=1, description="with random actions, before the first update")
    replay_transitions: int = Field(default=200_000, ge=1)
    exploration_noise: float = Field(default=0.8, ge=0.0, le=2.0, description="σ; published: 0.1")
    time_limit_is_terminal: bool = Field(default=False, description="true: the published treatment")

    hidden: tuple[int, ...] = (256, 256)
    batch: int = Field(default=256, ge=2)
    actor_batch: int = Field(default=64, ge=1, description="part of the batch that the actor learns from")
    relabel: bool = Field(default=True, description="number the robots of each sampled transition anew")
    gamma: float = Field(default=0.99, ge=0.0, lt=1.0)
    tau: float = Field(default=0.01, gt=0.0, le=1.0)
    actor_learning_rate: float = Field(default=1e-3, gt=0.0)
    critic_learning_rate: float = Field(default=1e-3, gt=0.0)
    final_learning_rate: float = Field(default=0.02, gt=0.0, le=1.0, description="fraction left at the end")
    gradient_clip: float = Field(default=10.0, gt=0.0)

    evaluation_interval: int = Field(default=20_000, ge=1, description="in transitions")
    evaluation_episodes: int = Field(default=64, ge=1)
    final_evaluation_episodes: int = Field(default=256, ge=1)
    checkpoint_interval_s: float = Field(default=60.0, ge=0.0)

    @field_validator("task")
    @classmethod
    def _known_task(cls, name: str) -> str:
        if name not in TASKS:
            raise ValueError(f"unknown task; {nearest(name, TASKS)}")
        return name


class Mir2Config(MaddpgConfig):
    """MADDPG's settings and those of the information penalty: the ones published for rendezvous."""

    algorithm: Literal["mir2"] = "mir2"  # type: ignore[assignment]
    penalty_weight: float = Field(default=0.01, ge=0.0, description="λ, reward per nat")
    club_hidden: int = Field(default=128, ge=1)
    club_learning_rate: float = Field(default=5e-4, gt=0.0)
    club_batch: int = Field(default=64, ge=2)
    club_window: int = Field(default=3000, ge=2, description="q is fitted on this many newest transitions")


class Mir2StatesConfig(Mir2Config):
    """MIR2's settings, with a smaller λ that grows to its full value over the first updates."""

    algorithm: Literal["mir2_states"] = "mir2_states"  # type: ignore[assignment]
    penalty_weight: float = Field(default=0.001, ge=0.0, description="λ, reward per nat")
    penalty_ramp_updates: int = Field(default=1000, ge=1, description="λ grows to its full value over these")


class Mir2AlliesConfig(MaddpgConfig):
    """MADDPG's settings and those of the information that the actor pays for."""

    algorithm: Literal["mir2_allies"] = "mir2_allies"  # type: ignore[assignment]
    penalty_weight: float = Field(default=0.001, ge=0.0, description="λ, reward per nat")
    penalty_ramp_updates: int = Field(default=1000, ge=1, description="λ grows to its full value over these")
    action_noise: float = Field(default=0.1, gt=0.0, description="σ of the actions whose information is counted")


class M3ddpgConfig(MaddpgConfig):
    """MADDPG's settings and the length of the worst-case step, as published for rendezvous."""

    algorithm: Literal["m3ddpg"] = "m3ddpg"  # type: ignore[assignment]
    perturbation: float = Field(default=0.001, ge=0.0, description="ε, length of the step of every other's action")


class RomqConfig(MaddpgConfig):
    """MADDPG's settings and those of the attacks on collected episodes: the published defaults."""

    algorithm: Literal["romq"] = "romq"  # type: ignore[assignment]
    observation_attack_rate: float = Field(default=1 / 3, ge=0.0, le=0.5, description="of the episodes")
    action_attack_rate: float = Field(default=1 / 3, ge=0.0, le=0.5, description="of the episodes")
    observation_perturbation: float = Field(default=0.1, ge=0.0, description="largest change of an observed number")
    observation_step: float = Field(default=0.02, gt=0.0)
    action_perturbation: float = Field(default=1.0, ge=0.0, le=2.0, description="largest change of a wheel speed")
    action_step: float = Field(default=0.2, gt=0.0)
    attack_steps: int = Field(default=10, ge=1)


class ErnieConfig(MaddpgConfig):
    """MADDPG's settings and those of the smoothness terms; the weight is the one published for rendezvous.

    Perturbation and initial noise are published defaults, the number of steps is ours.
    """

    algorithm: Literal["ernie"] = "ernie"  # type: ignore[assignment]
    smoothness_weight: float = Field(default=1e-4, ge=0.0, description="of both terms")
    perturbation: float = Field(default=0.1, ge=0.0, description="ε, largest change of a seen number")
    initial_noise: float = Field(default=0.01, gt=0.0, description="standard deviation of where the ascent starts")
    ascent_steps: int = Field(default=3, ge=1)


class RomaxConfig(MaddpgConfig):
    """MADDPG's settings and those of the relaxed critic: the published defaults of the method."""

    algorithm: Literal["romax"] = "romax"  # type: ignore[assignment]
    trust_region: float = Field(default=0.1, ge=0.0, le=2.0, description="ε, how far off the others' actions may be")
    bound_weight: float = Field(default=0.1, ge=0.0, le=1.0, description="κ, of the bound against the nominal value")
