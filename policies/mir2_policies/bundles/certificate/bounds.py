"""Bounds of an action over all reports of a box.

Each layer's numbers are kept as linear functions of the report, with an error beside them (zonotopes: Singh et al.,
NeurIPS 2018). The way of the errors to the action is followed back through the layers, where they cancel in part (as in
CROWN: Zhang et al., NeurIPS 2018). Dimensions: M boxes, A of an action, n of a layer.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from mir2_policies.bundles.certificate.boxes import Boxes
from mir2_policies.bundles.certificate.chain import LARGEST, SINGLE, Chain, Layer, rounding
from mir2_policies.bundles.certificate.sight import Enclosure

NARROWEST = 1e-12  # of what a layer is given: below, a slope means nothing


class Bounds(NamedTuple):
    """What an action is at least and at most before its tanh, and how much each number of a report matters."""

    low: Tensor  # (M, A)
    high: Tensor  # (M, A)
    pull: Tensor  # (M, 3)


class Passed(NamedTuple):
    """What a clip was found to add to the errors: noise before it, its slope, its own error with the noise after it."""

    noise: Tensor  # (M, n)
    slope: Tensor  # (M, n)
    error: Tensor  # (M, n)


def bounds(chain: Chain, boxes: Boxes, seen: Enclosure) -> Bounds:
    """Of all reports of each box, which look like what is `seen`."""
    liar, first = boxes.liar, chain.weight[boxes.liar]
    errors = seen.error.sum(dim=-1) + SINGLE * LARGEST
    # Rows: the value, then what changes with each number of the report, then with each error of what is seen.
    rows = torch.cat([seen.value[:, None], seen.slope.transpose(1, 2)], dim=1) @ first
    rows = torch.cat([rows, errors[:, :, None] * first], dim=1)
    rows[:, 0] += chain.bias[liar]
    low, high, after, noise = (each[liar] for each in (chain.low, chain.high, chain.noise_after, chain.noise))
    apart = noise
    passed: list[Passed] = []
    for layer in chain.layers:
        slope, shift, error, largest = _clipped(rows, apart, low, high)
        passed.append(Passed(noise, slope, error + after))
        apart, sizes = (torch.cat([slope * apart + error + after, largest + after]) @ layer.weight.abs().T).chunk(2)
        rows = rows * slope[:, None]
        rows[:, 0] += shift
        rows = rows @ layer.weight.T
        rows[:, 0] += layer.bias[liar]
        noise = rounding(layer.weight.shape[1] + chain.weight.shape[1] + 2) * (sizes + layer.size[liar])
        apart = apart + noise
        low, after, high = torch.zeros_like(noise), torch.zeros_like(noise), torch.full_like(noise, torch.inf)
    reach = rows[:, 1:].abs()
    spread = reach.sum(dim=1) + noise + _carried(chain.layers, passed)
    blame = seen.error / seen.error.sum(dim=-1, keepdim=True).clamp(min=SINGLE)
    pull = reach[:, :3].sum(dim=-1) + (reach[:, 3:].sum(dim=-1)[:, :, None] * blame).sum(dim=1)
    return Bounds(rows[:, 0] - spread, rows[:, 0] + spread, pull)


def _clipped(rows: Tensor, apart: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of a clip: slope, shift and error of a line that encloses it where its input is, and its largest size."""
    spread = rows[:, 1:].abs().sum(dim=1) + apart
    least, most = rows[:, 0] - spread, rows[:, 0] + spread
    ends = [each.clamp(low, high) for each in (least, most)]
    slope = ((ends[1] - ends[0]) / (most - least).clamp(min=NARROWEST)).clamp(0.0, 1.0)
    places = (least, most, low.clamp(least, most), high.clamp(least, most))
    lowest, highest = torch.stack([place.clamp(low, high) - slope * place for place in places]).aminmax(dim=0)
    return slope, (highest + lowest) / 2.0, (highest - lowest) / 2.0, torch.maximum(ends[0].abs(), ends[1].abs())


def _carried(layers: list[Layer], passed: list[Passed]) -> Tensor:
    """What the errors of all clips come to in the action (M, A)."""
    way = layers[-1].weight.expand(len(passed[0].noise), -1, -1)  # (M, A, n)
    total = torch.zeros(way.shape[:2], dtype=way.dtype)
    for place in reversed(range(len(passed))):
        noise, slope, error = passed[place]
        total = total + (way.abs() @ error[..., None])[..., 0]
        way = way * slope[:, None]
        total = total + (way.abs() @ noise[..., None])[..., 0]
        if place:
            way = way @ layers[place - 1].weight
    return total
