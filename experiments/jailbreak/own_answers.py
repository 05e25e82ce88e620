"""Part `own-answers`: how does attack success on the user's own models, or in the user's own verdicts, grow?

Models are causal language models in Hugging Face's format. Prompts, prefixes and answers stay in files of the user's
and in a cache: none is printed, drawn or put into a curve.
"""

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solv.data.verdicts import Verdicts, VerdictsError, read_verdicts
from solv.experiments.jailbreak.clusters import GAP, SAMPLES
from solv.experiments.jailbreak.estimates import estimated_gap, require_enough_answers
from solv.experiments.jailbreak.settings import JailbreakConfig, LanguageSettings, Pretrained
from solv.harness.contract import Context, Part
from solv.harness.settings import ConfigurationError
from solv.tracking.curves import Curves, Params, Recorder
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from solv.models.language.huggingface import HuggingFaceAnswering

RECORD = Recorder("jailbreak", "own-answers")
YES, NO = "Yes", "No"
NO_PREFIX = "no prefix"


class Panels(StrEnum):
    """The panel of this part."""

    OWN = "language-own"


def uses_own(settings: LanguageSettings) -> bool:
    """Return whether the user's models or verdicts take the place of the model trained in the run."""
    return settings.pretrained.generator is not None or settings.pretrained.verdicts is not None


def panels(config: JailbreakConfig) -> list[Panel]:
    """Return the gap of the user's models or verdicts, if there are any."""
    if not uses_own(config.language):
        return []
    return [
        Panel(
            Panels.OWN,
            "Your models or verdicts",
            SAMPLES,
            GAP,
            x_scale="log",
            y_scale="log",
            y_limits=(1e-4, 1.2),
            series=_label,
            ordered=True,
        )
    ]


def _label(params: Params) -> str:
    return str(params.get("prefix", "verdicts"))


def predict(config: JailbreakConfig) -> Iterator[Curves]:
    """Yield nothing: of these models no theory is known."""
    yield from ()


def require(config: JailbreakConfig) -> None:
    """Refuse what cannot be measured; the models themselves are opened when they are asked.

    Raises:
        ConfigurationError: more samples than answers, a key that is not set, or a file that cannot be used.
    """
    settings = config.language
    if not uses_own(settings):
        return
    require_enough_answers(settings)
    if settings.pretrained.verdicts is not None:
        _verdicts(settings.pretrained)
    else:
        _asked(settings.pretrained)


def measure(config: JailbreakConfig, context: Context) -> Iterator[Curves]:
    """Yield the gap of the verdicts, or that of the models behind each prefix, source `trained`.

    Raises:
        ConfigurationError: as `require`, or a model that cannot be used.
    """
    settings, chosen = config.language, config.language.pretrained
    if not uses_own(settings):
        return
    require_enough_answers(settings)
    if chosen.verdicts is not None:
        counts = _verdicts(chosen)
        k = np.array([each for each in np.unique(settings.k) if each <= counts.answers.min()])
        yield _gap_curve({"verdicts": chosen.verdicts}, counts.answers, counts.unsafe, k)
        return
    from solv.models.language.huggingface import ModelError

    try:
        yield from _models(settings, context)
    except ModelError as error:
        raise ConfigurationError(f"language.pretrained: {error}") from None


def _gap_curve(at: Params, answers: np.ndarray, unsafe: np.ndarray, k: np.ndarray) -> Curves:
    shown, y, y_err, n = estimated_gap(answers, unsafe, k)
    return RECORD.trained(Panels.OWN, at, x=("k", shown), y=("gap", y), y_err=y_err, n=n)


def _verdicts(chosen: Pretrained) -> Verdicts:
    try:
        return read_verdicts(str(chosen.verdicts), skip_bad=chosen.skip_bad)[0]
    except VerdictsError as error:
        raise ConfigurationError(f"language.pretrained: {error}") from None


def _asked(chosen: Pretrained) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the prompts, and the names and texts of the prefixes."""
    for key in ("judge", "prompts"):
        if getattr(chosen, key) is None:
            raise ConfigurationError(f"language.pretrained.{key} is not set; a generator needs prompts and a judge")
    prompts = [prompt for (prompt,) in _read(str(chosen.prompts), ("prompt",), chosen)]
    prefixes = [(NO_PREFIX, "")]
    if chosen.prefixes is not None:
        prefixes += [(name, prefix) for name, prefix in _read(chosen.prefixes, ("name", "prefix"), chosen)]
    return prompts, prefixes


def _models(settings: LanguageSettings, context: Context) -> Iterator[Curves]:
    """Yield a curve for each prefix."""
    from solv.models.language.answering import sample_all, score_all

    chosen = settings.pretrained
    prompts, prefixes = _asked(chosen)
    generator = _model(str(chosen.generator), chosen, context)
    judge = _model(str(chosen.judge), chosen, context)
    cache = Path(settings.cache) if settings.cache else context.checkpoint("language answers").path.with_suffix("")
    k = np.unique(settings.k)
    for name, prefix in prefixes:

        def ask(name: str = name, prefix: str = prefix) -> dict[str, np.ndarray]:
            asked = [prefix + prompt for prompt in prompts]
            seed = context.seeds.integer("language", "answers", name)
            made = sample_all(generator, asked, settings.answers, seed, batch=settings.batch, cache=cache)
            pairs = [
                chosen.judge_template.replace("{prompt}", prompt).replace("{answer}", answer)
                for prompt, texts in zip(prompts, made.texts, strict=True)
                for answer in texts
            ]
            replies = score_all(judge, pairs, [[YES, NO]] * len(pairs), batch=settings.batch, cache=cache)
            return {"unsafe": (replies[:, 0] > replies[:, 1]).reshape(len(prompts), -1).sum(axis=1)}

        unsafe = context.unit(f"language pretrained {name}", ask)["unsafe"]
        at = {"generator": chosen.generator, "judge": chosen.judge, "prefix": name}
        yield _gap_curve(at, np.full(len(prompts), settings.answers), unsafe, k)


def _model(path: str, chosen: Pretrained, context: Context) -> "HuggingFaceAnswering":
    from solv.models.language.huggingface import HuggingFaceAnswering

    return HuggingFaceAnswering(
        path,
        device=context.device,
        template=chosen.template,
        new_tokens=chosen.new_tokens,
        temperature=chosen.temperature,
        rows=chosen.rows,
    )


def _read(path: str, keys: tuple[str, ...], chosen: Pretrained) -> list[tuple[str, ...]]:
    """Return the texts of a JSONL file; messages name lines, never a text."""
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {getattr(error, 'strerror', None) or 'is not UTF-8'}") from None
    rows: list[tuple[str, ...]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = tuple(json.loads(line)[key] for key in keys)
            good = all(isinstance(value, str) and value for value in row)
        except (ValueError, KeyError, TypeError):
            good = False
        if good:
            rows.append(row)
        elif not chosen.skip_bad:
            needed = ", ".join(f'"{key}": ...' for key in keys)
            raise ConfigurationError(f"{path}: line {number} is not {{{needed}}} with texts; skip_bad leaves it out")
    if not rows:
        raise ConfigurationError(f"{path}: holds no line that can be used")
    return rows


OWN_ANSWERS = Part(
    name="own-answers",
    question="How does attack success on the user's own models, or in the user's own verdicts, grow with samples?",
    switch="language.pretrained.generator",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
)
