"""Part `published-losses`: do the losses that the authors published show it, and where do ours lie beside them?

The losses are the authors': validation cross-entropy in nats of decoders of 150 and 300 million parameters, cosine
retuned for each horizon, constant rate and inverse square root each read through an EMA of label 25, and
warmup-stable-decay. A run of the same model on token shards is drawn beside them.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import partial

import numpy as np

from solv.experiments.anytime.language_runs import (
    ANYTIME,
    CONSTANT,
    COSINE,
    EMA,
    OFFSET,
    TUNED,
    Losses,
    choose,
    curve_name,
)
from solv.experiments.anytime.settings import AnytimeConfig, LanguageSettings
from solv.harness.contract import Context, Part
from solv.harness.published import read_published
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, missing, within
from solv.tracking.curves import Curves, Params, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("anytime", "published-losses")
LAYERS = {"150M": 12, "300M": 24}  # blocks of the authors' models, by which a run of the same model is known
LARGEST = 0.0082  # nats between an anytime run and the cosine
DIGITS = 5e-5  # of that number
FIGURE = "Fig. 2"
JUDGED_BELOW = "150M"  # the model whose anytime runs are below the cosine


class Panels(StrEnum):
    """The panels of this part."""

    LOSS = "published-loss"
    GAP = "published-gap"


def panels(config: AnytimeConfig) -> list[Panel]:
    """Return the losses where a run may lie beside them, and their distances from the tuned cosine."""
    tokens = partial(
        Panel,
        x_label="tokens",
        x_scale="log",
        facets=("model",),
        series=curve_name,
        note="crosses: the authors' numbers, not measured here",
        figure=FIGURE,
    )
    loss = tokens(Panels.LOSS, "{model} on C4: loss", y_label="validation loss (nats)")
    gap = tokens(Panels.GAP, "{model} on C4: loss above the tuned cosine", y_label="nats")
    return [loss, gap] if config.language.data == "shards" else [gap]


def predict(config: AnytimeConfig) -> Iterable[Curves]:
    """Predict nothing: no theory says what the losses are."""
    return ()


def measure(config: AnytimeConfig, context: Context) -> Iterator[Curves]:
    """Yield the authors' losses and, from token shards, those of a run of the same model.

    Raises:
        ConfigurationError: no folder of shards, horizons within the warm-up, or too little text.
    """
    settings = config.language
    shards = settings.data == "shards"
    for model in settings.published:
        yield from _published(model, losses=shards)
    same = [model for model in settings.published if shards and LAYERS[model] == settings.model.layers]
    if same:
        yield from _beside(settings, same, context)


def _published(model: str, *, losses: bool) -> Iterator[Curves]:
    """Yield the authors' losses of one model, and how far they lie above its tuned cosine at the same tokens."""
    table = [curve for curve in read_published(__package__, Panels.LOSS) if curve.params["model"] == model]
    [cosine] = [curve for curve in table if curve.params["schedule"] == COSINE]
    for curve in table:
        if losses:
            yield RECORD.published(Panels.LOSS, curve.params, x=("tokens", curve.x), y=("loss", curve.y))
        if curve is not cosine:
            gap = np.array(curve.y) - np.array(cosine.y)
            yield RECORD.published(Panels.GAP, curve.params, x=("tokens", curve.x), y=("loss", gap))


def _beside(settings: LanguageSettings, models: list[str], context: Context) -> Iterator[Curves]:
    """Yield the runs of the part `language`; fewer losses where they lie on each other, the gaps have all."""
    from solv.experiments.anytime.language_ensemble import train_models

    chosen = choose(settings, train_models(settings, context))
    losses: list[tuple[Panels, Params, Losses]] = [(Panels.LOSS, TUNED, chosen.envelope)]
    for kind, params in ANYTIME.items():
        best = chosen.anytime[kind]
        losses.append((Panels.GAP, params, best.losses - chosen.envelope))
        if kind != "wsd":
            losses.append((Panels.LOSS, params, best.losses))
    tokens = chosen.horizons * settings.batch * settings.model.context
    for model in models:
        for panel, params, values in losses:
            y, y_err, n = standard_error(values)
            at = {"model": model, **params}
            yield RECORD.trained(panel, at, x=("tokens", tokens), y=("loss", y), y_err=y_err, n=n)


def _judge_table(curves: Curves) -> Judgement:
    rows = select(curves, source="published", weights=EMA)
    gaps = [
        (params["model"], line.sort_values("x")["y"].to_numpy())
        for params, line in each_curve(rows)
        if params["schedule"] in (CONSTANT, OFFSET)
    ]
    middle = [gap[1:5] for model, gap in gaps if model == JUDGED_BELOW]
    if not middle:
        return missing(f"language.published includes {JUDGED_BELOW}")
    largest = max(float(np.abs(gap).max()) for _, gap in gaps)
    return Judgement(
        all_of(
            [
                within(largest, 0.0, LARGEST + DIGITS),
                *(exceeds(0.0, float(gap.max())) for gap in middle),
            ]
        ),
        predicted=f"{LARGEST}; below 0",
        measured=(
            f"published: largest difference {largest:.4f}; {JUDGED_BELOW} at 2x to 16x {min(map(np.min, middle)):.4f} "
            f"to {max(map(np.max, middle)):.4f}"
        ),
        tolerance="the table's five digits",
    )


PUBLISHED_LOSSES = Part(
    name="published-losses",
    question="Do the losses that the authors published show it, and where do ours lie beside them?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    figure=FIGURE,
    claims=(
        Claim(
            "published-language-losses",
            "In the authors' published losses (arXiv:2602.03702; not measured here) constant and inverse-square-root "
            "runs lie within 0.0082 nats of the cosine, and at 150M below it at 2x to 16x.",
            reads=(Panels.GAP,),
            judge=_judge_table,
            figure=FIGURE,
        ),
    ),
)
