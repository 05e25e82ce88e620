"""Does the language part of softmax-law fit what it should, resume, and read checkpoints of the user's?"""

import numpy as np
import pytest

from solv.experiments.softmax_law.experiment import EXPERIMENT
from solv.experiments.softmax_law.language import Panels, clock, judge_interval, language_curves
from solv.experiments.softmax_law.language_readings import Readings
from solv.experiments.softmax_law.settings import LanguageSettings, Pretrained, SoftmaxLawConfig, TrainedHere
from solv.theory.fits.power_law import residual_error
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import findings, measured

SMALL = LanguageSettings(
    fit_from=20,
    trained=TrainedHere(
        bytes=100_000, models=2, width=8, layers=1, heads=2, context=8, steps=100, batch=4, warm_up=5, held_out=16
    ),
)
STEPS = np.geomspace(10, 1e5, 50)


def alone(settings):
    return SoftmaxLawConfig(language=settings, parts=["language"])


def measure(settings, own):
    return measured(EXPERIMENT, alone(settings), own)


def made(loss, scale, models=2):
    loss, scale = np.stack([loss] * models), np.stack([scale] * models)
    return join_curves(language_curves(LanguageSettings(), Readings(STEPS, loss, scale, loss)))


def fit(curves, name, column="y"):
    (value,) = select(curves, panel=Panels.FITS, y_name=name)[column]
    return value


def test_a_known_exponent_offset_and_growth_are_found():
    curves = made(1.2 + 6 * STEPS**-0.4, STEPS**0.25)
    assert fit(curves, "exponent") == pytest.approx(0.4, abs=1e-5)
    assert fit(curves, "offset") == pytest.approx(1.2, abs=1e-4)
    assert fit(curves, "scale_exponent") == pytest.approx(0.25)
    np.testing.assert_allclose(
        select(curves, panel=Panels.EXCESS)["y"], 6 * select(curves, panel=Panels.EXCESS)["x"] ** -0.4, rtol=1e-3
    )


def test_a_single_training_has_the_error_that_a_line_leaves_over():
    scale = STEPS**0.25 * np.exp(0.05 * np.random.default_rng(0).standard_normal(len(STEPS)))
    error = fit(made(1 + STEPS**-0.3, scale, models=1), "scale_exponent", "y_err")
    early = (LanguageSettings().fit_from, np.sqrt(LanguageSettings().fit_from * STEPS[-1]))
    assert error == pytest.approx(residual_error(STEPS, scale, early))


def test_growth_is_read_early_and_told_of_late_times():
    curves = made(1.2 + 6 * STEPS**-0.4, np.minimum(STEPS**0.38, 3000**0.38))
    assert fit(curves, "scale_exponent") == pytest.approx(0.38)
    assert fit(curves, "late_scale_exponent") == pytest.approx(0, abs=0.05)


def test_of_a_training_with_a_schedule_the_clock_is_tau():
    chosen = Pretrained(checkpoints="owner/model", text="t", horizon=143_000)
    settings, steps = LanguageSettings(fit_from=1000, pretrained=chosen), np.geomspace(128, 143_000, 13).round()
    tau = clock(settings, steps)
    assert np.all(tau < steps)
    assert tau[-1] == pytest.approx(143_000 * (0.01 / 2 + 0.99 * 0.55), rel=1e-3)
    loss = np.stack([2 + 20 * tau**-0.33])
    curves = join_curves(language_curves(settings, Readings(steps, loss, steps[None] ** 0.1, loss)))
    assert fit(curves, "exponent") == pytest.approx(0.33, abs=1e-4)
    assert fit(curves, "exponent of log loss in tau") == pytest.approx(0.33, abs=1e-3)
    assert fit(curves, "explained of log loss in tau") > fit(curves, "explained of log loss in steps")
    assert np.array_equal(clock(LanguageSettings(), steps), steps)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.30, 0.36, Verdict.HOLDS), (0.36, 0.40, Verdict.FAILS), (0.25, 0.40, Verdict.UNDECIDED)],
)
def test_an_interval_wider_than_a_tenth_decides_nothing(low, high, verdict):
    assert judge_interval(low, high) is verdict


def test_a_run_without_enough_late_readings_has_no_fit_and_leaves_the_claim_undecided():
    ones = np.ones((2, 3))
    curves = join_curves(language_curves(LanguageSettings(), Readings(np.array([1.0, 2.0, 3.0]), ones, ones, ones)))
    assert select(curves, panel=Panels.EXCESS).empty
    found = findings(EXPERIMENT, curves, alone(LanguageSettings()))["language-model"]
    assert (found.verdict, found.measured) == (Verdict.UNDECIDED, "not among the settings of this run")
