"""Part E7 of best-of-k: from small models or the user's to curves, and from curves to the claim."""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solv.experiments.best_of_k.language import (
    BEYOND_PANEL,
    DOUBLING_PANEL,
    SAMPLES_PANEL,
    TEMPERATURE_PANEL,
    LanguageSettings,
    Pretrained,
    TrainedHere,
    language_claims,
    language_panels,
    language_points,
    measure_language,
)
from solv.harness.contract import Context
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Verdict
from solv.tracking.curves import Curves, join_curves, select

SMALL = LanguageSettings(
    k=(1, 2, 4),
    temperature=(0.1, 1.0),
    fixed_k=2,
    samples=8,
    questions=20,
    orders=2,
    trained=TrainedHere(modulus=7, terms=3, held_out=0.7, models=2, width=16, steps=40, judge_accuracy=(0.12, 0.5)),
)


class Silent:
    def task(self, description: str, total: int) -> Any:
        return nullcontext(self)

    def advance(self, count: int = 1, note: str = "") -> None:
        pass


def context(folder: Path, unit: Callable[..., Any] | None = None) -> Context:
    def compute(name: str, make: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return dict(make())

    return Context("cpu", Seeds(0), unit or compute, lambda name: TrainingCheckpoint(folder / f"{name}.pt"), Silent())


def test_the_same_run_gives_the_same_curves_also_from_checkpoint_and_cache(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = measure_language(SMALL, context(tmp_path / "a"))

    class KilledError(Exception):
        pass

    def kill(name: str, make: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        made = dict(make())
        if name == "language pair 0":
            raise KilledError
        return made

    longer = replace(SMALL, trained=replace(SMALL.trained, look=2))  # looks, and saves, more often
    whole = measure_language(longer, context(tmp_path / "a"))
    with pytest.raises(KilledError):
        measure_language(longer, context(tmp_path / "b", kill))
    assert (tmp_path / "b" / "language training.pt").exists()
    assert whole.equals(measure_language(longer, context(tmp_path / "b")))
    assert first.equals(measure_language(SMALL, context(tmp_path / "fresh")))


def test_curves_belong_to_panels_and_one_sample_leaves_nothing_to_the_judge(tmp_path: Path) -> None:
    curves = measure_language(SMALL, context(tmp_path))
    assert set(curves["panel"]) == {panel.name for panel in language_panels(SMALL)}
    assert set(curves["source"]) == {"trained"}
    single = select(curves, panel=SAMPLES_PANEL, x=1.0)
    assert len(single) == 3
    assert single["y"].nunique() == 1
    assert curves["n"].eq(2).all()
    assert len(select(curves, panel=TEMPERATURE_PANEL)) == 3 * 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"samples": 3}, r"language\.samples = 3"),
        ({"trained": replace(SMALL.trained, heads=3)}, "heads = 3"),
        ({"trained": replace(SMALL.trained, held_out=0.1)}, "more than 200 needed"),
        ({"pretrained": Pretrained(generator="x")}, "questions is not set"),
        ({"pretrained": Pretrained(generator="x", questions="/nowhere/q.jsonl")}, "No such file"),
    ],
)
def test_settings_that_cannot_work_are_one_clear_line(tmp_path: Path, fault: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as raised:
        measure_language(replace(SMALL, **fault), context(tmp_path))
    assert "\n" not in str(raised.value)


def curves_of(errors: Mapping[float, list[float]], error: float = 0.005) -> Curves:
    k = 2.0 ** np.arange(len(next(iter(errors.values()))))
    parts = []
    for accuracy, y in errors.items():
        rest: dict[str, Any] = {"y_err": error, "n": 6, "params": {"judge_accuracy": accuracy}}
        name, values = f"judge {accuracy}", np.array(y)
        parts += [
            language_points(SAMPLES_PANEL, name, "k", k, "error", values, **rest),
            language_points(
                BEYOND_PANEL, name, "k", k, "error_beyond", values - values[-1], **rest | {"y_err": error * (k < k[-1])}
            ),
            language_points(DOUBLING_PANEL, name, "k", k[1:], "error_change", np.diff(values), **rest),
        ]
    return join_curves(parts)


@pytest.mark.parametrize(
    ("poor", "good", "error", "verdict"),
    [
        ([0.6, 0.5, 0.55, 0.6], [0.6, 0.4, 0.2, 0.2], 0.005, Verdict.HOLDS),
        ([0.6, 0.5, 0.55, 0.6], [0.6, 0.4, 0.2, 0.25], 0.005, Verdict.FAILS),  # the good judge's error rises
        ([0.6, 0.5, 0.4, 0.3], [0.6, 0.4, 0.2, 0.1], 0.005, Verdict.FAILS),  # more samples never hurt the poor one
        ([0.6, 0.65, 0.7, 0.8], [0.6, 0.4, 0.2, 0.1], 0.005, Verdict.FAILS),  # or hurt from the first
        ([0.6, 0.5, 0.55, 0.6], [0.6, 0.4, 0.2, 0.2], 0.2, Verdict.UNDECIDED),
    ],
)
def test_the_claim_follows_the_curves(poor: list[float], good: list[float], error: float, verdict: Verdict) -> None:
    (claim,) = language_claims(curves_of({0.2: poor, 0.9: good}, error))
    assert claim.verdict is verdict


def test_one_judge_decides_nothing() -> None:
    (claim,) = language_claims(curves_of({0.2: [0.6, 0.5, 0.6]}))
    assert claim.verdict is Verdict.UNDECIDED
    assert language_claims(join_curves([]))[0].verdict is Verdict.UNDECIDED


@pytest.mark.skipif(
    find_spec("transformers") is None and os.environ.get("SOLV_REQUIRE_ENGINES") != "1",
    reason="transformers is not installed: pip install 'solv[hf]'",
)
def test_models_and_questions_of_the_user_give_curves(tmp_path: Path) -> None:
    from tests.models.language.test_huggingface import save_model

    lines = [json.dumps({"question": f"{i} + {i}?", "answer": f"#### {2 * i}"}) for i in range(5)]
    (tmp_path / "q.jsonl").write_text("\n".join([*lines, "broken"]))
    pretrained = Pretrained(
        generator=str(save_model(tmp_path / "generator")),
        judge=str(save_model(tmp_path / "judge", seed=1)),
        questions=str(tmp_path / "q.jsonl"),
        new_tokens=4,
    )
    settings = replace(SMALL, pretrained=pretrained)
    with pytest.raises(ConfigurationError, match="line 6: is not JSON; skip_bad=true"):
        measure_language(settings, context(tmp_path))
    curves = measure_language(replace(settings, pretrained=replace(pretrained, skip_bad=True)), context(tmp_path))
    assert set(curves["series"]) == {"judge judge", "generator itself"}
    assert curves["n"].eq(5).all()
    assert language_claims(curves)[0].verdict is Verdict.UNDECIDED
