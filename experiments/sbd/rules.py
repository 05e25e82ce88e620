"""What does each rule do with the score? The rules of a batch of copies, as one broadcast rule for all."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from solv.experiments.sbd.settings import (
    BP,
    BP_SQUARED,
    DFA,
    EBD,
    FROZEN,
    SBD_P,
    SBD_RANDOM,
    Training,
)
from solv.models.sbd.score_broadcast import BroadcastRule


@dataclass(frozen=True)
class Plan:
    """What one batch of copies trains: `rules` x seeds, rule by rule.

    All rules of a plan are either broadcast rules or backpropagation.

    Attributes:
        rules: a name of `RULES` for each block of seeds.
        memory, start, features: override the training's for single blocks, as long as `rules`; features: how many of
            the random ones a block uses.
    """

    rules: Sequence[str]
    memory: Sequence[float] | None = None
    start: Sequence[float] | None = None
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


def broadcast_rule(
    training: Training, plan: Plan, classes: int, queries: Float[Tensor, "inputs features"]
) -> BroadcastRule:
    """Return the rule of every copy; phi is p and then tanh(Q x), each copy using what its rule says."""
    seeds, device, blocks = training.seeds, queries.device, len(plan.rules)
    count = queries.shape[1]
    scales = torch.zeros(blocks, classes + count, device=device)
    memory = torch.tensor(plan.memory or [training.memory] * blocks, device=device)
    for block, rule in enumerate(plan.rules):
        if rule == SBD_P:
            scales[block, :classes] = training.expansion
        if rule == SBD_RANDOM:
            used = plan.features[block] if plan.features else count
            scales[block, classes : classes + used] = training.expansion
        if rule in (FROZEN, DFA):
            memory[block] = 1.0
    start = torch.tensor(plan.start or [training.start] * blocks, device=device)

    def features(x: Tensor, p: Tensor) -> Tensor:
        return torch.cat([p, torch.tanh(x.flatten(2) @ queries)], dim=-1)

    expands = bool(scales.any())
    return BroadcastRule(
        plan.where(EBD, seeds=seeds, device=device),
        memory.repeat_interleave(seeds),
        start.repeat_interleave(seeds),
        scales.repeat_interleave(seeds, dim=0) if expands else None,
        features if expands else None,
        power=training.power,
        power_target=training.power_target,
        entropy=training.entropy,
        sparsity=training.sparsity,
        forward=training.forward,
    )
