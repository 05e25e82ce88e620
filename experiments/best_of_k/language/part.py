"""Part `language`: does a language model whose answers are selected by a judge show the same?

A generator samples k answers a question, a judge's log-likelihood of each answer is its reward, and the answer is
selected by softmax(reward / T). By default both are small decoders that learned sums modulo a number in the run,
stopped at stated accuracies; or they are causal language models in Hugging Face's format, on questions that the user
brings, where the reward can be a score that the judge writes or a process reward, as in the paper; or answers that were
sampled and scored elsewhere are read from a table. The error is 1 minus the softmax-weighted accuracy, 1 + delta in the
paper's figures of delta against k and T.
"""

import math
from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path

import numpy as np

from solv.experiments.best_of_k.language.counted_work import of_models_trained_here, of_selections
from solv.experiments.best_of_k.language.judged_errors import ITSELF, JudgedErrors
from solv.experiments.best_of_k.settings import BestOfKConfig, LanguageSettings
from solv.harness.contract import Context, Part
from solv.harness.settings import ConfigurationError
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Params, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

NAME = "language"
TABLE, PRETRAINED, TRAINED = "table", "pretrained", "trained"
FIGURE = "code compute_delta_vs_k, compute_delta_vs_T"
RECORD = Recorder("best-of-k", NAME)


class Panels(StrEnum):
    """The panels of this part."""

    SAMPLES = "language-samples"
    BEYOND = "language-beyond"
    DOUBLING = "language-doubling"
    TEMPERATURE = "language-temperature"
    ACCURACY = "language-accuracy"
    LEFT_OUT = "language-left-out"


def panels(config: BestOfKConfig) -> list[Panel]:
    """Return the error against k and T; how right the judges are, where they were trained in the run."""
    settings = config.language
    source = _source(settings)
    task, facets = {
        TABLE: ("{table}", ("table",)),
        PRETRAINED: ("{generator}", ("generator",)),
        TRAINED: ("{terms}-term sums modulo {modulus}", ("terms", "modulus")),
    }[source]
    at = f"T = {settings.fixed_temperature:g}"
    panel = partial(Panel, series=_label, ordered=True, x_scale="log")
    against_samples = partial(panel, x_label="samples k")
    drawn = [
        against_samples(
            Panels.SAMPLES,
            f"Language model: error against samples, {at}\n({task})",
            y_label="error of the selected answer",
            facets=facets,
            figure=FIGURE,
        ),
        against_samples(
            Panels.BEYOND,
            f"Language model: error beyond that at k = {{reference}}, {at}",
            y_label="error(k) - error(largest k)",
            y_limits=(-0.15, 0.3),
            facets=("reference",),
            note="below 0: fewer samples are better (paired over repeats)",
        ),
    ]
    if len(settings.k) > 1:
        drawn.append(
            against_samples(
                Panels.DOUBLING,
                "Language model: what the last increase of k changed",
                y_label=f"error(k) - error(previous k), {at}",
                note="above 0: more samples hurt (paired over repeats)",
            )
        )
    drawn.append(
        Panel(
            Panels.TEMPERATURE,
            "Language model: error against temperature, k = {k}",
            x_label="selection temperature T",
            y_label="error of the selected answer",
            x_scale="log" if min(settings.temperature) > 0 else "linear",
            series=_label,
            ordered=True,
            facets=("k",),
            figure=FIGURE,
        )
    )
    if source == PRETRAINED and (settings.pretrained.answer == "stated" or settings.judge.kind != "log-likelihood"):
        drawn.append(
            panel(
                Panels.LEFT_OUT,
                "Language model: answers without a number",
                x_label="answers sampled a question",
                y_label="fraction",
                drawn=False,
            )
        )
    if source == TRAINED:
        drawn.append(
            panel(
                Panels.ACCURACY,
                "Language model: how often the models were right when they were taken",
                x_label="accuracy asked for",
                y_label="accuracy",
                drawn=False,
            )
        )
    return drawn


def _source(settings: LanguageSettings) -> str:
    """Return where answers and scores come from."""
    if settings.table is not None:
        return TABLE
    return TRAINED if settings.pretrained.generator is None else PRETRAINED


def _label(params: Params) -> str:
    if "judge_accuracy" in params:
        return f"judge {params['judge_accuracy']:g} right"
    if "what" in params:
        return str(params["what"])
    name = ITSELF if params["judge"] == ITSELF else f"judge {Path(str(params['judge'])).name}"
    return name + (f", ε={params['epsilon']:g}" if params.get("epsilon") else "")


def predict(config: BestOfKConfig) -> Iterator[Curves]:
    """Yield nothing: the theory is of the regression."""
    return iter(())


# -- measurement ---------------------------------------------------------------------------------------------------


def require(config: BestOfKConfig) -> None:
    """Refuse sizes, questions and models that cannot work, before anything is computed.

    Raises:
        ConfigurationError: k above the number of samples, models that cannot be trained, or what the user brings and
            cannot be read.
    """
    settings = config.language
    if config.parts and NAME not in config.parts:
        return
    source = _source(settings)
    if source == TABLE:
        from solv.experiments.best_of_k.language.judged_table import read_table

        read_table(settings)
        return
    if (most := max(*settings.k, settings.fixed_k)) > settings.samples:
        raise ConfigurationError(f"language.samples = {settings.samples} is less than the largest k, {most}")
    if source == PRETRAINED:
        from solv.experiments.best_of_k.language.pretrained_models import asked_questions

        asked_questions(settings)
    else:
        from solv.experiments.best_of_k.language.trained_models import prepare

        prepare(settings)


def measure(config: BestOfKConfig, context: Context) -> Iterator[Curves]:
    """Yield the curves of every judge, source `trained`.

    Raises:
        ConfigurationError: as `require`, or a model that cannot be loaded.
    """
    require(config)
    settings = config.language
    source = _source(settings)
    if source == TABLE:
        from solv.experiments.best_of_k.language.judged_table import select_from_table

        judged = select_from_table(settings, context)
    elif source == PRETRAINED:
        from solv.experiments.best_of_k.language.pretrained_models import ask_pretrained

        judged = ask_pretrained(settings, context)
    else:
        from solv.experiments.best_of_k.language.trained_models import train_and_ask

        judged = train_and_ask(settings, context)
    for each in judged:
        yield from _curves(settings, each)


def _curves(settings: LanguageSettings, judged: JudgedErrors) -> Iterator[Curves]:
    k, order = np.unique(settings.k, return_index=True)
    by_k, by_temperature = np.split(judged.errors, [len(settings.k)], axis=1)
    by_k = by_k[:, order]
    largest = {**judged.judge, "temperature": settings.fixed_temperature}
    for panel, at, x, name, values in (
        (Panels.SAMPLES, largest, ("k", k), "error", by_k),
        (Panels.BEYOND, {**largest, "reference": k[-1]}, ("k", k), "error_beyond", by_k - by_k[:, -1:]),
        (Panels.DOUBLING, {**largest, "counts": k.tolist()}, ("k", k[1:]), "error_change", np.diff(by_k, axis=1)),
        (
            Panels.TEMPERATURE,
            {**judged.judge, "k": settings.fixed_k},
            ("temperature", settings.temperature),
            "error",
            by_temperature,
        ),
    ):
        if len(x[1]):
            y, y_err, n = standard_error(values)
            yield RECORD.trained(panel, at, x=x, y=(name, y), y_err=y_err, n=n)
    for what, fractions in judged.left_out.items():
        y, y_err, n = standard_error(fractions)
        at = {**judged.judge, "what": what}
        yield RECORD.trained(Panels.LEFT_OUT, at, x=("samples", settings.samples), y=("fraction", y), y_err=y_err, n=n)
    if judged.target is not None and judged.reached is not None:
        y, y_err, n = standard_error(judged.reached)
        yield RECORD.trained(
            Panels.ACCURACY, judged.judge, x=("target", judged.target), y=("accuracy", y), y_err=y_err, n=n
        )


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    """The poorest judge has a finite best k, and the best judge's error falls with every increase of k."""
    reached = {
        params["judge_accuracy"]: float(rows["y"].iloc[0])
        for params, rows in each_curve(select(curves, panel=Panels.ACCURACY, judge="trained"))
    }
    if len(reached) < 2 or select(curves, panel=Panels.SAMPLES)["x"].nunique() < 3:
        return missing("two judges of known accuracy (language.trained.judge_accuracy), k = 1 and two more")
    poor, good = min(reached, key=reached.__getitem__), max(reached, key=reached.__getitem__)
    against_k = select(curves, panel=Panels.SAMPLES, judge_accuracy=poor).sort_values("x")
    least = 1 + int(np.argmin(against_k["y"].iloc[1:-1]))  # the best that is no end
    best = float(against_k["x"].iloc[least])
    beyond = select(curves, panel=Panels.BEYOND, judge_accuracy=poor, x=best).iloc[0]
    rise, rise_error = -float(beyond["y"]), known(beyond["y_err"], beyond["n"])
    fall, fall_error = _difference(against_k, least)
    steps = select(curves, panel=Panels.DOUBLING, judge_accuracy=good).sort_values("x")
    fallen = -float(steps["y"].sum())
    return Judgement(
        all_of(
            [
                exceeds(rise, 0.0, rise_error),
                exceeds(fall, 0.0, fall_error),
                *(_does_not_rise(step["y"], known(step["y_err"], step["n"])) for _, step in steps.iterrows()),
            ]
        ),
        predicted="poorest judge: interior minimum; best judge: no rise",
        measured=(
            f"judge {poor:g} right: least inner error at k = {best:g}, {rise:.3f} ± {rise_error:.3f} below the largest "
            f"k, {fall:.3f} ± {fall_error:.3f} below k = 1; judge {good:g} right: falls by {fallen:.3f}, largest step "
            f"{float(steps['y'].max()):+.4f}"
        ),
        tolerance="2 s.e. on both sides of the minimum; no step of the best judge above 0 by 2 s.e.",
    )


def _does_not_rise(change: float, error: float) -> Verdict:
    """A flat end (nothing left to gain) is no rise: only a change above 0 by 2 standard errors speaks against it."""
    if math.isnan(error):
        return Verdict.UNDECIDED
    return Verdict.FAILS if change - 2 * error > 0 else Verdict.HOLDS


def _difference(rows: Curves, place: int) -> tuple[float, float]:
    """Return how far the error at one place lies below that at the least k; errors added as if independent."""
    first, least = rows.iloc[0], rows.iloc[place]
    errors = (known(row["y_err"], row["n"]) for row in (first, least))
    return float(first["y"] - least["y"]), math.hypot(*errors)


def work(config: BestOfKConfig) -> Work:
    """Return the work of the models trained here; of the user's, whose sizes the settings do not say, of selections."""
    settings = config.language
    if _source(settings) == TRAINED:
        return of_models_trained_here(settings)
    return of_selections(settings, settings.questions, judges=1)


LANGUAGE = Part(
    name=NAME,
    question="Does a language model whose answers are selected by a poor or a good judge show the same?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "language-model-shows-the-same",
            "With the poorest judge the language model's error has a minimum at finite k; with the best judge it falls "
            "with every increase of k.",
            reads=(Panels.SAMPLES, Panels.BEYOND, Panels.DOUBLING, Panels.ACCURACY),
            judge=_judge,
            needs={"language.trained.models": 12, "language.orders": 32},
        ),
    ),
)
