"""What an attack may begin as: simple rules that are linear in what a traitor sees."""

from collections.abc import Sequence

import torch
from mir2_core.tasks import FloorTask, columns
from mir2_core.traitors.sight import CLOCK_STEPS, Sight
from mir2_core.traitors.trained import REPORT_SIZE
from torch import Tensor

TO_FULL = 1.1  # its tanh is `mir2_core.traitors.trained.FULL`


def starts(task: FloorTask, robots: Sequence[int], reports: int, mute: bool = False) -> list[Tensor]:
    """Weights (A + 3 `reports`, O) of the observation: traitors run away; liars say what hurts some team or other.

    One that may be `mute` has another row for it.
    """
    sight, size = Sight(task, robots), task.action_size
    terms, width = sight.terms, sight.size
    ways = [torch.zeros(size, width) for _ in range(2)]
    for way, term in zip(ways, ("flight_left_right", "retreat_left_right"), strict=True):
        way[range(size), columns(terms, term)] = TO_FULL
    if mute:  # for ever, or never
        silence = [torch.zeros(1, width) for _ in range(2)]
        silence[0][0, columns(terms, "index")] = TO_FULL
        return [torch.cat([way, each]) for way in ways for each in silence]
    if not reports:
        return ways
    lies = [torch.zeros(REPORT_SIZE, width) for _ in range(len(CLOCK_STEPS) + 1)]
    clock = columns(terms, "clock_cos_sin")
    cosines, sines = clock[: len(CLOCK_STEPS)], clock[len(CLOCK_STEPS) :]
    lies[0][[0, 1], columns(terms, "benign_centroid")] = -4.0 * TO_FULL  # far from where the others meet
    for cosine, sine, lie in zip(cosines, sines, lies[1:], strict=True):  # around the arena; or to and fro
        lie[[0, 1], [cosine, sine]] = 1.5 * TO_FULL
    return [torch.cat([ways[0], *[lie] * reports]) for lie in lies]
