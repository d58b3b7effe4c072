"""CLUB: a variational upper bound on mutual information (Cheng et al., ICML 2020).

For each sample the bound is log q(y | x) minus its mean over all y of the batch, with a learned q.
"""

from typing import Protocol

import torch
from torch import Tensor, nn

from mir2_policies.learners.networks import mlp


class Estimator(Protocol):
    """What q must offer for x (B, X) and y (B, Y): the bound per sample, and the loss that fits q."""

    def bound(self, x: Tensor, y: Tensor) -> Tensor:
        """Bound (B,) in nats; its mean over the batch estimates I(x; y) from above."""

    def bound_by_action(self, x: Tensor, y: Tensor) -> Tensor:
        """The same mean over the batch, as what each y contributes."""

    def learning_loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Negative log-likelihood, up to constants."""

    def independent_log_likelihood(self, y: Tensor) -> Tensor:
        """Mean log-likelihood of the best q(y) that ignores x, up to the same constants."""


class GaussianClub(nn.Module):
    """q(y | x) normal with diagonal covariance, for continuous y."""

    def __init__(self, x_size: int, y_size: int, hidden: int) -> None:
        super().__init__()
        self.mean = mlp([x_size, hidden, y_size])
        self.log_variance = nn.Sequential(*mlp([x_size, hidden, y_size]), nn.Tanh())

    def bound(self, x: Tensor, y: Tensor) -> Tensor:
        """Bound (B,) for x (B, X), y (B, Y).

        The mean over j of (y_j − μ_i)² is (mean(y) − μ_i)² + var(y), so the cost is linear in the batch.
        """
        mean, precision = self.mean(x), torch.exp(-self.log_variance(x))
        positive = (y - mean) ** 2
        negative = (y.mean(dim=0) - mean) ** 2 + y.var(dim=0, correction=0)
        result: Tensor = 0.5 * ((negative - positive) * precision).sum(dim=-1)
        return result

    def bound_by_action(self, x: Tensor, y: Tensor) -> Tensor:
        """log q(y_i | x_i) minus the mean over k of log q(y_i | x_k): the same mean over the batch, other samples.

        As a function of y, this falls where y tells x apart, while `bound` falls away from μ(x) in any direction.
        """
        mean, log_variance = self.mean(x), self.log_variance(x)
        precision = torch.exp(-log_variance)
        positive = (y - mean) ** 2 * precision + log_variance
        weighted = precision * mean
        negative = y**2 * precision.mean(dim=0) - 2.0 * y * weighted.mean(dim=0) + (weighted * mean).mean(dim=0)
        result: Tensor = 0.5 * (negative + log_variance.mean(dim=0) - positive).sum(dim=-1)
        return result

    def log_likelihood(self, x: Tensor, y: Tensor) -> Tensor:
        """Log-likelihood (B,) without the factor ½ and the constant, as it is published."""
        log_variance = self.log_variance(x)
        result: Tensor = -((self.mean(x) - y) ** 2 * torch.exp(-log_variance) + log_variance).sum(dim=-1)
        return result

    def learning_loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Negative log-likelihood."""
        return -self.log_likelihood(x, y).mean()

    def independent_log_likelihood(self, y: Tensor) -> Tensor:
        """Mean log-likelihood of the best q(y) of the same family that ignores x; a fitted q(y | x) must do better.

        The tanh keeps the log-variance of either within [−1, 1].
        """
        variance = y.var(dim=0, correction=0)
        log_variance = torch.log(variance.clamp_min(1e-12)).clamp(-1.0, 1.0)
        return -(variance * torch.exp(-log_variance) + log_variance).sum()


class CategoricalClub(nn.Module):
    """q(y | x) over labels, for K agents with L labels each: y (B, K·L) holds K one-hot vectors.

    A joint action is several labels, so the agents' log-likelihoods add up. Means over the batch are exact: a
    log-likelihood is linear in y.
    """

    def __init__(self, x_size: int, agents: int, labels: int, hidden: int) -> None:
        super().__init__()
        self.logits = mlp([x_size, hidden, agents * labels])
        self._shape = (agents, labels)

    def bound(self, x: Tensor, y: Tensor) -> Tensor:
        """log q(y_i | x_i) minus the mean over j of log q(y_j | x_i), each (B,)."""
        return (self._log_q(x) * (y - y.mean(dim=0))).sum(dim=-1)

    def bound_by_action(self, x: Tensor, y: Tensor) -> Tensor:
        """log q(y_i | x_i) minus the mean over k of log q(y_i | x_k): the same mean over the batch, other samples."""
        log_q = self._log_q(x)
        return ((log_q - log_q.mean(dim=0)) * y).sum(dim=-1)

    def learning_loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Negative log-likelihood."""
        return -(self._log_q(x) * y).sum(dim=-1).mean()

    def independent_log_likelihood(self, y: Tensor) -> Tensor:
        """Minus the sum of the agents' entropies."""
        share = y.mean(dim=0)
        return torch.xlogy(share, share).sum()

    def _log_q(self, x: Tensor) -> Tensor:
        """Log-probabilities (B, K·L) of every label."""
        return torch.log_softmax(self.logits(x).unflatten(-1, self._shape), dim=-1).flatten(-2)
