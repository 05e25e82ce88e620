"""How much faster are a model's trainings at many learning rates as one batch than one after the other?

    python benchmarks/moe_ladder.py

Every model of moe-transfer's quick run that is trained under the transferring and the standard table, at the rates and
initialisations that it is first trained at; 20 of the 100 steps. Seconds of processor time of both ways, and of all.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from solv.experiments.moe_transfer.settings import MoeTransferConfig, TransferSettings
from solv.experiments.moe_transfer.sizes import Model, rates_of, seeds_of, trainings
from solv.experiments.moe_transfer.transformers import Laboratory
from solv.harness.contract import Context
from solv.harness.seeds import Seeds
from solv.harness.settings import replace
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.progress import SilentReporter

STEPS = 20


def context(folder: str) -> Context:
    """Return a context that keeps nothing."""

    def unit(name: str, compute: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return dict(compute())

    return Context("cpu", Seeds(0), unit, lambda name: TrainingCheckpoint(Path(folder) / "state.pt"), SilentReporter())


def scores(settings: TransferSettings, table: str, model: Model, seeds: int, own: Context) -> np.ndarray:
    """Return the scores of a model at the rates of the settings, shape (seeds, rates)."""
    return Laboratory(settings, own).losses(table, model, STEPS, seeds)["scores"]


def main() -> None:
    """Print both times and their ratio for each model, and for all together."""
    config = MoeTransferConfig()  # the defaults are the quick run
    settings = replace(config.transfer, steps=STEPS, scored=STEPS, extend=0, refine=0)
    every = {(each.table, each.model.name): each.model for each in trainings(config)}
    totals = [0.0, 0.0]
    with TemporaryDirectory() as folder:
        own = context(folder)
        for (table, _), model in every.items():
            rates, seeds = rates_of(settings, table), seeds_of(settings, model)
            kind = "standard_rates" if table == "standard" else "rates"
            start = time.process_time()
            together = scores(settings, table, model, seeds, own)
            middle = time.process_time()
            alone = np.array(
                [
                    [scores(replace(settings, **{kind: (rate,)}), table, model, 1, own)[0, 0] for rate in rates]
                    for _ in range(seeds)
                ]
            )
            times = middle - start, time.process_time() - middle
            totals = [total + each for total, each in zip(totals, times, strict=True)]
            apart = float(np.abs(together[0] - alone[0]).max())
            print(
                f"{table}, {model.name}: {alone.size} trainings as one batch {times[0]:.2f} s, one after the other "
                f"{times[1]:.2f} s, {times[1] / times[0]:.2f} x; losses differ by {apart:.1e}"
            )
    print(f"all: {totals[0]:.1f} s and {totals[1]:.1f} s, {totals[1] / totals[0]:.2f} x")


if __name__ == "__main__":
    main()
