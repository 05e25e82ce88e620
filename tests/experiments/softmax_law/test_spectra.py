"""Part `spectra` of softmax-law: filled by itself, and judged on both sides of every edge."""

from functools import cache

import numpy as np
import pytest

from solv.experiments.softmax_law.exponents import LONG
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.spectra import (
    RECORD,
    SOFTMAX,
    SPECTRA,
    SQUARED,
    Panels,
    flow_loss,
    with_spectrum,
)
from solv.tracking.claims import Verdict, judge
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import on_theory, smoke, spoilt

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
CLAIMS = {claim.id: claim for claim in SPECTRA.claims}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("softmax-law", "spectra").sources() == {
        Panels.TEACHER: {"trained"},
        Panels.EXPONENT: {"trained"},
        Panels.DATA: {"theory", "simulation"},
        Panels.LAW: {"theory", "simulation"},
    }


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("softmax-law", "spectra").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("softmax-law", "spectra").claims == tuple(CLAIMS)


def test_a_teacher_with_a_spectrum_keeps_norm_and_directions():
    weights = np.random.default_rng(0).standard_normal((10, 4))
    shaped = with_spectrum(weights, 1.0)
    values = np.linalg.svd(shaped, compute_uv=False)
    np.testing.assert_allclose(values / values[0], 1 / np.arange(1, 5))
    assert np.linalg.norm(shaped) == pytest.approx(np.linalg.norm(weights))


def test_the_flow_under_the_squared_loss_starts_at_one_and_has_the_law_of_its_spectrum():
    tau = np.array([0.0, 1e3, 1e4])
    loss = flow_loss(tau, 2.0, 200_000)
    assert loss[0] == pytest.approx(1)
    assert np.log(loss[2] / loss[1]) / np.log(10) == pytest.approx(-0.5, abs=0.01)


@cache
def true_curves():
    theory = join_curves(SPECTRA.predict(SoftmaxLawConfig(parts=["spectra"])))
    law = select(theory, panel=Panels.LAW, of="gradient flow, same window")
    at = {"rate": 0.08, "steps": LONG, "classes": 128}
    x, y = ("alpha", [0, 0.5, 1]), ("exponent", -1 / 3)
    return join_curves(
        [theory, on_theory(law, error=1e-3, n=3), RECORD.trained(Panels.EXPONENT, at, x=x, y=y, y_err=1e-3, n=3)]
    )


def judged(curves, claim):
    return judge(CLAIMS[claim], curves, {}).verdict


def lower(by):
    return lambda rows: rows.assign(y=rows["y"] - by)


EDGES = [
    ("teacher-spectrum-keeps-the-exponent", {"panel": Panels.EXPONENT}, lambda s: lower(s * SOFTMAX)),
    ("squared-loss-has-the-datas-exponent", {"panel": Panels.LAW}, lambda s: lower(s * SQUARED)),
]


@pytest.mark.parametrize(("claim", "rows", "change"), EDGES)
def test_a_claim_holds_at_nine_tenths_of_its_tolerance_and_fails_at_eleven(claim, rows, change):
    assert judged(true_curves(), claim) is HOLDS
    for strength, verdict in ((0.9, HOLDS), (1.1, FAILS)):
        assert judged(spoilt(true_curves(), change(strength), **rows), claim) is verdict
    for error in (10.0, 0.0):
        vague = spoilt(true_curves(), lambda part, e=error: part.assign(y_err=e), **rows)
        assert judged(vague, claim) is UNDECIDED


def test_a_short_run_decides_nothing_of_teachers():
    assert judged(smoke("softmax-law", "spectra").curves, "teacher-spectrum-keeps-the-exponent") is UNDECIDED
