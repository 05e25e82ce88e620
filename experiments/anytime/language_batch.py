"""Part `language-batch`: on a language model, does an averaged constant rate gain on the cosine as the batch grows?

The paper's figure 3 trains at 16 times its usual batch. Each batch has its own tuned cosines, and its own constant and
inverse-square-root runs, of the same learning rates; models, text and first weights are those of the part `language`.
"""

from collections.abc import Iterator
from enum import StrEnum
from math import hypot

import numpy as np
from scipy.special import stdtrit

from solv.experiments.anytime.language_runs import ANYTIME, CONSTANT, TUNED, Losses, choose, curve_name
from solv.experiments.anytime.settings import AnytimeConfig, LanguageSettings
from solv.experiments.anytime.work import language
from solv.harness.contract import Context, Part
from solv.harness.settings import replace
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Params, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("anytime", "language-batch")
LEAST_RATIO = 16  # of the largest batch to the smallest, as in the paper: 4096 to 256
ALARM = 0.005  # chance that one of the leads of a true claim looks like none
LEAST_STEPS = 50  # of the first horizon: before, an average still holds the first weights


class Panels(StrEnum):
    """The panels of this part."""

    GAP = "language-batch-gap"
    LOSS = "language-batch-loss"
    CHOICE = "language-batch-choice"


def panels(config: AnytimeConfig) -> list[Panel]:
    """Return the losses of both, and their differences, a line a batch; none without a language model."""
    if config.language.data == "none":
        return []
    return [
        Panel(
            Panels.GAP,
            "Language model at batch {batch}: averaged runs against the tuned cosine",
            "steps",
            "loss minus the cosine's (nats)",
            facets=("batch",),
            x_scale="log",
            series=curve_name,
            figure="Fig. 3",
            note=f"below 0: better; mean over {config.language_batch.seeds} seeds, errors paired",
        ),
        Panel(
            Panels.LOSS,
            "Language model at batch {batch}: losses",
            "steps",
            "validation loss (nats)",
            facets=("batch",),
            x_scale="log",
            series=curve_name,
            figure="Fig. 3",
        ),
        Panel(
            Panels.CHOICE,
            "What was chosen",
            "steps",
            "learning rate",
            series=curve_name,
            facets=("batch",),
            drawn=False,
        ),
    ]


def predict(config: AnytimeConfig) -> Iterator[Curves]:
    """Yield nothing: the regression of the part `large-batch` is the theory."""
    yield from ()


def of_batch(config: AnytimeConfig, batch: int) -> LanguageSettings:
    """Return the settings of the trainings at one batch; where batches are cut, into parts no larger than usual."""
    size, usual = config.language_batch, config.language
    larger = max(batch // usual.batch, 1) if usual.accumulation > 1 else 1
    return replace(
        usual,
        batch=batch,
        accumulation=usual.accumulation * larger,
        horizons=size.horizons,
        warmup=size.warmup,
        cosine_rates=size.rates,
        constant_rates=size.rates,
        offset_rates=size.rates,
        offsets=size.offsets,
        seeds=size.seeds,
    )


def measure(config: AnytimeConfig, context: Context) -> Iterator[Curves]:
    """Yield, for every batch, the constant run, its tuned cosines, and the differences.

    Raises:
        ConfigurationError: no folder of shards, horizons within the warm-up, or too little text.
    """
    if config.language.data == "none":
        return
    from solv.experiments.anytime.language_ensemble import train_models

    for batch in sorted(config.language_batch.batch):
        settings = of_batch(config, batch)
        chosen = choose(settings, train_models(settings, context.within(f"batch {batch}")))
        horizons, envelope = chosen.horizons, chosen.envelope
        model: Params = {name: getattr(settings.model, name) for name in ("layers", "width", "context")}
        at = {"batch": batch, "data": settings.data, **model}
        tuned, grid = {**at, **TUNED}, {"least": min(settings.cosine_rates), "most": max(settings.cosine_rates)}
        yield _points(Panels.LOSS, tuned, horizons, envelope)
        yield _choice({**tuned, **grid}, horizons, [run.rate for run in chosen.cosines])
        for kind in ("constant", "offset"):
            best, params = chosen.anytime[kind], {**at, **ANYTIME[kind]}
            yield _points(Panels.LOSS, params, horizons, best.losses)
            yield _points(Panels.GAP, params, horizons, best.losses - envelope)
            yield _choice({**params, **grid}, horizons[-1:], [best.run.rate])


def _points(panel: Panels, params: Params, horizons: np.ndarray, losses: Losses) -> Curves:
    y, y_err, n = standard_error(losses)
    return RECORD.trained(panel, params, x=("steps", horizons), y=("loss", y), y_err=y_err, n=n)


def _choice(params: Params, horizons: np.ndarray, rates: list[float]) -> Curves:
    return RECORD.trained(Panels.CHOICE, params, x=("steps", horizons), y=("rate", rates), y_err=np.nan, n=1)


def _judge_lead(curves: Curves) -> Judgement:
    """Read beyond the first horizon; the lead of a batch is its mean there."""
    rows = select(curves, panel=Panels.GAP, schedule=CONSTANT)
    lines = sorted(((int(params["batch"]), line) for params, line in each_curve(rows)), key=lambda each: each[0])
    if rows["x"].min() < LEAST_STEPS or rows["x"].nunique() < 2:
        return missing(f"several of language_batch.horizons, all >= {LEAST_STEPS}")
    if lines[-1][0] < LEAST_RATIO * lines[0][0]:
        return missing(f"language_batch.batch up to {LEAST_RATIO} times its least")
    chosen = select(curves, panel=Panels.CHOICE)
    if any(rate in (params["least"], params["most"]) for params, line in each_curve(chosen) for rate in line["y"]):
        return missing("language_batch.rates below and above every one that was chosen")
    beyond = [line[line["x"] > line["x"].min()] for _, line in lines]
    # of horizons of one run: their errors are taken as fully correlated
    (small, small_error), *_, (large, large_error) = leads = [
        (-float(line["y"].mean()), known(float(line["y_err"].mean()), float(line["n"].min()))) for line in beyond
    ]
    sigmas = float(stdtrit(max(int(rows["n"].min()) - 1, 1), 1 - ALARM / (len(beyond[-1]) + 1)))
    verdicts = [
        exceeds(-y, 0.0, known(error, n), sigmas=sigmas) for y, error, n in beyond[-1][["y", "y_err", "n"]].to_numpy()
    ]
    said = [f"{lead:+.4f} ± {error:.4f} (B = {batch})" for (batch, _), (lead, error) in zip(lines, leads, strict=True)]
    at_largest = ", ".join(f"{-y:+.4f} at {x:g}" for x, y in beyond[-1][["x", "y"]].to_numpy())
    return Judgement(
        all_of([*verdicts, exceeds(large - small, 0.0, hypot(small_error, large_error), sigmas=sigmas)]),
        predicted="a lead at the largest batch at every horizon beyond the first, larger than at the smallest batch",
        measured=f"mean lead {', '.join(said)} nats; at the largest batch {at_largest}",
        tolerance=f"paired over seeds, Student's t, {100 * ALARM:g} % for all together",
    )


def work(config: AnytimeConfig) -> Work:
    """Return the work of the trainings of every batch."""
    return sum((language(of_batch(config, batch)) for batch in config.language_batch.batch), Work())


LANGUAGE_BATCH = Part(
    name="language-batch",
    question="On a language model, does an averaged constant rate gain on the tuned cosine as the batch grows?",
    switch="language.data",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Fig. 3",
    claims=(
        Claim(
            "language-large-batch-constant-beats-cosine",
            "At a large batch one averaged constant run of a language model is below the tuned cosine at every horizon "
            "beyond the first, and its lead is larger than at a small batch.",
            reads=(Panels.GAP, Panels.CHOICE),
            judge=_judge_lead,
            figure="Fig. 3",
            needs={"language_batch.seeds": 6, "language_batch.batch": 128},
        ),
    ),
)
