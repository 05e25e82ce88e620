"""Part E2 of pita: from statements and models to curves, and from curves to the claims."""

import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solv.data.pita.by_length import Example
from solv.data.pita.records import record
from solv.data.pita.splits import SplitSpec, open_split
from solv.experiments.pita.chain import DIRECT, TRACE
from solv.experiments.pita.language import (
    DIFFERENCE,
    LONGER,
    PROVED,
    TRAINED,
    accuracy_panel,
    language_claims,
    language_panels,
)
from solv.experiments.pita.language_measurements import _ask, measure_language
from solv.experiments.pita.language_settings import (
    Broad,
    Deep,
    LanguageSettings,
    LanguageTraining,
    Pretrained,
    SmallDecoder,
)
from solv.experiments.pita.proofs import points
from solv.harness.contract import Context
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Verdict
from solv.tracking.curves import Curves, join_curves, select

SMALL = LanguageSettings(
    repeats=2,
    tests=6,
    searched=300,
    new_tokens=30,
    broad=Broad(leaves=(3,), threshold=3, lengths=(3, 4)),
    deep=Deep(leaves=(2, 3), threshold=4, lengths=(4, 6)),
    decoder=SmallDecoder(width=16, layers=1, heads=2),
    training=LanguageTraining(statements=40, steps=6, batch=8, save_every=2),
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


def measured(settings: LanguageSettings, folder: Path, unit: Callable[..., Any] | None = None) -> Curves:
    folder.mkdir(exist_ok=True)
    return join_curves(measure_language(settings, context(folder, unit)))


def test_the_same_run_gives_the_same_curves_also_from_a_checkpoint(tmp_path: Path) -> None:
    whole = measured(SMALL, tmp_path / "a")

    class KilledError(Exception):
        pass

    def kill(name: str, make: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        made = dict(make())
        if name == f"language broad 1 {DIRECT}":
            raise KilledError
        return made

    with pytest.raises(KilledError):
        measured(SMALL, tmp_path / "b", kill)
    assert (tmp_path / "b" / f"language broad 1 {DIRECT}.pt").exists()
    assert whole.equals(measured(SMALL, tmp_path / "b"))


def test_curves_belong_to_panels_and_are_fractions_over_repeats(tmp_path: Path) -> None:
    curves = measured(SMALL, tmp_path)
    assert set(curves["panel"]) == {panel.name for panel in language_panels(SMALL)}
    assert set(curves["source"]) == {"trained"}
    assert curves["n"].eq(2).all()
    fractions = curves[curves["panel"] != DIFFERENCE]
    assert fractions["y"].between(0, 1).all()
    assert select(curves, panel=accuracy_panel("broad"), series=TRACE)["x"].tolist() == [2.0, 4.0]
    assert select(curves, panel=accuracy_panel("deep"), series=DIRECT)["x"].tolist() == [2.5, 5.5]
    valid, right = (select(curves, panel=accuracy_panel("broad"), series=series) for series in (PROVED, TRACE))
    assert (valid["y"].to_numpy() <= right["y"].to_numpy()).all()


class Oracle:
    """Writes the proof, or what it is told to write instead."""

    def __init__(self, examples: list[Example], write: Callable[[Example], str]) -> None:
        self._examples = {each.prompt: each for each in examples}
        self._write = write

    def complete(self, prompts: list[str], new_tokens: int) -> list[str]:
        return [self._write(self._examples[prompt]) for prompt in prompts]

    def log_likelihoods(self, prompts: list[str], completions: list[str]) -> np.ndarray:
        truth = [self._examples[prompt].provable for prompt in prompts]
        said = [completion == "<success/>" for completion in completions]
        return np.where(np.equal(truth, said), -0.1, -2.0)


def examples() -> list[Example]:
    split = open_split(SplitSpec("full", 3))
    rows = [record(split, index, 1000) for index in range(0, split.count, 50)]
    return [Example(row["statement"], row["input"], row["proof"], row["is_true"], row["length"]) for row in rows]


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda each: each.proof, (1, 1, 0)),
        (lambda each: "<success/>" if each.provable else "<failure/>", (1, 0.5, 0)),  # a search may try nothing
        (lambda each: each.proof.replace("/>", ""), (0, 0, 1)),
        (lambda each: "<failure/>", (0.5, 0.5, 0)),
        (lambda each: each.proof.replace("h1", "h2"), (1, None, 0)),
        (lambda each: "", (0, 0, 1)),
    ],
)
def test_a_right_answer_a_valid_trace_and_an_end_are_told_apart(
    write: Callable[[Example], str], expected: tuple[float | None, ...]
) -> None:
    asked = examples()
    found = _ask(Oracle(asked, write), SMALL, asked, TRACE)
    for key, value in zip(("right", "valid", "unfinished"), expected, strict=True):
        assert found[key] == value if value is not None else found[key] < found["right"]


def test_a_direct_answer_is_the_likelier_ending() -> None:
    asked = examples()
    found = _ask(Oracle(asked, lambda each: ""), SMALL, asked, DIRECT)
    assert (found["right"], found["unfinished"]) == (1, 0)
    one_sided = [each for each in asked if each.provable]
    assert np.isnan(_ask(Oracle(asked, lambda each: ""), SMALL, one_sided, DIRECT)["right"])


def curves_of(learned: Mapping[str, float], gain: float, error: float, role: str) -> Curves:
    params = {"split": "full", "threshold": 4}
    rest: dict[str, Any] = {"y_err": [0.01, 0.01], "n": 3, "params": params}
    return join_curves(
        [
            *(
                points(accuracy_panel(role), kind, "trained", "length", [3.0, 6.0], "fraction", [value, 0.6], **rest)
                for kind, value in learned.items()
            ),
            points(
                DIFFERENCE,
                role,
                "trained",
                "lengths",
                [TRAINED, LONGER],
                "difference",
                [0.0, gain],
                **rest | {"y_err": [0.01, error]},
            ),
        ]
    )


@pytest.mark.parametrize(
    ("learned", "gain", "error", "broad", "deep"),
    [
        (0.97, 0.2, 0.05, Verdict.HOLDS, Verdict.FAILS),
        (0.97, -0.2, 0.05, Verdict.FAILS, Verdict.HOLDS),
        (0.97, 0.2, 0.15, Verdict.UNDECIDED, Verdict.UNDECIDED),
        (0.7, 0.2, 0.05, Verdict.UNDECIDED, Verdict.UNDECIDED),
    ],
)
def test_a_comparison_counts_once_both_have_learned_the_trained_lengths(
    learned: float, gain: float, error: float, broad: Verdict, deep: Verdict
) -> None:
    both = {TRACE: 0.99, DIRECT: learned}
    curves = join_curves([curves_of(both, gain, error, role) for role in ("broad", "deep")])
    assert [claim.verdict for claim in language_claims(curves)] == [broad, deep]


def test_without_curves_the_claims_say_what_to_set() -> None:
    for claim in language_claims(join_curves([])):
        assert claim.verdict is Verdict.UNDECIDED
        assert "language." in claim.needs


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"deep": replace(SMALL.deep, leaves=(30,))}, r"language\.deep: leaves = 30"),
        ({"names": 3}, r"language\.deep: atoms = 3"),
        ({"broad": replace(SMALL.broad, split="php", threshold=2)}, "threshold = 2 leaves no statement of php"),
        ({"decoder": replace(SMALL.decoder, heads=3)}, "heads = 3"),
        ({"pretrained": Pretrained(model="/nowhere/gemma")}, "no such folder"),
    ],
)
def test_settings_that_cannot_work_are_one_clear_line(tmp_path: Path, fault: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as raised:
        measured(replace(SMALL, searched=30, **fault), tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(
    find_spec("transformers") is None and os.environ.get("SOLV_REQUIRE_ENGINES") != "1",
    reason="transformers is not installed: pip install 'solv[hf]'",
)
def test_a_hugging_face_model_takes_the_decoders_place(tmp_path: Path) -> None:
    from tests.models.language.test_huggingface import save_model

    folder = save_model(tmp_path / "tiny-llama")
    tiny = replace(
        SMALL,
        tests=2,
        new_tokens=5,
        training=replace(SMALL.training, steps=2),
        pretrained=Pretrained(model=str(folder)),
    )
    curves = measured(tiny, tmp_path / "run")
    assert set(curves["panel"]) == {panel.name for panel in language_panels(tiny)}
