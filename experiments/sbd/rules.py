"""What does each rule do with the score? The rules of a batch of copies, as one broadcast rule for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from solv.experiments.sbd.settings import (
    BP,
    BP_SQUARED,
    DFA,
    DFA_ENTROPY,
    EBD,
    FROZEN,
    SBD_P,
    SBD_RANDOM,
    Training,
)
from solv.models.sbd.score_broadcast import BroadcastRule

Values: TypeAlias = Sequence[float] | Float[np.ndarray, "blocks seeds"]


@dataclass(frozen=True)
class Plan:
    """What one batch of copies trains: `rules` x seeds, rule by rule.

    All rules of a plan are either broadcast rules or backpropagation.

    Attributes:
        rules: a name of `RULES` for each block of seeds.
        memory, start, expansion, rate: override the training's for single blocks, or for single copies.
        features: how many of the random features each block uses.
    """

    rules: Sequence[str]
    memory: Values | None = None
    start: Values | None = None
    expansion: Values | None = None
    rate: Values | None = None
    features: Sequence[int] | None = None

    @property
    def backward(self) -> bool:
        """Whether its rules are backpropagation."""
        return self.rules[0] in (BP, BP_SQUARED)

    def random_features(self, training: Training) -> int:
        """Return how many random features are drawn: as many as the block that uses most."""
        return max(self.features) if self.features else training.random_features

    def where(self, *rules: str, seeds: int, device: torch.device | str) -> Float[Tensor, "copies"]:
        """Return 1 for the copies of the given rules and 0 for the others."""
        blocks = torch.tensor([float(rule in rules) for rule in self.rules], device=device)
        return blocks.repeat_interleave(seeds)

    def each(
        self, values: Values | None, default: float, *, seeds: int, device: torch.device | str
    ) -> Float[Tensor, "copies"]:
        """Return one value a copy: those that override, or the default."""
        of_blocks = np.full(len(self.rules), default) if values is None else np.asarray(values, dtype=np.float64)
        of_copies = np.broadcast_to(of_blocks.reshape(len(self.rules), -1), (len(self.rules), seeds))
        return torch.tensor(of_copies.ravel(), dtype=torch.float32, device=device)


def expansions(
    plan: Plan, training: Training, classes: int, count: int, device: torch.device | str
) -> Float[Tensor, "copies features"] | None:
    """Return the scale of every feature of every copy: p first, if a rule uses it, then the random ones.

    What no rule of the plan uses is not among them, since every feature costs every copy.
    """
    seeds = training.seeds
    scale = plan.each(plan.expansion, training.expansion, seeds=seeds, device=device)[:, None]
    found = []
    if SBD_P in plan.rules:
        found.append((scale * plan.where(SBD_P, seeds=seeds, device=device)[:, None]).expand(-1, classes))
    if SBD_RANDOM in plan.rules:
        used = torch.tensor(plan.features or [count] * len(plan.rules), device=device).repeat_interleave(seeds)
        chosen = torch.arange(count, device=device) < used[:, None]
        found.append(scale * plan.where(SBD_RANDOM, seeds=seeds, device=device)[:, None] * chosen)
    return torch.cat(found, dim=1) if found else None


def broadcast_rule(
    training: Training, plan: Plan, classes: int, queries: Float[Tensor, "inputs features"]
) -> BroadcastRule:
    """Return the rule of every copy; phi is p and then tanh(Q x), each copy using what its rule says."""
    seeds, device = training.seeds, queries.device
    memory = plan.each(plan.memory, training.memory, seeds=seeds, device=device)
    frozen = plan.where(FROZEN, DFA, DFA_ENTROPY, seeds=seeds, device=device) > 0

    def features(x: Tensor, p: Tensor) -> Tensor:
        phi = [p] if SBD_P in plan.rules else []
        if SBD_RANDOM in plan.rules:
            phi.append(torch.tanh(x.flatten(2) @ queries))
        return torch.cat(phi, dim=-1)

    scales = expansions(plan, training, classes, queries.shape[1], device)
    return BroadcastRule(
        plan.where(EBD, seeds=seeds, device=device),
        torch.where(frozen, torch.ones_like(memory), memory),
        plan.each(plan.start, training.start, seeds=seeds, device=device),
        scales,
        None if scales is None else features,
        power=training.power,
        power_target=training.power_target,
        entropy=training.entropy,
        sparsity=training.sparsity,
        forward=training.forward,
    )
