"""Does the part `language` train what it names, branch with the optimiser's state, resume, and choose by its rules?"""

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from solv.data.anytime.character_language import CharacterLanguage
from solv.experiments.anytime.experiment import EXPERIMENT
from solv.experiments.anytime.language import LANGUAGE, Panels
from solv.experiments.anytime.language_runs import (
    ANYTIME,
    CONSTANT_LAST,
    TUNED,
    require_text,
    trainings,
)
from solv.experiments.anytime.language_training import architecture
from solv.experiments.anytime.settings import AnytimeConfig, LanguageSettings
from solv.harness.compose import settings_for
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError, replace
from solv.models.language.decoder import Decoder
from solv.models.language.training import Trainer
from solv.tracking.curves import Curves, select
from solv.tracking.labels import lay_out
from tests.experiments.anytime.tiny_language import TINY, context


def measure(settings: LanguageSettings, own: Context) -> Curves:
    return EXPERIMENT.measure(LANGUAGE, AnytimeConfig(language=settings), own)


def predict(settings: LanguageSettings) -> Curves:
    return EXPERIMENT.predict_part(LANGUAGE, AnytimeConfig(language=settings))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Curves:
    return measure(TINY, context(tmp_path_factory.mktemp("whole")))


def value(curves: Curves, panel: Panels, params: Mapping[str, object], x: int) -> float:
    [y] = select(curves, panel=panel, x=x, **params)["y"]
    return float(y)


# -- what is trained -------------------------------------------------------------------------------------------------


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
    assert schedule == {"constant": 5 * 3, "offset": 5 * 8 * 3, "cosine": 5 * 3 * 6}
    assert language.batch * language.model.context * min(language.horizons) == pytest.approx(3.28e9, rel=1e-3)
    with pytest.raises(ConfigurationError, match=r"language\.folder = null"):
        EXPERIMENT.require(settings)
