"""Does a language model's loss fall with the exponent of the softmax law? Part E5: settings, panels, curves and claim.

By default a small decoder learns the bytes of Python's standard library at a constant learning rate; or the user names
the checkpoints of a training in Hugging Face's format, as those of Pythia are, and a text. Either way loss, scale of
the logits and entropy of the predictions are read on text held apart, against the number of steps; the loss is fitted
by offset + A t^-nu. What is measured is in `experiments/softmax_law/language_measurements.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from solv.harness.contract import Context
from solv.harness.settings import flag, group, integer, real, text, texts
from solv.theory.fits.power_law import LEAST_POINTS, fit_decay_to_offset, fit_power_law, residual_error
from solv.tracking.claims import Claim, Verdict, all_of, exceeds, not_measured
from solv.tracking.curves import Curves, curve, parameter, select, standard_error
from solv.tracking.figures import Panel, Slope

LOSS, EXCESS, SCALE = "language loss", "language excess", "language scale"
CLAIM = "language-model"
WIDEST = 0.1  # of an interval of the exponent that decides
PYTHIA = tuple(f"step{step}" for step in (*(2**power for power in range(10)), 1000, 2000, 4000, 8000, 16000, 32000))
PYTHIA += ("step64000", "step128000", "step143000")
HERE, ALL = "decoder", "all"


@dataclass(frozen=True)
class TrainedHere:
    """The decoder that is trained in the run."""

    text: str | None = text(None, "file or folder to learn; null: Python's standard library")
    bytes: int = integer(4_000_000, "most bytes read of it", least=10_000)
    models: int = integer(2, "independent trainings", least=2)
    width: int = integer(56, "of the decoder", least=4)
    layers: int = integer(2, "of the decoder", least=1)
    heads: int = integer(4, "of the decoder", least=1)
    context: int = integer(32, "bytes that a prediction looks back at, at most", least=2)
    steps: int = integer(600, "training steps", least=100)
    batch: int = integer(16, "sequences a step", least=1)
    learning_rate: float = real(3e-3, "of AdamW without decay, constant after the warm-up", above=0)
    warm_up: int = integer(20, "steps in which the learning rate rises", least=1)
    bfloat16: bool = flag(False, "whether products are computed in bfloat16: faster on a GPU")
    held_out: int = integer(256, "sequences on which the model is read", least=1)


@dataclass(frozen=True)
class Pretrained:
    """Checkpoints in Hugging Face's format (extra `hf`), used instead of the decoder trained here."""

    checkpoints: str | None = text(
        None, "folder with a sub-folder stepN for each checkpoint, or a hub name with revisions stepN; null: train here"
    )
    revisions: tuple[str, ...] = texts(
        [ALL], "names stepN; all: of a folder every one that is there, of the hub a choice of Pythia's"
    )
    text: str | None = text(None, "text file on which they are read")
    context: int = integer(512, "tokens of a sequence", least=2)
    sequences: int = integer(64, "most sequences read", least=1)
    rows: int = integer(8, "sequences that go through a model at once", least=1, scientific=False)


@dataclass(frozen=True)
class LanguageSettings:
    """The language model of softmax-law (E5)."""

    fit_from: int = integer(70, "least step of the fits", least=1)
    trained: TrainedHere = group(TrainedHere, "decoder trained in the run")
    pretrained: Pretrained = group(Pretrained, "checkpoints of the user's instead")


def language_panels(settings: LanguageSettings) -> list[Panel]:
    """Return the panels of the language model."""
    last = 143_000 if settings.pretrained.checkpoints else settings.trained.steps
    start = settings.fit_from
    steps = "training steps t"
    return [
        Panel(
            LOSS,
            "E5 Language model: held-out loss and entropy",
            steps,
            "nats per token",
            x_scale="log",
            note="entropy: of the model's own predictions",
        ),
        Panel(
            EXCESS,
            "E5 Language model: loss less its fitted limit",
            steps,
            "loss - offset",
            x_scale="log",
            y_scale="log",
            slopes=(Slope(-1 / 3, 6.0, start, last, "slope -1/3"),),
            note="the limit is that of the fit offset + A t^-ν",
        ),
        Panel(
            SCALE,
            "E5 Language model: scale of the logits",
            steps,
            "std of the centred logits",
            x_scale="log",
            y_scale="log",
            slopes=(Slope(1 / 3, 0.45, start, last, "slope 1/3"),),
        ),
    ]


def measure_language(settings: LanguageSettings, context: Context) -> Curves:
    """Return the measured curves of the language model, source `trained`."""
    from solv.experiments.softmax_law.language_measurements import measure

    return measure(settings, context)


def language_curves(
    settings: LanguageSettings,
    series: str,
    steps: Float[np.ndarray, "times"],
    found: dict[str, Float[np.ndarray, "models times"]],
) -> Iterator[Curves]:
    """Yield the curves of one model or checkpoint series, and the exponents that are fitted to them.

    Args:
        settings: of the language model.
        series: its name.
        steps: numbers of steps, > 0.
        found: `loss`, `scale` and `entropy`, each of shape (models, times).
    """
    for panel, name, quantity in ((LOSS, series, "loss"), (LOSS, f"{series}, entropy", "entropy")):
        yield _points(panel, name, steps, quantity, found[quantity])
    scale_fit: dict[str, float] = {}
    if np.sum(steps >= settings.fit_from) >= LEAST_POINTS:
        window = (settings.fit_from, np.inf)
        mean = found["loss"].mean(axis=0)
        fit = fit_decay_to_offset(steps, mean, window)
        late = (steps >= settings.fit_from) & (mean > fit.offset)
        excess = found["loss"][:, late] - fit.offset
        params = {"exponent": fit.exponent, "low": fit.low, "high": fit.high, "offset": fit.offset}
        if fit.amplitude > 0 and late.any():
            yield _points(EXCESS, series, steps[late], "excess", excess, params)
        slopes = [fit_power_law(steps, row, window).exponent for row in found["scale"]]
        slope, spread, count = standard_error(slopes)
        error = float(spread) if count > 1 else residual_error(steps, found["scale"][0], window)
        scale_fit = {"exponent": float(slope), "error": error}
    yield _points(SCALE, series, steps, "scale", found["scale"], scale_fit)


def language_claim(curves: Curves) -> Claim:
    """Judge that the scale of the logits grows, and that the exponent of the loss, if it is sharp enough, is 1/3."""
    statement = "A language model's logit scale grows with the steps, and its loss falls with an exponent near 1/3."
    needs = "language.trained.steps >= 10000 on a GPU (--preset paper), or checkpoints of a longer training"
    excess, scale = (select(curves, panel=panel, source="trained") for panel in (EXCESS, SCALE))
    if excess.empty or scale.empty:
        return not_measured(CLAIM, statement, needs)
    exponent, low, high, offset = (
        float(parameter(excess, name).iloc[0]) for name in ("exponent", "low", "high", "offset")
    )
    growth, error = (float(parameter(scale, name).iloc[0]) for name in ("exponent", "error"))
    return Claim(
        CLAIM,
        statement,
        predicted="exponent 1/3; scale growing, ~ t^(1/3)",
        measured=(
            f"exponent {exponent:.3f} (95 %: {low:.3f} to {high:.3f}) above a limit of {offset:.2f} nats; "
            f"scale ~ t^({growth:.3f} ± {error:.3f})"
        ),
        verdict=all_of([exceeds(growth, 0, error), judge_interval(low, high)]),
        tolerance=f"1/3 inside the interval, which must be narrower than {WIDEST:g}; growth by 2 s.e.",
        needs=needs,
    )


def judge_interval(low: float, high: float) -> Verdict:
    """Return whether an interval of the exponent holds 1/3: undecided if it is wider than 0.1."""
    if not high - low <= WIDEST:
        return Verdict.UNDECIDED
    return Verdict.HOLDS if low <= 1 / 3 <= high else Verdict.FAILS


def _points(
    panel: str,
    series: str,
    steps: Float[np.ndarray, "times"],
    name: str,
    values: Float[np.ndarray, "models times"],
    params: dict[str, Any] | None = None,
) -> Curves:
    y, y_err, n = standard_error(values)
    return curve(
        experiment="softmax-law",
        panel=panel,
        series=series,
        source="trained",
        x_name="steps",
        x=steps,
        y_name=name,
        y=y,
        y_err=y_err,
        n=n,
        params=params,
    )
