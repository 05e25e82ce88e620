"""What is an experiment? Something that predicts curves, measures them, and checks claims against them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, TypeVar

import numpy as np

from solv.harness.catalog import Entry, entry
from solv.harness.seeds import Seeds
from solv.harness.settings import RunSettings
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Claim
from solv.tracking.curves import Curves
from solv.tracking.figures import Panel
from solv.tracking.progress import Reporter

Settings = TypeVar("Settings", bound=RunSettings)


@dataclass(frozen=True)
class Context:
    """What `measure` may use of the world: a device, seeds, a place for finished units, and a reporter.

    Attributes:
        device: torch device on which to compute.
        seeds: named random streams of this run.
        unit: `unit(name, compute)` returns the arrays that `compute` makes, read from disk if this unit of work was
            finished by an earlier, killed run. A unit draws from streams of its own name only, so that the order and
            the number of the units that are left changes no bit.
        checkpoint: `checkpoint(name)` is where a training longer than a few seconds keeps its state.
        progress: shows tasks.
        log_metrics: `log_metrics(task, step, {name: value})` records training metrics.
        processes: how many processes of `torchrun` measure together; all compute a unit of work at the same time.
    """

    device: str
    seeds: Seeds
    unit: Callable[[str, Callable[[], Mapping[str, np.ndarray]]], dict[str, np.ndarray]]
    checkpoint: Callable[[str], TrainingCheckpoint]
    progress: Reporter
    log_metrics: Callable[[str, int, Mapping[str, float]], None] = field(default=lambda task, step, metrics: None)
    processes: int = 1


class Experiment(Protocol[Settings]):
    """One paper. The module `experiments.<name>` holds its instance as `EXPERIMENT`."""

    @property
    def entry(self) -> Entry:
        """Name, paper and question."""

    @property
    def Config(self) -> type[Settings]:  # noqa: N802 - a type
        """Dataclass of its settings, defaults = the `quick` preset."""

    def panels(self, config: Settings) -> Sequence[Panel]:
        """Axes, scales and titles of the figure's panels."""

    def predict(self, config: Settings) -> Curves:
        """Return the theory curves: no torch, at most seconds."""

    def measure(self, config: Settings, context: Context) -> Curves:
        """Return the simulated and trained curves."""

    def claims(self, curves: Curves) -> list[Claim]:
        """Check the paper's statements against the curves of one run."""


def load(name: str) -> Experiment[Any]:
    """Import and return the experiment called `name`.

    Raises:
        UnknownExperimentError: there is none.
    """
    experiment: Experiment[Any] = import_module(entry(name).module).EXPERIMENT
    return experiment
