"""Part `in-distribution` of icl-alignment: are its panels filled by it alone, its claims judged on both sides?"""

import pandas as pd
import pytest

from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.in_distribution import FINITE, Panels
from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.tracking.claims import Verdict
from tests.experiments.scaffold import on_theory, smoke, verdicts

CLAIM = "in-distribution-error-is-q-tau"
SOURCES = {
    Panels.ERROR: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("icl-alignment", "in-distribution").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("icl-alignment", "in-distribution").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("icl-alignment", "in-distribution").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("icl-alignment", "in-distribution").claims == ("in-distribution-error-is-q-tau",)


@pytest.mark.parametrize(("strength", "verdict"), [(0.9, Verdict.HOLDS), (1.1, Verdict.FAILS)])
def test_the_claim_is_judged_on_both_sides_of_its_tolerance(strength, verdict):
    sizes = IclAlignmentConfig(parts=["in-distribution"])
    theory = EXPERIMENT.predict(sizes)
    measured = on_theory(theory, error=1e-4, n=6)
    measured = measured.assign(y=measured["y"] * (1 + strength * FINITE / sizes.dimension))
    curves = pd.concat([theory, measured], ignore_index=True)
    assert verdicts(EXPERIMENT, curves, sizes)[CLAIM] is verdict
