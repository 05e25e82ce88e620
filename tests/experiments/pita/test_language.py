"""Does part `language` of pita come from statements and models to the right curves, also after a kill?"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solv.data.pita.by_length import Example
from solv.data.pita.records import record
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.tokens import TraceTokens
from solv.experiments.pita.answers import DIRECT, MATCHED, TRACE
from solv.experiments.pita.language import LANGUAGE, RIGHT, VALID, Panels
from solv.experiments.pita.language_statements import effort, rows
from solv.experiments.pita.language_statements import examples as statements_of
from solv.experiments.pita.language_training import _ask
from solv.experiments.pita.settings import (
    BROAD,
    DEEP,
    Broad,
    Deep,
    LanguageSettings,
    LanguageTraining,
    PitaConfig,
    Pretrained,
    SmallDecoder,
)
from solv.harness.settings import ConfigurationError, replace
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.curves import Curves, join_curves, parameter, select
from tests.experiments.scaffold import context

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


def measured(settings: LanguageSettings, folder: Path, **world: Any) -> Curves:
    folder.mkdir(exist_ok=True)
    return join_curves(LANGUAGE.measure(PitaConfig(language=settings), context(folder, **world)))


def test_the_same_run_gives_the_same_curves_also_from_a_checkpoint(tmp_path: Path) -> None:
    whole = measured(SMALL, tmp_path / "a")
    kept: dict[str, TrainingCheckpoint] = {}

    def checkpoint(name: str) -> TrainingCheckpoint:
        return kept.setdefault(name, TrainingCheckpoint(tmp_path / f"{len(kept)}.pt"))

    def kill(name: str, compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        made = dict(compute())
        if name == f"language broad 1 {DIRECT}":
            raise KeyboardInterrupt
        return made

    with pytest.raises(KeyboardInterrupt):
        measured(SMALL, tmp_path / "b", unit=kill, checkpoint=checkpoint)
    assert kept[f"language broad 1 {DIRECT}"].load() is not None
    assert whole.equals(measured(SMALL, tmp_path / "b", checkpoint=checkpoint))


def test_curves_belong_to_panels_and_are_fractions_over_repeats(tmp_path: Path) -> None:
    curves = measured(SMALL, tmp_path)
    assert set(curves["panel"]) == set(Panels)
    assert set(curves["source"]) == {"trained"}
    assert curves["n"].eq(2).all()
    fractions = curves[curves["panel"] != Panels.DIFFERENCE]
    assert fractions["y"].between(0, 1).all()
    broad = select(curves, panel=Panels.BROAD, answer=TRACE)
    right, valid = (select(broad, counted=counted) for counted in (RIGHT, VALID))
    assert set(parameter(select(curves, panel=Panels.DIFFERENCE), "against")) == {DIRECT, MATCHED}
    assert right["x"].tolist() == [2.0, 4.0]
    assert select(curves, panel=Panels.DEEP, answer=DIRECT)["x"].tolist() == [2.5, 5.5]
    assert (valid["y"].to_numpy() <= right["y"].to_numpy()).all()


def test_direct_answers_are_trained_on_as_many_tokens_only_where_they_are_asked_to_be(tmp_path: Path) -> None:
    taken: dict[str, int] = {}

    def told(task: str, step: int, metrics: object) -> None:
        taken[task] = step

    curves = measured(SMALL, tmp_path / "both", log_metrics=told)
    fewer = measured(replace(SMALL, equal_tokens=()), tmp_path / "one")
    assert taken[f"language broad 0 {TRACE}"] == taken[f"language broad 0 {DIRECT}"] == SMALL.training.steps
    drawn = statements_of(SMALL, BROAD, 0, rows(SMALL, context(tmp_path))[BROAD, 0], context(tmp_path))
    tokens = TraceTokens()
    ends = {True: "<success />", False: "<failure />"}
    traced, direct = (
        sum(len(tokens.encode(each.prompt + (each.proof if trace else ends[each.provable]))) for each in drawn.training)
        for trace in (True, False)
    )
    assert taken[f"language broad 0 {MATCHED}"] == round(SMALL.training.steps * traced / direct)
    assert traced > 2 * direct
    assert MATCHED not in set(parameter(fewer[fewer["panel"] == Panels.DIFFERENCE], "against"))
    matched = curves["params"].str.contains(MATCHED)
    assert curves[~matched].reset_index(drop=True).equals(fewer)
    broad = measured(replace(SMALL, equal_tokens=(BROAD,)), tmp_path / "broad")
    of_deep = matched & (parameter(curves, "role") == DEEP)
    assert curves[~of_deep].reset_index(drop=True).equals(broad)


def test_the_deep_split_has_as_many_repeats_as_it_is_given(tmp_path: Path) -> None:
    curves = measured(replace(SMALL, equal_tokens=(), deep=replace(SMALL.deep, repeats=3)), tmp_path)
    for role, repeats in ((BROAD, 2), (DEEP, 3)):
        assert select(curves, role=role)["n"].eq(repeats).all()


class Oracle:
    """Writes the proof, or what it is told to write instead."""

    def __init__(self, examples: list[Example], write: Callable[[Example], str]) -> None:
        self._examples = {each.prompt: each for each in examples}
        self._write = write

    def complete(self, prompts: list[str], new_tokens: int) -> list[str]:
        return [self._write(self._examples[prompt]) for prompt in prompts]

    def log_likelihoods(self, prompts: list[str], completions: list[str]) -> np.ndarray:
        truth = [self._examples[prompt].provable for prompt in prompts]
        said = [completion == "<success />" for completion in completions]
        return np.where(np.equal(truth, said), -0.1, -2.0)


def examples() -> list[Example]:
    split = open_split(SplitSpec("full", 3))
    rows = [record(split, index, 1000) for index in range(0, split.count, 50)]
    return [Example(row["statement"], row["prompt"], row["completion"], row["is_true"], row["length"]) for row in rows]


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda each: each.proof, (1, 1, 0)),
        (lambda each: "<success />" if each.provable else "<failure />", (1, 0.5, 0)),  # a search may try nothing
        (lambda each: each.proof.replace("/>", ""), (1, 0, 0)),  # the word is there
        (lambda each: each.proof.replace("<success />", "").replace("<failure />", ""), (0, 0, 1)),
        (lambda each: each.proof + " or <failure />", (1, 0, 0)),  # the first word decides
        (lambda each: "<failure />", (0.5, 0.5, 0)),
        (lambda each: each.proof.replace("h1", "h2"), (1, None, 0)),
        (lambda each: "", (0, 0, 1)),
    ],
)
def test_a_right_answer_a_valid_trace_and_an_end_are_told_apart(
    write: Callable[[Example], str], expected: tuple[float | None, ...]
) -> None:
    asked = examples()
    found = _ask(Oracle(asked, write), SMALL, asked, TRACE)
    for key, value in zip(("right", "valid", "none"), expected, strict=True):
        assert found[key] == value if value is not None else found[key] < found["right"]


def test_a_direct_answer_is_the_likelier_ending() -> None:
    asked = examples()
    found = _ask(Oracle(asked, lambda each: ""), SMALL, asked, DIRECT)
    assert (found["right"], found["none"]) == (1, 0)
    assert (found["right_provable"], found["right_unprovable"]) == (1, 1)
    one_sided = [each for each in asked if each.provable]
    assert np.isnan(_ask(Oracle(asked, lambda each: ""), SMALL, one_sided, DIRECT)["right"])


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"deep": replace(SMALL.deep, leaves=(30,))}, r"language\.deep: leaves = 30"),
        ({"names": 3}, r"language\.deep: atoms = 3"),
        ({"broad": replace(SMALL.broad, split="php", threshold=2)}, "threshold = 2 leaves no statement of php"),
        (
            {"broad": Broad(split="or", leaves=(5,), threshold=20, lengths=(1,))},
            r"broad\.lengths = \[1\] leave no bin",
        ),
        ({"decoder": replace(SMALL.decoder, heads=3)}, "heads = 3"),
        ({"pretrained": Pretrained(model="/nowhere/gemma")}, "no such folder"),
    ],
)
def test_settings_that_cannot_work_are_one_clear_line(tmp_path: Path, fault: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as raised:
        measured(replace(SMALL, searched=30, **fault), tmp_path)
    assert "\n" not in str(raised.value)


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
    assert set(curves["panel"]) == set(Panels)


def test_the_deep_split_may_have_more_statements_and_steps_of_its_own() -> None:
    own = replace(SMALL, deep={"statements": 60, "searched": 500, "steps": 9})
    assert effort(own, BROAD) == (40, 300, 6)
    assert effort(own, DEEP) == (60, 500, 9)
    assert effort(SMALL, DEEP) == effort(SMALL, BROAD)


def test_the_deep_split_trains_for_its_own_steps(tmp_path: Path) -> None:
    logged: dict[str, int] = {}

    def log(task: str, step: int, metrics: Any) -> None:
        logged[task] = max(step, logged.get(task, 0))

    measured(replace(SMALL, deep={"steps": 9}), tmp_path / "a", log_metrics=log)
    assert logged[f"language deep 0 {DIRECT}"] == 9
    assert logged[f"language broad 0 {DIRECT}"] == 6
