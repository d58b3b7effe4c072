"""What every training run can be told, whatever it learns with; each algorithm's file adds its own settings."""

from typing import Annotated, Any

from mir2_core.config import StrictModel
from mir2_core.disturbance import Disturbance, parse_disturbance
from mir2_core.errors import UserError
from mir2_core.tasks import TaskChoice
from mir2_sim.randomisation import Randomisation
from pydantic import Field, field_validator

Width = Annotated[int, Field(ge=1, le=4096, description="of a hidden layer")]


class EvaluatedConfig(StrictModel):
    """Settings of a run that is evaluated and checkpointed while it goes on: a training or an attack."""

    algorithm: str
    seed: int = Field(default=0, ge=0)
    threads: int = Field(default=1, ge=1, le=256, description="of PyTorch; small networks gain nothing from more")

    evaluation_interval: int = Field(default=20_000, ge=1, description="in transitions")
    evaluation_episodes: int = Field(default=64, ge=2)
    final_evaluation_episodes: int = Field(default=256, ge=2)
    checkpoint_interval_s: float = Field(default=60.0, ge=0.0)


class RunConfig(TaskChoice, EvaluatedConfig):
    """Settings that all learning algorithms share."""

    worlds: int = Field(default=64, ge=1, le=65_536)
    randomisation: Randomisation = Field(default_factory=Randomisation)
    disturbance: Disturbance = Field(default_factory=Disturbance, description="a preset's name, or parameters")

    @field_validator("disturbance", mode="before")
    @classmethod
    def _preset(cls, given: Any) -> Any:
        try:
            return parse_disturbance(given) if isinstance(given, str) else given
        except UserError as mistake:
            raise ValueError(str(mistake)) from None


class ActorConfig(RunConfig):
    """Settings of the policy's network; the last two are of one for any team, whose observation is `allies`."""

    hidden: tuple[Width, ...] = (64, 64)
    encoder: Width = 64
    trim: int = Field(
        default=1, ge=0, le=16, description="liars that pooling withstands: extremes dropped on each side"
    )
