"""Part `language-batch` of anytime: filled by itself, resumed, and judged on both sides of every edge."""

import pytest
from scipy import stats

from solv.experiments.anytime.experiment import EXPERIMENT
from solv.experiments.anytime.language_batch import (
    ALARM,
    LANGUAGE_BATCH,
    LEAST_RATIO,
    LEAST_STEPS,
    RECORD,
    Panels,
    of_batch,
)
from solv.experiments.anytime.language_runs import ANYTIME, TUNED
from solv.experiments.anytime.settings import AnytimeConfig, LanguageBatch
from solv.harness.settings import ConfigurationError, replace
from solv.tracking.claims import Verdict, judge
from solv.tracking.curves import join_curves, parameter, select
from tests.experiments.anytime.tiny_language import TINY, context
from tests.experiments.scaffold import smoke

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
[CLAIM] = LANGUAGE_BATCH.claims
SMALL = LanguageBatch(batch=(2, 4), horizons=(6, 12), warmup=2, rates=(5e-3, 1e-2), offsets=(6,), seeds=2)


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("anytime", "language-batch").sources() == {panel: {"trained"} for panel in Panels}


def test_measurements_have_counts_and_errors():
    assert smoke("anytime", "language-batch").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("anytime", "language-batch").claims == (CLAIM.id,)


def measured(batch, folder):
    settings = AnytimeConfig(language=replace(TINY, together=True), language_batch=replace(SMALL, batch=batch))
    return EXPERIMENT.measure(LANGUAGE_BATCH, settings, context(folder))


def test_each_batch_is_trained_as_it_is_alone(tmp_path):
    both = measured((2, 4), tmp_path / "both")
    for batch in (2, 4):
        own = both[parameter(both, "batch") == batch].reset_index(drop=True)
        alone = measured((batch,), tmp_path / str(batch)).reset_index(drop=True)
        assert own.equals(alone), batch


def test_the_gap_is_the_difference_of_the_losses(tmp_path):
    curves = measured((2,), tmp_path)
    tuned = select(curves, panel=Panels.LOSS, **TUNED)["y"].to_numpy()
    for params in ANYTIME.values():
        own = select(curves, panel=Panels.LOSS, **params)["y"].to_numpy()
        gap = select(curves, panel=Panels.GAP, **params)["y"].to_numpy()
        assert gap.tolist() == pytest.approx((own - tuned).tolist()) if len(own) else params["schedule"] == "WSD"


def test_a_warm_up_as_long_as_the_shortest_horizon_is_refused(tmp_path):
    settings = AnytimeConfig(language=TINY, language_batch=replace(SMALL, warmup=6))
    with pytest.raises(ConfigurationError, match="warmup"):
        EXPERIMENT.measure(LANGUAGE_BATCH, settings, context(tmp_path))


N = 6
SIGMAS = float(stats.t.ppf(1 - ALARM / 3, N - 1))  # two leads and their growth


def verdict(small=-0.01, large=(-0.03, -0.03), error=1e-3, batches=(8, 8 * LEAST_RATIO), first=LEAST_STEPS, rate=5e-3):
    made = []
    for batch, gaps in zip(batches, ((small, small), large), strict=True):
        at = {"batch": batch, **ANYTIME["constant"]}
        x = ("steps", [first, 200, 400])
        made.append(RECORD.trained(Panels.GAP, at, x=x, y=("loss", [0.5, *gaps]), y_err=error, n=N))
        chosen = {**at, "least": 2.5e-3, "most": 1e-2}
        made.append(RECORD.trained(Panels.CHOICE, chosen, x=("steps", 400), y=("rate", rate), y_err=float("nan"), n=1))
    return judge(CLAIM, join_curves(made), {}).verdict


@pytest.mark.parametrize(("strength", "expected"), [(1.1, HOLDS), (0.9, UNDECIDED), (-0.9, UNDECIDED), (-1.1, FAILS)])
def test_every_horizon_beyond_the_first_must_have_a_lead(strength, expected):
    assert verdict(small=0.5, large=(-0.03, -strength * SIGMAS * 1e-3)) is expected


@pytest.mark.parametrize(("strength", "expected"), [(1.1, HOLDS), (0.9, UNDECIDED), (-1.1, FAILS)])
def test_the_lead_must_grow_with_the_batch(strength, expected):
    growth = strength * SIGMAS * 1e-3 * 2**0.5
    assert verdict(small=-0.03 + growth) is expected


@pytest.mark.parametrize(
    "change",
    [{"error": 1.0}, {"error": 0.0}, {"batches": (8, 8 * LEAST_RATIO - 1)}, {"first": LEAST_STEPS - 1}, {"rate": 1e-2}],
)
def test_a_large_error_close_batches_early_horizons_and_a_rate_at_its_edge_decide_nothing(change):
    assert verdict(**change) is UNDECIDED


@pytest.mark.parametrize(("accumulation", "batch", "parts"), [(1, 64, 1), (2, 8, 2), (2, 32, 8), (4, 4, 4)])
def test_a_larger_batch_is_cut_into_parts_of_the_usual_size(accumulation, batch, parts):
    settings = AnytimeConfig(language=replace(TINY, batch=8, accumulation=accumulation))
    assert of_batch(settings, batch).accumulation == parts
