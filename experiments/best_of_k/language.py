"""Does a language model show what best-of-k predicts? Part E7 of best-of-k: settings, panels and claims.

A generator samples k answers a question, a judge's log-likelihood of each answer is its reward, and the answer is
selected by softmax(reward / T). By default both are small decoders that learned sums modulo a prime here, stopped at
stated accuracies; or they are causal language models in Hugging Face's format, on questions that the user brings.
What is measured is in `experiments/best_of_k/language_measurements.py`.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from solv.harness.contract import Context
from solv.harness.settings import flag, group, integer, integers, real, reals, text
from solv.tracking.claims import Claim, Verdict, all_of, exceeds
from solv.tracking.curves import Curves, curve, parameter, select
from solv.tracking.figures import Panel

NAME = "best-of-k"
SAMPLES_PANEL = "language samples"
BEYOND_PANEL = "language beyond"
DOUBLING_PANEL = "language doubling"
TEMPERATURE_PANEL = "language temperature"
SELF_SERIES = "generator itself"
CLAIM = "language-model-shows-the-same"


@dataclass(frozen=True)
class TrainedHere:
    """The decoders that are trained in the run, on sums modulo a number."""

    modulus: int = integer(11, "sums are taken modulo this", least=2)
    terms: int = integer(3, "numbers in a sum", least=2)
    held_out: float = real(0.4, "fraction of all sums that is never trained on", above=0, below=1)
    models: int = integer(6, "independent trainings; the model before each is its judge", least=2)
    width: int = integer(32, "of the decoder", least=4)
    layers: int = integer(1, "of the decoder", least=1)
    heads: int = integer(4, "of the decoder", least=1)
    steps: int = integer(500, "training steps", least=1)
    batch: int = integer(128, "sums a step", least=1)
    learning_rate: float = real(1e-2, "of Adam, constant", above=0)
    look: int = integer(10, "steps between looks at the accuracy", least=1)
    generator_accuracy: float = real(0.3, "a generator is taken when it samples right this often", above=0, below=1)
    judge_accuracy: tuple[float, ...] = reals(
        [0.15, 0.3, 0.6, 0.9], "judges are taken when they sample right this often", above=0, below=1
    )


@dataclass(frozen=True)
class Pretrained:
    """Causal language models in Hugging Face's format (extra `hf`), used instead of the models trained here."""

    generator: str | None = text(None, "folder or hub name of the generator; null: train models here")
    judge: str | None = text(None, "folder or hub name of the judge; null: the generator alone judges itself")
    questions: str | None = text(None, 'JSONL of {"question": ..., "answer": ...} with numeric answers')
    skip_bad: bool = flag(False, "leave out lines of the questions that cannot be read, instead of stopping")
    template: str = text("Question: {question}\nAnswer:", "prompt of a model without a chat template")
    new_tokens: int = integer(256, "longest answer, in tokens", least=1)
    temperature: float = real(1.0, "at which answers are sampled (not that of the selection)", above=0)
    per_token: bool = flag(True, "reward = log-likelihood per token, not of the whole answer")
    rows: int = integer(32, "sequences that go through a model at once", least=1, scientific=False)


@dataclass(frozen=True)
class LanguageSettings:
    """The language model of best-of-k (E7)."""

    k: tuple[int, ...] = integers([1, 2, 4, 8, 16, 32, 64], "numbers of samples", least=1)
    temperature: tuple[float, ...] = reals(
        [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20], "selection temperatures at the fixed k", above=0
    )
    fixed_k: int = integer(16, "number of samples at which the temperature is varied", least=1)
    samples: int = integer(128, "answers sampled a question; at least the largest k", least=1)
    questions: int = integer(400, "most questions asked", least=1)
    orders: int = integer(8, "random orders of the samples averaged over", least=1)
    batch: int = integer(50, "questions between two writes of the cache", least=1, scientific=False)
    cache: str | None = text(
        None, "folder that keeps answers and rewards, shared by runs; null: in the run's own", scientific=False
    )
    trained: TrainedHere = group(TrainedHere, "models trained in the run")
    pretrained: Pretrained = group(Pretrained, "models of the user's instead")


def language_panels(settings: LanguageSettings) -> list[Panel]:
    """Return the panels of the language model."""
    task = _task(settings)
    return [
        Panel(
            SAMPLES_PANEL,
            f"Language model: error against samples, T = 0\n({task})",
            "samples k",
            "error of the selected answer",
            x_scale="log",
            ordered=True,
        ),
        Panel(
            BEYOND_PANEL,
            f"Language model: error beyond that at k = {max(settings.k)}, T = 0",
            "samples k",
            f"error(k) - error({max(settings.k)})",
            x_scale="log",
            y_limits=(-0.15, 0.3),
            ordered=True,
            note="below 0: fewer samples are better (paired over repeats)",
        ),
        Panel(
            DOUBLING_PANEL,
            "Language model: what the last increase of k changed, T = 0",
            "samples k",
            "error(k) - error(previous k)",
            x_scale="log",
            ordered=True,
            note="above 0: more samples hurt (paired over repeats)",
        ),
        Panel(
            TEMPERATURE_PANEL,
            f"Language model: error against temperature, k = {settings.fixed_k}",
            "selection temperature T",
            "error of the selected answer",
            x_scale="log",
            ordered=True,
        ),
    ]


def require_language(settings: LanguageSettings) -> None:
    """Refuse questions and models of the user that cannot be read, before anything is computed.

    Raises:
        ConfigurationError: as `solv.experiments.best_of_k.language_measurements.asked_questions`.
    """
    if settings.pretrained.generator is not None:
        from solv.experiments.best_of_k.language_measurements import asked_questions

        asked_questions(settings)


def measure_language(settings: LanguageSettings, context: Context) -> Curves:
    """Return the measured curves of the language model, source `trained`."""
    from solv.experiments.best_of_k.language_measurements import measure

    return measure(settings, context)


def language_claims(curves: Curves) -> list[Claim]:
    """Check that the poorest judge has a finite best k and that the best judge's error falls with every increase."""
    statement = (
        "With the poorest judge the language model's error has a minimum at finite k; with the best judge it falls "
        "with every increase of k."
    )
    rows = select(curves, panel=SAMPLES_PANEL)
    rows = rows.assign(accuracy=parameter(rows, "judge_accuracy").astype(float)) if len(rows) else rows
    judged = rows[rows["accuracy"].notna()] if len(rows) else rows
    needs = "two judges of known accuracy (language.trained.judge_accuracy), k = 1 and two more"
    if judged.empty or judged["series"].nunique() < 2 or judged["x"].nunique() < 3:
        return [
            Claim(CLAIM, statement, "interior minimum; monotone", "no curves to tell", Verdict.UNDECIDED, needs=needs)
        ]
    ranked = judged.groupby("series")["accuracy"].mean().sort_values()
    poor, good = str(ranked.index[0]), str(ranked.index[-1])
    poor_rows = select(judged, series=poor).sort_values("x")
    best = float(poor_rows["x"].iloc[1 + int(np.argmin(poor_rows["y"].iloc[1:-1]))])  # the best that is no end
    beyond = select(curves, panel=BEYOND_PANEL, series=poor, x=best).iloc[0]
    rise, rise_error = -float(beyond["y"]), float(beyond["y_err"])
    fall, fall_error = _difference(poor_rows, best)
    steps = select(curves, panel=DOUBLING_PANEL, series=good).sort_values("x")
    verdicts = [
        exceeds(rise, 0.0, rise_error),
        exceeds(fall, 0.0, fall_error),
        *(_does_not_rise(change, error) for change, error in zip(steps["y"], steps["y_err"], strict=True)),
    ]
    fallen = -float(steps["y"].sum())
    return [
        Claim(
            CLAIM,
            statement,
            predicted="poorest judge: interior minimum; best judge: no rise",
            measured=(
                f"{poor}: least inner error at k = {best:g}, {rise:.3f} ± {rise_error:.3f} below the largest k, "
                f"{fall:.3f} ± {fall_error:.3f} below k = 1; {good}: falls by {fallen:.3f}, "
                f"largest step {float(steps['y'].max()):+.4f}"
            ),
            verdict=all_of(verdicts),
            tolerance="2 s.e. on both sides of the minimum; no step of the best judge above 0 by 2 s.e.",
            needs="language.trained.models >= 12 and language.orders >= 32",
        )
    ]


def language_points(
    panel: str, series: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one measured curve."""
    return curve(
        experiment=NAME, panel=panel, series=series, source="trained", x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )


def _does_not_rise(change: float, error: float) -> Verdict:
    """A flat end (nothing left to gain) is no rise: only a change above 0 by 2 standard errors speaks against it."""
    if math.isnan(error):
        return Verdict.UNDECIDED
    return Verdict.FAILS if change - 2 * error > 0 else Verdict.HOLDS


def _difference(rows: Curves, best: float) -> tuple[float, float]:
    """Return how far the error at the best k lies below that at the least k; errors added as if independent."""
    first, least = rows.iloc[0], rows[rows["x"] == best].iloc[0]
    return float(first["y"] - least["y"]), math.hypot(float(first["y_err"]), float(least["y_err"]))


def _task(settings: LanguageSettings) -> str:
    if settings.pretrained.generator:
        return str(settings.pretrained.generator)
    return f"{settings.trained.terms}-term sums modulo {settings.trained.modulus}"
