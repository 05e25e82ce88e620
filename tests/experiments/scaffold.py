"""What do the tests of all experiments stand on? A context without a run, ideal and spoilt curves, and what dies."""

import dataclasses
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from solv.harness.catalog import load
from solv.harness.compose import settings_for
from solv.harness.contract import Context, Experiment
from solv.harness.seeds import Seeds
from solv.harness.settings import RunSettings, replace
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Finding, Verdict
from solv.tracking.curves import Curves, join_curves, select
from solv.tracking.progress import SilentReporter


def context(
    folder: Path,
    *,
    unit: Callable[..., dict[str, np.ndarray]] | None = None,
    checkpoint: Callable[[str], TrainingCheckpoint] | None = None,
    log_metrics: Callable[[str, int, Mapping[str, float]], None] = lambda task, step, metrics: None,
    seed: int = 0,
) -> Context:
    """Return a context that computes every unit and keeps training states in `folder`."""
    places: dict[str, Path] = {}

    def own(name: str) -> TrainingCheckpoint:
        return TrainingCheckpoint(places.setdefault(name, folder / f"{len(places)}.pt"))

    compute = unit or (lambda name, make: {key: np.asarray(value) for key, value in make().items()})
    return Context("cpu", Seeds(seed), compute, checkpoint or own, SilentReporter(), log_metrics)


class Units:
    """Finished units of work; it dies, if it is told to, before it computes another one after so many."""

    def __init__(self, dies_after: int | None = None) -> None:
        self.kept: dict[str, dict[str, np.ndarray]] = {}
        self.computed: list[str] = []
        self.dies_after = dies_after

    def __call__(self, name: str, make: Callable[[], Mapping[str, Any]]) -> dict[str, np.ndarray]:
        if name not in self.kept:
            if self.dies_after is not None and len(self.computed) >= self.dies_after:
                raise KeyboardInterrupt
            self.kept[name] = {key: np.asarray(value) for key, value in make().items()}
            self.computed.append(name)
        return self.kept[name]


@cache
def preset_of(name: str, preset: str) -> RunSettings:
    """Return the composed settings of an experiment's preset."""
    settings: RunSettings = settings_for(name, preset, [])[1]
    return settings


@dataclass(frozen=True)
class Smoke:
    """What one part says under the smoke preset, run on its own.

    Attributes:
        declared: its panels, in order.
        curves: theory and measurement.
        claims: ids of the claims that were judged by these curves.
    """

    declared: tuple[str, ...]
    curves: Curves
    claims: tuple[str, ...]

    def sources(self) -> dict[str, set[str]]:
        """Return the sources of each panel's curves."""
        return {name: set(self.curves.loc[self.curves["panel"] == name, "source"]) for name in self.declared}

    def unpaired(self) -> set[str]:
        """Return the panels with a measured curve that no theory curve of the same params stands beside."""
        theory = self.curves["source"] == "theory"
        known = set(self.curves[theory][["panel", "params"]].itertuples(index=False, name=None))
        rest = set(self.curves[~theory][["panel", "params"]].itertuples(index=False, name=None))
        return {panel for panel, _ in rest - known}

    def sound(self) -> bool:
        """Return whether theory is exact, and what was measured has counts and errors that can be."""
        theory = self.curves[self.curves["source"] == "theory"]
        rest = self.curves[self.curves["source"] != "theory"]
        exact = bool((theory["y_err"] == 0).all()) and not theory["y"].isna().any()
        return exact and bool((rest["n"] >= 1).all()) and not bool((rest["y_err"] < 0).any())


@cache
def smoke(name: str, part_name: str, *, measure: bool = True) -> Smoke:
    """Return what a part of an experiment predicts, measures and claims under the smoke preset, on its own.

    Args:
        name: of the experiment.
        part_name: of the part.
        measure: whether it is measured and judged, too; else theory alone.
    """
    experiment = load(name)
    settings = replace(preset_of(name, "smoke"), parts=(part_name,))
    [part] = experiment.chosen(settings.parts)
    curves = experiment.predict_part(part, settings)
    judged: tuple[str, ...] = ()
    if measure:
        with tempfile.TemporaryDirectory() as folder:
            own = context(Path(folder), unit=_UNITS.setdefault(name, Units()))
            curves = join_curves([curves, experiment.measure(part, settings, own)])
        own_claims = [claim.id for claim in part.claims]
        found = experiment.judge(curves, settings)
        judged = tuple(each.id for each in found if each.id in own_claims and each.verdict is not Verdict.NOT_RUN)
    return Smoke(tuple(str(panel.name) for panel in part.panels(settings)), curves, judged)


_UNITS: dict[str, Units] = {}  # parts of an experiment share their units, as in a run


def measured(experiment: Experiment[Any], settings: RunSettings, own: Context) -> Curves:
    """Return the measured curves of the parts that the settings choose, without a run directory."""
    return join_curves(experiment.measure(part, settings, own) for part in experiment.chosen(settings.parts))


class Findings(Mapping[str, Finding]):
    """What curves say of the claims of an experiment, by their ids; each is judged when it is asked for."""

    def __init__(self, experiment: Experiment[Any], curves: Curves, settings: RunSettings) -> None:
        self._claims = {claim.id: claim for claim in experiment.all_claims()}
        parts = tuple(dataclasses.replace(part, claims=()) for part in experiment.parts)
        # as if these were the default sizes: below those nothing is refuted, which tests/harness asks about
        self._bare = dataclasses.replace(experiment, parts=parts, Config=lambda: settings)
        self._curves, self._settings = curves, settings

    def __getitem__(self, name: str) -> Finding:
        alone = dataclasses.replace(self._bare, claims=(self._claims[name],))
        [finding] = alone.judge(self._curves, self._settings)
        return finding

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)


class Verdicts(Mapping[str, Verdict]):
    """The verdicts of findings."""

    def __init__(self, found: Findings) -> None:
        self._found = found

    def __getitem__(self, name: str) -> Verdict:
        return self._found[name].verdict

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def findings(experiment: Experiment[Any], curves: Curves, settings: RunSettings) -> Findings:
    """Return what the curves say of every claim, by its id."""
    return Findings(experiment, curves, settings)


def verdicts(experiment: Experiment[Any], curves: Curves, settings: RunSettings) -> Verdicts:
    """Return the verdict of every claim, by its id."""
    return Verdicts(findings(experiment, curves, settings))


def on_theory(theory: Curves, source: str = "simulation", *, error: float = 0.01, n: int = 16) -> Curves:
    """Return measurements that lie on the theory, with a relative standard error."""
    return theory.assign(source=source, y_err=error * theory["y"].abs(), n=n)


def spoilt(curves: Curves, spoil: Callable[[Curves], Curves], *, measured_only: bool = True, **equal: object) -> Curves:
    """Return curves of which the rows that `select(curves, **equal)` names were changed.

    Raises:
        AssertionError: there is no such row.
    """
    rows = select(curves, **equal)
    rows = rows[rows["source"] != "theory"] if measured_only else rows
    assert len(rows), f"no curve has {equal}"
    return pd.concat([curves.drop(rows.index), spoil(rows)], ignore_index=True)
