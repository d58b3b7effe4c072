"""Statistics of few training runs, after Agarwal et al. (NeurIPS 2021), who publish them as rliable.

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
    return _bootstrap([values], lambda sample, axis=-1: np.mean(sample, axis=axis), seed)


def stratified_iqm(strata: Sequence[Sequence[float]], seed: int = 0) -> Estimate:
    """Interquartile mean over all scores; runs are drawn anew within each stratum, which is one condition."""

    def pooled(*samples: Any, axis: int = -1) -> Any:
        return interquartile_mean(np.concatenate(samples, axis=axis), axis=axis)

    return _bootstrap(strata, pooled, seed)


def probability_of_improvement(
    better: Sequence[Sequence[float]], worse: Sequence[Sequence[float]], seed: int = 0
) -> Estimate:
    """Chance that a run of the first algorithm scores above one of the second; strata pair up by condition.

    Per condition this is the Mann-Whitney statistic over the number of pairs, where a tie counts one half.
    """
    count = len(better)
    if not count or count != len(worse):
        raise ValueError(f"{count} and {len(worse)} conditions: the same ones are needed on both sides")

    def chance(*samples: Any, axis: int = -1) -> Any:
        pairs = zip(samples[:count], samples[count:], strict=True)
        return np.mean([_win_rate(np.asarray(x), np.asarray(y)) for x, y in pairs], axis=0)

    return _bootstrap([*better, *worse], chance, seed)


def _win_rate(x: FloatArray, y: FloatArray) -> FloatArray:
    """Share of the pairs in which x wins, over the last axis of both."""
    difference = x[..., :, None] - y[..., None, :]
    return np.asarray(((difference > 0.0) + 0.5 * (difference == 0.0)).mean(axis=(-2, -1)))


def _bootstrap(strata: Sequence[Sequence[float] | FloatArray], statistic: Statistic, seed: int) -> Estimate:
    """Percentile bootstrap; a stratum of one score cannot be drawn anew, so it enters as it is."""
    samples = [np.asarray(stratum, dtype=np.float64) for stratum in strata]
    if not samples or any(sample.ndim != 1 or not len(sample) for sample in samples):
        raise ValueError("every condition needs one score at least")
    value = float(statistic(*samples, axis=-1))
    if all(len(sample) == 1 for sample in samples):
        return Estimate(value, value, value)
    varied = [sample for sample in samples if len(sample) > 1]

    def complete(*resampled: Any, axis: int = -1) -> Any:
        drawn = iter(resampled)
        shape = (*resampled[0].shape[:-1], 1)
        return statistic(*(next(drawn) if len(s) > 1 else np.broadcast_to(s, shape) for s in samples), axis=axis)

    result = stats.bootstrap(
        varied,
        complete,
        n_resamples=RESAMPLES,
        batch=100,
        vectorized=True,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Estimate(value, float(result.low), float(result.high))
