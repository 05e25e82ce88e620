"""Do cot-depth's claims follow from the curves alone, on both sides of every edge?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.cot_depth import (
    infinite_pretraining,
    linear_attention,
    long_chains,
    softmax_attention,
    transition,
)
from solv.experiments.cot_depth.depth import Panels as DepthPanels
from solv.experiments.cot_depth.experiment import EXPERIMENT, PLATEAU
from solv.experiments.cot_depth.phase_diagram import Panels as PhasePanels
from solv.experiments.cot_depth.settings import CotDepthConfig, Fates, Phase
from solv.tracking.claims import MissingCurvesError, Verdict
from solv.tracking.curves import select
from tests.experiments.scaffold import findings, on_theory, spoilt, verdicts

SIZES = CotDepthConfig(
    phase=Phase(columns=6, rows=6, max_depth=60, alpha=(2.0, 4.0), tau=(2.0, 4.0)), fates=Fates(simulated_depth=100)
)
HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


@pytest.fixture(scope="module")
def ideal():
    """Theory, and measurements that lie on it with errors of 0.1 %; trained softmax attention as the claim says."""
    theory = EXPERIMENT.predict(SIZES)
    attention = on_theory(select(theory, panel=linear_attention.Panels.ERROR), "trained", n=4)
    trained, record = [], softmax_attention.RECORD
    for training in softmax_attention.TRAININGS:
        for panel, name, y in (
            (softmax_attention.Panels.DEPTH, "optimal_depth", [0, 3, 9]),
            (softmax_attention.Panels.GROWTH, "log_growth", [3, 1, 0]),
        ):
            at = {"alpha": 4, "rho": 0, "dimension": 8, "training": training}
            trained.append(record.trained(panel, at, x=("tau", [1.5, 3, 12]), y=(name, y), y_err=0.001, n=4))
    return pd.concat([theory, on_theory(theory, error=1e-3), attention, *trained], ignore_index=True)


def judged(curves):
    return verdicts(EXPERIMENT, curves, SIZES)


def test_every_claim_holds_on_curves_that_lie_on_the_theory(ideal):
    found = judged(ideal)
    assert len(found) == 8
    assert set(found.values()) == {HOLDS}


@pytest.mark.parametrize("claim", EXPERIMENT.all_claims(), ids=lambda claim: claim.id)
def test_a_panel_that_a_claim_reads_and_that_is_empty_is_a_fault(ideal, claim):
    for panel in claim.reads:
        with pytest.raises(MissingCurvesError, match=panel.value):
            EXPERIMENT.judge(ideal[ideal["panel"] != panel.value], SIZES)


def times(factor):
    return lambda rows: rows.assign(y=factor * rows["y"])


EDGES = [
    # claim, the rows that are changed, how (strength 1 is the tolerance)
    ("matches-theory", {"panel": DepthPanels.DEPTH}, lambda s: times(1 + 0.03 * s)),
    (
        "exponential-phase",
        {"panel": long_chains.Panels.FATES, "alpha": 4, "tau": 3},
        lambda s: lambda rows: rows.assign(y=rows["y"] * np.exp(0.04797 * s * rows["x"])),
    ),
    (
        "polynomial",
        {"panel": infinite_pretraining.Panels.ENDLESS, "alpha": 1},
        lambda s: lambda rows: rows.assign(y=rows["y"] * rows["x"] ** (0.05 * s)),
    ),
    (
        "saturation",
        {"panel": infinite_pretraining.Panels.ENDLESS, "alpha": 0.7},
        lambda s: lambda rows: rows.assign(y=0.3 + 0.015 * s),
    ),
    (
        "trained-attention",
        {"panel": softmax_attention.Panels.GROWTH, "training": softmax_attention.CHAINED},
        lambda s: lambda rows: rows.assign(y=rows["y"].where(rows["x"] < 12, PLATEAU * s)),
    ),
]


@pytest.mark.parametrize(("claim", "rows", "change"), EDGES, ids=[edge[0] for edge in EDGES])
def test_a_claim_holds_at_nine_tenths_of_its_tolerance_and_fails_at_eleven(ideal, claim, rows, change):
    sharp = spoilt(ideal, lambda part: part.assign(y_err=1e-5 * part["y"].abs() + 1e-9), **rows)
    assert judged(spoilt(sharp, change(0.9), **rows))[claim] is HOLDS
    assert judged(spoilt(sharp, change(1.1), **rows))[claim] is FAILS


@pytest.mark.parametrize(
    ("claim", "rows", "spoil"),
    [
        ("overthinking", {"panel": long_chains.Panels.FATES}, lambda rows: rows.assign(y=np.exp(-0.1 * rows["x"]))),
        ("transition", {"panel": transition.Panels.GROWTH}, times(-1)),
        ("depth-needs-data-and-context", {"panel": PhasePanels.PHASE}, lambda rows: rows.assign(y=60 - rows["y"])),
        ("trained-attention", {"panel": linear_attention.Panels.ERROR, "source": "trained"}, times(2)),
        ("trained-attention", {"panel": softmax_attention.Panels.GROWTH}, lambda rows: rows.assign(y=-0.5)),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, rows, spoil):
    assert judged(spoilt(ideal, spoil, **rows))[claim] is FAILS


@pytest.mark.parametrize(
    ("claim", "rows"),
    [
        ("trained-attention", {"panel": softmax_attention.Panels.GROWTH}),
        ("exponential-phase", {"panel": long_chains.Panels.FATES}),
        ("polynomial", {"panel": infinite_pretraining.Panels.ENDLESS}),
        ("saturation", {"panel": infinite_pretraining.Panels.ENDLESS}),
    ],
)
def test_an_error_as_large_as_the_tolerance_leaves_a_claim_undecided(ideal, claim, rows):
    vague = spoilt(ideal, lambda part: part.assign(y_err=part["y"].abs() + 1), **rows)
    found = findings(EXPERIMENT, vague, SIZES)[claim]
    assert found.verdict is UNDECIDED
    assert found.needs


def test_growth_without_any_scatter_over_few_seeds_decides_nothing(ideal):
    certain = spoilt(ideal, lambda rows: rows.assign(y_err=0.0), panel=softmax_attention.Panels.GROWTH)
    assert judged(certain)["trained-attention"] is UNDECIDED


def test_a_claim_about_values_that_the_run_does_not_have_says_which(ideal):
    without = CotDepthConfig(**{**dict(SIZES), "endless": {"alpha": [2]}})
    rows = ideal[
        (ideal["panel"] != infinite_pretraining.Panels.ENDLESS) | (ideal["params"].str.contains('"alpha": 2,'))
    ]
    found = findings(EXPERIMENT, rows, without)["polynomial"]
    assert (found.verdict, found.needs) == (UNDECIDED, "endless.alpha includes 1")


def test_claims_of_parts_that_are_switched_off_are_not_run(ideal):
    alone = CotDepthConfig(**{**dict(SIZES), "parts": ["depth"]})
    found = findings(EXPERIMENT, ideal[ideal["part"] == "depth"], alone)
    assert found["matches-theory"].verdict is HOLDS
    assert {name for name, each in found.items() if each.verdict is Verdict.NOT_RUN} == set(found) - {"matches-theory"}
    assert found["trained-attention"].needs == "--part linear-attention,softmax-attention"


def test_amounts_of_pretraining_that_differ_in_the_last_digit_are_two_curves():
    close = CotDepthConfig(alpha=2, tau=[1.5, 1.5000001], rho=0, depth=[1, 2], parts=["depth"])
    curves = select(EXPERIMENT.predict(close), panel=DepthPanels.DEPTH)
    assert curves["params"].nunique() == 2
