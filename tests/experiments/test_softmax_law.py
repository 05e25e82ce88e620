"""Do softmax-law's claims follow from the curves alone?"""

import math

import numpy as np
import pandas as pd
import pytest

from experiments.softmax_law import (
    CONTROLS,
    EXPERIMENT,
    QUANTITIES,
    SoftmaxLawConfig,
    fitted,
    points,
    rates,
    read_at,
    times,
)
from tracking.claims import Verdict

SIZES = SoftmaxLawConfig(beta=(2.0, 16.0, 32.0, math.inf), classes=(4, 2), dimension=4, repeats=2, theory_points=1000)


@pytest.fixture(scope="module")
def ideal():
    """Theory, and measurements as the claims say, with small errors."""
    theory = EXPERIMENT.predict(SIZES)
    kept = ["closed-form", "loss", "crossover", "universality", "control-exponent"]
    measured = theory[theory["panel"].isin(kept)]
    measured = measured.assign(source="trained", y_err=0.001 * measured["y"].abs(), n=4)
    t = np.arange(2.0, 100.0)
    low = {"low": 0.0, "high": 1.0}
    exponents = [
        points("exponent", name, "trained", "1/beta", 0.0, "exponent", law, y_err=0.001, n=4, params=low)
        for name, law in QUANTITIES.items()
    ]
    squared = points("controls", "squared", "trained", "steps", t, "loss", np.exp(-0.2 * t), y_err=1e-9, n=4)
    return pd.concat([theory, measured, squared, *exponents], ignore_index=True)


def verdicts(curves):
    return {claim.id: claim.verdict for claim in EXPERIMENT.claims(curves)}


def test_every_claim_but_the_language_model_holds_on_curves_as_the_paper_has_them(ideal):
    found = verdicts(ideal)
    assert len(found) == 9
    assert found.pop("language-model") is Verdict.UNDECIDED
    assert found == dict.fromkeys(found, Verdict.HOLDS)


def test_every_claim_is_undecided_where_its_curves_are_missing(ideal):
    assert set(verdicts(ideal.iloc[:0]).values()) == {Verdict.UNDECIDED}


@pytest.mark.parametrize(
    ("claim", "panel", "spoil"),
    [
        ("one-third-loss", "exponent", lambda rows: rows["y"] - 0.05),
        ("one-third-weight-growth", "exponent", lambda rows: rows["y"] + 0.05),
        ("two-thirds-gradient", "exponent", lambda rows: rows["y"] + 0.05),
        ("closed-form", "closed-form", lambda rows: rows["y"] * 1.05),
        ("exponential-when-not-peaked", "loss", lambda rows: rows["x"] ** -0.5),
        ("crossover-scales-as-beta-cubed", "crossover", lambda rows: rows["x"] ** 2),
        ("universality", "universality", lambda rows: rows["y"] - 0.1 * (rows["x"] == 1)),
        ("controls-break-it", "control-exponent", lambda rows: 0 * rows["y"] - 1 / 3),
        ("controls-break-it", "controls", lambda rows: rows["x"] ** (-1 / 3)),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, panel, spoil):
    rows = (ideal["panel"] == panel) & (ideal["source"] == "trained")
    assert rows.any()
    spoilt = ideal.copy()
    spoilt.loc[rows, "y"] = spoil(ideal[rows])
    assert verdicts(spoilt)[claim] is Verdict.FAILS


def test_large_errors_leave_an_exponent_undecided(ideal):
    rows = ideal["panel"].eq("exponent") & ideal["source"].eq("trained")
    vague = ideal.assign(y_err=ideal["y_err"].where(~rows, 0.5))
    assert verdicts(vague)["one-third-loss"] is Verdict.UNDECIDED


def test_growing_steps_reach_the_horizon_in_few_steps():
    schedule = rates(math.inf, SIZES)
    assert len(schedule) == pytest.approx(746, abs=2)
    assert schedule.sum() == pytest.approx(SIZES.horizon, rel=0.01)
    assert read_at(math.inf, SIZES)[-1] == len(schedule)
    assert np.all(np.diff(times(2.0, SIZES)) > 0)


def test_a_fit_finds_the_exponent_and_refuses_fewer_than_five_points():
    x = np.geomspace(1, 1000, 20)
    y = np.array([[1.0], [1.1]]) * x ** (-1 / 3)
    fit = fitted(x, y, 10.0)
    assert fit is not None
    assert fit["y"] == pytest.approx(-1 / 3)
    assert fitted(x, y, 900.0) is None


def test_there_is_one_panel_for_every_predicted_curve():
    named = {panel.name for panel in EXPERIMENT.panels(SIZES)}
    assert set(EXPERIMENT.predict(SIZES)["panel"]) | {"controls"} == named
    assert len(CONTROLS) == 4
