"""Does the language part of anytime train what it names, branch with the optimiser's state, resume, and judge right?"""

import dataclasses

import numpy as np
import pytest
import torch

from solv.data.anytime.character_language import CharacterLanguage
from solv.data.text.token_shards import Plan, write_shards
from solv.data.text.tokenization import open_tokenizer
from solv.experiments.anytime.experiment import EXPERIMENT
from solv.experiments.anytime.language import (
    AUTHORS,
    CONSTANT,
    ENVELOPE,
    GAIN,
    GAP,
    LAST,
    LONG,
    LONG_COSINE,
    LOSS,
    OFFSET,
    RATE,
    WSD,
    LanguageModel,
    LanguageSettings,
    Training,
    language_panels,
    language_points,
    predict_language,
    published_gap_panel,
    published_panel,
    require_text,
    trainings,
)
from solv.experiments.anytime.language_claims import AVERAGING, EARLY, MATCHES, TABLE, language_claims
from solv.experiments.anytime.language_measurements import _architecture, _best_anytime, _Laboratory, measure
from solv.experiments.anytime.published import COSINE, PUBLISHED
from solv.harness.compose import settings_for
from solv.harness.contract import Context
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError
from solv.models.language.decoder import Decoder
from solv.models.language.training import Trainer
from solv.theory import schedules
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Verdict
from solv.tracking.curves import Curves, join_curves, parameter, select
from solv.tracking.progress import LineReporter
from solv.tracking.runs import RunDirectory

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


def context(folder, log_metrics=lambda task, step, metrics: None) -> Context:
    run = RunDirectory(folder)
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    return Context(
        device="cpu",
        seeds=Seeds(0),
        unit=run.unit,
        checkpoint=lambda name: TrainingCheckpoint(run.checkpoint_path(name)),
        progress=LineReporter(),
        log_metrics=log_metrics,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Curves:
    return measure(TINY, context(tmp_path_factory.mktemp("whole")))


def value(curves, panel, series, x) -> float:
    return float(select(curves, panel=panel, series=series, x=x)["y"].iloc[0])


# -- what is trained -------------------------------------------------------------------------------------------------


def test_a_reading_is_the_loss_of_a_training_that_stops_there(whole, tmp_path):
    laboratory = _Laboratory(dataclasses.replace(TINY, seeds=1), context(tmp_path), 0, _Silent())
    run = Training("constant", 5e-3, 0.99)
    read = laboratory.read(run)
    factors = schedules.constant(np.arange(1, 21), 3)
    for horizon in (6, 10, 20):
        fresh = laboratory.trainer(run, lambda step: float(factors[step]), TINY.labels)
        fresh.train(laboratory.batches, horizon)
        held = list(laboratory.held())
        assert read["last", horizon] == fresh.evaluate(held)
        assert read["25", horizon] == fresh.evaluate(held, average="25")


def test_a_decay_that_branches_is_the_whole_schedule_from_the_start(tmp_path):
    """With the constant run's moments and batches the branch has the same bits; without them it has not."""
    laboratory = _Laboratory(dataclasses.replace(TINY, seeds=1), context(tmp_path), 0, _Silent())
    run = Training("constant", 5e-3, 0.99)
    read = laboratory.read(run)
    for horizon in (6, 10, 20):
        factors = schedules.warmup_stable_decay(np.arange(1, horizon + 1), horizon, 0.9, 0.1, 3)
        fresh = laboratory.trainer(run, lambda step, factors=factors: float(factors[step]), ())
        fresh.train(laboratory.batches, horizon)
        assert read["wsd", horizon] == fresh.evaluate(laboratory.held())


def test_all_schedules_of_a_seed_start_from_the_same_weights_and_batches(tmp_path):
    first, second = (_Laboratory(TINY, context(tmp_path), seed, _Silent()) for seed in (0, 1))
    ones = [first.trainer(run, lambda step: 1.0, ()).model.state_dict() for run in trainings(TINY)]
    for other in ones[1:]:
        assert all((other[name] == value).all() for name, value in ones[0].items())
    different = second.trainer(trainings(TINY)[0], lambda step: 1.0, ()).model.state_dict()
    assert any((different[name] != value).any() for name, value in ones[0].items())
    assert (first.batches(3) == first.batches(3)).all()
    assert (first.batches(3) != second.batches(3)).any()


def test_every_training_of_the_grid_is_there_once():
    settings = dataclasses.replace(TINY, beta2=(0.95, 0.99), offsets=(100, 300), constant_rates=(1e-3, 3e-3, 1e-2))
    runs = trainings(settings)
    count = {name: sum(run.schedule == name for run in runs) for name in ("constant", "offset", "cosine")}
    assert count == {"constant": 3 * 2, "offset": 2 * 1 * 2, "cosine": 3 * 2 * 2}
    assert len({run.label for run in runs}) == len(runs)


# -- resuming --------------------------------------------------------------------------------------------------------


class _Silent:
    def advance(self, count: int = 1, note: str = "") -> None:
        pass


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
    assert set(whole["panel"]) == {LOSS, LONG, GAP, GAIN}
    for series in (ENVELOPE, CONSTANT, OFFSET, WSD, LAST):
        rows = select(whole, panel=LOSS, series=series)
        assert sorted(rows["x"]) == [6, 10, 20]
        assert (rows["n"] == 2).all()
        assert np.isfinite(rows["y_err"]).all()
    for horizon in (6, 10, 20):
        gap = value(whole, LOSS, CONSTANT, horizon) - value(whole, LOSS, ENVELOPE, horizon)
        assert value(whole, GAP, CONSTANT, horizon) == pytest.approx(gap, abs=1e-12)
        gain = value(whole, LOSS, LAST, horizon) - value(whole, LOSS, CONSTANT, horizon)
        assert value(whole, GAIN, CONSTANT, horizon) == pytest.approx(gain, abs=1e-12)
    early = value(whole, LONG, "cosine of 20 steps", 10) - value(whole, LOSS, ENVELOPE, 10)
    assert value(whole, GAP, LONG_COSINE, 10) == pytest.approx(early, abs=1e-12)


def test_the_choice_of_each_curve_is_logged(whole):
    envelope = select(whole, panel=LOSS, series=ENVELOPE)
    assert set(parameter(envelope, "rate")) <= set(TINY.cosine_rates)
    assert sorted(parameter(envelope, "horizon")) == [6, 10, 20]
    assert set(parameter(select(whole, panel=LOSS, series=CONSTANT), "weights")) <= {"6.25", "25"}
    assert set(parameter(select(whole, panel=LOSS, series=OFFSET), "alpha")) == set(TINY.offsets)


def test_each_curve_is_chosen_by_its_own_rule_and_a_diverged_run_never():
    runs = [Training("constant", rate, 0.99) for rate in (1e-3, 3e-3, 1e-2)]
    envelope = np.zeros((2, 2))
    found = {
        (runs[0], "last"): np.full((2, 2), -1.0),  # the last weights are no anytime curve
        (runs[0], "25"): np.array([[0.0, 0.3], [0.0, 0.3]]),
        (runs[1], "25"): np.array([[0.2, 0.2], [0.2, 0.2]]),
        (runs[2], "25"): np.full((2, 2), np.nan),
        (runs[0], "wsd"): np.array([[0.5, 0.0], [0.5, 0.0]]),
        (runs[2], "wsd"): np.array([[0.1, 0.4], [0.1, 0.4]]),
    }
    assert _best_anytime(found, "constant", envelope) == (runs[1], "25")
    assert _best_anytime(found, "wsd", envelope) == (runs[2], "wsd")


def test_the_floor_is_the_entropy_of_the_language_and_no_loss_lies_below(whole):
    predicted = join_curves(predict_language(TINY))
    floor = select(predicted, panel=LOSS, series=RATE)["y"]
    assert set(floor) == {CharacterLanguage().entropy_rate}
    assert (select(whole, panel=LOSS)["y"] > floor.iloc[0]).all()


def test_every_curve_has_its_panel(whole):
    curves = join_curves([*predict_language(TINY), whole])
    assert set(curves["panel"]) == {panel.name for panel in language_panels(TINY)}
    nothing = dataclasses.replace(TINY, data="none")
    assert [panel.name for panel in language_panels(nothing)] == [published_gap_panel(model) for model in PUBLISHED]
    shards = dataclasses.replace(TINY, data="shards")
    assert {panel.name for panel in language_panels(shards)} == {
        *(LOSS, LONG, GAP, GAIN),
        *(panel(model) for panel in (published_panel, published_gap_panel) for model in PUBLISHED),
    }


# -- other texts -----------------------------------------------------------------------------------------------------


def test_a_local_text_is_trained_on_as_bytes(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("all work and no play\n" * 300)
    settings = dataclasses.replace(TINY, data="text", folder=str(path), seeds=1, horizons=(10, 20))
    curves = measure(settings, context(tmp_path / "run"))
    assert (select(curves, panel=LOSS)["y"] < np.log(256)).all()
    assert not [part for part in predict_language(settings) if part["panel"].iloc[0] == LOSS]
    path.write_text("no work and all play\n" * 300)
    assert not measure(settings, context(tmp_path / "run")).equals(curves)  # what was kept is of another text


def test_shards_are_trained_on_and_drawn_beside_the_published_losses(tmp_path):
    tokenizer = open_tokenizer("bytes")
    documents = [("validation" if n == 5 else "train", f"document {n} of ten ".encode() * 30) for n in range(10)]
    write_shards(Plan({}, tokenizer.identity, 257, 256), tmp_path / "set", documents, tokenizer.encode)
    settings = dataclasses.replace(
        TINY,
        data="shards",
        folder=str(tmp_path / "set"),
        seeds=1,
        horizons=(6, 10),
        warmup=2,
        cosine_rates=(1e-2,),
        model=LanguageModel(layers=12, width=8, heads=2, context=8, positions="rotary", qk_norm=True),
    )
    curves = measure(settings, context(tmp_path / "run"))
    beside = curves[curves["panel"].str.startswith("published")]
    assert set(beside["panel"]) == {published_panel("150M"), published_gap_panel("150M")}
    assert set(beside["source"]) == {"trained"}
    assert all(series.startswith("this run: ") for series in beside["series"])
    assert set(beside["x"]) == {6 * 4 * 8, 10 * 4 * 8}


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
        require_text(dataclasses.replace(TINY, **keys))
    assert len(str(caught.value).splitlines()) == 1


def test_too_little_text_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"language\.validation = 20"):
        measure(dataclasses.replace(TINY, validation=20), context(tmp_path))
    with pytest.raises(ConfigurationError, match="no file"):
        measure(dataclasses.replace(TINY, data="text", folder=str(tmp_path / "none")), context(tmp_path))


def test_the_paper_preset_is_the_papers_model_and_sweep():
    _, settings = settings_for("anytime", "paper", [])
    language = settings.language
    with torch.device("meta"):
        sizes = {name: value.numel() for name, value in Decoder(_architecture(language, 32_128)).named_parameters()}
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


# -- claims ----------------------------------------------------------------------------------------------------------


def made(gaps=(-0.005, 0.0, 0.005), gains=(0.03, 0.03, 0.03), early=(0.05, 0.03), error=0.002) -> Curves:
    x = np.array([100, 200, 800])
    parts = [
        language_points(panel, series, "trained", "steps", x[: len(y)], "loss", y, y_err=error, n=2)
        for panel, series, y in (
            (GAP, CONSTANT, gaps),
            (GAP, OFFSET, gaps),
            (GAIN, CONSTANT, gains),
            (GAP, LONG_COSINE, early),
        )
    ]
    return join_curves([*parts, *predict_language(dataclasses.replace(TINY, data="none"))])


def verdicts(curves) -> dict[str, Verdict]:
    return {claim.id: claim.verdict for claim in language_claims(curves)}


@pytest.mark.parametrize(
    ("changed", "claim", "verdict"),
    [
        ({}, MATCHES, Verdict.HOLDS),
        ({"gaps": (0.0, 0.0, 0.03)}, MATCHES, Verdict.FAILS),
        ({"gaps": (0.0, 0.0, 0.012)}, MATCHES, Verdict.UNDECIDED),
        ({}, AVERAGING, Verdict.HOLDS),
        ({"gains": (0.03, 0.001, 0.03)}, AVERAGING, Verdict.FAILS),
        ({"error": 0.02}, AVERAGING, Verdict.UNDECIDED),
        ({}, EARLY, Verdict.HOLDS),
        ({"early": (0.05, 0.0)}, EARLY, Verdict.FAILS),
    ],
)
def test_a_verdict_follows_from_the_gaps(changed, claim, verdict):
    assert verdicts(made(**changed))[claim] is verdict


def test_without_curves_nothing_is_judged_but_the_published_table():
    found = verdicts(join_curves(predict_language(dataclasses.replace(TINY, data="none"))))
    assert found == {
        MATCHES: Verdict.UNDECIDED,
        AVERAGING: Verdict.UNDECIDED,
        EARLY: Verdict.UNDECIDED,
        TABLE: Verdict.HOLDS,
    }


# -- the published table ---------------------------------------------------------------------------------------------


def test_the_published_losses_are_a_labelled_table_of_their_own():
    rows = join_curves(predict_language(dataclasses.replace(TINY, data="shards")))
    assert set(rows["source"]) == {"theory"}
    assert rows["series"].str.startswith(AUTHORS).all()
    assert set(parameter(rows, "published")) == {"arXiv:2602.03702"}
    assert len(rows) == (4 + 3) * (6 + 5)
    first = select(rows, panel=published_panel("150M"), series=AUTHORS + COSINE).sort_values("x").iloc[0]
    assert first["x"] == pytest.approx(3.28e9, rel=1e-3)  # 12500 steps of 256 x 1024 tokens
    assert first["y"] == 3.01854


def test_the_largest_published_difference_is_that_of_the_spec():
    gaps = {
        name: np.array(table.losses[name]) - np.array(table.losses[COSINE])
        for table in PUBLISHED.values()
        for name in table.losses
    }
    assert max(np.abs(gap).max() for gap in gaps.values()) == pytest.approx(0.0082, abs=5e-5)
