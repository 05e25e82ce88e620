"""Part `linear-measures` of icl-alignment: are its panels filled by it alone, its claims judged on both sides?"""

import pytest

from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.linear_measures import Panels
from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.tracking.claims import Verdict
from solv.tracking.curves import parameter, select
from tests.experiments.scaffold import smoke, spoilt, verdicts

CLAIM = "measures-order-linear-errors"
SOURCES = {
    Panels.MISALIGNMENT: {"theory"},
    Panels.RESOLVENT: {"theory"},
    Panels.INVERSE: {"theory"},
    Panels.CKA: {"theory"},
    Panels.RANKS_WITHIN: {"theory"},
    Panels.RANKS: {"theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("icl-alignment", "linear-measures").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("icl-alignment", "linear-measures").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("icl-alignment", "linear-measures").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("icl-alignment", "linear-measures").claims == ("measures-order-linear-errors",)


def test_the_claim_fails_where_e_misalign_is_wrong_about_a_pair():
    sizes = IclAlignmentConfig(parts=["linear-measures"])
    curves = EXPERIMENT.predict(sizes)
    assert verdicts(EXPERIMENT, curves, sizes)[CLAIM] is Verdict.HOLDS
    wrong = spoilt(
        curves, lambda rows: rows.assign(y=0.999), measured_only=False, panel=Panels.RANKS_WITHIN, measure="e_misalign"
    )
    assert verdicts(EXPERIMENT, wrong, sizes)[CLAIM] is Verdict.FAILS


def test_the_measure_is_right_by_construction_and_the_rivals_nearly_so():
    ranks = select(EXPERIMENT.predict(IclAlignmentConfig(parts=["linear-measures"])), panel=Panels.RANKS_WITHIN)
    values = dict(zip(parameter(ranks, "measure"), ranks["y"], strict=True))
    assert values["e_misalign"] == pytest.approx(1, abs=1e-12)
    assert min(values["resolvent"], values["C_te/C_tr"]) > 0.99
