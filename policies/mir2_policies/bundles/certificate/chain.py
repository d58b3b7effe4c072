"""A policy as a function of what it is given of one ally, everything else being fixed.

Layers are affine maps with a clip after each: ReLU is a clip at 0, and a trimmed mean, as a function of one of those
that are pooled, clips it to the range that the others leave. Robots compute in single precision; a chain says how far
that may be from what it computes itself, in double.

Dimensions: P liars, one at a time; O of an observation, F numbers of an ally, n of a layer, A of an action.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mir2_core.vote import HEARD_ABOVE
from torch import Tensor, nn

from mir2_policies.learners.networks import Actor
from mir2_policies.learners.set_actor import SetActor

SINGLE = 2.0**-24  # unit roundoff of single precision
LARGEST = 1.01  # of what a policy is given of an ally


def rounding(terms: int) -> float:
    """How far a sum of products may be off in single precision, in any order, in units of the sum of their sizes."""
    return terms * SINGLE / (1.0 - terms * SINGLE)


class Layer(NamedTuple):
    """An affine map of numbers that vary; what is fixed is in `bias`."""

    weight: Tensor  # (n, n')
    bias: Tensor  # (P, n)
    size: Tensor  # (P, n) sizes of all that was added up for it


class Chain(NamedTuple):
    """From what is given of each liar to the action before its tanh."""

    weight: Tensor  # (P, F, n) of the first layer
    bias: Tensor  # (P, n)
    noise: Tensor  # (P, n) what single precision may change before the first clip
    low: Tensor  # (P, n) where that clips
    high: Tensor  # (P, n)
    noise_after: Tensor  # (P, n) what single precision may change after it
    layers: list[Layer]  # that follow, with ReLU between them


def chain_of(actor: Actor, observations: Tensor, places: Sequence[Sequence[int]]) -> Chain:
    """For single-precision observations (P, O), in which `places` (P, F) are the columns of the liar's numbers."""
    seen, count = observations.double(), len(places)
    if isinstance(actor, SetActor):
        return _pooling(actor, seen, [columns[0] for columns in places])
    (weight, bias), *rest = _linear(actor)
    first = torch.stack([weight.T[list(columns)] for columns in places])
    fixed = seen.scatter(1, torch.tensor(places), 0.0)
    size = fixed.abs() @ weight.abs().T + bias.abs() + LARGEST * first.abs().sum(dim=1)
    nothing = torch.zeros_like(size)
    return Chain(
        weight=first,
        bias=fixed @ weight.T + bias,
        noise=rounding(weight.shape[1] + 1) * size,
        low=nothing,
        high=torch.full_like(nothing, torch.inf),
        noise_after=nothing,
        layers=[_layer(*each, count) for each in rest],
    )


def _pooling(actor: SetActor, seen: Tensor, presences: Sequence[int]) -> Chain:
    """The chain of an actor for any team, given where the presence of each liar stands."""
    own, allies = seen[:, : actor.own_size], seen[:, actor.own_size :]
    allies = allies.reshape(len(seen), -1, actor.ally_size)
    weight, bias = _double(actor.encoder.weight), _double(actor.encoder.bias)
    encoded, most = (allies[..., 1:] @ weight.T + bias).relu(), LARGEST * weight.abs().sum(dim=1) + bias.abs()
    noise = rounding(weight.shape[1] + 2) * most
    rows = []
    for present, codes, column in zip(allies[..., 0] > HEARD_ABOVE, encoded, presences, strict=True):
        others = present.index_fill(0, torch.tensor((column - actor.own_size) // actor.ally_size), False)
        fixed = torch.cat([_double(actor.itself)[None], codes[others]]).sort(dim=0).values
        count = len(fixed)
        ends = min(actor.trim, count // 2)
        kept = torch.tensor([count + 1.0 - 2.0 * ends])
        low = fixed[ends - 1].clamp(min=0.0) if ends else torch.zeros_like(bias)
        high = fixed[count - ends] if ends else torch.full_like(bias, torch.inf)
        sums = rounding(4 * (len(codes) + actor.trim + 4)) * 2.0 * (fixed.abs().sum(dim=0) + most)
        rows.append((low, high, fixed[ends : count - ends].sum(dim=0), (count + 1) * noise + sums, kept))
    low, high, middle, noise_after, kept = (torch.stack(column).double() for column in zip(*rows, strict=True))
    part = 1.0 / kept
    (into, shift), *rest = _linear(actor)
    fixed = torch.cat([own, part * middle], dim=-1)
    size = fixed.abs() @ into.abs().T + shift.abs()
    first = Layer(into[:, actor.own_size :], fixed @ into.T + shift, size)
    return Chain(
        weight=part[..., None] * weight.T,
        bias=part * bias,
        noise=part * noise,
        low=part * low,
        high=part * high,
        noise_after=part * noise_after,
        layers=[first, *(_layer(*each, len(seen)) for each in rest)],
    )


def _linear(actor: Actor) -> list[tuple[Tensor, Tensor]]:
    return [(_double(part.weight), _double(part.bias)) for part in actor.body if isinstance(part, nn.Linear)]


def _layer(weight: Tensor, bias: Tensor, liars: int) -> Layer:
    return Layer(weight, bias.expand(liars, -1), bias.abs().expand(liars, -1))


def _double(parameter: Tensor) -> Tensor:
    return parameter.detach().double()
