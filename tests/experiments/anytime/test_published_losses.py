"""Are the authors' losses those of their table, apart from what a run measures, and beside a run of the same model?"""

import numpy as np
import pytest

from solv.data.text.token_shards import Plan, write_shards
from solv.data.text.tokenization import open_tokenizer
from solv.experiments.anytime.experiment import EXPERIMENT
from solv.experiments.anytime.language import LANGUAGE
from solv.experiments.anytime.language import Panels as LanguagePanels
from solv.experiments.anytime.language_runs import ANYTIME, TUNED
from solv.experiments.anytime.published_losses import LAYERS, PUBLISHED_LOSSES, Panels
from solv.experiments.anytime.settings import AnytimeConfig, LanguageModel, LanguageSettings
from solv.harness.settings import replace
from solv.tracking.curves import parameter, select
from solv.tracking.labels import lay_out
from tests.experiments.scaffold import Units, context

SHARDS = LanguageSettings(
    data="shards",
    symbols=4000,
    validation=400,
    horizons=(6, 10),
    warmup=2,
    batch=4,
    cosine_rates=(1e-2,),
    seeds=1,
    labels=(6.25, 25),
    save_every=7,
    model=LanguageModel(layers=12, width=8, heads=2, context=8, positions="rotary", qk_norm=True),
)


def measure(settings, own):
    return EXPERIMENT.measure(PUBLISHED_LOSSES, AnytimeConfig(language=settings), own)


def test_the_published_losses_are_a_table_of_their_own(tmp_path):
    other = replace(SHARDS, model=replace(SHARDS.model, layers=1))
    curves = measure(other, context(tmp_path))  # no run of a model of theirs: nothing is trained
    assert set(curves["source"]) == {"published"}
    assert set(parameter(curves, "model")) == set(LAYERS)
    assert len(curves) == (4 + 3) * (6 + 5)
    first = select(curves, panel=Panels.LOSS, model="150M", **TUNED).sort_values("x").iloc[0]
    assert first["x"] == pytest.approx(3.28e9, rel=1e-3)  # 12500 steps of 256 x 1024 tokens
    assert first["y"] == 3.01854


def test_the_largest_published_difference_is_that_of_the_spec(tmp_path):
    gaps = select(measure(LanguageSettings(), context(tmp_path)), panel=Panels.GAP)
    assert np.abs(gaps["y"]).max() == pytest.approx(0.0082, abs=5e-5)


@pytest.mark.parametrize("data", ["none", "character", "shards"])
def test_losses_are_drawn_where_a_run_may_lie_beside_them_and_gaps_everywhere(tmp_path, data):
    config = AnytimeConfig(language=replace(SHARDS, data=data, model=LanguageModel()))
    declared = {panel.name for panel in PUBLISHED_LOSSES.panels(config)}
    assert declared == ({Panels.LOSS, Panels.GAP} if data == "shards" else {Panels.GAP})
    curves = measure(config.language, context(tmp_path))
    assert set(curves["panel"]) == declared
    pictures = lay_out(curves, PUBLISHED_LOSSES.panels(config))
    assert [facet.key for facet in pictures if facet.panel.name == Panels.GAP] == [
        "published-gap model=150M",
        "published-gap model=300M",
    ]


def test_a_run_of_the_same_model_is_drawn_beside_the_published_losses_and_trained_once(tmp_path):
    tokenizer = open_tokenizer("bytes")
    documents = [("validation" if n == 5 else "train", f"document {n} of ten ".encode() * 30) for n in range(10)]
    write_shards(Plan({}, tokenizer.identity, 257, 256), tmp_path / "set", documents, tokenizer.encode)
    settings = replace(SHARDS, folder=str(tmp_path / "set"))
    units = Units()
    language = EXPERIMENT.measure(LANGUAGE, AnytimeConfig(language=settings), context(tmp_path, unit=units))
    computed = list(units.computed)
    curves = measure(settings, context(tmp_path, unit=units))
    assert units.computed == computed  # the part takes up what `language` has trained
    ours = select(curves, source="trained")
    assert set(parameter(ours, "model")) == {"150M"}
    assert set(ours["x"]) == {6 * 4 * 8, 10 * 4 * 8}
    for params in (TUNED, *ANYTIME.values()):
        for panel, place in ((Panels.LOSS, LanguagePanels.LOSS), (Panels.GAP, LanguagePanels.GAP)):
            beside = select(ours, panel=panel, **params)
            if len(beside):
                assert (beside["y"].to_numpy() == select(language, panel=place, **params)["y"].to_numpy()).all()
                authors = select(curves, source="published", panel=panel, model="150M", **params)
                assert set(authors["params"]) == set(beside["params"])
    assert ours.groupby("panel")["params"].nunique().to_dict() == {Panels.GAP: 3, Panels.LOSS: 3}
