"""How strongly robots react to what they see of others: mutual information, estimated on held-out episodes.

A deterministic policy of continuous observations carries infinite information, so each action component gets Gaussian
noise of standard deviation `NOISE`, as in published exploration: what is measured is the information that survives it.
q(a | o) is normal; its mean is a network of what a robot sees of its allies (not of walls, nor its own index), fitted
by least squares on every other episode, and its covariance that of the residuals there. On the remaining episodes:

    gaussian_nats  ½ ln det Cov(a) − ½ ln det Cov(a − μ(o)), exact for normal variables, an estimate otherwise
    club_nats      mean of ln q(a_i | o_i) − mean over j of ln q(a_j | o_i), CLUB's upper bound where q fits
"""

from typing import NamedTuple

import numpy as np
import torch
from mir2_core.tasks import FloorTask
from numpy.typing import NDArray
from torch.nn import functional

from mir2_policies.evaluation.episodes import Arena, Episodes
from mir2_policies.learners.networks import mlp

NOISE = 0.1
HIDDEN = 128
FIT_STEPS = 300
BATCH = 256
EPISODES = 64  # at most
EVERY_STEPS = 4

FloatArray = NDArray[np.float64]


class Information(NamedTuple):
    """Nats per robot and control step."""

    gaussian_nats: float
    club_nats: float


class Samples(NamedTuple):
    """What robots saw (n, X) and what they did (n, A)."""

    seen: FloatArray
    actions: FloatArray


def interaction(task: FloorTask, episodes: Episodes, seed: int = 0) -> Information:
    """Information between what benign robots see of their allies, lies included, and what they do."""
    fit, held_out = (_samples(task, episodes, half) for half in (0, 1))
    return estimate(fit, held_out, seed)


def estimate(fit: Samples, held_out: Samples, seed: int = 0) -> Information:
    """Both estimates for two independent sets of samples."""
    rng = np.random.default_rng(seed)
    fit, held_out = (
        Samples(part.seen, part.actions + NOISE * rng.standard_normal(part.actions.shape)) for part in (fit, held_out)
    )
    predicted = _regress(fit, (fit.seen, held_out.seen), rng, seed)
    covariance = _covariance(fit.actions - predicted[0])
    actions, mean = held_out.actions, predicted[1]
    gaussian = 0.5 * (_log_determinant(actions) - _log_determinant(actions - mean))
    precision = np.linalg.inv(covariance)
    positive = np.einsum("ni,ij,nj->n", actions - mean, precision, actions - mean).mean()
    off = actions.mean(axis=0) - mean
    negative = np.einsum("ni,ij,nj->n", off, precision, off).mean() + np.trace(precision @ _covariance(actions))
    return Information(float(gaussian), float(0.5 * (negative - positive)))


def _samples(task: FloorTask, episodes: Episodes, half: int) -> Samples:
    """Those of every other episode, while they lasted."""
    arena = Arena(task, episodes.robots)
    chosen = slice(half, EPISODES, 2)
    seen, actions = [], []
    for step in range(0, len(episodes.actions), EVERY_STEPS):
        going = episodes.going[step, chosen]
        believed = arena.seen(episodes.poses[step, chosen], episodes.reported[step, chosen])
        observed = np.asarray(arena.observe(task.asarray(believed)), np.float64)[:, arena.benign]
        seen.append(observed[going].reshape(-1, observed.shape[-1]))
        done = np.clip(episodes.actions[step, chosen][:, arena.benign][going], -1.0, 1.0)
        actions.append(done.reshape(-1, done.shape[-1]))
    return Samples(np.concatenate(seen)[:, task.observe.ally_columns], np.concatenate(actions))


def _regress(fit: Samples, inputs: tuple[FloatArray, ...], rng: np.random.Generator, seed: int) -> list[FloatArray]:
    """Predicted actions for each of `inputs`."""
    centre, scale = fit.seen.mean(axis=0), fit.seen.std(axis=0) + 1e-6

    def tensor(values: FloatArray) -> torch.Tensor:
        return torch.as_tensor(values, dtype=torch.float32)

    x, y = tensor((fit.seen - centre) / scale), tensor(fit.actions)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = mlp([x.shape[1], HIDDEN, HIDDEN, y.shape[1]])
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, FIT_STEPS)
    for _ in range(FIT_STEPS):
        rows = torch.as_tensor(rng.integers(0, len(x), BATCH))
        optimizer.zero_grad(set_to_none=True)
        functional.mse_loss(network(x[rows]), y[rows]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        return [network(tensor((values - centre) / scale)).numpy().astype(np.float64) for values in inputs]


def _covariance(values: FloatArray) -> FloatArray:
    return np.atleast_2d(np.cov(values, rowvar=False, ddof=0))


def _log_determinant(values: FloatArray) -> float:
    return float(np.linalg.slogdet(_covariance(values))[1])
