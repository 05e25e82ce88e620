"""What is looked at along training? Each layer's correlation with the score, and what its update is like."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from solv.models.ensemble import Parameters
from solv.models.sbd.decorrelation import decorrelation_gradients
from solv.models.sbd.score_broadcast import (
    BroadcastRule,
    BroadcastState,
    Network,
    backpropagated_gradients,
    broadcast_gradients,
    score,
)
from solv.theory.sbd.score_orthogonality import normalized_correlation


@dataclass(frozen=True)
class Examples:
    """What all looks of a training look at.

    Attributes:
        network: that trains.
        rule: by which its updates are made.
        x, labels: the examples, once for each seed.
    """

    network: Network
    rule: BroadcastRule
    x: Float[Tensor, "seeds examples ..."]
    labels: Int[Tensor, "seeds examples"]

    def correlations(self, parameters: Parameters) -> Float[np.ndarray, "layers seeds"]:
        """Return the correlation of every hidden layer with the score, in its standard errors."""
        with torch.no_grad():
            z, _, activations = self.network.run(parameters, self.x)
            scores, _ = score(z, self.labels, self.rule.squared)

        def by_seed(h: Tensor) -> list[float]:
            pairs = zip(h.double().cpu().numpy(), scores.double().cpu().numpy(), strict=True)
            return [normalized_correlation(units, outputs) for units, outputs in pairs]

        return np.array([by_seed(h) for h in activations])

    def cosines(self, parameters: Parameters, state: BroadcastState) -> Float[np.ndarray, "layers seeds"]:
        """Return the cosine between the broadcast and the backpropagated update of every hidden layer."""
        kept = BroadcastState([r.clone() for r in state.correlations])
        sent = broadcast_gradients(self.network, parameters, kept, self.rule, self.x, self.labels)
        backward = backpropagated_gradients(self.network, parameters, self.rule.squared, self.x, self.labels)
        pairs = [(sent[f"weight {number}"], backward[f"weight {number}"]) for number in self.network.hidden]
        return np.array([_cosines(a, b) for a, b in pairs])

    def truncations(self, parameters: Parameters, state: BroadcastState) -> Float[np.ndarray, "layers seeds"]:
        """Return the cosine between the kept and the whole gradient of every hidden layer's |R|^2 / 2."""
        pairs = decorrelation_gradients(self.network, parameters, state, self.rule, self.x, self.labels)
        return np.array([_cosines(kept, whole) for kept, whole in pairs])

    def frozen_against_direct(self, parameters: Parameters, state: BroadcastState) -> Float[np.ndarray, "layers seeds"]:
        """Return how far the update with a frozen R is from direct feedback alignment with R as feedback, relative.

        The latter is written down anew: h_in^T (f'(u) * (p - y) B^T) / n.
        """
        frozen = BroadcastRule(self.rule.squared, torch.ones_like(self.rule.memory))
        kept = BroadcastState([r.clone() for r in state.correlations])
        sent = broadcast_gradients(self.network, parameters, kept, frozen, self.x, self.labels)
        with torch.no_grad():
            z, inputs, activations = self.network.run(parameters, self.x)
            error = z.softmax(-1) - functional.one_hot(self.labels, z.shape[-1])
            distances = []
            for number in self.network.hidden:
                feedback = (error @ state.correlations[number].transpose(1, 2)) * (activations[number] > 0)
                direct = inputs[number].transpose(1, 2) @ feedback / self.x.shape[1]
                distance = (sent[f"weight {number}"] - direct).flatten(1).norm(dim=1) / direct.flatten(1).norm(dim=1)
                distances.append(distance.cpu().numpy())
        return np.array(distances)


def _cosines(a: Tensor, b: Tensor) -> np.ndarray:
    return np.asarray(functional.cosine_similarity(a.flatten(1), b.flatten(1)).cpu().numpy())
