"""Does the part `language` train what it names, branch with the optimiser's state, resume, and choose by its rules?"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from solv.data.anytime.character_language import CharacterLanguage
from solv.experiments.anytime.experiment import EXPERIMENT
from solv.experiments.anytime.language import LANGUAGE, Panels
from solv.experiments.anytime.language_runs import (
    ANYTIME,
    CONSTANT_LAST,
    LAST,
    TUNED,
    Training,
    best_anytime,
    require_text,
    trainings,
)
from solv.experiments.anytime.language_training import Laboratory, architecture
from solv.experiments.anytime.settings import AnytimeConfig, LanguageModel, LanguageSettings
from solv.harness.compose import settings_for
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError, replace
from solv.models.language.decoder import Decoder
from solv.models.language.training import Trainer
from solv.theory import schedules
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.curves import Curves, select
from solv.tracking.labels import lay_out
from solv.tracking.progress import SilentReporter
from solv.tracking.runs import RunDirectory
from tests.experiments import scaffold

TINY = LanguageSettings(
    symbols=4000,
    validation=400,
    horizons=(6, 10, 20),
    warmup=3,
    batch=4,
    cosine_rates=(5e-3, 1e-2),
    seeds=2,
    labels=(6.25, 25),
    save_every=7,
    model=LanguageModel(layers=1, width=8, heads=2, context=8),
)
TASK = "train language models"


def context(folder: Path, log_metrics: Callable[..., None] = lambda task, step, metrics: None) -> Context:
    """Return a context whose units and training states stay in a run directory."""
    run = RunDirectory(folder)
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    return scaffold.context(
        folder,
        unit=run.unit,
        checkpoint=lambda name: TrainingCheckpoint(run.checkpoint_path(name)),
        log_metrics=log_metrics,
    )


def measure(settings: LanguageSettings, own: Context) -> Curves:
    return EXPERIMENT.measure(LANGUAGE, AnytimeConfig(language=settings), own)


def predict(settings: LanguageSettings) -> Curves:
    return EXPERIMENT.predict_part(LANGUAGE, AnytimeConfig(language=settings))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Curves:
    return measure(TINY, context(tmp_path_factory.mktemp("whole")))


@pytest.fixture
def laboratory(tmp_path):
    with SilentReporter().task(TASK, 1) as step:
        yield partial(Laboratory, TINY, context(tmp_path), step=step)


def value(curves: Curves, panel: Panels, params: Mapping[str, object], x: int) -> float:
    [y] = select(curves, panel=panel, x=x, **params)["y"]
    return float(y)


# -- what is trained -------------------------------------------------------------------------------------------------


def test_a_reading_is_the_loss_of_a_training_that_stops_there(laboratory):
    one = laboratory(seed=0)
    run = Training("constant", 5e-3, 0.99)
    read = one.read(run)
    factors = schedules.constant(np.arange(1, 21), 3)
    for horizon in (6, 10, 20):
        fresh = one.trainer(run, lambda step: float(factors[step]), TINY.labels)
        fresh.train(one.batches, horizon)
        held = list(one.held())
        assert read["last", horizon] == fresh.evaluate(held)
        assert read["25", horizon] == fresh.evaluate(held, average="25")


def test_a_decay_that_branches_is_the_whole_schedule_from_the_start(laboratory):
    """With the constant run's moments and batches the branch has the same bits; without them it has not."""
    one = laboratory(seed=0)
    run = Training("constant", 5e-3, 0.99)
    read = one.read(run)
    for horizon in (6, 10, 20):
        factors = schedules.warmup_stable_decay(np.arange(1, horizon + 1), horizon, 0.9, 0.1, 3)
        fresh = one.trainer(run, lambda step, factors=factors: float(factors[step]), ())
        fresh.train(one.batches, horizon)
        assert read["wsd", horizon] == fresh.evaluate(one.held())


def test_all_schedules_of_a_seed_start_from_the_same_weights_and_batches(laboratory):
    first, second = laboratory(seed=0), laboratory(seed=1)
    ones = [first.trainer(run, lambda step: 1.0, ()).model.state_dict() for run in trainings(TINY)]
    for other in ones[1:]:
        assert all((other[name] == weights).all() for name, weights in ones[0].items())
    different = second.trainer(trainings(TINY)[0], lambda step: 1.0, ()).model.state_dict()
    assert any((different[name] != weights).any() for name, weights in ones[0].items())
    assert (first.batches(3) == first.batches(3)).all()
    assert (first.batches(3) != second.batches(3)).any()


def test_every_training_of_the_grid_is_there_once():
    settings = replace(TINY, beta2=(0.95, 0.99), offsets=(100, 300), constant_rates=(1e-3, 3e-3, 1e-2))
    runs = trainings(settings)
    count = {name: sum(run.schedule == name for run in runs) for name in ("constant", "offset", "cosine")}
    assert count == {"constant": 3 * 2, "offset": 2 * 1 * 2, "cosine": 3 * 2 * 2}
    assert len({run.label for run in runs}) == len(runs)


# -- resuming --------------------------------------------------------------------------------------------------------


class KilledError(Exception):
    pass


@pytest.mark.parametrize(("place", "after"), [("reading", 2), ("step", 75), ("reading", 40)])
def test_a_killed_run_goes_on_to_the_same_curves(whole, tmp_path, monkeypatch, place, after):
    """Killed in a decay that branches from the constant run, in a cosine, and in the second seed."""
    calls, taken, honest = [], [], Trainer.evaluate

    def die(*arguments):
        calls.append(1)
        if len(calls) > after:
            raise KilledError

    if place == "reading":
        monkeypatch.setattr(Trainer, "evaluate", lambda *a, **k: (die(), honest(*a, **k))[1])
    with pytest.raises(KilledError):
        measure(TINY, context(tmp_path, die if place == "step" else lambda *a: None))
    monkeypatch.undo()
    resumed = measure(TINY, context(tmp_path, lambda task, step, metrics: taken.append(step)))
    assert resumed.equals(whole)
    total = 2 * (20 + 20 + 2 * (6 + 10 + 20))  # constant, offset, cosine at two rates, two seeds
    assert place == "reading" or len(taken) <= total - after + 7  # what one checkpoint was behind is trained again
    assert not list((tmp_path / "checkpoints").glob("*.pt"))


# -- curves ----------------------------------------------------------------------------------------------------------


def test_the_curves_are_those_of_the_spec(whole):
    assert set(whole["panel"]) == set(Panels)
    for params in (TUNED, *ANYTIME.values(), CONSTANT_LAST):
        rows = select(whole, panel=Panels.LOSS, **params)
        assert sorted(rows["x"]) == [6, 10, 20]
        assert (rows["n"] == 2).all()
        assert np.isfinite(rows["y_err"]).all()
    constant, longest = ANYTIME["constant"], {"schedule": "cosine", "horizon": 20}
    for horizon in (6, 10, 20):
        gap = value(whole, Panels.LOSS, constant, horizon) - value(whole, Panels.LOSS, TUNED, horizon)
        assert value(whole, Panels.GAP, constant, horizon) == pytest.approx(gap, abs=1e-12)
        gain = value(whole, Panels.LOSS, CONSTANT_LAST, horizon) - value(whole, Panels.LOSS, constant, horizon)
        assert value(whole, Panels.GAIN, constant, horizon) == pytest.approx(gain, abs=1e-12)
    early = value(whole, Panels.LONG, longest, 10) - value(whole, Panels.LOSS, TUNED, 10)
    assert value(whole, Panels.GAP, longest, 10) == pytest.approx(early, abs=1e-12)


def test_the_choice_of_each_curve_is_a_curve(whole):
    choices = select(whole, panel=Panels.CHOICE)
    tuned = select(choices, y_name="rate", **TUNED)
    assert sorted(tuned["x"]) == [6, 10, 20]
    assert set(tuned["y"]) <= set(TINY.cosine_rates)
    assert set(select(choices, y_name="ema_label", **ANYTIME["constant"])["y"]) <= set(TINY.labels)
    assert set(select(choices, y_name="alpha", **ANYTIME["offset"])["y"]) == set(TINY.offsets)
    assert set(select(choices, **ANYTIME["wsd"])["y_name"]) == {"rate", "beta2"}
    chosen = {"rate", "beta2", "alpha", "ema_label"}
    assert not whole["params"].str.contains("|".join(f'"{name}"' for name in chosen)).any()


def test_each_curve_is_chosen_by_its_own_rule_and_a_diverged_run_never():
    runs = [Training("constant", rate, 0.99) for rate in (1e-3, 3e-3, 1e-2)]
    envelope = np.zeros((2, 2))
    losses = {
        (runs[0], LAST): np.full((2, 2), -1.0),  # the last weights are no anytime curve
        (runs[0], "25"): np.array([[0.0, 0.3], [0.0, 0.3]]),
        (runs[1], "25"): np.array([[0.2, 0.2], [0.2, 0.2]]),
        (runs[2], "25"): np.full((2, 2), np.nan),
        (runs[0], "wsd"): np.array([[0.5, 0.0], [0.5, 0.0]]),
        (runs[2], "wsd"): np.array([[0.1, 0.4], [0.1, 0.4]]),
    }
    best = {kind: best_anytime(losses, kind, envelope) for kind in ("constant", "wsd")}
    assert (best["constant"].run, best["constant"].weights) == (runs[1], "25")
    assert (best["wsd"].run, best["wsd"].weights) == (runs[2], "wsd")


def test_the_floor_is_the_entropy_of_the_language_and_no_loss_lies_below(whole):
    floor = select(predict(TINY), panel=Panels.LOSS, entropy="rate")["y"]
    assert set(floor) == {CharacterLanguage().entropy_rate}
    assert (select(whole, panel=Panels.LOSS)["y"] > floor.iloc[0]).all()


def test_curves_are_named_where_they_are_drawn(whole):
    panels = LANGUAGE.panels(AnytimeConfig(language=TINY))
    names = {facet.key: list(facet.curves["series"].unique()) for facet in lay_out(whole, panels)}
    assert names == {
        "language-loss": [
            "cosine, tuned for each horizon",
            "constant + EMA",
            "constant, last weights",
            "inverse sqrt + EMA",
            "WSD",
        ],
        "language-long-cosine": ["cosine of 6 steps", "cosine of 10 steps", "cosine of 20 steps"],
        "language-gap": [
            "cosine of 20 steps",
            "constant + EMA",
            "constant, last weights",
            "inverse sqrt + EMA",
            "WSD",
        ],
        "language-averaging": ["constant + EMA", "inverse sqrt + EMA"],
    }


def test_without_data_there_is_nothing_to_draw_or_to_train(tmp_path):
    nothing = replace(TINY, data="none")
    assert LANGUAGE.panels(AnytimeConfig(language=nothing)) == []
    assert measure(nothing, context(tmp_path)).empty
    assert predict(nothing).empty


# -- other texts -----------------------------------------------------------------------------------------------------


def test_a_local_text_is_trained_on_as_bytes(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("all work and no play\n" * 300)
    settings = replace(TINY, data="text", folder=str(path), seeds=1, horizons=(10, 20))
    curves = measure(settings, context(tmp_path / "run"))
    assert (select(curves, panel=Panels.LOSS)["y"] < np.log(256)).all()
    assert predict(settings).empty
    path.write_text("no work and all play\n" * 300)
    assert not measure(settings, context(tmp_path / "run")).equals(curves)  # what was kept is of another text


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"data": "shards"}, r"language\.folder = null holds no token shards; make them with `solv data text make"),
        ({"data": "shards", "folder": "/nowhere"}, "/nowhere holds no token shards.*language.data=text"),
        ({"warmup": 5}, "language.warmup = 5 is out of range; valid: less than .* 5"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_else(keys, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        require_text(replace(TINY, **keys))
    assert len(str(caught.value).splitlines()) == 1


def test_too_little_text_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"language\.validation = 20"):
        measure(replace(TINY, validation=20), context(tmp_path))
    with pytest.raises(ConfigurationError, match="no file"):
        measure(replace(TINY, data="text", folder=str(tmp_path / "none")), context(tmp_path))


def test_the_paper_preset_is_the_papers_model_and_sweep():
    _, settings = settings_for("anytime", "paper", [])
    language = settings.language
    with torch.device("meta"):
        decoder = Decoder(architecture(language, 32_128))
    sizes = {name: weights.numel() for name, weights in decoder.named_parameters()}
    total = sum(sizes.values())
    embeddings = sizes["embedding.weight"] + sizes["head.weight"]
    assert round((total - embeddings) / 1e6) == 151
    assert round(total / 1e6) == 217  # the paper says 216 without the norms' gains and the vocabulary's padding
    schedule = {
        name: sum(run.schedule == name for run in trainings(language)) for name in ("constant", "offset", "cosine")
    }
    assert schedule == {"constant": 4 * 3, "offset": 3 * 3 * 3, "cosine": 3 * 3 * 6}
    assert language.batch * language.model.context * min(language.horizons) == pytest.approx(3.28e9, rel=1e-3)
    with pytest.raises(ConfigurationError, match=r"language\.folder = null"):
        EXPERIMENT.require(settings)
