"""Part `seen-subspace` of icl-alignment: are its panels filled by it alone, its claims judged on both sides?"""

import pandas as pd
import pytest

from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.seen_subspace import LEARNED, SEEN, UNSEEN, Panels
from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.tracking.claims import Verdict
from tests.experiments.scaffold import on_theory, smoke, spoilt, verdicts

CLAIM = "diversity-transition-at-rank"
SOURCES = {
    Panels.ERROR: {"simulation", "theory"},
    Panels.TABLE: {"theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("icl-alignment", "seen-subspace").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("icl-alignment", "seen-subspace").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("icl-alignment", "seen-subspace").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("icl-alignment", "seen-subspace").claims == ("diversity-transition-at-rank",)


def ideal():
    sizes = IclAlignmentConfig(parts=["seen-subspace"])
    theory = EXPERIMENT.predict(sizes)
    measured = on_theory(theory[theory["panel"] == Panels.ERROR.value], error=0.002, n=4)
    return sizes, pd.concat([theory, measured[measured["x"].isin(sizes.subspace.kappa)]], ignore_index=True)


@pytest.mark.parametrize(("strength", "verdict"), [(0.9, Verdict.HOLDS), (1.1, Verdict.FAILS)])
def test_the_seen_half_is_learned_down_to_its_tolerance_above_the_noise(strength, verdict):
    sizes, curves = ideal()
    changed = spoilt(
        curves, lambda rows: rows.assign(y=0.01 + strength * LEARNED, y_err=1e-6), panel=Panels.ERROR, test=SEEN
    )
    few = changed["panel"].eq(Panels.ERROR.value) & changed["source"].eq("simulation") & changed["x"].lt(0.5)
    assert verdicts(EXPERIMENT, changed.assign(y=changed["y"].where(~few, 0.5)), sizes)[CLAIM] is verdict


def test_the_unseen_half_must_not_be_learned():
    sizes, curves = ideal()
    learned = spoilt(curves, lambda rows: rows.assign(y=0.5), panel=Panels.ERROR, test=UNSEEN)
    assert verdicts(EXPERIMENT, learned, sizes)[CLAIM] is Verdict.FAILS
