"""Which language training do the tests of anytime speak of? One of seconds, whose states stay in a run directory."""

from collections.abc import Callable
from pathlib import Path

from solv.experiments.anytime.settings import LanguageModel, LanguageSettings
from solv.harness.contract import Context
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.runs import RunDirectory
from tests.experiments import scaffold

TASK = "train language models"
TINY = LanguageSettings(
    symbols=4000,
    validation=400,
    horizons=(6, 10, 20),
    warmup=3,
    batch=4,
    cosine_rates=(5e-3, 1e-2),
    seeds=2,
    labels=(6.25, 25),
    together=False,
    save_every=7,
    model=LanguageModel(layers=1, width=8, heads=2, context=8),
)


def context(folder: Path, log_metrics: Callable[..., None] = lambda task, step, metrics: None) -> Context:
    """Return a context whose units and training states stay in a run directory."""
    run = RunDirectory(folder)
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    return scaffold.context(
        folder,
        unit=run.unit,
        checkpoint=lambda name: TrainingCheckpoint(run.checkpoint_path(name)),
        log_metrics=log_metrics,
    )
