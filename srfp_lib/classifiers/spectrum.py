"""A linear probe of features and spectrum: what a short training by gradient descent leaves in a classifier's reach.

After a few hundred steps the last layer is far from its optimum, and the convolutions of a small body do not see how power is spread
over frequencies, which up-convolutions change (Durall, Keuper and Keuper, 2020). The probe is a logistic regression of a classifier's
features beside the log power spectrum, fitted on one large crop of each training image while the body stands still.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..images.spectrum import SPECTRUM, log_power

PENALTY, ITERATIONS = 0.02, 60  # weight of half the squared weights; of L-BFGS


class Probe(nn.Module):
    """A linear layer of standardised features and spectrum. Until it is fitted it says nothing: all its log-probabilities are equal."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features + SPECTRUM))
        self.register_buffer("sd", torch.ones(features + SPECTRUM))
        self.linear = nn.Linear(features + SPECTRUM, classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    mean: Tensor
    sd: Tensor

    def forward(self, found: Float[Tensor, "n d"]) -> Float[Tensor, "n classes"]:
        """Log-probabilities."""
        with torch.autocast(found.device.type, enabled=False):
            return F.log_softmax(self.linear((found - self.mean) / self.sd), 1)

    def fit(self, found: Float[Tensor, "n d"], labels: Int64[Tensor, " n"]) -> None:
        """Minimise the penalised cross-entropy by L-BFGS: a convex problem, so the start does not matter."""
        self.mean.copy_(found.mean(0))
        self.sd.copy_(found.std(0) + 1e-6)
        optimiser = torch.optim.LBFGS(self.linear.parameters(), max_iter=ITERATIONS, history_size=10, line_search_fn="strong_wolfe")

        def loss() -> Tensor:
            optimiser.zero_grad()
            value = F.nll_loss(self(found), labels) + PENALTY / 2 * self.linear.weight.square().sum()
            value.backward()
            return value

        optimiser.step(loss)


def inputs(features: Float[Tensor, "n d"], images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n _"]:
    """What a probe looks at."""
    return torch.cat([features.float(), log_power(images)], 1)
