"""Statistics of few training runs, after Agarwal et al. (NeurIPS 2021), who publish theirs as rliable.

A score is one number per training run and condition, larger is better. Runs are the unit of uncertainty: episodes of
one run say nothing about how another run of the same algorithm would turn out.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]

CONFIDENCE = 0.95
RESAMPLES = 2000
TRIMMED = 0.25  # of the scores at either end

FloatArray = NDArray[np.float64]
Statistic = Callable[..., Any]


class Estimate(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def interquartile_mean(scores: Any, axis: int | None = None) -> Any:
    """Mean of the middle half: robust like a median, but it uses more of the scores."""
    return stats.trim_mean(scores, TRIMMED, axis=axis)


def mean_interval(values: Sequence[float] | FloatArray, seed: int = 0) -> Estimate:
    """Mean over episodes with a percentile bootstrap interval."""
    sample = np.asarray(values, dtype=np.float64)
    return _bootstrap([len(sample)], lambda rows: sample[rows].mean(axis=-1), seed)


def iqm_interval(scores: Sequence[Sequence[float]] | FloatArray, seed: int = 0) -> Estimate:
    """Interquartile mean of scores (conditions, runs).

    A run is drawn with its scores in all conditions: rliable draws anew for each task, since there each task has
    runs of its own, but here that would count one run many times and give intervals that are too narrow.
    """
    table = _table(scores)
    return _bootstrap([table.shape[1]], lambda runs: interquartile_mean(_pooled(table[:, runs]), axis=-1), seed)


def probability_of_improvement(
    ours: Sequence[Sequence[float]] | FloatArray, theirs: Sequence[Sequence[float]] | FloatArray, seed: int = 0
) -> Estimate:
    """Chance that a run of ours scores above one of theirs in the same condition; both (conditions, runs).

    Per condition this is the Mann-Whitney statistic over the number of pairs, where a tie counts one half.
    """
    first, second = _table(ours), _table(theirs)
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} conditions: the same ones are needed on both sides")

    def chance(own: Any, other: Any) -> Any:
        difference = first[:, own][..., :, None] - second[:, other][..., None, :]
        return ((difference > 0.0) + 0.5 * (difference == 0.0)).mean(axis=(0, -2, -1))

    return _bootstrap([first.shape[1], second.shape[1]], chance, seed)


def _table(scores: Sequence[Sequence[float]] | FloatArray) -> FloatArray:
    if not len(scores) or len({len(row) for row in scores}) > 1 or not len(scores[0]):
        raise ValueError("every condition needs a score of every run")
    return np.asarray(scores, dtype=np.float64)


def _pooled(scores: FloatArray) -> FloatArray:
    """(conditions, ..., runs) to (..., conditions · runs)."""
    moved = np.moveaxis(scores, 0, -1)
    return moved.reshape(*moved.shape[:-2], -1)


def _bootstrap(counts: Sequence[int], statistic: Statistic, seed: int) -> Estimate:
    """Percentile bootstrap of a statistic of indices (..., n), one array for each of `counts`.

    Where there is only one to draw, it is the same every time.
    """
    everything = [np.arange(count) for count in counts]
    value = float(statistic(*everything))
    if all(count == 1 for count in counts):
        return Estimate(value, value, value)

    def complete(*drawn: Any, axis: int = -1) -> Any:
        left = iter(drawn)
        one = np.zeros((*drawn[0].shape[:-1], 1), dtype=np.int64)
        return statistic(*(next(left) if count > 1 else one for count in counts))

    result = stats.bootstrap(
        [each for each in everything if len(each) > 1],
        complete,
        n_resamples=RESAMPLES,
        batch=100,
        vectorized=True,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Estimate(value, float(result.low), float(result.high))
