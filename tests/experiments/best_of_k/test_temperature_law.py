"""Part `temperature-law` of best-of-k: both sides of the edges of its claims."""

import numpy as np
import pytest

from solv.experiments.best_of_k import temperature_law
from solv.tracking.claims import Verdict
from solv.tracking.curves import select
from tests.experiments.best_of_k.paper_curves import judged, true_curves
from tests.experiments.scaffold import spoilt

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


@pytest.mark.parametrize(("strength", "verdict"), [(0.9, HOLDS), (1.1, FAILS)])
def test_the_law_of_the_best_temperature_has_fifteen_per_cent(strength, verdict):
    rows = {"panel": temperature_law.Panels.LAW, "law": temperature_law.PAPER}
    exact = select(true_curves(), panel=temperature_law.Panels.LAW, law=temperature_law.EXACT).set_index("x")["y"]
    curves = spoilt(
        true_curves(),
        lambda part: part.assign(y=part["x"].map(exact) * (1 + 0.15 * strength)),
        measured_only=False,
        **rows,
    )
    assert judged(curves, "optimal-temperature-law") is verdict


@pytest.mark.parametrize(("strength", "verdict"), [(1.1, HOLDS), (0.9, UNDECIDED), (-1.4, UNDECIDED), (-1.41, FAILS)])
@pytest.mark.parametrize("end", [1.0, 50.0])
def test_the_best_temperature_is_two_standard_errors_below_both_ends(end, strength, verdict):
    rows = {"panel": temperature_law.Panels.AT}

    def level(part):
        height = np.where(part["x"] == end, 2 * strength * np.hypot(1e-3, 1e-3), 0.1)
        return part.assign(y=1 + np.where(part["x"] == 7, 0.0, height), y_err=1e-3)

    assert judged(spoilt(true_curves(), level, **rows), "optimal-temperature-is-interior") is verdict
