"""How small is the model of the chain task? One attention layer and a two-layer MLP on frozen embeddings, in copies.

A decoder without positions, norms and residuals (pita spec, section 3): a token's embedding of width d is N(0, 1) and
is not trained; the attention feeds the MLP, the MLP the logits. Maximal-update scaling: weights start N(0, 1/d) (the
head N(0, 1/d^2)), attention divides by d, Adam's rate is divided by d.

Without positions the logits after a token depend on that token and on the *bag* of tokens so far. A *context* is such a
bag, its last token first and pads behind: shape (..., tokens). One context is one position of one sequence, and what is
trained on is a batch of contexts, not of sequences: only positions that count are computed, each for its own sake.
Embeddings are never differentiated. They are gathered token by token; or, where a batch has more contexts than there
are tokens, all that a layer makes of a token, and of a pair of tokens, is computed once and looked up.

Copies may differ in width: narrow ones are padded by zeros, which no gradient ever moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from solv.models.ensemble import Loss, Optimizer, Parameters

MATRICES = ("query", "key", "value", "out", "first", "second")
GATHER = 35  # multiplications of a matrix product in the time that one gathered number takes, there and back; measured


@dataclass(frozen=True)
class ChainModel:
    """The architecture of every copy.

    Attributes:
        vocabulary: tokens that have an embedding; the last one is the pad, which is never attended to.
        widths: d of embeddings and of every layer, of each copy; stacked tensors have the largest one.
        outputs: logits: one a token for traces, 2 (no, yes) for direct answers.
        attention: "softmax", "linear" (scores as they are) or "uniform" (the mean of all tokens so far).
    """

    vocabulary: int
    widths: tuple[int, ...]
    outputs: int
    attention: Literal["softmax", "linear", "uniform"] = "softmax"

    def initial(
        self, generators: Sequence[torch.Generator]
    ) -> tuple[Float[Tensor, "copies vocabulary width"], Parameters]:
        """Return the frozen embeddings, shape (copies, vocabulary, width), and the stacked parameters.

        All matrices of a copy are one parameter, shape (copies, 6, width, width), in the order of `MATRICES`: the
        optimiser then moves two tensors and not seven.

        Args:
            generators: one a copy; what a copy draws does not depend on the others.

        Raises:
            ValueError: not as many generators as copies.
        """
        width, stacked = max(self.widths), []
        for d, generator in zip(self.widths, generators, strict=True):
            shapes = ((self.vocabulary, d), (len(MATRICES), d, d), (d, self.outputs))
            table, square, head = (torch.randn(*s, generator=generator, device=generator.device) for s in shapes)
            more = width - d
            stacked.append(
                (
                    functional.pad(table, (0, more)),
                    functional.pad(square / d**0.5, (0, more, 0, more)),
                    functional.pad(head / d, (0, 0, 0, more)),
                )
            )
        embeddings, matrices, heads = (torch.stack(parts) for parts in zip(*stacked, strict=True))
        return embeddings, {"matrices": matrices, "head": heads}

    def optimizer(self, rate: float, device: torch.device | str, **rest: object) -> Optimizer:
        """Return Adam with the rate divided by each copy's width."""
        one = len(set(self.widths)) == 1  # one rate for all copies is one pass over the memory less
        rates = rate / self.widths[0] if one else rate / self._by_copy(device).flatten()
        return Optimizer(learning_rate=rates, **rest)  # type: ignore[arg-type]

    def _by_copy(self, device: torch.device | str) -> Float[Tensor, "copies 1 1"]:
        return torch.tensor(self.widths, dtype=torch.float32, device=device)[:, None, None]

    def logits(
        self,
        embeddings: Float[Tensor, "copies vocabulary width"],
        parameters: Parameters,
        contexts: Int[Tensor, "copies batch tokens"],
    ) -> Float[Tensor, "copies batch outputs"]:
        """Return the logits of what follows each context."""
        _, _, value, out, first, second = parameters["matrices"].unbind(1)
        x = self._gathered(embeddings, contexts)
        weights = self._weights(embeddings, parameters, contexts, x)
        if x is None:
            bags = weights.new_zeros(*contexts.shape[:2], self.vocabulary).scatter_add(2, contexts, weights)
            h = torch.bmm(bags, _through(embeddings, value, out, first))
        else:
            h = _through((weights[..., None] * x).sum(2), value, out, first)
        return _through(h.relu(), second, parameters["head"])

    def _gathered(
        self, embeddings: Float[Tensor, "copies vocabulary width"], contexts: Int[Tensor, "copies batch tokens"]
    ) -> Float[Tensor, "copies batch tokens width"] | None:
        """Return the embeddings of all tokens; None where it is less work to go through the vocabulary and look up."""
        (copies, batch, tokens), width, rows = contexts.shape, max(self.widths), self.vocabulary
        by_token = rows * (2 * width**2 + rows * width) + batch * rows * width
        if by_token < 2 * batch * width**2 + GATHER * batch * tokens * width:
            return None
        shift = rows * torch.arange(copies, device=contexts.device)[:, None, None]
        return embeddings.flatten(0, 1).index_select(0, (contexts + shift).flatten()).view(copies, batch, tokens, -1)

    def _weights(
        self,
        embeddings: Float[Tensor, "copies vocabulary width"],
        parameters: Parameters,
        contexts: Int[Tensor, "copies batch tokens"],
        x: Float[Tensor, "copies batch tokens width"] | None,
    ) -> Float[Tensor, "copies batch tokens"]:
        """Return how much of each token the attention takes, nothing of a pad."""
        there = contexts != self.vocabulary - 1
        if self.attention == "uniform":
            return there / there.sum(-1, keepdim=True)
        query, key = parameters["matrices"].unbind(1)[:2]
        by_copy = self._by_copy(embeddings.device)
        if x is None:
            pairs = torch.bmm(_through(embeddings, query, key.transpose(1, 2)), embeddings.transpose(1, 2)) / by_copy
            places = self.vocabulary * contexts[:, :, :1] + contexts
            scores = pairs.flatten(1).gather(1, places.flatten(1)).view(contexts.shape)
        else:
            asked = _through(x[:, :, 0], query, key.transpose(1, 2)) / by_copy
            scores = (x * asked[:, :, None]).sum(-1)
        return scores * there if self.attention == "linear" else scores.masked_fill(~there, -torch.inf).softmax(-1)

    @torch.no_grad()
    def from_uniform(
        self,
        embeddings: Float[Tensor, "copies vocabulary width"],
        parameters: Parameters,
        contexts: Int[Tensor, "copies batch tokens"],
    ) -> Float[Tensor, "copies batch"]:
        """Return the total variation between the attention and equal weights of all tokens: 0 if it is uniform."""
        there = contexts != self.vocabulary - 1
        weights = self._weights(embeddings, parameters, contexts, self._gathered(embeddings, contexts))
        return (weights - there / there.sum(-1, keepdim=True)).abs().sum(-1) / 2

    def loss(self, embeddings: Float[Tensor, "copies vocabulary width"]) -> Loss:
        """Return the weighted mean cross-entropy of a batch (contexts, targets, weights), one number a copy."""

        def of(parameters: Parameters, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
            contexts, targets, weights = batch
            guesses = self.logits(embeddings, parameters, contexts).flatten(0, 1)
            each = functional.cross_entropy(guesses, targets.flatten(), reduction="none")
            return (each.view(targets.shape) * weights).mean(1)

        return of

    @torch.no_grad()
    def answers(
        self,
        embeddings: Float[Tensor, "copies vocabulary width"],
        parameters: Parameters,
        questions: Int[Tensor, "copies batch 2"],
        no: int,
        most: int,
    ) -> tuple[Int[Tensor, "copies batch time"], Int[Tensor, "copies batch"]]:
        """Return what is written greedily after each question, and the answer: 1 yes, 0 no, -1 none.

        Args:
            embeddings, parameters: of the copies, with one logit a token.
            questions: a and b.
            no: token of the answer no; yes is the next one.
            most: tokens to write, the answer included.
        """
        contexts, answer = questions.flip(-1), torch.full(questions.shape[:2], -1, device=questions.device)
        for _ in range(most):
            token = self.logits(embeddings, parameters, contexts).argmax(-1)
            running = answer < 0
            answer = torch.where(running & (token >= no) & (token <= no + 1), token - no, answer)
            token = torch.where(running, token, self.vocabulary - 1)
            contexts = torch.cat([token[..., None], contexts], dim=2)
            if not bool((answer < 0).any()):
                break
        return contexts[:, :, :-2].flip(-1), answer

    @torch.no_grad()
    def wrong(
        self,
        embeddings: Float[Tensor, "copies vocabulary width"],
        parameters: Parameters,
        contexts: Int[Tensor, "copies batch tokens"],
        targets: Int[Tensor, "copies batch"],
    ) -> Bool[Tensor, "copies batch"]:
        """Return which contexts are not followed by their target when the likeliest token is taken."""
        return self.logits(embeddings, parameters, contexts).argmax(-1) != targets


def _through(x: Float[Tensor, "copies batch width"], *matrices: Tensor) -> Tensor:
    """Return x times all matrices; these are multiplied first where that is less work, for batches above the output."""
    if x.shape[1] <= matrices[-1].shape[2]:
        for matrix in matrices:
            x = torch.bmm(x, matrix)
        return x
    product = matrices[-1]
    for matrix in reversed(matrices[:-1]):
        product = torch.bmm(matrix, product)
    return torch.bmm(x, product)
