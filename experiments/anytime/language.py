"""Part `language`: do anytime schedules match a cosine that is retuned for each horizon, on a language model?

A decoder-only transformer learns a generated language of known entropy, a text of the user's, or token shards (the
paper: C4). Constant and inverse-square-root rates are one run each, read at every horizon through averages of the
weights kept online; cosine is a run for every horizon; warmup-stable-decay branches from the constant run.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import partial

import numpy as np

from solv.experiments.anytime.language_runs import (
    ANYTIME,
    CONSTANT,
    CONSTANT_LAST,
    COSINE,
    EMA,
    LAST,
    OFFSET,
    TUNED,
    Chosen,
    Losses,
    Training,
    choose,
    curve_name,
)
from solv.experiments.anytime.settings import AnytimeConfig, LanguageSettings
from solv.experiments.anytime.work import language
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Params, Recorder, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("anytime", "language")
ENTROPIES = {"rate": "entropy rate", "one symbol known": "entropy, one symbol known"}
TOLERANCE = 0.015  # nats above the envelope: seeds of one cosine differ by up to 0.02
GAINED = 0.01  # nats that averaging takes off
WORSE = 0.015  # nats of a long cosine above the envelope
LEAST_STEPS = 50  # before, an average still holds the first weights, which have learned nothing
LONG_ENOUGH = f"every one of language.horizons >= {LEAST_STEPS}"


class Panels(StrEnum):
    """The panels of this part."""

    LOSS = "language-loss"
    LONG = "language-long-cosine"
    GAP = "language-gap"
    GAIN = "language-averaging"
    CHOICE = "language-choice"


def panels(config: AnytimeConfig) -> list[Panel]:
    """Return the losses, their distances from the tuned cosine, and what was chosen; none without a language model."""
    settings = config.language
    if settings.data == "none":
        return []
    task = {"character": "generated characters", "text": settings.folder or "Python's library", "shards": "shards"}
    log = partial(Panel, x_label="steps", x_scale="log", series=_name)
    seeds = f"mean over {settings.seeds} seeds, errors paired" if settings.seeds > 1 else "one seed"
    return [
        log(Panels.LOSS, f"Language model ({task[settings.data]})", y_label="validation loss (nats)"),
        log(
            Panels.LONG,
            "Language model: long cosines read early",
            y_label="validation loss (nats)",
            ordered=True,
            figure="Fig. 1",
        ),
        log(
            Panels.GAP,
            "Language model: loss above the tuned cosine",
            y_label="nats",
            note=f"below 0: better; {seeds}",
            figure="Fig. 2",
            y_limits=(-0.02, 0.06) if settings.data == "character" else (None, None),
        ),
        log(Panels.GAIN, "Language model: what averaging takes off", y_label="nats", note=seeds),
        log(Panels.CHOICE, "Language model: what was chosen", y_label="hyperparameters", drawn=False),
    ]


def _name(params: Params) -> str:
    return ENTROPIES[str(params["entropy"])] if "entropy" in params else curve_name(params)


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: AnytimeConfig) -> Iterator[Curves]:
    """Yield the entropies of the generated language."""
    settings = config.language
    if settings.data != "character":
        return
    from solv.data.anytime.character_language import CharacterLanguage

    language, horizons = CharacterLanguage(), sorted(settings.horizons)
    for kind, floor in zip(ENTROPIES, (language.entropy_rate, language.first_order_entropy), strict=True):
        at = {"data": settings.data, "entropy": kind}
        yield RECORD.theory(Panels.LOSS, at, x=("steps", horizons), y=("loss", np.full(len(horizons), floor)))


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: AnytimeConfig, context: Context) -> Iterator[Curves]:
    """Yield the losses of the best cosines and of the anytime runs, and their differences.

    Raises:
        ConfigurationError: no folder of shards, horizons within the warm-up, or too little text.
    """
    settings = config.language
    if settings.data == "none":
        return
    from solv.experiments.anytime.language_ensemble import train_models

    yield from _curves(settings, choose(settings, train_models(settings, context)))


def _curves(settings: LanguageSettings, chosen: Chosen) -> Iterator[Curves]:
    at: Params = {
        "data": settings.data,
        "batch": settings.batch,
        **{name: getattr(settings.model, name) for name in ("layers", "width", "context")},
    }
    horizons, envelope = chosen.horizons, chosen.envelope
    tuned = {**at, **TUNED}
    yield _points(Panels.LOSS, tuned, horizons, envelope)
    for name in ("rate", "beta2"):
        yield _choice(tuned, horizons, name, [getattr(run, name) for run in chosen.cosines])
    for index, run in enumerate(chosen.cosines):
        seen, early = slice(0, index + 1), slice(0, index)
        losses = chosen.losses[run, LAST]
        cosine = {**at, "schedule": COSINE, "horizon": run.along, "weights": LAST}
        yield _points(Panels.LONG, cosine, horizons[seen], losses[:, seen])
        if index == len(horizons) - 1 and index > 0:
            yield _points(Panels.GAP, cosine, horizons[early], (losses - envelope)[:, early])
    for kind, params in ANYTIME.items():
        best, curve = chosen.anytime[kind], {**at, **params}
        yield _points(Panels.LOSS, curve, horizons, best.losses)
        yield _points(Panels.GAP, curve, horizons, best.losses - envelope)
        for name, value in _hyperparameters(best.run, best.weights).items():
            yield _choice(curve, horizons[-1:], name, [value])
        if kind == "wsd":
            continue
        last = chosen.losses[best.run, LAST]
        if kind == "constant":
            yield _points(Panels.LOSS, {**at, **CONSTANT_LAST}, horizons, last)
            yield _points(Panels.GAP, {**at, **CONSTANT_LAST}, horizons, last - envelope)
        yield _points(Panels.GAIN, curve, horizons, last - best.losses)


def _hyperparameters(run: Training, weights: str) -> dict[str, float]:
    """Return what was chosen by the losses: of a run, and of the averages through which it is read."""
    values = {"rate": run.rate, "beta2": run.beta2}
    if run.schedule == "offset":
        values["alpha"] = float(run.along)
    return values if weights == "wsd" else {**values, "ema_label": float(weights)}


def _points(panel: Panels, params: Params, horizons: np.ndarray, losses: Losses) -> Curves:
    y, y_err, n = standard_error(losses)
    return RECORD.trained(panel, params, x=("steps", horizons), y=("loss", y), y_err=y_err, n=n)


def _choice(params: Params, horizons: np.ndarray, name: str, values: list[float]) -> Curves:
    """Return a choice; it is one, made from all seeds together."""
    return RECORD.trained(Panels.CHOICE, params, x=("steps", horizons), y=(name, values), y_err=np.nan, n=1)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_matches(curves: Curves) -> Judgement:
    lines = {
        f"{schedule} + EMA": select(curves, schedule=schedule, weights=EMA).sort_values("x")
        for schedule in (CONSTANT, OFFSET)
    }
    if any(line["x"].min() < LEAST_STEPS for line in lines.values()):
        return missing(LONG_ENOUGH)
    return Judgement(
        all_of(
            verdict for line in lines.values() for verdict in _each_exceeds(line.assign(y=TOLERANCE - line["y"]), 0)
        ),
        predicted=f"gap of at most {TOLERANCE:g} nats",
        measured="; ".join(_range(line, name) for name, line in lines.items()),
        tolerance=f"every gap below {TOLERANCE:g} nats by 2 s.e. over seeds (same batches and first weights)",
    )


def _judge_averaging(curves: Curves) -> Judgement:
    rows = select(curves, schedule=CONSTANT)
    if rows["x"].min() < LEAST_STEPS:
        return missing(LONG_ENOUGH)
    return Judgement(
        all_of(_each_exceeds(rows, GAINED)),
        predicted=f"by at least {GAINED:g} nats",
        measured=_range(rows, "averaging gains"),
        tolerance="2 s.e. over seeds",
    )


def _judge_early(curves: Curves) -> Judgement:
    longest = select(curves, schedule=CONSTANT)["x"].max()
    rows = select(curves, schedule=COSINE)
    rows = rows[rows["x"] <= longest / 4]
    if rows.empty or rows["x"].min() < LEAST_STEPS:
        return missing(f"{LONG_ENOUGH}, one of them at most a quarter of the longest")
    return Judgement(
        all_of(_each_exceeds(rows, WORSE)),
        predicted=f"by at least {WORSE:g} nats",
        measured=_range(rows, "long cosine"),
        tolerance="2 s.e. over seeds",
    )


def _each_exceeds(rows: Curves, threshold: float) -> Iterable[Verdict]:
    for _, row in rows.iterrows():
        yield exceeds(row["y"], threshold, known(row["y_err"], row["n"]))


def _range(rows: Curves, name: str) -> str:
    ordered = rows.sort_values("x")
    return f"{name} " + ", ".join(f"{y:+.4f} ± {e:.4f}" for y, e in zip(ordered["y"], ordered["y_err"], strict=True))


def work(config: AnytimeConfig) -> Work:
    """Return the work of the trainings; the part `published-losses` has them from this one, where it needs them."""
    return language(config.language)


LANGUAGE = Part(
    name="language",
    question="Do one constant and one inverse-square-root run match a cosine that is retuned for each horizon, on a "
    "language model?",
    switch="language.data",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "language-anytime-matches-tuned-cosine",
            "One constant and one inverse-square-root run, each read through one EMA, match at every horizon a cosine "
            "that is retuned for it.",
            reads=(Panels.GAP,),
            judge=_judge_matches,
            needs={"language.seeds": 4},
        ),
        Claim(
            "language-averaging-is-essential",
            "Of a constant learning rate the last weights are worse than their EMA at every horizon.",
            reads=(Panels.GAIN,),
            judge=_judge_averaging,
            needs={"language.seeds": 4},
        ),
        Claim(
            "language-long-cosine-is-not-anytime",
            "A cosine for the longest horizon, read at a quarter of it or earlier, is worse than one tuned for there.",
            reads=(Panels.GAP,),
            judge=_judge_early,
            needs={"language.seeds": 4},
        ),
    ),
)
