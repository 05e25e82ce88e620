"""Part `parametrization` of dmft: is every panel filled, and are its claims judged on both sides of every edge?"""

import math

import numpy as np
import pandas as pd
import pytest

from solv.experiments.dmft import parametrization
from solv.experiments.dmft.parametrization import EDGE, OCTAVE, PARAMETRIZATION, RATES, Panels, best_rate
from solv.experiments.dmft.settings import DmftConfig
from solv.theory.dmft.parametrization import Parametrization
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, parameter, select
from tests.experiments.scaffold import smoke, spoilt

SOURCES = {panel: {"theory", "trained"} for panel in Panels}
HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
RATE, SPIKE = {"panel": Panels.RATE}, {"panel": Panels.SPIKE}
MEAN_FIELD, NTK = ({"parametrization": kind.value} for kind in Parametrization)


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "parametrization").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "parametrization").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "parametrization").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("dmft", "parametrization").claims == ("rate-transfer", "spike-transfer")


def test_a_network_that_diverges_everywhere_but_at_one_rate_has_its_best_there():
    losses = np.full((1, len(RATES)), math.inf)
    losses[0, 3] = 1.0
    assert best_rate(losses)[0] == RATES[3]


@pytest.fixture(scope="module")
def ideal():
    """Theory, and networks that lie on it: a best rate is known to the spacing of the grid."""
    theory = join_curves(parametrization.predict(DmftConfig()))
    theory = theory[(theory["panel"] != Panels.SCAN) & (parameter(theory, "parametrization") != EDGE)]
    error = np.where(theory["panel"] == Panels.RATE, OCTAVE * math.log(2) / math.sqrt(12), 1e-3) * theory["y"]
    trained = theory.assign(source="trained", y_err=error, n=8)
    return pd.concat([theory, trained], ignore_index=True)


def verdict(claim, curves):
    [found] = [each for each in PARAMETRIZATION.claims if each.id == claim]
    return found.judge(curves[curves["panel"].isin([panel.value for panel in found.reads])]).verdict


@pytest.mark.parametrize("claim", ["rate-transfer", "spike-transfer"])
def test_a_claim_holds_on_theory_and_large_errors_or_no_scatter_decide_nothing(ideal, claim):
    assert verdict(claim, ideal) is HOLDS
    assert verdict(claim, ideal.assign(y_err=ideal["y"] * (ideal["source"] != "theory"))) is UNDECIDED
    assert verdict(claim, ideal.assign(y_err=0.0)) is UNDECIDED


def widest(factor, error=1e-9):
    def change(rows):
        last = rows["x"] == rows["x"].max()
        level = rows.loc[rows["x"] == rows["x"].min(), "y"].iloc[0]
        return rows.assign(y=rows["y"].where(~last, factor * level), y_err=error * rows["y"])

    return change


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("strength", "expected"), [(0.9, HOLDS), (1.1, FAILS)])
@pytest.mark.parametrize("source", ["theory", "trained"])
def test_the_rate_of_mean_field_may_move_by_a_third_of_an_octave(ideal, source, strength, expected, sign):
    change = widest(2 ** (sign * strength * parametrization.SAME_RATE), 0.0 if source == "theory" else 1e-9)
    moved = spoilt(ideal, change, measured_only=False, source=source, **RATE, **MEAN_FIELD)
    assert verdict("rate-transfer", moved) is expected


@pytest.mark.parametrize(("octaves", "expected"), [(0.6, HOLDS), (0.4, FAILS)])
@pytest.mark.parametrize("source", ["theory", "trained"])
def test_the_rate_of_ntk_moves_by_half_an_octave(ideal, source, octaves, expected):
    change = widest(2**octaves, 0.0 if source == "theory" else 1e-9)
    assert (
        verdict("rate-transfer", spoilt(ideal, change, measured_only=False, source=source, **RATE, **NTK)) is expected
    )


def at_width(width, y, error):
    return lambda rows: rows.assign(y=rows["y"].where(rows["x"] != width, y), y_err=error)


@pytest.mark.parametrize(("strength", "expected"), [(0.9, HOLDS), (1.1, FAILS)])
@pytest.mark.parametrize("source", ["theory", "trained"])
def test_spikes_have_their_tolerances(ideal, source, strength, expected):
    error = 0.0 if source == "theory" else 1e-9
    mean_field = {**SPIKE, **MEAN_FIELD, "source": source}
    half = float(select(ideal, x=2.0, **mean_field)["y"].iloc[0])
    changed = at_width(8.0, half * (1 + strength * parametrization.SAME_SPIKE), error)
    assert verdict("spike-transfer", spoilt(ideal, changed, measured_only=False, **mean_field)) is expected
    edge = 1 + 8**-0.5
    low = edge * (1 + parametrization.DETACHED / strength)
    flat = spoilt(ideal, lambda rows: rows.assign(y=low, y_err=error), measured_only=False, **mean_field)
    assert verdict("spike-transfer", flat) is expected
    ntk = at_width(8.0, edge * (1 - strength * parametrization.FINITE_SIZE), error)
    assert verdict("spike-transfer", spoilt(ideal, ntk, measured_only=False, source=source, **SPIKE, **NTK)) is expected


def test_widths_that_are_too_close_say_which_are_needed(ideal):
    for claim, needs in (("rate-transfer", "a factor of 8"), ("spike-transfer", "includes 8")):
        [found] = [each for each in PARAMETRIZATION.claims if each.id == claim]
        judgement = found.judge(ideal[(ideal["x"] < 8) & (ideal["panel"] == found.reads[0])])
        assert judgement.verdict is UNDECIDED
        assert needs in judgement.needs
