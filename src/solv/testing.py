"""Does an experiment keep its contract? `check_experiment` is the test that every experiment passes, the papers', too.

from solv.testing import check_experiment
from my_law.experiment import EXPERIMENT


def test_my_law_keeps_the_contract():
    check_experiment(EXPERIMENT)
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from solv.harness.contract import Context, Experiment, Part, flat
from solv.harness.seeds import Seeds
from solv.harness.settings import RunSettings, as_dictionary, keys, largest_values, replace, resolve
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import MissingCurvesError, Verdict
from solv.tracking.curves import Curves, join_curves
from solv.tracking.headline import MOST
from solv.tracking.labels import lay_out
from solv.tracking.progress import SilentReporter
from solv.tracking.runs import RunDirectory

__all__ = ["check_experiment", "check_statics"]


def check_experiment(experiment: Experiment[Any], settings: RunSettings | None = None) -> None:
    """Check that an experiment does what `solv.harness.contract` says.

    * What `check_statics` checks.
    * `predict` imports no torch (where the experiment can be imported by its entry).
    * Every curve is of a panel that its part declares, and every declared panel has a curve.
    * Measured without a stop, and each part alone, stopped after every single unit of work and gone on with: the
      same bits.
    * Measured with another seed, curves have the same params: no result is part of a curve's name.
    * Every claim gets a verdict, none is `not run`, and each notices when a panel that it reads is empty.

    Args:
        experiment: what is checked.
        settings: small ones; by default the preset `smoke` if there is one, else `quick`.

    Raises:
        AssertionError: it does not; the message says what, of which part or claim.
    """
    chosen = settings if settings is not None else _small_settings(experiment)
    check_statics(experiment)
    _check_light(experiment, chosen)
    theory = experiment.predict(chosen)
    with tempfile.TemporaryDirectory() as folder:
        whole = _measured(experiment, chosen, Path(folder) / "whole", {})
        stopped = join_curves(
            _stopped_everywhere(experiment, part, chosen, Path(folder) / "stopped" / part.name)
            for part in experiment.chosen(chosen.parts)
        )
        other = _measured(experiment, replace(chosen, seed=chosen.seed + 1), Path(folder) / "other", {})
    pd.testing.assert_frame_equal(whole, stopped, check_exact=True, obj=f"{experiment.entry.name}, stopped and resumed")
    _check_identities(experiment, whole, other)
    curves = join_curves([theory, whole])
    _check_panels(experiment, chosen, curves)
    _check_claims(experiment, chosen, curves)


def check_statics(experiment: Experiment[Any]) -> None:
    """Check what can be seen without computing: names, panels, claims and what they need.

    Raises:
        AssertionError: a name stands twice, a claim reads a panel that no part has or that the default settings leave
            out, or needs a setting that there is not, or the headline shows what there is not.
    """
    name = experiment.entry.name
    for what, found in (
        ("part", [part.name for part in experiment.parts]),
        ("panel", [panel.value for part in experiment.parts for panel in part.names]),
        ("claim", [claim.id for claim in experiment.all_claims()]),
    ):
        twice = sorted({each for each in found if found.count(each) > 1})
        assert not twice, f"{name}: {what} {', '.join(twice)} stands twice"
    known = {panel.value for part in experiment.parts for panel in part.names}
    shown = {str(panel.name) for part in experiment.parts for panel in part.panels(experiment.Config())}
    settable, most = {key.name for key in keys(experiment.Config)}, largest_values(experiment.Config)
    for claim in experiment.all_claims():
        assert claim.reads, f"{name}: claim {claim.id} reads no panel"
        for panel in claim.reads:
            assert panel.value in known, f"{name}: claim {claim.id} reads {panel.value}, which is a panel of no part"
            assert panel.value in shown, f"{name}: claim {claim.id} reads {panel.value}, which quick leaves out"
        for key, least in claim.needs.items():
            assert key in settable, f"{name}: claim {claim.id} needs {key}, which is no setting"
            assert least <= most.get(key, least), f"{name}: claim {claim.id} needs {key} >= {least}, which is not valid"
    claims = {claim.id for claim in experiment.all_claims()}
    assert len(experiment.headline) <= MOST, f"{name}: the headline has more than {MOST} pictures"
    for highlight in experiment.headline:
        assert highlight.panel in shown, f"{name}: the headline shows {highlight.panel}, which quick leaves out"
        assert not highlight.claim or highlight.claim in claims, f"{name}: no claim is called {highlight.claim}"
    redone = {figure.part for figure in experiment.figures}
    for figure in experiment.figures:
        assert not figure.part or figure.part in {part.name for part in experiment.parts}, (
            f"{name}: {figure.figure} is redone by {figure.part}, which is no part"
        )
        assert figure.part or figure.found, f"{name}: nothing says why {figure.figure} is not redone"
    for part in experiment.parts:
        mapped = not experiment.figures or not part.figure or part.name in redone
        assert mapped, f"{name}: part {part.name} redoes {part.figure}, which is not on the map"
        assert not part.switch or part.switch in settable, f"{name}: part {part.name}: {part.switch} is no setting"
        own = {panel.value for panel in part.names}
        for drawn in part.panels(experiment.Config()):
            assert str(drawn.name) in own, f"{name}: part {part.name} draws {drawn.name}, which is not among its names"


def _small_settings(experiment: Experiment[Any]) -> RunSettings:
    from solv.harness.catalog import present
    from solv.harness.compose import settings_for
    from solv.harness.presets import DEFAULT_PRESET, presets

    name = experiment.entry.name
    with present(experiment):
        return settings_for(name, "smoke" if "smoke" in presets(name) else DEFAULT_PRESET, [])[1]


def _check_light(experiment: Experiment[Any], settings: RunSettings) -> None:
    module, _, attribute = experiment.entry.experiment.partition(":")
    if getattr(sys.modules.get(module), attribute, None) is not experiment or module == "__main__":
        _check_light_here(experiment, settings)
        return
    program = (
        f"import json, sys; from {module} import {attribute} as experiment; "
        "from solv.harness.settings import resolve; "
        "experiment.predict(resolve(experiment.Config, json.load(sys.stdin))); "
        "sys.exit(3 if 'torch' in sys.modules else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program],
        env=environment,
        input=json.dumps(as_dictionary(settings)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 3, f"{experiment.entry.name}: predict imports torch"
    assert done.returncode == 0, f"{experiment.entry.name}: predict fails: {done.stderr.strip().splitlines()[-1:]}"


def _check_light_here(experiment: Experiment[Any], settings: RunSettings) -> None:
    """Check an experiment that no other process can import: with torch out of reach, it predicts."""
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "torch"}
    sys.modules.update(dict.fromkeys(["torch", *kept]))  # type: ignore[arg-type]  # None: importing it is an error
    try:
        experiment.predict(settings)
    except ImportError as error:
        raise AssertionError(f"{experiment.entry.name}: predict imports torch ({error})") from error
    finally:
        del sys.modules["torch"]
        sys.modules.update(kept)


def _measured(
    experiment: Experiment[Any],
    settings: RunSettings,
    folder: Path,
    kept: dict[str, dict[str, np.ndarray]],
    part: Part[Any] | None = None,
    stop_after: int | None = None,
) -> Curves:
    """Measure a part or all; units in `kept` are not computed; a stop comes before the one after so many new ones."""
    run = RunDirectory(folder)
    run.begin("", {})
    computed: list[str] = []

    def checkpoint(name: str) -> TrainingCheckpoint:
        return TrainingCheckpoint(run.checkpoint_path(name))

    def unit(name: str, compute: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        if name not in kept:
            if stop_after is not None and len(computed) == stop_after:
                raise _StopError
            computed.append(name)
            kept[name] = {key: np.asarray(value) for key, value in compute().items()}
        return kept[name]

    context = Context("cpu", Seeds(settings.seed), unit, checkpoint, SilentReporter())
    parts = experiment.chosen(settings.parts) if part is None else (part,)
    return join_curves(experiment.measure(each, settings, context) for each in parts)


def _stopped_everywhere(experiment: Experiment[Any], part: Part[Any], settings: RunSettings, folder: Path) -> Curves:
    kept: dict[str, dict[str, np.ndarray]] = {}
    while True:
        try:
            return _measured(experiment, settings, folder, kept, part, stop_after=1)
        except _StopError:
            continue


class _StopError(BaseException):
    """Ends a measurement between two units, as an interrupt does."""


def _check_identities(experiment: Experiment[Any], one: Curves, other: Curves) -> None:
    """Check that what a curve is called does not hang on what was measured: other seeds give curves of the same names.

    Whether there is a curve may: a law is fitted only where there is something to fit.
    """
    for (part, panel), rows in one.groupby(["part", "panel"], sort=False):
        here = set(rows["params"])
        there = set(other[(other["part"] == part) & (other["panel"] == panel)]["params"])
        own, foreign = sorted(here - there), sorted(there - here)
        assert not (own and foreign), (
            f"{experiment.entry.name}: a curve of panel {panel} of part {part} is called {own[0]} with one seed and "
            f"{foreign[0]} with the next: a result is no param"
        )


def _check_panels(experiment: Experiment[Any], settings: RunSettings, curves: Curves) -> None:
    with_curves = set(curves["panel"])
    for part in experiment.chosen(settings.parts):
        for panel in part.panels(settings):
            assert str(panel.name) in with_curves, (
                f"{experiment.entry.name}: panel {panel.name} of part {part.name} has no curve"
            )
    for facet in lay_out(curves, experiment.panels(settings)):
        alike = facet.curves.groupby("series")["params"].nunique()
        if not facet.panel.category and facet.panel.heat is None and facet.panel.ridge is None:
            assert (alike == 1).all(), f"{experiment.entry.name}: {facet.key} calls two curves {alike.idxmax()!r}"


def _check_claims(experiment: Experiment[Any], settings: RunSettings, curves: Curves) -> None:
    name = experiment.entry.name
    for finding in experiment.judge(curves, settings):
        assert finding.verdict is not Verdict.NOT_RUN or settings.parts, f"{name}: claim {finding.id} is not run"
    for claim in experiment.all_claims():
        for panel in claim.reads:
            try:
                experiment.judge(curves[curves["panel"] != panel.value], settings)
            except MissingCurvesError:
                continue
            raise AssertionError(f"{name}: claim {claim.id} does not notice that {panel.value} is empty")
    round_trip = resolve(type(settings), as_dictionary(settings))
    assert flat(as_dictionary(round_trip)) == flat(as_dictionary(settings)), (
        f"{name}: settings do not survive their file"
    )
