"""Does the language part of softmax-law fit what it should, resume, and read checkpoints of the user's?"""

import numpy as np
import pytest

from solv.experiments.softmax_law.experiment import EXPERIMENT
from solv.experiments.softmax_law.language import Panels, judge_interval, language_curves
from solv.experiments.softmax_law.language_readings import Readings
from solv.experiments.softmax_law.settings import LanguageSettings, Pretrained, SoftmaxLawConfig, TrainedHere
from solv.harness.settings import ConfigurationError
from solv.theory.fits.power_law import residual_error
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import Units, context, findings, measured
from tests.models.softmax_law.test_hf_checkpoints import save_checkpoint

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
    assert error == pytest.approx(residual_error(STEPS, scale, (LanguageSettings().fit_from, np.inf)))


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


def test_a_training_that_was_killed_ends_with_the_same_bits(tmp_path):
    def kill(task, step, metrics):
        if task == "language 1" and step == 100:
            raise KeyboardInterrupt

    def place(name):
        return TrainingCheckpoint(tmp_path / name.replace(" ", "-"))

    whole = measure(SMALL, context(tmp_path, checkpoint=place))
    units = Units()
    with pytest.raises(KeyboardInterrupt):
        measure(SMALL, context(tmp_path, unit=units, checkpoint=place, log_metrics=kill))
    assert units.computed == ["language training 0"]
    assert any(tmp_path.iterdir())
    resumed = measure(SMALL, context(tmp_path, unit=units, checkpoint=place))
    assert resumed.equals(whole)
    assert not any(tmp_path.iterdir())
    loss = select(whole, panel=Panels.LOSS, model="decoder", quantity="loss").sort_values("x")["y"].to_numpy()
    assert loss[0] == pytest.approx(np.log(256), rel=0.1)
    assert loss[-1] < 0.85 * loss[0]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"text": "/nowhere"}, "nowhere"),
        ({"heads": 3}, "heads = 3"),
        ({"held_out": 100_000}, "held_out = 100000 is more than the"),
    ],
)
def test_settings_that_cannot_be_used_are_one_clear_line(tmp_path, change, named):
    trained = TrainedHere(**{"bytes": 100_000, "width": 8, **change})
    settings = LanguageSettings(trained=trained)
    for act in (lambda: measure(settings, context(tmp_path)), lambda: EXPERIMENT.require(alone(settings))):
        with pytest.raises(ConfigurationError, match=named) as fault:
            act()
        assert "\n" not in str(fault.value)


def test_a_run_of_other_parts_does_not_ask_for_the_text():
    settings = LanguageSettings(trained=TrainedHere(text="/nowhere"))
    EXPERIMENT.require(SoftmaxLawConfig(language=settings, parts=["networks"]))
    with pytest.raises(ConfigurationError, match="nowhere"):
        EXPERIMENT.require(SoftmaxLawConfig(language=settings))


def test_checkpoints_of_the_users_are_units_that_are_not_read_twice(tmp_path):
    pythia = tmp_path / "tiny-pythia"
    steps = (1, 2, 4, 8, 16, 32)
    for seed, step in enumerate(steps, start=1):
        save_checkpoint(pythia / f"step{step}", seed)
    (tmp_path / "text.txt").write_text("import math\nprint(math.pi)\n" * 20, encoding="utf-8")
    chosen = Pretrained(checkpoints=str(pythia), text=str(tmp_path / "text.txt"), context=16, sequences=6, rows=4)
    settings, units = LanguageSettings(fit_from=1, pretrained=chosen), Units()
    EXPERIMENT.require(alone(settings))
    curves = measure(settings, context(tmp_path, unit=units))
    assert units.computed == [f"language checkpoint {step}" for step in steps]
    rows = select(curves, panel=Panels.SCALE, model="tiny-pythia")
    assert rows["x"].to_list() == list(steps)
    assert np.all(np.diff(rows["y"]) > 0)  # each is drawn with larger weights than the one before
    for step in steps:
        (pythia / f"step{step}" / "model.safetensors").unlink()
    assert measure(settings, context(tmp_path, unit=units)).equals(curves)


def test_checkpoints_without_a_text_or_a_folder_are_one_clear_line(tmp_path):
    def fault(**chosen):
        with pytest.raises(ConfigurationError) as raised:
            EXPERIMENT.require(alone(LanguageSettings(pretrained=Pretrained(**chosen))))
        assert "\n" not in str(raised.value)
        return str(raised.value)

    (tmp_path / "text.txt").write_text("words", encoding="utf-8")
    (tmp_path / "bytes.bin").write_bytes(b"\xff\xfe")
    (tmp_path / "empty").mkdir()
    assert "language.pretrained.text is not set" in fault(checkpoints="owner/model")
    assert "No such file" in fault(checkpoints="owner/model", text=str(tmp_path / "none"))
    assert "is not UTF-8" in fault(checkpoints="owner/model", text=str(tmp_path / "bytes.bin"))
    text = str(tmp_path / "text.txt")
    assert "no sub-folder called stepN; there: nothing" in fault(checkpoints=str(tmp_path / "empty"), text=text)
