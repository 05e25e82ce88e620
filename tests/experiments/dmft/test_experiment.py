"""Do dmft's claims follow from the curves alone, on both sides of every edge?"""

import math

import numpy as np
import pandas as pd
import pytest

from solv.experiments.dmft import (
    bias_variance,
    critical_dynamics,
    linear_systems,
    non_hermitian,
    non_normality,
    parametrization,
    regression,
    richness,
    rise_map,
    spike_dependence,
    width,
)
from solv.experiments.dmft.deep_networks import EQUATION, INDEPENDENT
from solv.experiments.dmft.experiment import EXPERIMENT
from solv.experiments.dmft.parametrization import EDGE
from solv.experiments.dmft.settings import Deep, DmftConfig, Elliptic, Ensembles, Flow
from solv.experiments.dmft.shared_disorder import ONE_MODEL
from solv.tracking.claims import MissingCurvesError, Verdict
from solv.tracking.curves import parameter, select
from tests.experiments.scaffold import findings, on_theory, spoilt, verdicts

SIZES = DmftConfig(
    tau=[0, 1],
    samples=0.5,
    features=0.8,
    phi=0.5,
    dimension=60,
    steps=40,
    batch=20,
    members=[1, 2],
    hidden_layers=1,
    richness=2,
    width=1,
    steps_deep=30,
    spike_steps=[20, 60],
    elliptic=Elliptic(until=4),
    ensembles=Ensembles(dimension=40),
    flow=Flow(columns=2, times=24),
    deep=Deep(dimension=40),
)
HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
TRAINED_PARTS = ("parametrization", "deep-linear", "width", "weight-spectrum", "richness", "spike-dependence")
THEORY_ALONE = (
    {"panel": critical_dynamics.Panels.SCALED},
    {"panel": critical_dynamics.Panels.TAIL, "size": math.inf},
    {"panel": linear_systems.Panels.SPECTRUM},
    {"panel": width.Panels.LIMIT},
    {"parametrization": EDGE},
    {"panel": rise_map.Panels.RISE_REGRESSION},
    {"algorithm": "flow"},
    {"curve": bias_variance.FLOOR},
    {"line": rise_map.DIAGONAL},
    {"formula": "edge of the bulk"},
    {"formula": INDEPENDENT},
    {"panel": non_hermitian.Panels.FLOW, "loss": "train"},
)


@pytest.fixture(scope="module")
def ideal():
    """Theory, and measurements that lie on it with errors of 0.1 %; a symmetric coupling's ratio is exact."""
    theory = EXPERIMENT.predict(SIZES)
    measured = theory
    for kind in THEORY_ALONE:
        measured = measured.drop(select(measured, **kind).index)
    measured = measured[(measured["panel"] != "normal") | (measured["x"] >= 0.5)]  # the times that a run measures
    trained = measured["part"].isin(TRAINED_PARTS)
    simulated, trained = on_theory(measured[~trained], error=1e-3), on_theory(measured[trained], "trained", error=1e-3)
    curves = pd.concat([theory, simulated, trained], ignore_index=True)
    return spoilt(curves, lambda rows: rows.assign(y_err=1e-9), **TWO_TIME, tau=1)  # equal for every single matrix


def judged(curves):
    return verdicts(EXPERIMENT, curves, SIZES)


def test_every_claim_holds_on_curves_that_lie_on_the_theory(ideal):
    verdict = judged(ideal)
    assert len(verdict) == 16
    assert set(verdict.values()) == {HOLDS}


@pytest.mark.parametrize("claim", EXPERIMENT.all_claims(), ids=lambda claim: claim.id)
def test_a_panel_that_a_claim_reads_and_that_is_empty_is_a_fault(ideal, claim):
    for panel in claim.reads:
        with pytest.raises(MissingCurvesError, match=panel.value):
            EXPERIMENT.judge(ideal[ideal["panel"] != panel.value], SIZES)


def times(factor):
    return lambda rows: rows.assign(y=factor * rows["y"])


def ending(value):
    """Put the last point of each curve at `value`."""
    return lambda rows: rows.assign(y=rows["y"].where(rows["x"] < rows["x"].max(), value))


CORRELATION = {"panel": linear_systems.Panels.CORRELATION, "tau": 0}
TWO_TIME = {"panel": linear_systems.Panels.TWO_TIME}
FLOW = {"panel": non_hermitian.Panels.FLOW, "flow": "non-Hermitian", "loss": "test"}
MEAN = {"panel": bias_variance.Panels.MEMBERS, "curve": bias_variance.MEAN, "average": "ensemble"}
NOISE = {"panel": bias_variance.Panels.VARIANCE, "component": "label noise"}
RISE = {"panel": rise_map.Panels.RISE, "features": 0.3}
RICH = {"panel": richness.Panels.RICHNESS, "richness": 5}


def matrix(name, layer, source="trained"):
    return {"panel": "dependence", "network": name, "matrix": layer, "formula": EQUATION, "source": source}


EDGES = [
    # claim, the rows that are changed, how (strength 1 is the tolerance)
    ("agreement", {"panel": regression.Panels.TEST}, lambda s: times(1 + 0.05 * s)),
    ("agreement", CORRELATION, lambda s: lambda rows: rows.assign(y=rows["y"] + 0.001 * s * (rows["y"] < 0.01))),
    ("two-times", {**TWO_TIME, "tau": 1}, lambda s: ending(1 - 1e-6 * s)),
    ("two-times", {**TWO_TIME, "tau": 0}, lambda s: ending(1 - 0.01 / s)),
    ("non-hermitian", {**FLOW, "source": "simulation"}, lambda s: ending(1.72227 * (1 + 0.05 * s))),
    ("non-hermitian", {**FLOW, "source": "theory"}, lambda s: ending(1.72227 * (1 + 1e-4 * s))),
    ("map", {**RISE, "source": "simulation"}, lambda s: lambda rows: rows.assign(y=1e-4 / s)),
    ("wider-is-better", {"panel": width.Panels.WIDTH, "source": "theory"}, lambda s: steeper(0.1 * s)),
    ("spikes-detach", {**RICH, "source": "theory"}, lambda s: ending(2.3578 + 1e-4 * s)),
    ("second-layer", matrix("noisy deep", "W1", "theory"), lambda s: ending(2.05364 - 1e-4 * s)),
    ("second-layer", matrix("noisy deep", "W0"), lambda s: ending(2 + 0.02 * s)),
    ("second-layer", matrix("noisy deep", "W1"), lambda s: times(1 + 0.02 * s)),
    ("spikes-dependence", matrix("wide", "W0", "theory"), lambda s: ending(3.9647 + 2e-4 * s)),
    ("spikes-dependence", matrix("lazy", "W0"), lambda s: times(1 - 0.02 * s)),
    ("ensembles", {**MEAN, "source": "simulation"}, lambda s: times_floor(1 - 0.05 * s)),
    ("ensembles", {**MEAN, "source": "theory"}, lambda s: times_floor(1, -1e-9 * s)),
    ("ensembles", {**NOISE, "source": "theory"}, lambda s: lambda rows: rows.assign(y=-1e-6 * s)),
    ("ensembles", {**NOISE, "source": "simulation"}, lambda s: times_loss(-0.01 * s)),
]


def steeper(excess):
    """Bend the last step of the excess loss, between widths 8 and 16, to a slope of -1 - `excess`."""

    def bend(rows):
        ends = rows["params"].map(rows[rows["x"] == 8].set_index("params")["y"]) * 2 ** (-1 - excess)
        return rows.assign(y=rows["y"].where(rows["x"] < 16, ends))

    return bend


FLOOR_OF_ENSEMBLE, LARGEST_LOSS = "floor", "loss"


def times_floor(factor, shift=0.0):
    return lambda rows: rows.assign(y=factor * rows.attrs[FLOOR_OF_ENSEMBLE] + shift)


def times_loss(factor):
    return lambda rows: rows.assign(y=factor * rows.attrs[LARGEST_LOSS])


@pytest.fixture(scope="module")
def levels(ideal):
    """The levels to which the slack of `ensembles` is relative."""
    floors = select(ideal, **{**MEAN, "curve": bias_variance.FLOOR})
    losses = select(ideal, panel=bias_variance.Panels.SHARING, source="theory", **ONE_MODEL.params)
    return {FLOOR_OF_ENSEMBLE: float(floors["y"].iloc[0]), LARGEST_LOSS: float(losses["y"].max())}


@pytest.mark.parametrize(("claim", "rows", "change"), EDGES, ids=[f"{e[0]}-{i}" for i, e in enumerate(EDGES)])
def test_a_claim_holds_at_nine_tenths_of_its_tolerance_and_fails_at_eleven(ideal, levels, claim, rows, change):
    def spoil(strength):
        def changed(part):
            error = 0.0 if rows.get("source") == "theory" else 1e-9
            part.attrs.update(levels)
            return change(strength)(part).assign(y_err=error)

        return judged(spoilt(ideal, changed, measured_only=rows.get("source") != "theory", **rows))[claim]

    assert spoil(0.9) is HOLDS
    assert spoil(1.1) is FAILS


def test_the_loss_at_width_four_is_theirs_to_the_last_digit(ideal):
    rows = {"panel": width.Panels.LIMIT, "loss": "test"}
    at_four = select(ideal, panel=width.Panels.WIDTH, loss="test", source="theory", x=4.0)["y"].iloc[0]
    for strength, verdict in ((0.9, HOLDS), (1.1, FAILS)):
        level = 0.10169 + strength * 2e-5 - at_four
        limit = spoilt(ideal, lambda part, level=level: part.assign(y=level), measured_only=False, **rows)
        assert judged(limit)["wider-is-better"] is verdict


def swapped(rows):
    """Exchange the two matrices of `normal`."""
    text = rows["params"].str
    return rows.assign(
        params=text.replace("Ginibre", "?").str.replace('"normal"', '"Ginibre"').str.replace("?", "normal")
    )


def independent(rows):
    """Put the trained singular values on the theory of independent spikes."""
    wrong = {("wide", "W0"): 3.62496, ("narrow", "W0"): 1.685819, ("lazy", "W0"): 2.269383, ("deep", "W0"): 2.095762}
    wrong |= {("deep", "W1"): 2.0, ("noisy deep", "W0"): 2.04382, ("noisy deep", "W1"): 2.0}
    keys = zip(parameter(rows, "network"), parameter(rows, "matrix"), strict=True)
    return rows.assign(y=[wrong[key] for key in keys])


@pytest.mark.parametrize(
    ("claim", "rows", "spoil"),
    [
        ("two-times", {**TWO_TIME, "tau": 0}, lambda rows: rows.assign(y=1.0)),
        ("non-normality", {"panel": non_normality.Panels.NORMAL}, swapped),
        ("non-hermitian", {**FLOW, "flow": "Hermitian"}, ending(0.9)),
        ("map", RISE, lambda rows: rows.assign(y=0.0, y_err=0.0)),
        ("map", {"panel": rise_map.Panels.RISE, "features": 1.2}, lambda rows: rows.assign(y=0.5, y_err=0.1)),
        ("ensembles", MEAN, times(0.5)),
        ("wider-is-better", {"panel": width.Panels.WIDTH}, lambda rows: rows.assign(y=0.01 * rows["x"])),
        ("spikes-detach", {"panel": richness.Panels.RICHNESS}, lambda rows: rows.assign(y=4 - rows["y"])),
        ("second-layer", {"panel": spike_dependence.Panels.DEPENDENCE}, independent),
        ("spikes-dependence", {"panel": spike_dependence.Panels.DEPENDENCE}, independent),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, rows, spoil):
    assert judged(spoilt(ideal, spoil, **rows))[claim] is FAILS


@pytest.mark.parametrize(
    ("rows", "spoil"),
    [
        ({"panel": rise_map.Panels.RISE, "features": 3.0}, lambda rows: rows.assign(y=0.0)),
        ({"panel": rise_map.Panels.LATE, "features": 0.3}, lambda rows: rows.assign(y=rows["x"])),
        ({"panel": rise_map.Panels.RISE_REGRESSION}, lambda rows: rows.assign(y=rows["x"])),
    ],
)
def test_the_map_fails_with_its_theory(ideal, rows, spoil):
    assert judged(spoilt(ideal, spoil, measured_only=False, source="theory", **rows))["map"] is FAILS


@pytest.mark.parametrize("claim", EXPERIMENT.all_claims(), ids=lambda claim: claim.id)
def test_errors_as_large_as_what_is_measured_leave_a_claim_undecided(ideal, claim):
    vague = ideal.assign(y_err=(ideal["y"].abs() + 1) * (ideal["source"] != "theory"))
    finding = findings(EXPERIMENT, vague, SIZES)[claim.id]
    assert finding.verdict is UNDECIDED
    assert finding.needs


@pytest.mark.parametrize("claim", ["two-times", "non-normality", "non-hermitian", "ensembles", "wider-is-better"])
def test_measurements_without_any_scatter_decide_nothing(ideal, claim):
    assert judged(ideal.assign(y_err=0.0))[claim] is UNDECIDED


@pytest.mark.parametrize(("sigmas", "verdict"), [(1.8, UNDECIDED), (2.2, HOLDS), (-2.7, UNDECIDED), (-2.9, FAILS)])
def test_non_normality_demands_two_standard_errors(ideal, sigmas, verdict):
    normal = select(ideal, panel=non_normality.Panels.NORMAL, matrix=non_normality.NORMAL, source="simulation")
    level = dict(zip(normal["x"], normal["y"], strict=True))

    def above(rows):
        return rows.assign(y=rows["x"].map(level) + sigmas * 0.01, y_err=0.01)

    exact = spoilt(ideal, lambda rows: rows.assign(y_err=1e-9), panel=non_normality.Panels.NORMAL)
    shifted = spoilt(exact, above, panel=non_normality.Panels.NORMAL, matrix=non_normality.GINIBRE)
    assert judged(shifted)["non-normality"] is verdict


@pytest.mark.parametrize("claim", ["spikes-detach", "second-layer", "spikes-dependence"])
def test_trained_networks_without_any_scatter_decide_nothing(ideal, claim):
    assert judged(ideal.assign(y_err=0.0))[claim] is UNDECIDED


@pytest.mark.parametrize(("n", "verdict"), [(7, UNDECIDED), (8, FAILS)])
def test_parts_of_the_loss_are_not_refuted_by_a_handful_of_repeats(ideal, n, verdict):
    few = spoilt(ideal, lambda rows: rows.assign(n=n), panel=bias_variance.Panels.VARIANCE)
    assert judged(spoilt(few, times(0.5), **MEAN))["ensembles"] is verdict


@pytest.mark.parametrize(
    ("claim", "rows", "needs"),
    [
        ("two-times", {**TWO_TIME, "tau": 1}, "tau includes 1 and a smaller value"),
        ("non-hermitian", {**FLOW, "source": "simulation"}, "flow_samples includes 0.5"),
        (
            "ensembles",
            {"panel": bias_variance.Panels.VARIANCE, "source": "simulation"},
            "features begins with a finite",
        ),
        ("spikes-detach", {"panel": richness.Panels.RICHNESS, "x": 100.0}, "spikes.scan_steps includes 10, 30, 100"),
        ("second-layer", matrix("noisy deep", "W1"), "spikes.networks >= 5"),
        ("spikes-dependence", matrix("deep", "W1"), "spikes.networks >= 5"),
    ],
)
def test_a_claim_about_what_the_settings_leave_out_says_which(ideal, claim, rows, needs):
    finding = findings(EXPERIMENT, ideal.drop(select(ideal, **rows).index), SIZES)[claim]
    assert finding.verdict is UNDECIDED
    assert finding.needs.startswith(needs)


def test_claims_of_parts_that_are_switched_off_are_not_run(ideal):
    alone = DmftConfig(**{**dict(SIZES), "parts": ["width"]})
    found = findings(EXPERIMENT, ideal[ideal["part"] == "width"], alone)
    assert found["wider-is-better"].verdict is HOLDS
    assert {name for name, each in found.items() if each.verdict is Verdict.NOT_RUN} == set(found) - {"wider-is-better"}


def test_couplings_that_differ_in_the_last_digit_are_two_curves():
    close = DmftConfig(tau=[0.3, 0.3000001], parts=["time-grid"], elliptic=Elliptic(until=1))
    assert select(EXPERIMENT.predict(close), panel="euler")["params"].nunique() == 2


def test_theory_and_measurement_of_a_claim_are_paired_by_exact_params(ideal):
    """What the parts call their curves by is what the measured ones are called by: no measured curve is alone."""
    theory = select(ideal, source="theory")
    measured = ideal[ideal["source"] != "theory"]
    assert set(measured["params"]) <= set(theory["params"])
    diverging = measured["panel"] == parametrization.Panels.SCAN  # rates beyond the edge of stability
    assert np.isfinite(measured.loc[~diverging, "y"]).all()
