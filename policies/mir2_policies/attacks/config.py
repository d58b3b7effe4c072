"""What an attack can be told."""

from typing import Annotated, Literal

from mir2_core.bundle import PolicyBundle
from mir2_core.traitors.trained import REPORT_SIZE
from pydantic import Field

from mir2_policies.attacks.threats import THREATS
from mir2_policies.learners.config import EvaluatedConfig

Width = Annotated[int, Field(ge=10, le=4096, description="of a layer; holds both signs of a liar's five outputs")]


USUAL_WIDTH = 64


class AttackConfig(EvaluatedConfig):
    """Gradients of the attacked return through the frozen victims and the world, over short windows of time."""

    algorithm: Literal["attack"] = "attack"
    policy: str = Field(description="file name of the victim's bundle")
    victim_sha256: str
    threat: Literal["published", "saboteur", "liar", "two_faced", "plausible_liar", "mute"] = "published"
    tracker: bool = Field(default=False, description="whether victims judge reports as robots do, or believe them all")
    robots: tuple[int, ...] = Field(min_length=1, description="indices of the traitors")

    hidden: tuple[Width, ...] = Field(default=(64, 64), min_length=1)
    start_episodes: int = Field(default=32, ge=1, description="of each rule that the attack may begin as")
    worlds: int = Field(default=32, ge=1)
    window: int = Field(default=32, ge=1, description="steps that a gradient looks ahead")
    tail: float = Field(default=0.0, ge=0.0, description="steps that what a window ends with is thought to last")
    learning_rate: float = Field(default=2e-3, gt=0.0)
    final_learning_rate: float = Field(default=0.1, gt=0.0, le=1.0, description="fraction left at the end")
    sight_gradient_clip: float = Field(default=0.03, gt=0.0, description="norm, in the pose of each robot as seen")
    gradient_clip: float = Field(default=1.0, gt=0.0)

    evaluation_interval: int = Field(default=10_240, ge=1, description="in transitions")
    checkpoint_interval_s: float = Field(default=30.0, ge=0.0)


def width(victim: PolicyBundle, threat: str) -> int:
    """Of the layers: as usual, but for both signs of all that a two-faced traitor of a large team says."""
    task, kind = victim.task(), THREATS[threat]
    return max(USUAL_WIDTH, 2 * (task.action_size + REPORT_SIZE * kind.reports(task.params.robots) + kind.mute))
