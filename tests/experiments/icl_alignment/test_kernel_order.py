"""Part `kernel-order` of icl-alignment: are its panels filled by it alone, its claims judged on both sides?"""

import pandas as pd
import pytest

from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.kernel_order import Panels
from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.harness.settings import ConfigurationError
from solv.tracking.claims import Verdict
from tests.experiments.scaffold import on_theory, smoke, spoilt, verdicts

CLAIM = "kernel-is-ordered-against-pretraining"
TURNS, INDIFFERENT = "order-turns-below-the-peak", "isotropic-pretraining-is-indifferent"
SOURCES = {
    Panels.DIRECTIONS: {"simulation", "theory"},
    Panels.ISOTROPIC: {"simulation", "theory"},
    Panels.SEARCH: {"theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("icl-alignment", "kernel-order").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("icl-alignment", "kernel-order").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("icl-alignment", "kernel-order").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("icl-alignment", "kernel-order").claims == (CLAIM, TURNS, INDIFFERENT)


def ideal():
    sizes = IclAlignmentConfig(parts=["kernel-order"])
    theory = EXPERIMENT.predict(sizes)
    measured = on_theory(theory[theory["panel"] != Panels.SEARCH.value], error=0.001, n=6)
    return sizes, pd.concat([theory, measured], ignore_index=True)


def test_its_claims_hold_on_theory():
    sizes, curves = ideal()
    found = verdicts(EXPERIMENT, curves, sizes)
    assert {found[name] for name in (CLAIM, TURNS, INDIFFERENT)} == {Verdict.HOLDS}


@pytest.mark.parametrize(("tau", "claim"), [(4, CLAIM), (0.2, TURNS)])
def test_a_claim_fails_where_the_simulated_order_is_the_other_one(tau, claim):
    sizes, curves = ideal()
    turned = spoilt(curves, lambda rows: rows.assign(y=rows["y"].to_numpy()[::-1]), panel=Panels.DIRECTIONS, tau=tau)
    assert verdicts(EXPERIMENT, turned, sizes)[claim] is Verdict.FAILS


def test_a_step_against_the_order_in_theory_fails_the_claim_above_the_peak_alone():
    sizes, curves = ideal()
    step = spoilt(curves, lambda rows: rows.assign(y=0.1), measured_only=False, panel=Panels.SEARCH)
    found = verdicts(EXPERIMENT, step, sizes)
    assert (found[CLAIM], found[TURNS]) == (Verdict.FAILS, Verdict.HOLDS)


def test_tests_that_differ_beside_isotropic_pretraining_fail_the_claim():
    sizes, curves = ideal()
    uneven = spoilt(
        curves, lambda rows: rows.assign(y=rows["y"] + rows["x"]), measured_only=False, panel=Panels.ISOTROPIC
    )
    assert verdicts(EXPERIMENT, uneven, sizes)[INDIFFERENT] is Verdict.FAILS


def test_cases_that_do_not_pair_up_are_refused():
    with pytest.raises(ConfigurationError, match="equally many"):
        EXPERIMENT.predict(IclAlignmentConfig(order={"tau": [4]}, parts=["kernel-order"]))
