"""What an attack may begin as: simple rules that are linear in what a traitor sees."""

from collections.abc import Sequence

import torch
from mir2_core.tasks import Rendezvous
from mir2_core.traitors.trained import CLOCK_STEPS, REPORT_SIZE, adversary_terms
from torch import Tensor

TO_FULL = 1.1  # its tanh is `mir2_core.traitors.trained.FULL`


def starts(task: Rendezvous, robots: Sequence[int], lies: bool) -> list[Tensor]:
    """Weights (A or A + 3, O) of the observation: traitors run away, and liars report what hurts some team or other."""
    columns, size = _columns(task, robots), task.action_size
    ways = [torch.zeros(size, columns["end"]) for _ in range(2)]
    for way, term in zip(ways, ("flight_left_right", "retreat_left_right"), strict=True):
        way[range(size), range(columns[term], columns[term] + size)] = TO_FULL
    if not lies:
        return ways
    reports = [torch.zeros(REPORT_SIZE, columns["end"]) for _ in range(len(CLOCK_STEPS) + 1)]
    centroid, clock = columns["benign_centroid"], columns["clock_cos_sin"]
    reports[0][[0, 1], [centroid, centroid + 1]] = -4.0 * TO_FULL  # far from where the others meet
    for period, report in enumerate(reports[1:]):  # around the arena; a period of two steps is to and fro
        report[[0, 1], [clock + period, clock + len(CLOCK_STEPS) + period]] = 1.5 * TO_FULL
    return [torch.cat([ways[0], report]) for report in reports]


def _columns(task: Rendezvous, robots: Sequence[int]) -> dict[str, int]:
    """Where each term of the observation begins, and where the last ends."""
    columns, end = {}, 0
    for term in adversary_terms(task, robots):
        columns[term.name] = end
        end += term.size
    return columns | {"end": end}
