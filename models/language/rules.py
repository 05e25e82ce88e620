"""How do gradients move the weights of a language model? By the fused AdamW and SGD of torch, called as functions.

The classes of `torch.optim` import torch's compiler on their first step, which takes longer than a small training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from solv.models.language.sharding import local


@dataclass(frozen=True)
class Members:
    """Parameters that move alike.

    Attributes:
        parameters: at least one; shards of FSDP stay shards.
        rate: learning rate at the factor 1, >= 0.
        weight_decay: decoupled in AdamW, >= 0.
    """

    parameters: Sequence[Tensor]
    rate: float
    weight_decay: float


class UpdateRule:
    """AdamW or SGD with momentum.

    Attributes:
        state: what the rule remembers of each parameter, by kind; empty before its first step.
    """

    def __init__(
        self,
        members: Sequence[Members],
        *,
        rule: Literal["adamw", "sgd"],
        betas: tuple[float, float] = (0.9, 0.99),
        epsilon: float = 1e-8,
        momentum: float = 0.0,
    ) -> None:
        """Begin without a memory.

        Args:
            members: the parameters; each belongs to one group.
            rule: "adamw" or "sgd".
            betas, epsilon: of AdamW.
            momentum: of SGD, in [0, 1).
        """
        self.state: dict[Tensor, dict[str, Tensor]] = {}
        self._members = tuple(members)
        self._rule, self._betas, self._epsilon, self._momentum = rule, betas, epsilon, momentum

    @torch.no_grad()
    def step(self, factor: float = 1.0) -> None:
        """Move every parameter that has a gradient, at `factor` times its learning rate, and drop the gradients."""
        for group in self._members:
            moving = [value for value in group.parameters if value.grad is not None]
            gradients = [local(value.grad) for value in moving if value.grad is not None]
            weights = [local(value) for value in moving]
            if self._rule == "adamw":
                self._adamw(moving, weights, gradients, group.rate * factor, group.weight_decay)
            else:
                self._sgd(moving, weights, gradients, group.rate * factor, group.weight_decay)
            for value in moving:
                value.grad = None

    def _adamw(
        self, moving: list[Tensor], weights: list[Tensor], gradients: list[Tensor], rate: float, weight_decay: float
    ) -> None:
        for value in moving:
            if value not in self.state:
                self.state[value] = {
                    "step": torch.zeros((), dtype=torch.float32, device=value.device),
                    "exp_avg": torch.zeros_like(value),
                    "exp_avg_sq": torch.zeros_like(value),
                }
        steps, means, squares = (
            [local(self.state[value][kind]) for value in moving] for kind in ("step", "exp_avg", "exp_avg_sq")
        )
        adamw(
            weights,
            gradients,
            means,
            squares,
            [],
            steps,
            fused=True,
            amsgrad=False,
            beta1=self._betas[0],
            beta2=self._betas[1],
            lr=rate,
            weight_decay=weight_decay,
            eps=self._epsilon,
            maximize=False,
        )

    def _sgd(
        self, moving: list[Tensor], weights: list[Tensor], gradients: list[Tensor], rate: float, weight_decay: float
    ) -> None:
        memory: list[Tensor | None] = [None] * len(moving)
        if self._momentum:
            for value in moving:
                self.state.setdefault(value, {"momentum_buffer": torch.zeros_like(value)})
            memory = [local(self.state[value]["momentum_buffer"]) for value in moving]
        sgd(
            weights,
            gradients,
            memory,
            fused=True,
            weight_decay=weight_decay,
            momentum=self._momentum,
            lr=rate,
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )
