"""Does the language part of softmax-law fit what it should, resume, and read checkpoints of the user's?"""

import json
import os
from contextlib import contextmanager
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from tests.models.test_hf_checkpoints import save_checkpoint

from solv.experiments.softmax_law.language import (
    EXCESS,
    LOSS,
    SCALE,
    LanguageSettings,
    Pretrained,
    TrainedHere,
    judge_interval,
    language_claim,
    language_curves,
)
from solv.experiments.softmax_law.language_measurements import measure
from solv.harness.contract import Context
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError
from solv.theory.fits.power_law import residual_error
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, select

needs_transformers = pytest.mark.skipif(
    find_spec("transformers") is None and os.environ.get("SOLV_REQUIRE_ENGINES") != "1",
    reason="transformers is not installed: pip install 'solv[hf]'",
)
SMALL = LanguageSettings(
    fit_from=20,
    trained=TrainedHere(
        bytes=100_000, models=2, width=8, layers=1, heads=2, context=8, steps=100, batch=4, warm_up=5, held_out=16
    ),
)
STEPS = np.geomspace(10, 1e5, 50)


class Reporter:
    @contextmanager
    def task(self, name, total):
        yield SimpleNamespace(advance=lambda count=1, note="": None)


def context(folder, kept=None, told=lambda *metrics: None):
    """A context whose units are kept in a dictionary."""
    kept = {} if kept is None else kept
    folder.mkdir(exist_ok=True)

    def unit(name, compute):
        if name not in kept:
            kept[name] = {key: np.asarray(value) for key, value in compute().items()}
        return kept[name]

    return Context(
        device="cpu",
        seeds=Seeds(0),
        unit=unit,
        checkpoint=lambda name: TrainingCheckpoint(folder / name.replace(" ", "-")),
        progress=Reporter(),
        log_metrics=told,
    )


def made(loss, scale, models=2):
    found = {"loss": np.stack([loss] * models), "scale": np.stack([scale] * models)}
    found["entropy"] = found["loss"]
    return join_curves(language_curves(LanguageSettings(), "made", STEPS, found))


def params(curves, panel):
    return json.loads(select(curves, panel=panel)["params"].iloc[0])


def test_a_known_exponent_offset_and_growth_are_found():
    curves = made(1.2 + 6 * STEPS**-0.4, STEPS**0.25)
    excess, scale = params(curves, EXCESS), params(curves, SCALE)
    assert excess["exponent"] == pytest.approx(0.4, abs=1e-5)
    assert excess["offset"] == pytest.approx(1.2, abs=1e-4)
    assert scale["exponent"] == pytest.approx(0.25)
    np.testing.assert_allclose(
        select(curves, panel=EXCESS)["y"], 6 * select(curves, panel=EXCESS)["x"] ** -0.4, rtol=1e-3
    )


def test_a_single_training_has_the_error_that_a_line_leaves_over():
    scale = STEPS**0.25 * np.exp(0.05 * np.random.default_rng(0).standard_normal(len(STEPS)))
    found = params(made(1 + STEPS**-0.3, scale, models=1), SCALE)
    assert found["error"] == pytest.approx(residual_error(STEPS, scale, (LanguageSettings().fit_from, np.inf)))


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.30, 0.36, Verdict.HOLDS), (0.36, 0.40, Verdict.FAILS), (0.25, 0.40, Verdict.UNDECIDED)],
)
def test_an_interval_wider_than_a_tenth_decides_nothing(low, high, verdict):
    assert judge_interval(low, high) is verdict


def test_a_run_without_enough_late_readings_has_no_fit_and_leaves_the_claim_undecided():
    found = {name: np.ones((2, 3)) for name in ("loss", "scale", "entropy")}
    curves = join_curves(language_curves(LanguageSettings(), "short", np.array([1.0, 2.0, 3.0]), found))
    assert select(curves, panel=EXCESS).empty
    assert language_claim(curves).verdict is Verdict.UNDECIDED


def test_a_training_that_was_killed_ends_with_the_same_bits(tmp_path):
    whole = measure(SMALL, context(tmp_path / "whole"))

    class KilledError(Exception):
        pass

    def kill(task, step, metrics):
        if task == "language 1" and step == 100:
            raise KilledError

    kept = {}
    with pytest.raises(KilledError):
        measure(SMALL, context(tmp_path / "cut", kept, kill))
    assert list(kept) == ["language training 0"]
    assert any((tmp_path / "cut").iterdir())
    resumed = measure(SMALL, context(tmp_path / "cut", kept))
    assert resumed.equals(whole)
    assert not any((tmp_path / "cut").iterdir())
    loss = select(whole, panel=LOSS, series="decoder").sort_values("x")["y"].to_numpy()
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
    with pytest.raises(ConfigurationError, match=named) as fault:
        measure(LanguageSettings(trained=trained), context(tmp_path))
    assert "\n" not in str(fault.value)


@needs_transformers
def test_checkpoints_of_the_users_are_units_that_are_not_read_twice(tmp_path):
    pythia = tmp_path / "tiny-pythia"
    steps = (1, 2, 4, 8, 16, 32)
    for seed, step in enumerate(steps, start=1):
        save_checkpoint(pythia / f"step{step}", seed)
    (tmp_path / "text.txt").write_text("import math\nprint(math.pi)\n" * 20, encoding="utf-8")
    chosen = Pretrained(checkpoints=str(pythia), text=str(tmp_path / "text.txt"), context=16, sequences=6, rows=4)
    settings, kept = LanguageSettings(fit_from=1, pretrained=chosen), {}
    curves = measure(settings, context(tmp_path, kept))
    assert list(kept) == [f"language checkpoint {step}" for step in steps]
    rows = select(curves, panel=SCALE, series="tiny-pythia")
    assert rows["x"].to_list() == list(steps)
    assert np.all(np.diff(rows["y"]) > 0)  # each is drawn with larger weights than the one before
    for step in steps:
        (pythia / f"step{step}" / "model.safetensors").unlink()
    assert measure(settings, context(tmp_path, kept)).equals(curves)


def test_checkpoints_without_a_text_or_a_folder_are_one_clear_line(tmp_path):
    def fault(**chosen):
        with pytest.raises(ConfigurationError) as raised:
            measure(LanguageSettings(pretrained=Pretrained(**chosen)), context(tmp_path))
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
