"""Part `language`: does a language model's loss fall with the exponent of the softmax law?

The loss is fitted by offset + A t^-nu in the number of steps t, which is tau at a constant rate; of checkpoints of a
training with a schedule, in tau over the peak rate. The scale of the logits grows early and then saturates: its power
is read in the first half of the logarithmic time, and told of the second.
"""

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law.counting import PASS
from solv.experiments.softmax_law.settings import LanguageSettings, SoftmaxLawConfig
from solv.experiments.softmax_law.toy import schedule_factors
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.fits.log_decay import fit_log_decay
from solv.theory.fits.power_law import LEAST_POINTS, fit_decay_to_offset, fit_power_law, residual_error
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Params, Recorder, select, standard_error
from solv.tracking.panels import Panel, Slope

if TYPE_CHECKING:
    from solv.experiments.softmax_law.language_readings import Readings

RECORD = Recorder("softmax-law", "language")
WIDEST = 0.1  # of an interval of the exponent that decides
HERE = "decoder"
FIT = ("fit", 0)  # one number for each fit
VOCABULARY, READINGS = 256, 28  # bytes; of the decoder
BLOCK_PASSES, LOGIT_PASSES = 80, 7  # through a token's coordinates in a block and its logits, forwards and backwards
CALLS = 100  # kernels of a step: of a block, forwards, backwards and in Adam; of all else
CHECKPOINT_CALLS = 1e6  # to load and read a model of unknown size


class Panels(StrEnum):
    """The panels of this part; `language-fits` holds the numbers that the claim reads."""

    LOSS = "language-loss"
    EXCESS = "language-excess"
    SCALE = "language-scale"
    FITS = "language-fits"


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return loss and entropy, the loss less its limit, and the scale of the logits, against the steps."""
    settings = config.language
    last = 143_000 if settings.pretrained.checkpoints else settings.trained.steps
    start = settings.fit_from
    against_steps = partial(Panel, x_label="training steps t", x_scale="log")
    return [
        against_steps(
            Panels.LOSS,
            "Language model: held-out loss and entropy",
            y_label="nats per token",
            series="{model}, {quantity}",
            note="entropy: of the model's own predictions",
        ),
        against_steps(
            Panels.EXCESS,
            "Language model: loss less its fitted limit",
            y_label="loss - offset",
            y_scale="log",
            series="{model}",
            slopes=(Slope(-1 / 3, 6.0, start, last, "slope -1/3"),),
            note="the limit is that of the fit offset + A t^-ν",
        ),
        against_steps(
            Panels.SCALE,
            "Language model: scale of the logits",
            y_label="std of the centred logits",
            y_scale="log",
            series="{model}",
            slopes=(Slope(1 / 3, 0.45, start, last, "slope 1/3"),),
        ),
        Panel(Panels.FITS, "Fits to the language model", "", "", drawn=False),
    ]


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield nothing: the law has one number to say of a language model, its exponent."""
    yield from ()


def require(config: SoftmaxLawConfig) -> None:
    """Check what this part reads, before a run measures anything.

    Raises:
        ConfigurationError: a text or checkpoints that cannot be used.
    """
    from solv.experiments.softmax_law.language_readings import require_language_model

    if not config.parts or LANGUAGE.name in config.parts:
        require_language_model(config.language)


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield the readings of the language model, and the exponents that are fitted to them."""
    from solv.experiments.softmax_law.language_readings import read_language_model

    yield from language_curves(config.language, read_language_model(config.language, context))


def model_params(settings: LanguageSettings) -> dict[str, object]:
    """Return what tells the curves of one model, or of one series of checkpoints, from those of another."""
    trained, pretrained = settings.trained, settings.pretrained
    if pretrained.checkpoints is not None:
        return {"model": Path(pretrained.checkpoints).name, "context": pretrained.context}
    sizes = ("width", "layers", "heads", "context", "batch", "learning_rate")
    return {"model": HERE, **{name: getattr(trained, name) for name in sizes}}


def language_curves(settings: LanguageSettings, readings: "Readings") -> Iterator[Curves]:
    """Yield the curves of one model or checkpoint series, and what is fitted to them from `fit_from` on."""
    at, steps = model_params(settings), readings.steps
    for quantity in ("loss", "entropy"):
        place = {**at, "quantity": quantity}
        yield _readings(Panels.LOSS, place, steps, quantity, getattr(readings, quantity))
    yield _readings(Panels.SCALE, at, steps, "scale", readings.scale)
    fitted = int(np.sum(steps >= settings.fit_from))
    yield RECORD.trained(Panels.FITS, at, x=FIT, y=("readings", fitted), y_err=math.nan, n=1)
    if fitted >= LEAST_POINTS:
        yield from _fits(settings, readings, at)


def clock(settings: LanguageSettings, steps: Float[np.ndarray, "times"]) -> Float[np.ndarray, "times"]:
    """Return tau over the peak rate after so many steps; the number of steps where the rate is constant."""
    horizon = settings.pretrained.horizon
    if settings.pretrained.checkpoints is None or horizon is None:
        return steps
    elapsed = np.cumsum(schedule_factors(horizon))
    return np.asarray(elapsed[np.minimum(steps.astype(int), horizon) - 1])


def _fits(settings: LanguageSettings, readings: "Readings", at: Params) -> Iterator[Curves]:
    steps, mean = readings.steps, readings.loss.mean(axis=0)
    used, time = steps >= settings.fit_from, clock(settings, steps)
    fit = fit_decay_to_offset(time[used], mean[used])
    late = used & (mean > fit.offset)
    if fit.amplitude > 0 and late.any():
        yield _readings(Panels.EXCESS, at, steps[late], "excess", readings.loss[:, late] - fit.offset)
        for name in ("exponent", "low", "high", "offset"):
            value = getattr(fit, name)
            yield RECORD.trained(Panels.FITS, at, x=FIT, y=(name, value), y_err=math.nan, n=1)
    for name, x in (("tau", time), ("steps", steps)):
        protocol = fit_log_decay(x[used], mean[used])
        for quantity, value in (("exponent", protocol.exponent), ("explained", protocol.r_squared)):
            y = (f"{quantity} of log loss in {name}", value)
            yield RECORD.trained(Panels.FITS, at, x=FIT, y=y, y_err=math.nan, n=1)
    for name, window in growth_windows(settings, steps).items():
        slopes = [-fit_power_law(steps, row, window).exponent for row in readings.scale]
        slope, spread, n = standard_error(slopes)
        error = float(spread) if n > 1 else residual_error(steps, readings.scale[0], window)
        yield RECORD.trained(Panels.FITS, at, x=FIT, y=(name, slope), y_err=error, n=n)


def growth_windows(settings: LanguageSettings, steps: Float[np.ndarray, "times"]) -> dict[str, tuple[float, float]]:
    """Return the windows of the growth of the logits: early and late halves of log time, if both have five readings."""
    first, last = float(settings.fit_from), float(steps[-1])
    middle = math.sqrt(first * last)
    early, late = (first, middle), (middle, last)
    counts = [int(np.sum((steps >= low) & (steps <= high))) for low, high in (early, late)]
    if min(counts) < LEAST_POINTS:
        return {"scale_exponent": (first, np.inf)}
    return {"scale_exponent": early, "late_scale_exponent": late}


def _readings(
    panel: Panels,
    params: Mapping[str, Any],
    steps: Float[np.ndarray, "times"],
    name: str,
    values: Float[np.ndarray, "models times"],
) -> Curves:
    y, y_err, n = standard_error(values)
    return RECORD.trained(panel, params, x=("steps", steps), y=(name, y), y_err=y_err, n=n)


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of training and reading the decoders; of the user's checkpoints the size is not known.

    Memory: weights with Adam's, and what backwards needs of a batch, in bfloat16 half of it.
    """
    sizes = config.language.trained
    if config.language.pretrained.checkpoints is not None:
        return Work(calls=CHECKPOINT_CALLS)
    matrices = sizes.layers * (12 * sizes.width**2 + sizes.context * sizes.width) + VOCABULARY * sizes.width
    touched = BLOCK_PASSES * sizes.width * sizes.layers + LOGIT_PASSES * VOCABULARY
    tokens, read = sizes.batch * sizes.context, READINGS * sizes.held_out * sizes.context
    once = (6 * matrices + PASS * touched) * sizes.models  # of a token; a reading goes forwards alone, a third of it
    kept = (28 * sizes.width * sizes.layers + 3 * VOCABULARY) * (2 if sizes.bfloat16 else 4)
    calls = sizes.models * (sizes.steps + READINGS) * (CALLS * sizes.layers + CALLS)
    return Work(once * (tokens * sizes.steps + read / 3), calls, tokens * kept + 16 * matrices)


def _judge_language(curves: Curves) -> Judgement:
    fits = select(curves, panel=Panels.FITS, source="trained").set_index("y_name")
    if "exponent" not in fits.index or "scale_exponent" not in fits.index:
        return missing("5 readings later than language.fit_from, of a loss that falls")
    exponent, low, high, offset = (float(fits["y"][name]) for name in ("exponent", "low", "high", "offset"))
    growth, error, n = (float(fits[column]["scale_exponent"]) for column in ("y", "y_err", "n"))
    late = f", {float(fits['y']['late_scale_exponent']):.3f} late" if "late_scale_exponent" in fits.index else ""
    return Judgement(
        all_of([exceeds(growth, 0, known(error, n)), judge_interval(low, high)]),
        predicted="exponent 1/3; scale growing early (the paper: 0.38), then saturating",
        measured=(
            f"exponent {exponent:.3f} (95 %: {low:.3f} to {high:.3f}) above a limit of {offset:.2f} nats; "
            f"scale ~ t^({growth:.3f} ± {error:.3f}) early{late}"
        ),
        tolerance=f"1/3 inside the interval, which must be narrower than {WIDEST:g}; growth by 2 s.e.",
        needs="language.trained.steps >= 10000 on a GPU (--preset paper), or checkpoints of a longer training",
    )


def judge_interval(low: float, high: float) -> Verdict:
    """Return whether an interval of the exponent holds 1/3: undecided if it is wider than 0.1."""
    if not high - low <= WIDEST:
        return Verdict.UNDECIDED
    return Verdict.HOLDS if low <= 1 / 3 <= high else Verdict.FAILS


LANGUAGE = Part(
    name="language",
    question="Does a language model's loss fall with the exponent of the softmax law, and its logit scale grow?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "language-model",
            "A language model's loss falls with an exponent near 1/3, and its logit scale grows early in training.",
            reads=(Panels.FITS,),
            judge=_judge_language,
            figure="Fig. 6b, c",
            needs={"language.trained.steps": 10_000},
        ),
    ),
)
