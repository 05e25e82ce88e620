"""The parts of the paper's own figures together: what theory says, killed runs, and claims on ideal curves."""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.best_of_k import best_judge, extrapolating_judges, sampling_threshold, zero_temperature
from solv.experiments.best_of_k.experiment import EXPERIMENT
from solv.experiments.best_of_k.settings import BestOfKConfig, SamplingThreshold, ZeroTemperature
from solv.tracking.claims import MissingCurvesError, Verdict
from solv.tracking.curves import parameter, select
from tests.experiments.best_of_k.paper_curves import CLAIMS, REFUTED, SIZES, THEORY_ALONE, TINY, theory, true_curves
from tests.experiments.scaffold import Units, context, findings, measured, on_theory, verdicts

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


def test_the_paper_figure_is_what_theory_says():
    line = select(theory(), panel=extrapolating_judges.Panels.EXTRAPOLATING, c=15)
    exact = line[parameter(line, "order").isna()].set_index("x")["y"]
    # with the full D2, .04112 sigma^2: .0010 above the one-point one at k = 1, less with every k
    np.testing.assert_allclose(exact[[1, 2, 8, 32, 99]], [1.0421, 0.9396, 0.9151, 0.9170, 0.9179], atol=1e-4)
    assert exact.idxmin() == 8
    law = select(theory(), panel=zero_temperature.Panels.SCALED, law=zero_temperature.LAW, training=10_000)
    np.testing.assert_allclose(law["y"], 3.2753, atol=1e-4)
    best = select(theory(), panel=best_judge.Panels.BEST, law=best_judge.EXACT).set_index("x")["y"]
    np.testing.assert_allclose(best[[16, 64, 512]], [11.4, 10.4, 10.0], atol=0.1)
    threshold = select(theory(), panel=sampling_threshold.Panels.THRESHOLD)
    exact, paper = (
        select(threshold, law=law).set_index("x")["y"] for law in ("exact", sampling_threshold.PAPER_THRESHOLD)
    )
    np.testing.assert_allclose((paper - exact).dropna(), 4, rtol=2e-3)  # in T / 2 sigma^2: times 1.001


def test_every_simulated_curve_is_one_of_theory_and_a_killed_run_goes_on_with_the_same_bits(tmp_path):
    units = Units()
    whole = measured(EXPERIMENT, TINY, context(tmp_path, unit=units))
    theory = EXPERIMENT.predict(TINY)
    assert set(whole["panel"] + whole["params"]) <= set(theory["panel"] + theory["params"])
    assert set(whole["source"]) == {"simulation"}
    killed = Units(dies_after=4)
    with pytest.raises(KeyboardInterrupt):
        measured(EXPERIMENT, TINY, context(tmp_path, unit=killed))
    killed.dies_after = None
    pd.testing.assert_frame_equal(whole, measured(EXPERIMENT, TINY, context(tmp_path, unit=killed)), check_exact=True)
    assert killed.computed == units.computed
    assert len(units.computed) == 9


def test_claims_hold_on_curves_that_lie_on_the_theory_but_for_those_that_theory_refutes():
    found = verdicts(EXPERIMENT, true_curves(), SIZES)
    assert {name: found[name] for name in CLAIMS if found[name] is not HOLDS} == dict.fromkeys(REFUTED, FAILS)
    assert len(CLAIMS) == 17


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_panel_that_a_claim_reads_and_that_is_empty_is_a_fault(claim):
    for panel in CLAIMS[claim].reads:
        with pytest.raises(MissingCurvesError, match=panel.value):
            EXPERIMENT.judge(true_curves()[true_curves()["panel"] != panel.value], SIZES)


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim not in THEORY_ALONE])
def test_large_errors_and_none_at_all_leave_a_claim_undecided_and_it_says_what_would_decide(claim):
    for y_err in (true_curves()["y_err"].where(true_curves()["source"] == "theory", 50.0), 0.0):
        found = findings(EXPERIMENT, true_curves().assign(y_err=y_err), SIZES)[claim]
        assert found.verdict is UNDECIDED
        assert found.needs


@pytest.mark.parametrize(
    ("claim", "panel", "changes", "needs"),
    [
        ("zero-temperature-law", "zero-temperature-scaled", {"zero_temperature": ZeroTemperature(k=(50, 60))}, "199"),
        (
            "expansion-gives-the-optimal-samples",
            "threshold-optimal-samples",
            {"threshold": SamplingThreshold(c=(0.0, 14.0))},
            "threshold.c includes 15",
        ),
    ],
)
def test_settings_without_what_a_claim_is_about_say_so(claim, panel, changes, needs):
    part = next(part.name for part in EXPERIMENT.parts if panel in {name.value for name in part.names})
    config = BestOfKConfig(**{**dict(SIZES), **changes, "parts": [part]})
    theory = EXPERIMENT.predict(config)
    found = findings(EXPERIMENT, pd.concat([theory, on_theory(theory[parameter(theory, "law").isna()])]), config)[claim]
    assert found.verdict is UNDECIDED
    assert needs in found.needs
