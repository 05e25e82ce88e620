"""Do softmax-law's claims follow from the curves alone, on both sides of every edge?"""

import math

import numpy as np
import pandas as pd
import pytest

from solv.experiments.softmax_law import controls, crossover, language, networks, one_third_law, universality
from solv.experiments.softmax_law.experiment import EXPERIMENT
from solv.experiments.softmax_law.language_readings import Readings
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.students import QUANTITIES, variants
from solv.harness.contract import flat
from solv.harness.settings import as_dictionary
from solv.tracking.claims import MissingCurvesError, Verdict
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import findings, on_theory, spoilt, verdicts

PARTS = ("one-third-law", "crossover", "controls", "universality", "networks", "language")  # others test themselves
SIZES = SoftmaxLawConfig(
    beta=(2.0, 16.0, 32.0, math.inf), classes=(4, 2), dimension=(4, 5), repeats=2, theory_points=1000, parts=PARTS
)
OWN = [claim for part in EXPERIMENT.chosen(PARTS) for claim in part.claims]
HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
NORMALISED = "universality-of-networks"
SURE = {"y_err": 1e-5, "n": 4}


@pytest.fixture(scope="module")
def theory():
    return EXPERIMENT.predict(SIZES)


@pytest.fixture(scope="module")
def ideal(theory):
    """Theory, and measurements as the laws say, with small errors."""
    panels = (one_third_law.Panels.CLOSED_FORM, one_third_law.Panels.STEEPENING, controls.Panels.LOSS)
    made = [on_theory(select(theory, panel=panel), "trained", error=1e-5, n=4) for panel in panels]
    first = {"classes": 4, "dimension": 4}
    for quantity, law in QUANTITIES.items():
        at = {**first, "quantity": quantity}
        record, place = one_third_law.RECORD, one_third_law.Panels
        made.append(record.trained(place.EXPONENT, at, x=("1/beta", 0), y=("exponent", law), **SURE))
        for side in ("low", "high"):
            made.append(record.trained(place.INTERVALS, at, x=("1/beta", 0), y=(side, law), y_err=math.nan, n=1))
    for classes in SIZES.classes:
        x, at = ("classes", classes), {"dimension": 4}
        made.append(crossover.RECORD.trained(crossover.Panels.EXPONENT, at, x=x, y=("exponent", 3), **SURE))
    for part, records in ((universality, {-1 / 3}), (networks, {-1 / 3, -0.5, -1.0}), (controls, {-0.5, -1.0})):
        fits = select(theory, panel=part.Panels.EXPONENT)
        laws = select(theory, panel=controls.Panels.FITS).set_index("params")["y"]
        y = fits["params"].map(laws) if part is controls else fits["y"] if part is networks else -1 / 3
        assert set(np.broadcast_to(y, len(fits))) == records
        made.append(fits.assign(source="trained", y=y, **SURE))
    for network in networks.networks(SIZES)[:3]:
        y = ("scale_exponent", 0.3)
        made.append(networks.RECORD.trained(networks.Panels.FITS, network.params, x=networks.NETWORK, y=y, **SURE))
    squared = controls.controls(SIZES)[controls.Control.SQUARED]
    y = ("steepest_slope", -8)
    made.append(controls.RECORD.trained(controls.Panels.FITS, squared, x=controls.CONTROL, y=y, **SURE))
    steps = np.geomspace(10, 1e5, 60)
    noise = 1 + 1e-4 * np.random.default_rng(0).standard_normal((2, 60))
    readings = Readings(steps, (1 + 5 * steps ** (-1 / 3)) * noise, steps**0.3 * noise, noise)
    made += language.language_curves(SIZES.language, readings)
    return pd.concat([theory, *made], ignore_index=True)


def judged(curves):
    found = verdicts(EXPERIMENT, curves, SIZES)
    return {name: verdict for name, verdict in found.items() if verdict is not Verdict.NOT_RUN}


def test_every_claim_holds_on_curves_as_the_laws_have_them(ideal):
    found = judged(ideal)
    assert len(found) == 11
    assert found == dict.fromkeys(found, HOLDS)


@pytest.mark.parametrize("claim", OWN, ids=lambda claim: claim.id)
def test_a_panel_that_a_claim_reads_and_that_is_empty_is_a_fault(ideal, claim):
    for panel in claim.reads:
        with pytest.raises(MissingCurvesError, match=panel.value):
            EXPERIMENT.judge(ideal[ideal["panel"] != panel.value], SIZES)


def test_every_need_is_a_setting_of_a_number():
    sizes = flat(as_dictionary(SoftmaxLawConfig()))
    for claim in EXPERIMENT.all_claims():
        assert claim.needs
        assert all(isinstance(sizes[key], int | float) for key in claim.needs)


# -- edges -------------------------------------------------------------------------------------------------------------


def shift(amount):
    return lambda rows: rows.assign(y=rows["y"] + amount)


def times(factor):
    return lambda rows: rows.assign(y=factor * rows["y"])


EXPONENTS = one_third_law.Panels.EXPONENT
EDGES = [
    # claim, the rows that are changed, how (strength 1 is the tolerance)
    ("one-third-loss", {"panel": EXPONENTS, "quantity": "loss"}, lambda s: shift(-0.02 * s)),
    ("one-third-weight-growth", {"panel": EXPONENTS, "quantity": "norm"}, lambda s: shift(0.02 * s)),
    ("two-thirds-gradient", {"panel": EXPONENTS, "quantity": "gradient"}, lambda s: shift(0.02 * s)),
    ("closed-form", {"panel": one_third_law.Panels.CLOSED_FORM, "quantity": "loss"}, lambda s: times(1 + 0.03 * s)),
    ("closed-form", {"panel": one_third_law.Panels.CLOSED_FORM, "quantity": "norm"}, lambda s: times(1 - 0.03 * s)),
    (
        "exponential-when-not-peaked",
        {"panel": one_third_law.Panels.STEEPENING, "classes": 4},
        lambda s: lambda rows: rows.assign(y=2 + 0.5 * (1 - s)),
    ),
    (
        "exponential-when-not-peaked",
        {"panel": one_third_law.Panels.STEEPENING, "classes": 2},
        lambda s: lambda rows: rows.assign(y=2 + 0.5 * (1 - s)),
    ),
    (
        "crossover-scales-as-beta-cubed",
        {"panel": crossover.Panels.EXPONENT},
        lambda s: lambda rows: rows.assign(y=rows["y"].where(rows["x"] == 4, 3 - 0.3 * s)),
    ),
    (
        "crossover-scales-as-beta-cubed",
        {"panel": crossover.Panels.EXPONENT},
        lambda s: lambda rows: rows.assign(y=rows["y"].where(rows["x"] == 2, 3 + 0.3 * s)),
    ),
    ("universality", {"panel": universality.Panels.EXPONENT, "classes": 2}, lambda s: shift(-0.02 * s)),
    ("universality", {"panel": universality.Panels.EXPONENT, "dimension": 5}, lambda s: shift(0.02 * s)),
    (
        NORMALISED,
        {"panel": networks.Panels.EXPONENT, "network": networks.NORMALISED_MLP},
        lambda s: shift(-0.05 * s),
    ),
    (
        "layers-and-contexts-set-the-exponent",
        {"panel": networks.Panels.EXPONENT, "network": networks.MLP},
        lambda s: shift(0.1 * s),
    ),
    (
        "layers-and-contexts-set-the-exponent",
        {"panel": networks.Panels.EXPONENT, "network": networks.BIGRAM},
        lambda s: shift(-0.1 * s),
    ),
    *(
        (
            "full-batch-rules",
            {"panel": controls.Panels.EXPONENT, "control": control.value},
            lambda s: shift(0.1 * s),
        )
        for control in controls.FITTED
    ),
    (
        "full-batch-rules",
        {"panel": controls.Panels.FITS, "y_name": "steepest_slope"},
        lambda s: lambda rows: rows.assign(y=-2 - 0.5 * (1 - s)),
    ),
    (
        "language-model",
        {"panel": language.Panels.FITS, "y_name": "low"},
        lambda s: lambda rows: rows.assign(y=1 / 3 + 0.05 * (s - 1)),
    ),
    (
        "language-model",
        {"panel": language.Panels.FITS, "y_name": "scale_exponent"},
        lambda s: lambda rows: rows.assign(y=1 - s),
    ),
]


@pytest.mark.parametrize(
    ("claim", "rows", "change"), EDGES, ids=[f"{index} {edge[0]}" for index, edge in enumerate(EDGES)]
)
def test_a_claim_holds_at_nine_tenths_of_its_tolerance_and_fails_at_eleven(ideal, claim, rows, change):
    sharp = spoilt(ideal, lambda part: part.assign(y_err=part["y_err"].clip(upper=1e-6)), **rows)
    if claim == "language-model":  # an interval that is narrow enough to decide, and holds 1/3
        for side, value in (("low", 0.3), ("high", 0.36)):
            narrow = {"panel": language.Panels.FITS, "y_name": side}
            sharp = spoilt(sharp, lambda part, value=value: part.assign(y=value), **narrow)
    assert judged(spoilt(sharp, change(0.9), **rows))[claim] is HOLDS
    assert judged(spoilt(sharp, change(1.1), **rows))[claim] is FAILS


@pytest.mark.parametrize(("width", "verdict"), [(0.09, HOLDS), (0.11, UNDECIDED)])
def test_an_interval_of_the_language_model_decides_where_it_is_narrower_than_a_tenth(ideal, width, verdict):
    curves = ideal
    for side, sign in (("low", -0.5), ("high", 0.5)):
        rows = {"panel": language.Panels.FITS, "y_name": side}
        curves = spoilt(curves, lambda part, sign=sign: part.assign(y=1 / 3 + sign * width), **rows)
    assert judged(curves)["language-model"] is verdict


@pytest.mark.parametrize(
    ("claim", "panel", "spoil"),
    [
        ("exponential-when-not-peaked", one_third_law.Panels.STEEPENING, lambda rows: rows.assign(y=1.0)),
        ("layers-and-contexts-set-the-exponent", networks.Panels.EXPONENT, lambda rows: rows.assign(y=-1 / 3)),
        ("full-batch-rules", controls.Panels.EXPONENT, lambda rows: rows.assign(y=-1 / 3)),
        ("full-batch-rules", controls.Panels.FITS, lambda rows: rows.assign(y=-1 / 3)),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, panel, spoil):
    assert judged(spoilt(ideal, spoil, panel=panel))[claim] is FAILS


VAGUE = [
    ("one-third-loss", EXPONENTS),
    ("one-third-weight-growth", EXPONENTS),
    ("two-thirds-gradient", EXPONENTS),
    ("closed-form", one_third_law.Panels.CLOSED_FORM),
    ("exponential-when-not-peaked", one_third_law.Panels.STEEPENING),
    ("crossover-scales-as-beta-cubed", crossover.Panels.EXPONENT),
    ("universality", universality.Panels.EXPONENT),
    (NORMALISED, networks.Panels.EXPONENT),
    ("layers-and-contexts-set-the-exponent", networks.Panels.EXPONENT),
    ("full-batch-rules", controls.Panels.EXPONENT),
    ("full-batch-rules", controls.Panels.FITS),
    ("language-model", language.Panels.FITS),
]


@pytest.mark.parametrize(("claim", "panel"), VAGUE)
@pytest.mark.parametrize("error", [10.0, 0.0, math.nan], ids=["large", "none", "unknown"])
def test_an_error_that_is_large_or_not_known_leaves_a_claim_undecided(ideal, claim, panel, error):
    vague = spoilt(ideal, lambda rows: rows.assign(y_err=error), panel=panel)
    found = findings(EXPERIMENT, vague, SIZES)[claim]
    assert found.verdict is UNDECIDED
    assert found.needs


# -- what a run does not have ------------------------------------------------------------------------------------------


def test_laws_of_late_times_are_not_judged_by_a_short_run(ideal):
    short = spoilt(ideal, lambda rows: rows.assign(x=rows["x"] / 10), panel=controls.Panels.LOSS)
    assert judged(short)["full-batch-rules"] is UNDECIDED
    end = select(ideal, panel=networks.Panels.FITS, y_name="end").index
    early = ideal.assign(y=ideal["y"].where(~ideal.index.isin(end), 100.0))
    found = judged(early)
    assert (found["layers-and-contexts-set-the-exponent"], found[NORMALISED]) == (UNDECIDED, UNDECIDED)
    assert found["universality"] is HOLDS


@pytest.mark.parametrize(
    ("beta", "claim", "needs"),
    [
        ((2.0, 16.0), "one-third-loss", "beta includes inf, and 5 points later than window"),
        ((2.0, 16.0), "closed-form", "beta includes inf, horizon > 1000"),
        ((16.0, math.inf), "exponential-when-not-peaked", "beta includes 1 or 2, short_horizon >= 600"),
    ],
)
def test_a_claim_about_a_target_that_the_run_does_not_have_says_which(ideal, beta, claim, needs):
    settings = SoftmaxLawConfig(**{**dict(SIZES), "beta": beta})
    measured = ideal[ideal["source"] != "theory"]
    one_hot = (measured["panel"] == EXPONENTS) & (measured["x"] == 0)
    if math.inf not in beta:
        measured = measured[~one_hot & (measured["panel"] != one_third_law.Panels.CLOSED_FORM)]
    else:
        measured = measured[(measured["panel"] != one_third_law.Panels.STEEPENING) | (measured["x"] < 0.5)]
    curves = join_curves([EXPERIMENT.predict(settings), measured])
    found = findings(EXPERIMENT, curves, settings)[claim]
    assert (found.verdict, found.needs) == (UNDECIDED, needs)


def test_exponents_are_not_run_where_no_student_has_five_points_in_the_window(ideal):
    late = SoftmaxLawConfig(**{**dict(SIZES), "window": 4900.0, "parts": ["one-third-law"]})
    found = findings(EXPERIMENT, ideal, late)
    assert found["one-third-loss"].verdict is Verdict.NOT_RUN
    assert EXPONENTS.value not in set(EXPERIMENT.predict(late)["panel"])


def test_targets_that_never_leave_the_one_hot_loss_leave_the_crossover_undecided(ideal):
    rows = ideal["panel"].eq(crossover.Panels.EXPONENT) & ideal["source"].eq("trained")
    count = {"x": ("classes", 4), "y": ("targets", 0), "y_err": math.nan, "n": 1}
    none = crossover.RECORD.trained(crossover.Panels.EXPONENT, {"dimension": 4}, **count)
    found = findings(EXPERIMENT, join_curves([ideal[~rows], none]), SIZES)["crossover-scales-as-beta-cubed"]
    assert found.verdict is UNDECIDED
    assert "beta includes two finite values >= 8" in found.needs


def test_claims_of_parts_that_are_switched_off_are_not_run(ideal):
    alone = SoftmaxLawConfig(**{**dict(SIZES), "parts": ["crossover"]})
    found = dict(findings(EXPERIMENT, ideal[ideal["part"] == "crossover"], alone))
    assert found.pop("crossover-scales-as-beta-cubed").verdict is HOLDS
    assert {each.verdict for each in found.values()} == {Verdict.NOT_RUN}
    assert found["universality"].needs == "--part universality"


# -- theory ------------------------------------------------------------------------------------------------------------


def test_controls_are_predicted_in_the_same_steps_and_by_their_laws(theory):
    rows = select(theory, panel=controls.Panels.EXPONENT)
    laws = select(theory, panel=controls.Panels.FITS, y_name="law")
    assert laws["y"].to_list() == [-0.5, -1.0, -0.5, -0.5, -1.0]
    # within 600 steps each control of four classes is near its law, from either side
    assert np.abs(rows["y"].to_numpy() - laws["y"].to_numpy()).max() < 0.1


def test_every_curve_is_predicted_in_a_panel_that_is_declared(theory):
    named = {panel.name for panel in EXPERIMENT.panels(SIZES)}
    measured = {*language.Panels, networks.Panels.LOSS, one_third_law.Panels.INTERVALS}
    assert set(theory["panel"]) | {panel.value for panel in measured} == named
    assert len(select(theory, panel=universality.Panels.EXPONENT)) == len(variants(SIZES))
    assert len(controls.FITTED) == 5


def test_targets_that_differ_in_the_last_digit_are_two_curves():
    close = SoftmaxLawConfig(**{**dict(SIZES), "beta": (2.0, 2.0000001), "parts": ["one-third-law"]})
    curves = select(EXPERIMENT.predict(close), panel=one_third_law.Panels.LOSS, classes=4)
    assert curves["params"].nunique() == 2
