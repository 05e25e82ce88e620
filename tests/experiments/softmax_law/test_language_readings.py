"""Is a language model read as it is trained, killed or not, and is what cannot be read one line?"""

import numpy as np
import pytest

from solv.experiments.softmax_law.experiment import EXPERIMENT
from solv.experiments.softmax_law.language import Panels
from solv.experiments.softmax_law.language_readings import reading_steps
from solv.experiments.softmax_law.settings import LanguageSettings, Pretrained, SoftmaxLawConfig, TrainedHere
from solv.harness.settings import ConfigurationError
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.curves import select
from tests.experiments.scaffold import Units, context, measured
from tests.models.softmax_law.test_hf_checkpoints import save_checkpoint

SMALL = LanguageSettings(
    fit_from=20,
    trained=TrainedHere(
        bytes=100_000, models=2, width=8, layers=1, heads=2, context=8, steps=100, batch=4, warm_up=5, held_out=16
    ),
)


def alone(settings):
    return SoftmaxLawConfig(language=settings, parts=["language"])


def measure(settings, own):
    return measured(EXPERIMENT, alone(settings), own)


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


def test_a_training_is_read_ever_less_often_up_to_its_end():
    steps = reading_steps(TrainedHere(steps=600))
    assert (steps[0], steps[-1]) == (10, 600)
    assert np.all(np.diff(steps) > 0)
    ratios = np.array(steps[10:]) / np.array(steps[9:-1])
    assert ratios.max() < 1.3
