"""Which average of the weights is read? Averages over training, kept online beside the weights, one a label.

After step t = 1, 2, ...:  average <- (1 - rho_t) average + rho_t weights, with rho_1 = 1 (anytime spec, equation 2;
arXiv:2602.03702). Step k then has weight rho_k prod_{j > k} (1 - rho_j), and these sum to 1.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from solv.models.language.sharding import full, like, local


@dataclass(frozen=True)
class Averaging:
    """One rule for rho_t.

    Attributes:
        mode: "uniform": rho = 1/t, all steps alike; "tail": all steps after t_0 alike, the last weights before;
            "ema": rho = 1 - 2^(-f/t), so that a step's weight halves while t grows by t/f; "polynomial":
            rho = min(c, t)/t.
        value: t_0 >= 0, f > 0 or c > 0; not used by "uniform".
    """

    mode: Literal["uniform", "tail", "ema", "polynomial"] = "uniform"
    value: float = 1.0

    def __post_init__(self) -> None:
        if self.mode not in ("uniform", "tail", "ema", "polynomial"):
            raise ValueError(f"mode = {self.mode!r}; valid: uniform, tail, ema, polynomial")
        least = 0.0 if self.mode == "tail" else math.ulp(0.0)
        if not (math.isfinite(self.value) and self.value >= least):
            raise ValueError(f"value = {self.value} of {self.mode}; valid: {'>= 0' if self.mode == 'tail' else '> 0'}")

    def newest(self, step: int) -> float:
        """Return rho_t, the weight of the newest weights at step t >= 1."""
        if step == 1:
            return 1.0
        if self.mode == "tail":
            return 1 / max(1.0, step - self.value)
        if self.mode == "ema":
            return -math.expm1(-self.value / step * math.log(2))
        return 1 / step if self.mode == "uniform" else min(self.value, step) / step


class WeightAverages:
    """Copies of a model's parameters, each the average of one rule; buffers are the model's own."""

    def __init__(self, parameters: Mapping[str, Tensor], rules: Mapping[str, Averaging]) -> None:
        """Begin with the parameters as they are.

        Args:
            parameters: by name, of the model in training: they are read after every step. Shards of FSDP stay shards.
            rules: by label.

        Raises:
            ValueError: a parameter has fewer bits than float32: it would lose the small rho of late steps.
        """
        short = next((name for name, value in parameters.items() if value.dtype.itemsize < 4), None)
        if rules and short is not None:
            raise ValueError(f"{short} is {parameters[short].dtype}; averages need float32 or float64")
        self._parameters = dict(parameters)
        self._rules = dict(rules)
        self._copies = {label: [value.detach().clone() for value in parameters.values()] for label in rules}

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the averages."""
        return tuple(self._rules)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step `step`, counted from 1."""
        newest = [local(value) for value in self._parameters.values()]
        for label, rule in self._rules.items():
            torch._foreach_lerp_([local(copy) for copy in self._copies[label]], newest, rule.newest(step))

    @contextmanager
    def swapped(self, label: str) -> Iterator[None]:
        """Let the model have the averaged weights inside the block, and its own again after it.

        Raises:
            ValueError: there is no such average.
        """
        if label not in self._copies:
            raise ValueError(f"no average {label!r}; there are: {', '.join(self._copies) or 'none'}")
        self._exchange(label)
        try:
            yield
        finally:
            self._exchange(label)

    def state_dict(self) -> dict[str, dict[str, Tensor]]:
        """Return every average by label and parameter, whole where the parameters are sharded."""
        return {
            label: {name: full(value) for name, value in zip(self._parameters, copies, strict=True)}
            for label, copies in self._copies.items()
        }

    def load_state_dict(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        """Go back to saved averages.

        Raises:
            KeyError: a label or a parameter is missing.
        """
        for label, copies in self._copies.items():
            for name, copy in zip(self._parameters, copies, strict=True):
                local(copy).copy_(local(like(state[label][name], copy)))

    @torch.no_grad()
    def _exchange(self, label: str) -> None:
        for value, copy in zip(self._parameters.values(), self._copies[label], strict=True):
            here, kept = local(value), local(copy)
            own = here.clone()
            here.copy_(kept)
            kept.copy_(own)
