"""Part `critical-dynamics` of dmft: is every panel filled, and are its claims judged on both sides?"""

import math

import numpy as np
import pandas as pd
import pytest

from solv.experiments.dmft import critical_dynamics
from solv.experiments.dmft.critical_dynamics import CRITICAL_DYNAMICS, LIMIT, Panels
from solv.experiments.dmft.settings import Critical, DmftConfig
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, parameter, select
from tests.experiments.scaffold import smoke, spoilt

SOURCES = {
    Panels.TAIL: {"simulation", "theory"},
    Panels.ERROR: {"simulation", "theory"},
    Panels.SYMMETRY: {"simulation", "theory"},
    Panels.CORRELATION: {"simulation", "theory"},
    Panels.SCALED: {"theory"},
}
SETTINGS = DmftConfig(critical=Critical(sizes=[150, 300, 600], size=400))
HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "critical-dynamics").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "critical-dynamics").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "critical-dynamics").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("dmft", "critical-dynamics").claims == ("critical-tail", "finite-size", "pure-power")


@pytest.fixture(scope="module")
def ideal():
    """Theory, and measurements on it, known to 0.1 %."""
    theory = join_curves(critical_dynamics.predict(SETTINGS))
    shown = theory[theory["panel"] != Panels.SCALED]
    finite = (shown["panel"] != Panels.TAIL) | np.isfinite(parameter(shown, "size").astype(float))
    rows = shown[finite & ((shown["panel"] != Panels.ERROR) | shown["x"].isin(SETTINGS.critical.sizes))]
    return pd.concat([theory, rows.assign(source="simulation", y_err=1e-3 * rows["y"], n=64)], ignore_index=True)


def verdict(claim, curves):
    [found] = [each for each in CRITICAL_DYNAMICS.claims if each.id == claim]
    return found.judge(curves[curves["panel"].isin([panel.value for panel in found.reads])]).verdict


@pytest.mark.parametrize("claim", ["critical-tail", "finite-size", "pure-power"])
def test_a_claim_holds_on_theory_and_errors_as_large_as_what_is_measured_decide_nothing(ideal, claim):
    assert verdict(claim, ideal) is HOLDS
    vague = ideal.assign(y_err=ideal["y"] * (ideal["source"] != "theory"))
    assert verdict(claim, vague) is UNDECIDED
    assert verdict(claim, ideal.assign(y_err=0.0)) is UNDECIDED


def bent(exponent, pivot):
    return lambda rows: rows.assign(y=rows["y"] * (rows["x"] / pivot) ** exponent, y_err=1e-9)


@pytest.mark.parametrize(("strength", "expected"), [(0.9, HOLDS), (1.1, FAILS)])
def test_the_exponent_has_its_tolerance(ideal, strength, expected):
    def bend(rows):
        """Put R of the largest system, its offset taken off, on a power law whose exponent is off by that much."""
        early, late = critical_dynamics.WINDOW
        slope = -1.5 + critical_dynamics.EXPONENT_OFF * strength
        infinite = select(ideal, panel=Panels.TAIL, source="theory", size=math.inf, shift=2.0).set_index("x")["y"]
        target = infinite[early] * (late / early) ** slope
        return rows.assign(y=rows["y"] + (rows["x"] == late) * (target - infinite[late]), y_err=1e-12)

    assert verdict("critical-tail", spoilt(ideal, bend, panel=Panels.TAIL, size=600)) is expected


@pytest.mark.parametrize(("strength", "expected"), [(0.9, HOLDS), (1.1, FAILS)])
def test_the_scaled_response_has_the_known_values(ideal, strength, expected):
    def shift(rows):
        return rows.assign(y=[0.79488 + strength * critical_dynamics.DIGITS])

    moved = spoilt(ideal, shift, measured_only=False, panel=Panels.SCALED, x=100.0)
    assert verdict("critical-tail", moved) is expected
    far = spoilt(ideal, lambda rows: rows.assign(y=LIMIT + 2e-3), measured_only=False, panel=Panels.SCALED, x=1000.0)
    assert verdict("critical-tail", far) is FAILS


@pytest.mark.parametrize(("strength", "expected"), [(0.9, HOLDS), (1.1, FAILS), (-0.9, HOLDS), (-1.1, FAILS)])
def test_the_error_falls_with_size_as_it_should(ideal, strength, expected):
    slope = spoilt(ideal, bent(strength * critical_dynamics.SIZE_SLOPE_OFF, 600), panel=Panels.ERROR)
    assert verdict("finite-size", slope) is expected
    factor = 1 + strength * critical_dynamics.AMPLITUDE_OFF
    level = spoilt(ideal, lambda rows: rows.assign(y=factor * rows["y"], y_err=1e-9), panel=Panels.ERROR)
    assert verdict("finite-size", level) is expected


@pytest.mark.parametrize(("strength", "expected"), [(0.9, HOLDS), (1.1, FAILS)])
@pytest.mark.parametrize("tau", [0.3, 1])
def test_the_rate_beyond_the_power_has_its_tolerance(ideal, tau, strength, expected):
    def faster(times, off):
        """Let R fall faster, from the first of two times on."""
        return lambda rows: rows.assign(y=rows["y"] * np.exp(-off * np.maximum(rows["x"] - times[0], 0)))

    rows = {"panel": Panels.SYMMETRY, "tau": tau}
    off = faster(critical_dynamics.RATE_TIMES, strength * critical_dynamics.RATE_OFF)
    simulated = spoilt(ideal, lambda rows: off(rows).assign(y_err=1e-9), **rows)
    assert verdict("pure-power", simulated) is expected
    late = faster(critical_dynamics.LATE_TIMES, (strength + 0.1) * critical_dynamics.LATE_OFF)  # theory is 0.1 below
    theory = spoilt(ideal, late, measured_only=False, source="theory", **rows)
    found = verdict("pure-power", theory)
    assert found is expected


def test_systems_too_small_for_a_claim_say_which_size_it_needs(ideal):
    for claim, rows in (
        ("critical-tail", {"panel": Panels.TAIL, "size": 600, "source": "simulation"}),
        ("finite-size", {"panel": Panels.ERROR, "source": "simulation", "x": 600.0}),
        ("pure-power", {"panel": Panels.SYMMETRY, "tau": 0.3, "source": "simulation", "x": 8.0}),
    ):
        assert verdict(claim, ideal.drop(select(ideal, **rows).index)) is UNDECIDED
