"""Part `test-time-context` of icl-alignment: are its panels filled by it alone, its claims judged on both sides?"""

import pandas as pd
import pytest

from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.experiments.icl_alignment.test_time_context import FINITE, Panels
from solv.tracking.claims import Verdict
from tests.experiments.scaffold import on_theory, smoke, spoilt, verdicts

CLAIM = "test-context-has-a-floor"
SOURCES = {
    Panels.ERROR: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("icl-alignment", "test-time-context").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("icl-alignment", "test-time-context").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("icl-alignment", "test-time-context").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("icl-alignment", "test-time-context").claims == ("test-context-has-a-floor",)


def ideal():
    sizes = IclAlignmentConfig(parts=["test-time-context"])
    theory = EXPERIMENT.predict(sizes)
    own = theory[~theory["params"].str.contains("endless") & theory["x"].isin(sizes.long_tests.test_alpha)]
    return sizes, pd.concat([theory, on_theory(own, error=1e-4, n=6)], ignore_index=True)


@pytest.mark.parametrize(("strength", "verdict"), [(0.9, Verdict.HOLDS), (1.1, Verdict.FAILS)])
def test_the_floor_is_judged_on_both_sides_of_its_tolerance(strength, verdict):
    sizes, curves = ideal()
    factor = 1 + strength * FINITE / sizes.long_tests.dimension
    off = spoilt(curves, lambda rows: rows.assign(y=factor * rows["y"]), source="simulation")
    assert verdicts(EXPERIMENT, off, sizes)[CLAIM] is verdict


def test_a_step_up_fails_the_claim():
    sizes, curves = ideal()
    up = spoilt(
        curves, lambda rows: rows.assign(y=rows["y"].where(rows["x"] < 1000, 2 * rows["y"])), source="simulation"
    )
    assert verdicts(EXPERIMENT, up, sizes)[CLAIM] is Verdict.FAILS
