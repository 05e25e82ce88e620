"""Part `pretraining-map` of icl-alignment: are its panels filled by it alone, its claims judged on both sides?"""

import pandas as pd
import pytest

from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.pretraining_map import ROUNDING, SCARCE, Panels
from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.tracking.claims import Verdict, within
from tests.experiments.scaffold import on_theory, smoke, spoilt, verdicts

CLAIM = "steeper-pretraining-helps-when-scarce"
SOURCES = {
    Panels.MAP: {"theory"},
    Panels.SLICES: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("icl-alignment", "pretraining-map").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("icl-alignment", "pretraining-map").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("icl-alignment", "pretraining-map").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("icl-alignment", "pretraining-map").claims == ("steeper-pretraining-helps-when-scarce",)


def test_the_claim_holds_on_theory_and_fails_where_steeper_pretraining_never_helps():
    sizes = IclAlignmentConfig(parts=["pretraining-map"])
    theory = EXPERIMENT.predict(sizes)
    measured = on_theory(theory[theory["panel"] == Panels.SLICES.value], error=0.05, n=6)
    measured = measured[measured["x"].isin(sizes.improvement.gap)].assign(y_err=0.5)
    curves = pd.concat([theory, measured], ignore_index=True)
    assert verdicts(EXPERIMENT, curves, sizes)[CLAIM] is Verdict.HOLDS
    never = spoilt(curves, lambda rows: rows.assign(y=-20.0), panel=Panels.SLICES, source="simulation")
    assert verdicts(EXPERIMENT, never, sizes)[CLAIM] is Verdict.FAILS


@pytest.mark.parametrize(("strength", "verdict"), [(0.9, Verdict.HOLDS), (1.1, Verdict.FAILS)])
def test_the_paper_s_corners_are_judged_to_half_a_per_cent(strength, verdict):
    assert within(19 + strength * ROUNDING, SCARCE[2], ROUNDING) is verdict
