"""Which model answers the chain task? One attention layer and an MLP on frozen random embeddings, many copies as one.

No positions, no norms, no residual stream, no biases (pita spec, section 3; arXiv:2602.14404): a token's embedding of
width d is N(0, 1) and is not trained; the attention feeds the MLP, the MLP the logits. Maximal-update scaling: weights
start N(0, 1/d) (the head N(0, 1/d^2)), attention divides by d, Adam's rate is divided by d.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from models.ensemble import Loss, Optimizer, Parameters

MATRICES = ("query", "key", "value", "out", "first", "second")


@dataclass(frozen=True)
class StarfishModel:
    """The architecture of every copy.

    Attributes:
        vocabulary: tokens.
        width: d of embeddings and of every layer.
        attention: "softmax", "linear" (scores as they are) or "uniform" (the mean of all tokens so far).
    """

    vocabulary: int
    width: int
    attention: Literal["softmax", "linear", "uniform"] = "softmax"

    def initial(self, copies: int, generator: torch.Generator) -> tuple[Tensor, Parameters]:
        """Return the frozen embeddings, shape (copies, vocabulary, width), and the stacked parameters."""

        def normal(*shape: int) -> Tensor:
            return torch.randn(copies, *shape, generator=generator, device=generator.device)

        d = self.width
        embeddings = normal(self.vocabulary, d)
        parameters = {name: normal(d, d) / d**0.5 for name in MATRICES}
        return embeddings, {**parameters, "head": normal(d, self.vocabulary) / d}

    def optimizer(self, rate: float, **rest: object) -> Optimizer:
        """Return Adam with the rate divided by the width."""
        return Optimizer(learning_rate=rate / self.width, **rest)  # type: ignore[arg-type]

    def logits(
        self,
        embeddings: Float[Tensor, "copies vocabulary width"],
        parameters: Mapping[str, Tensor],
        tokens: Int[Tensor, "copies batch time"],
    ) -> Float[Tensor, "copies batch time vocabulary"]:
        """Return the logits of the token after each one."""
        copies, batch, time = tokens.shape
        x = embeddings.gather(1, tokens.flatten(1)[..., None].expand(-1, -1, self.width))

        def times(h: Tensor, name: str) -> Tensor:
            return torch.bmm(h, parameters[name])

        value = times(x, "value").view(copies * batch, time, -1)
        past = torch.ones(time, time, dtype=torch.bool, device=tokens.device).tril()
        if self.attention == "uniform":
            weights = (past / past.sum(1, keepdim=True)).expand(copies * batch, -1, -1)
        else:
            query, key = (times(x, name).view(copies * batch, time, -1) for name in ("query", "key"))
            scores = torch.bmm(query, key.transpose(1, 2)) / self.width
            weights = scores * past if self.attention == "linear" else scores.masked_fill(~past, -torch.inf).softmax(-1)
        h = times(torch.bmm(weights, value).view(copies, batch * time, -1), "out")
        h = times(times(h, "first").relu(), "second")
        return times(h, "head").view(copies, batch, time, -1)

    def loss(self, embeddings: Float[Tensor, "copies vocabulary width"], pad: int) -> Loss:
        """Return the mean loss of the tokens after a and b, pads apart, as one number a copy."""

        def of(parameters: Parameters, tokens: Tensor) -> Tensor:
            guesses = self.logits(embeddings, parameters, tokens[:, :, :-1])[:, :, 1:].log_softmax(-1)
            wanted = tokens[:, :, 2:]
            counted = wanted != pad
            each = guesses.gather(-1, wanted[..., None])[..., 0]
            return -(each * counted).sum((1, 2)) / counted.sum((1, 2))

        return of

    @torch.no_grad()
    def answers(
        self,
        embeddings: Float[Tensor, "copies vocabulary width"],
        parameters: Mapping[str, Tensor],
        questions: Int[Tensor, "copies batch 2"],
        no: int,
        most: int,
    ) -> tuple[Int[Tensor, "copies batch time"], Int[Tensor, "copies batch"]]:
        """Return what is written greedily after each question, and the answer: 1 yes, 0 no, -1 none.

        Args:
            embeddings, parameters: of the copies.
            questions: a and b.
            no: token of the answer no; yes is the next one, pad the one after.
            most: tokens to write, the answer included.
        """
        tokens, answer = questions, torch.full(questions.shape[:2], -1, device=questions.device)
        for _ in range(most):
            next_token = self.logits(embeddings, parameters, tokens)[:, :, -1].argmax(-1)
            running = answer < 0
            next_token = torch.where(running, next_token, no + 2)
            answer = torch.where(running & (next_token >= no) & (next_token <= no + 1), next_token - no, answer)
            tokens = torch.cat([tokens, next_token[..., None]], dim=2)
            if not bool((answer < 0).any()):
                break
        return tokens[:, :, 2:], answer


def step_errors(
    model: StarfishModel,
    embeddings: Float[Tensor, "copies vocabulary width"],
    parameters: Mapping[str, Tensor],
    traces: Int[Tensor, "copies batch time"],
    pad: int,
) -> Float[Tensor, "copies"]:
    """Return how often a step of true traces is guessed wrong when all before it is given: eps of the spec (4a)."""
    with torch.no_grad():
        guesses = model.logits(embeddings, parameters, traces[:, :, :-1])[:, :, 1:].argmax(-1)
    wanted = traces[:, :, 2:]
    counted = wanted != pad
    return ((guesses != wanted) & counted).sum((1, 2)) / counted.sum((1, 2))
