"""Do icl-alignment's claims follow from the curves alone, on both sides of every edge?"""

import math

import numpy as np
import pandas as pd
import pytest

from solv.experiments.icl_alignment import alignment_measures, best_pretraining, finite_size, transformer
from solv.experiments.icl_alignment.alignment_measures import Panels as MeasuresPanels
from solv.experiments.icl_alignment.context_length import Panels as LengthPanels
from solv.experiments.icl_alignment.diversity import Panels as DiversityPanels
from solv.experiments.icl_alignment.double_descent import Panels as DescentPanels
from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.rank_correlations import MISALIGNMENT
from solv.experiments.icl_alignment.settings import (
    Diversity,
    IclAlignmentConfig,
    Improvement,
    LinearMeasures,
    Scatter,
    Transformer,
)
from solv.harness.compose import settings_for
from solv.harness.runner import run_experiment
from solv.harness.settings import ConfigurationError, replace
from solv.tracking.claims import MissingCurvesError, Verdict
from solv.tracking.confidence import sigmas_to_fail, sigmas_to_hold
from solv.tracking.curves import select
from tests.experiments.scaffold import findings, on_theory, spoilt, verdicts

SIZES = IclAlignmentConfig(
    scatter=Scatter(dimension=12, angle=(math.inf,)),
    diversity=Diversity(columns=6, rows=6, kappas=31),
    transformer=Transformer(architecture=("decoder",), dimension=transformer.TELLING),
    improvement=Improvement(columns=3, rows=3),
    linear_measures=LinearMeasures(dimension=12),
)
HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
DESCENT, FINITE_SIZE = {"panel": DescentPanels.DOUBLE_DESCENT}, {"panel": finite_size.Panels.FINITE_SIZE}
DIVERSITY, TEST_CONTEXT = {"panel": DiversityPanels.DIVERSITY}, {"panel": LengthPanels.TEST_CONTEXT}
RANKS, PRETRAINING = {"panel": MeasuresPanels.RANKS}, {"panel": best_pretraining.Panels.PRETRAINING}
WITHIN = {"panel": MeasuresPanels.RANKS_WITHIN}
TRAINED = {"panel": transformer.Panels.ERROR}
TRAINED_WITHIN = {"panel": transformer.Panels.RANKS_WITHIN, "state": transformer.TRAINED}
THEORY_ALONE = [
    "best-power-law", "improvement-map", "kernel-search", "linear-cka", "linear-inverse", "linear-misalignment",
    "linear-rank-correlation", "linear-rank-correlation-within", "linear-resolvent", "subspace-table",
]  # fmt: skip
ERROR = 0.002  # relative standard error of ideal measurements


@pytest.fixture(scope="module")
def ideal():
    """Theory, and measurements that lie on it with errors of 0.2 % (0.002 where the sign is what matters)."""
    theory = EXPERIMENT.predict(SIZES)
    finite = theory[np.isfinite(theory["y"]) & ~theory["panel"].isin(THEORY_ALONE)]
    measured = on_theory(finite, error=ERROR, n=6)
    signed = measured["y_name"].isin(["log_ratio", "log_gain"])
    measured["y_err"] = measured["y_err"].where(~signed, ERROR)
    measured.loc[measured["part"] == "transformer", "source"] = "trained"
    params = measured["params"].where(
        measured["panel"] != transformer.Panels.LEARNED.value,
        measured["params"].str.replace('"theory"', '"fresh tasks"'),
    )
    measured["params"] = params.str.replace("linear attention", "decoder")
    before = measured[measured["panel"].str.startswith("transformer-rank")]
    states = [
        before.assign(params=before["params"].str.replace('"trained"', f'"{state}"'), y=y)
        for state, y in ((transformer.UNTRAINED, 0.0), (transformer.SINGLE, 0.7))
    ]
    return pd.concat([theory, measured, *states], ignore_index=True)


def judged(curves):
    return verdicts(EXPERIMENT, curves, SIZES)


def times(factor):
    return lambda rows: rows.assign(y=factor * rows["y"])


def last_after_the_one_before(log_ratio):
    """Put the last point of every curve at so many times log e from the one before it."""

    def spoil(rows):
        ordered = rows.sort_values(["params", "x"])
        before, end = ordered.groupby("params")["y"].shift(1), ~ordered.duplicated("params", keep="last")
        return ordered.assign(
            y=ordered["y"].where(~end, before * math.exp(log_ratio)),
            y_err=ordered["y_err"].where(~end, ERROR * before * math.exp(log_ratio)),
        )

    return spoil


def falling(log_ratio):
    """Let every curve fall evenly by so many times log e from end to end."""

    def spoil(rows):
        place = rows.groupby("params")["x"].rank(method="first") - 1
        y = np.exp(-log_ratio * place / place.groupby(rows["params"]).transform("max"))
        return rows.assign(y=y, y_err=ERROR * y)

    return spoil


def first_below_the_peak(log_ratio):
    """Put the first point of every curve at so many times log e below the largest."""
    return lambda rows: rows.assign(
        y=rows["y"].where(
            rows["x"] > rows["x"].min(), rows.groupby("params")["y"].transform("max") * math.exp(-log_ratio)
        )
    )


def rivals_below(curves, rows, gap):
    """Put every rival of e_misalign at `gap` below it."""
    own = select(curves, **rows, measure=MISALIGNMENT, source="theory")["y"].iloc[0]
    rival = curves["params"].str.contains(f'"measure": "{MISALIGNMENT}"')
    return pd.concat([curves[rival], spoilt(curves[~rival], lambda part: part.assign(y=own - gap), **rows)])


def test_every_claim_holds_on_curves_that_lie_on_the_theory(ideal):
    found = judged(ideal)
    encoder = {"encoder-follows-alignment", "fixed-contexts-are-learned-by-heart"}  # it is not among the curves
    assert {name for name, verdict in found.items() if verdict is not HOLDS} == encoder


@pytest.mark.parametrize("claim", EXPERIMENT.all_claims(), ids=lambda claim: claim.id)
def test_a_panel_that_a_claim_reads_and_that_is_empty_is_a_fault(ideal, claim):
    for panel in claim.reads:
        with pytest.raises(MissingCurvesError, match=panel.value):
            EXPERIMENT.judge(ideal[ideal["panel"] != panel.value], SIZES)


STEP = math.sqrt(2) * ERROR  # standard error of the log-ratio of two points
REPEATS = 6
BACK = {  # a step against the claim among all simulated points along kappa, as a log-ratio
    test: STEP * sigmas_to_fail(REPEATS, len(SIZES.kappa) * curves)
    for test, curves in (("same", len(SIZES.train)), ("reversed", 1))
}
COUNTS = sigmas_to_hold(REPEATS)
EDGES = [
    # claim, the rows that are changed, how (strength 1 is the tolerance)
    ("matches-theory", FINITE_SIZE, lambda s: times(1 + finite_size.TOLERANCE * s)),
    ("double-descent-at-tau-1", DESCENT, lambda s: first_below_the_peak(0.1 * (1 - s))),
    (
        "diversity-helps-aligned",
        {**DIVERSITY, "test": "same"},
        lambda s: last_after_the_one_before(BACK["same"] * s),
    ),
    (
        "diversity-harms-misaligned",
        {**DIVERSITY, "test": "reversed"},
        lambda s: last_after_the_one_before(-BACK["reversed"] * s),
    ),
    (
        "transformer-follows-alignment",
        {**TRAINED_WITHIN, "measure": MISALIGNMENT},
        lambda s: lambda rows: rows.assign(y=transformer.ORDERED + 0.1 * (1 - s)),
    ),
    (
        "alignment-orders-linear-errors",
        {**WITHIN, "measure": MISALIGNMENT, "tau": 4},
        lambda s: lambda rows: rows.assign(y=alignment_measures.ORDERED + 0.1 * (1 - s)),
    ),
    ("longer-test-context-helps", TEST_CONTEXT, lambda s: last_after_the_one_before(0.1 * (s - 1))),
]


@pytest.mark.parametrize(("claim", "rows", "change"), EDGES, ids=[edge[0] for edge in EDGES])
def test_a_claim_holds_at_nine_tenths_of_its_tolerance_and_fails_at_eleven(ideal, claim, rows, change):
    sharp = {"y_err": 1e-5} if claim not in ("diversity-helps-aligned", "diversity-harms-misaligned") else {}
    exact = spoilt(ideal, lambda part: part.assign(**sharp), **rows)
    assert judged(spoilt(exact, change(0.9), **rows))[claim] is HOLDS
    assert judged(spoilt(exact, change(1.1), **rows))[claim] is FAILS


@pytest.mark.parametrize(
    ("claim", "rows"),
    [("alignment-knows-diversity", {**RANKS, "tau": 4}), ("transformer-follows-alignment", TRAINED_WITHIN)],
)
def test_e_misalign_must_be_ahead_of_its_rivals(ideal, claim, rows):
    sharp = spoilt(ideal, lambda part: part.assign(y_err=1e-5), **rows)
    assert judged(rivals_below(sharp, rows, 0.01))[claim] is HOLDS
    assert judged(rivals_below(sharp, rows, -0.01))[claim] is FAILS


@pytest.mark.parametrize(
    ("claim", "rows", "change"),
    [
        ("longer-test-context-helps", TEST_CONTEXT, lambda s: falling(COUNTS * STEP * s)),
        (
            "optimal-pretraining-not-test",
            PRETRAINING,
            lambda s: lambda rows: rows.assign(y=-COUNTS * ERROR * s),
        ),
    ],
)
def test_a_difference_counts_from_a_quantile_of_students_t_on(ideal, claim, rows, change):
    assert judged(spoilt(ideal, change(1.1), **rows))[claim] is HOLDS
    assert judged(spoilt(ideal, change(0.9), **rows))[claim] is UNDECIDED


def test_only_the_pretrainings_above_the_peak_decide_whether_e_misalign_is_ahead(ideal):
    assert judged(rivals_below(ideal, {**RANKS, "tau": 0.5}, -1))["alignment-knows-diversity"] is HOLDS


@pytest.mark.parametrize(
    ("claim", "rows", "spoil"),
    [
        ("matches-theory", FINITE_SIZE, times(1.1)),
        ("double-descent-at-tau-1", DESCENT, lambda rows: rows.assign(y=rows["x"])),
        ("diversity-helps-aligned", DIVERSITY, lambda rows: rows.assign(y=rows["x"])),
        ("diversity-harms-misaligned", DIVERSITY, lambda rows: rows.assign(y=1 / rows["x"])),
        ("alignment-knows-diversity", {**RANKS, "measure": MISALIGNMENT}, lambda rows: rows.assign(y=0.1)),
        ("alignment-orders-linear-errors", WITHIN, lambda rows: rows.assign(y=0.1)),
        ("longer-test-context-helps", TEST_CONTEXT, lambda rows: rows.assign(y=rows["x"])),
        ("optimal-pretraining-not-test", PRETRAINING, lambda rows: rows.assign(y=0.5)),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, rows, spoil):
    assert judged(spoilt(ideal, spoil, **rows))[claim] is FAILS


@pytest.mark.parametrize(("dimension", "verdict"), [(8, UNDECIDED), (transformer.TELLING, FAILS)])
def test_a_poor_order_of_transformers_contradicts_the_claim_where_they_are_large_enough(ideal, dimension, verdict):
    poor = spoilt(ideal, lambda rows: rows.assign(y=0.1), **TRAINED_WITHIN, measure=MISALIGNMENT)
    params = poor["params"].str.replace(f'"dimension": {transformer.TELLING},', f'"dimension": {dimension},')
    assert judged(poor.assign(params=params))["transformer-follows-alignment"] is verdict


READ = [
    ("matches-theory", FINITE_SIZE),
    ("double-descent-at-tau-1", DESCENT),
    ("diversity-helps-aligned", DIVERSITY),
    ("diversity-harms-misaligned", DIVERSITY),
    ("alignment-knows-diversity", RANKS),
    ("alignment-orders-linear-errors", WITHIN),
    ("transformer-follows-alignment", TRAINED_WITHIN),
    ("longer-test-context-helps", TEST_CONTEXT),
    ("optimal-pretraining-not-test", PRETRAINING),
]


@pytest.mark.parametrize(("claim", "rows"), READ)
def test_large_errors_leave_a_claim_undecided(ideal, claim, rows):
    vague = spoilt(ideal, lambda part: part.assign(y_err=3 * part["y"].abs() + 1), **rows)
    found = findings(EXPERIMENT, vague, SIZES)[claim]
    assert found.verdict is UNDECIDED
    assert found.needs


@pytest.mark.parametrize(("claim", "rows"), READ)
def test_no_scatter_at_all_over_a_few_repeats_decides_nothing(ideal, claim, rows):
    assert judged(spoilt(ideal, lambda part: part.assign(y_err=0.0), **rows))[claim] is UNDECIDED


def test_theory_that_does_not_diverge_at_the_peak_fails_the_claim(ideal):
    finite = ideal.assign(y=ideal["y"].where(np.isfinite(ideal["y"]), 12.0))
    assert judged(finite)["double-descent-at-tau-1"] is FAILS


@pytest.mark.parametrize(
    ("claim", "lacks", "needs"),
    [
        ("matches-theory", lambda t: t["panel"].eq("finite-size") & (t["x"] > 0), "finite_size.dimension includes two"),
        ("double-descent-at-tau-1", lambda t: t["panel"].eq("double-descent") & (t["x"] > 1), "descent.tau includes"),
        ("diversity-helps-aligned", lambda t: t["params"].str.contains('"same"'), "test includes same"),
        ("diversity-harms-misaligned", lambda t: t["params"].str.contains('"train": "half"'), "train includes half"),
        (
            "alignment-knows-diversity",
            lambda t: t["panel"].str.startswith("rank") & t["params"].str.contains('"tau": 4'),
            "scatter.tau",
        ),
        ("transformer-follows-alignment", lambda t: t["source"].eq("trained"), "transformer.link includes linear"),
        ("longer-test-context-helps", lambda t: t["panel"].eq("test-context") & (t["x"] > 0.25), "test_alpha includes"),
    ],
)
def test_a_claim_about_values_that_the_run_does_not_have_says_which(ideal, claim, lacks, needs):
    rest = ideal[
        ~lacks(ideal) | ((ideal["source"] == "theory") & ~ideal["panel"].str.startswith(("diversity", "rank")))
    ]
    found = findings(EXPERIMENT, rest, SIZES)[claim]
    assert found.verdict is UNDECIDED
    assert found.needs.startswith(needs)


def test_pretraining_that_is_not_simulated_near_the_best_exponent_decides_nothing(ideal):
    """The test's own exponent has the ratio 0 +- 0 by definition."""
    near = ideal[(ideal["panel"] != "pretraining") | (ideal["source"] == "theory") | (ideal["x"] == 0.9)]
    own = spoilt(near, lambda rows: rows.assign(y=0.0, y_err=0.0), **PRETRAINING)
    found = findings(EXPERIMENT, own, SIZES)["optimal-pretraining-not-test"]
    assert found.verdict is UNDECIDED
    assert found.needs.startswith("pretraining.p includes a value nearer to")


def test_claims_of_what_is_switched_off_are_not_run(ideal):
    alone = replace(SIZES, parts=["finite-size"])
    found = findings(EXPERIMENT, ideal[ideal["part"] == "finite-size"], alone)
    assert found["matches-theory"].verdict is HOLDS
    assert {name for name, each in found.items() if each.verdict is Verdict.NOT_RUN} == set(found) - {"matches-theory"}
    idle = replace(SIZES, transformer={"enabled": False})
    assert EXPERIMENT.predict(replace(idle, parts=["transformer"])).empty
    found = findings(EXPERIMENT, ideal[ideal["part"] != "transformer"], idle)
    assert found["transformer-follows-alignment"].verdict is Verdict.NOT_RUN


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    experiment, settings = settings_for("icl-alignment", "smoke", [f"runs_dir={tmp_path_factory.mktemp('runs')}"])
    return settings, run_experiment(experiment, settings, preset="smoke")


def test_a_smoke_run_fills_its_panels_with_theory_and_measurement(smoke):
    settings, outcome = smoke
    expected = {
        "scatter-overlap": {"simulation"},  # rivals do not predict an error
        "scatter-bures-distance": {"simulation"},
        "misalignment": {"theory"},
        "best-diversity": {"theory"},
        **{name: {"theory"} for name in THEORY_ALONE},
        "transformer": {"theory", "trained"},
        "transformer-resolvent": {"trained"},
        "transformer-inverse": {"trained"},
        "transformer-cka": {"trained"},
        "transformer-learned": {"theory", "trained"},
        "transformer-rank-correlation": {"theory", "trained"},
        "transformer-rank-correlation-within": {"theory", "trained"},
    }
    for panel in EXPERIMENT.panels(settings):
        sources = set(outcome.curves.loc[outcome.curves["panel"] == panel.name, "source"])
        assert sources == expected.get(panel.name, {"theory", "simulation"}), panel.name
    assert set(select(outcome.curves, **TRAINED, link="tanh")["source"]) == {"trained"}  # theory is of linear labels
    assert (outcome.run.path / "figure.png").stat().st_size > 100_000


def test_a_smoke_run_fails_no_claim(smoke):
    assert len(smoke[1].findings) == len(EXPERIMENT.all_claims())
    assert not {FAILS, Verdict.NOT_RUN} & {finding.verdict for finding in smoke[1].findings}


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("kappa=[0.01]", "kappa = 0.01 is less than one task"),
        ("finite_size.kappa=0.01", "finite_size.kappa = 0.01 is less than one task at d = 10"),
        ("transformer.kappa=[0.01]", "transformer.kappa = 0.01 is less than one task"),
        ("pretraining.kappa=[1]", "cases in pairs"),
        ("scatter.dimension=4", "scatter.dimension"),
        ("train=[third]", "train"),
    ],
)
def test_settings_out_of_range_are_named(override, named):
    def predicted():
        experiment, settings = settings_for("icl-alignment", "smoke", [override])
        return experiment.predict(settings)

    with pytest.raises(ConfigurationError, match=named):
        predicted()
