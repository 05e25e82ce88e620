"""How far has a model of the next token come? Its loss, the scale of its logits, and the entropy of its predictions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

Logits = Callable[[Int[Tensor, "batch time"]], Float[Tensor, "batch time vocabulary"]]


@dataclass(frozen=True)
class PredictionStatistics:
    """Means over all predicted tokens.

    Attributes:
        loss: cross-entropy, in nats.
        scale: root mean square of the logits less their mean over the vocabulary (a shift changes no probability).
        entropy: of the predicted distribution, in nats.
        tokens: number of tokens predicted.
    """

    loss: float
    scale: float
    entropy: float
    tokens: int


@torch.no_grad()
def prediction_statistics(logits: Logits, batches: Iterable[Int[Tensor, "batch longer"]]) -> PredictionStatistics:
    """Return the statistics of a model over sequences of which every token after the first is predicted.

    Args:
        logits: maps tokens (batch, time) to logits (batch, time, vocabulary).
        batches: sequences of time + 1 tokens, on the model's device.

    Raises:
        ValueError: there is no token to predict.
    """
    sums, count = torch.zeros(3, dtype=torch.float64), 0
    for tokens in batches:
        z = logits(tokens[:, :-1]).float()
        log_p = z.log_softmax(-1)
        parts = (
            -log_p.gather(-1, tokens[:, 1:, None].long()).sum(),
            (z - z.mean(-1, keepdim=True)).square().mean(-1).sum(),
            -torch.special.xlogy(p := log_p.exp(), p).sum(),
        )
        sums += torch.stack(parts).double().cpu()
        count += tokens[:, 1:].numel()
    if not count:
        raise ValueError("batches hold no token to predict; valid: sequences of at least 2 tokens")
    loss, square, entropy = (sums / count).tolist()
    return PredictionStatistics(loss, square**0.5, entropy, count)
