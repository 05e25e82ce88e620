"""Part `digits` of softmax-law: filled by itself, and judged on both sides of every edge."""

import numpy as np
import pytest

from solv.experiments.softmax_law.digits import BY_HEART, DIGITS, LONG, NEAR, RECORD, Panels
from solv.experiments.softmax_law.settings import Digits, SoftmaxLawConfig
from solv.harness.settings import ConfigurationError
from solv.tracking.claims import Verdict, judge
from solv.tracking.curves import join_curves, parameter
from tests.data.test_mnist import IMAGES, written
from tests.experiments.scaffold import context, smoke, spoilt

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
[CLAIM] = DIGITS.claims


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("softmax-law", "digits").sources() == {panel: {"trained"} for panel in Panels}


def test_measurements_have_counts_and_errors():
    assert smoke("softmax-law", "digits").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("softmax-law", "digits").claims == (CLAIM.id,)


def true_curves(slope=-1 / 3, error=1e-4, steps=LONG, wrong=0.1):
    at = {"images": "digits", "hidden": 10, "rate": 1e-3}
    made = [
        RECORD.trained(Panels.SLOPE, at, x=("steps", [10, steps / 2]), y=("slope", [-1, slope]), y_err=error, n=3),
        RECORD.trained(Panels.LOSS, at, x=("steps", [2, steps]), y=("loss", [2, 1]), y_err=error, n=3),
        RECORD.trained(Panels.ERROR, at, x=("steps", [2, steps]), y=("error", [0.9, wrong]), y_err=error, n=3),
    ]
    return join_curves(made)


def verdict(curves):
    return judge(CLAIM, curves, {}).verdict


EDGES = [
    (
        CLAIM.id,
        {"panel": Panels.SLOPE, "x": LONG / 2},
        lambda s, sign=sign: lambda rows: rows.assign(y=-1 / 3 + sign * s * NEAR),
    )
    for sign in (-1, 1)
]


@pytest.mark.parametrize(("strength", "expected"), [(0.9, HOLDS), (1.1, FAILS)])
@pytest.mark.parametrize(("claim", "rows", "change"), EDGES)
def test_the_slope_is_a_third_within_its_tolerance(claim, rows, change, strength, expected):
    assert verdict(spoilt(true_curves(), change(strength), **rows)) is expected


@pytest.mark.parametrize("change", [{"error": 10.0}, {"error": 0.0}, {"steps": LONG - 1}])
def test_a_large_error_or_a_short_run_leaves_it_undecided(change):
    assert verdict(true_curves(**change)) is UNDECIDED


@pytest.mark.parametrize(("strength", "expected"), [(0.9, UNDECIDED), (1.1, HOLDS)])
def test_images_that_are_learned_by_heart_decide_nothing(strength, expected):
    assert verdict(true_curves(wrong=strength * BY_HEART)) is expected


def run_on(place, **images):
    config = SoftmaxLawConfig(digits=Digits(steps=50, hidden=(4,), repeats=2, **images))
    return join_curves(DIGITS.measure(config, context(place)))


def test_the_files_of_mnist_are_learned_where_asked_for(tmp_path):
    random = np.random.default_rng(1)
    labels = np.repeat(np.arange(10, dtype=np.uint8), 6)
    written(tmp_path, (random.random((60, 28, 28)) * 20 * (labels[:, None, None] + 1)).astype(np.uint8), labels)
    curves = run_on(tmp_path, images="mnist", folder=str(tmp_path))
    assert set(parameter(curves, "images")) == {"mnist"}
    loss = curves[curves["panel"] == Panels.LOSS].sort_values("x")["y"].to_numpy()
    assert loss[-1] < loss[0] <= np.log(10) * 1.001


def test_images_that_are_not_there_are_said_before_anything_is_trained(tmp_path):
    with pytest.raises(ConfigurationError, match=rf"images=mnist: .*{IMAGES} is missing.*digits.images=digits needs"):
        run_on(tmp_path, images="mnist", folder=str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"digits\.folder is not given"):
        run_on(tmp_path, images="mnist")
