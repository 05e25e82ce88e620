"""How much faster are a model's trainings at many learning rates as one batch than one after the other?

    python benchmarks/moe_ladder.py

The two smaller models of moe-transfer's quick ladder under the transferring table, four rates and two initialisations
each, 20 of its 100 steps: seconds of processor time, of both ways, which give the same losses.
"""

import time

import torch

from solv.models.moe_transfer.training import Batches, MoeEnsemble, Recipe
from solv.models.moe_transfer.transformer import MoeShape
from solv.theory.moe_transfer.parameter_tables import TABLES, Shape, fan_in_base, numbers

LADDER = ((32, 2), (64, 4))
RATES = tuple(2.0**power for power in (-6, -5, -4, -3))
SEEDS, STEPS, BATCH, CONTEXT = 2, 20, 16, 32


def batches() -> Batches:
    """Return random bytes, the same for every training."""

    def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        tokens = torch.randint(256, (BATCH, CONTEXT + 1), generator=torch.Generator().manual_seed(step))
        return tokens[:, :-1], tokens[:, 1:]

    return batch


def train(width: int, layers: int, copies: list[tuple[float, int]]) -> torch.Tensor:
    """Train copies, each of a rate and a seed, as one batch, and return their losses."""
    table = TABLES["transfer"]
    scaled = numbers(table, Shape(width, layers, width), fan_in_base(Shape(16, 1, 16), table))
    shape = MoeShape(width, layers, hidden=width, context=CONTEXT, branch=scaled.branch, logit_scale=scaled.logit_scale)
    streams = [torch.Generator().manual_seed(seed) for _, seed in copies]
    rates = torch.tensor([rate for rate, _ in copies])
    return MoeEnsemble(shape, Recipe(scaled.stds, scaled.factors), rates, streams).train(batches(), STEPS).losses


def main() -> None:
    """Print both times and their ratio for each model."""
    for width, layers in LADDER:
        copies = [(rate, seed) for rate in RATES for seed in range(SEEDS)]
        train(width, layers, copies[:1])  # whatever is done once
        start = time.process_time()
        together = train(width, layers, copies)
        middle = time.process_time()
        alone = torch.cat([train(width, layers, [copy]) for copy in copies])
        end = time.process_time()
        apart = float((together - alone).abs().max())
        print(
            f"N = {width}, L = {layers}: {len(copies)} trainings as one batch {middle - start:.2f} s, one after the "
            f"other {end - middle:.2f} s, {(end - middle) / (middle - start):.2f} x; losses differ by {apart:.1e}"
        )


if __name__ == "__main__":
    main()
