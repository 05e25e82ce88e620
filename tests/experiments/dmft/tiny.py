"""What do the tests of dmft's parts stand on? Tiny settings, and what one part predicts and measures under them."""

from pathlib import Path

import pytest

from solv.experiments.dmft.experiment import EXPERIMENT
from solv.experiments.dmft.settings import DmftConfig, Elliptic, Ensembles, Flow, Repeats
from solv.tracking.curves import Curves, select
from tests.experiments.scaffold import context, measured

TINY = {
    "tau": 0,
    "phi": 1,
    "samples": 0.5,
    "features": 0.8,
    "dimension": 20,
    "steps": 8,
    "spectrum": "isotropic",
    "members": [1, 2],
    "overlap": 0,
    "elliptic": Elliptic(size=12, small_size=12, repeats=2, small_repeats=2, until=1),
    "repeats": Repeats(regression=2, random_features=2, sgd=2),
    "ensembles": Ensembles(dimension=12, sets=2, bags=2, repeats=2),
    "flow": Flow(dimension=20, repeats=2),
}


def curves_of(folder: Path, part: str, **changed: object) -> tuple[Curves, Curves]:
    """Return what a part predicts and measures under tiny settings."""
    settings = DmftConfig(**{**TINY, **changed, "parts": [part]})
    return EXPERIMENT.predict(settings), measured(EXPERIMENT, settings, context(folder))


def predicted(part: str, **changed: object) -> Curves:
    """Return what a part predicts, at the sizes of the spec's reference values but for what is changed."""
    sizes = {**TINY, "dimension": 1000, "steps": 200, "noise": 0.1, "eta": 0.05, **changed}
    return EXPERIMENT.predict(DmftConfig(**{**sizes, "parts": [part]}))


def value(curves: Curves, **equal: object) -> float:
    """Return the one ordinate that theory has there."""
    rows = select(curves, source="theory", **equal)
    assert len(rows) == 1
    return float(rows["y"].iloc[0])


def near(number: float) -> object:
    """Compare with a reference value of the spec."""
    return pytest.approx(number, rel=1e-4)
