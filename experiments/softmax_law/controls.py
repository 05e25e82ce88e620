"""Part `controls`: which exponents have full-batch rules that are not descent at a constant rate?

On a fixed training set, where gradients have no noise: growing rates, normalised steps, Adam within and beyond its
memory, and the squared loss of the logits of white inputs. The paper's Adam sees fresh batches, whose noise soon fills
its second moment, and has other exponents: those are in the part `temperatures`.
"""

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law.counting import full_batch_work, loss_work, tables_work
from solv.experiments.softmax_law.exponents import LATE_LAW, LEAST, LONG, ROUNDING, fit_curves, fitted, near
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.students import STATED
from solv.experiments.softmax_law.teachers import teacher_samples, teacher_weights
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.fits.power_law import LEAST_POINTS
from solv.theory.softmax_law.loss import adam_flow, aligned_flow, aligned_loss, loss_exponent
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Recorder, geometric_mean, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("softmax-law", "controls")
MEMORY = 0.999  # beta2 of Adam with a long memory
MOMENTUM = 0.9  # beta1 of Adam
CONTROL = ("control", 0)  # the abscissa is made from the params
GRID = 200  # scales of the table of a flow
STEEPEST = 2.0  # a local exponent beyond which a loss follows no power law of these rules


class Panels(StrEnum):
    """The panels of this part; `control-fits` holds the laws of late times and the intervals of the fits."""

    LOSS = "controls"
    EXPONENT = "control-exponent"
    EDGE = "edge"
    FITS = "control-fits"


class Control(StrEnum):
    """What is done in place of descent on the cross-entropy at a rate that grows as s^(1/3)."""

    GROWING = "growing"
    NORMALISED = "normalised"
    LONG_STEPS = "normalised-long"
    ADAM = "adam"
    SHORT_MEMORY = "adam-short"
    SQUARED = "squared"


FITTED = tuple(Control)[:-1]  # the squared loss has no power law to be fitted to
STEADY = (Control.NORMALISED, Control.LONG_STEPS)


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return the losses of all rules, their exponents, and how straight normalised steps go."""
    steps = config.controls.steps
    return [
        Panel(
            Panels.LOSS,
            "Full-batch rules, one-hot target: V = {classes}, d = {dimension}",
            "steps t",
            "loss",
            x_scale="log",
            y_scale="log",
            y_limits=(1e-3, 20),
            facets=("classes", "dimension"),
            series=_name,
            note="squared: squared loss of the logits, β = 1",
        ),
        Panel(
            Panels.EXPONENT,
            f"Exponents of full-batch rules, t = {steps // 4} to {steps}",
            "",
            "exponent",
            series=_name,
            category=("control",),
            note="dashes: theory in the same window",
        ),
        Panel(
            Panels.EDGE,
            "Normalised steps: norm of W over the way gone",
            "steps t",
            "norm of W / (step x t)",
            x_scale="log",
            y_limits=(0.4, 1.1),
            series=_name,
            note="below 1: steps go back and forth across the valley",
        ),
        Panel(Panels.FITS, "Laws of late times, and intervals of the fits", "", "exponent", drawn=False),
    ]


def _name(params: Mapping[str, Any]) -> str:
    rate = f"{params['rate']:g}"
    match params["control"]:
        case Control.GROWING:
            return f"rate ~ (1 + t/10)^{params['growth']:g}"
        case Control.NORMALISED | Control.LONG_STEPS:
            return f"normalised steps of {rate}"
        case Control.ADAM | Control.SHORT_MEMORY:
            return f"Adam at {rate}, β2 = {params['memory']:g}"
        case _:
            return "squared"


def controls(config: SoftmaxLawConfig) -> dict[Control, dict[str, object]]:
    """Return every control with the params of its curves, among them `rate`; one-hot targets but where `beta` is 1."""
    sizes = config.controls
    at = {
        "classes": config.classes[0],
        "dimension": config.dimension[0],
        "samples": sizes.samples,
        "beta": math.inf,
    }
    own: dict[Control, dict[str, object]] = {
        Control.GROWING: {"rate": config.rate, "growth": sizes.growth},
        Control.NORMALISED: {"rate": sizes.normalised_rate},
        Control.LONG_STEPS: {"rate": sizes.long_rate},
        Control.ADAM: {"rate": sizes.adam_rate, "memory": MEMORY},
        Control.SHORT_MEMORY: {"rate": sizes.short_rate, "memory": sizes.short_memory},
        Control.SQUARED: {"rate": sizes.squared_rate, "beta": 1.0},
    }
    return {control: {**at, "control": control.value, **params} for control, params in own.items()}


def reading_steps(config: SoftmaxLawConfig) -> list[int]:
    """Return the numbers of steps after which a control is measured."""
    return sorted({round(t) for t in np.geomspace(2, config.controls.steps, 24)})


def growing_rates(config: SoftmaxLawConfig) -> Float[np.ndarray, "steps"]:
    """Return the learning rates of the control that is called growing."""
    start = config.rate * config.classes[0] / STATED
    return np.asarray(start * (1 + np.arange(config.controls.steps) / 10) ** config.controls.growth)


def late_law(control: Control, config: SoftmaxLawConfig) -> float:
    """Return the exponent that a control has at late times: of Adam within its memory and of long steps, -1/2."""
    if control is Control.GROWING:
        return loss_exponent(config.controls.growth)
    return loss_exponent(normalised=True) if control in (Control.NORMALISED, Control.SHORT_MEMORY) else -0.5


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield the aligned student after t steps of each rule that it is known for, and the laws of late times."""
    steps, at = np.array(reading_steps(config)), controls(config)
    losses = _aligned_losses(config, steps)
    for control, loss in losses.items():
        yield RECORD.theory(Panels.LOSS, at[control], x=("steps", steps), y=("loss", geometric_mean(loss)[0]))
    for control in FITTED:
        law = late_law(control, config)
        fit = fitted(steps.astype(float), losses[control], config.controls.steps / 4) if control in losses else None
        exponent = law if fit is None else fit.exponent
        yield RECORD.theory(Panels.EXPONENT, at[control], x=CONTROL, y=("exponent", exponent))
        yield RECORD.theory(Panels.FITS, at[control], x=CONTROL, y=("law", law))
    for control in STEADY:
        yield RECORD.theory(Panels.EDGE, at[control], x=("steps", steps), y=("share", np.ones(len(steps))))


def _aligned_losses(config: SoftmaxLawConfig, steps: np.ndarray) -> dict[Control, Float[np.ndarray, "repeats times"]]:
    sizes, samples = config.controls, teacher_samples(config, config.classes[0])
    reach = [np.abs(each).sum() / np.linalg.norm(each) for each in teacher_weights(config, config.classes[0])]
    elapsed = np.cumsum(growing_rates(config))[steps - 1]
    both = list(zip(samples, reach, strict=True))

    def adam(rate: float, memory: float) -> Float[np.ndarray, "repeats times"]:
        return np.stack([adam_flow(sizes.steps, rate, (MOMENTUM, memory), one, z).loss[steps - 1] for z, one in both])

    return {
        Control.GROWING: np.stack([aligned_flow(elapsed, math.inf, z).loss for z in samples]),
        Control.NORMALISED: np.stack([aligned_loss(sizes.normalised_rate * steps, math.inf, z)[0] for z in samples]),
        Control.ADAM: adam(sizes.adam_rate, MEMORY),
        Control.SHORT_MEMORY: adam(sizes.short_rate, sizes.short_memory),
    }


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield every rule's loss and exponent on a fixed training set, since noise does not shrink with steps."""
    import torch

    from solv.experiments.softmax_law.descent import fixed_inputs, train_students
    from solv.models.softmax_law.student import Rule, Student

    sizes = config.controls
    rules: dict[Control, tuple[Rule, float, float]] = {
        Control.GROWING: ("descent", config.rate, MEMORY),
        Control.NORMALISED: ("normalised", sizes.normalised_rate, MEMORY),
        Control.LONG_STEPS: ("normalised", sizes.long_rate, MEMORY),
        Control.ADAM: ("adam", sizes.adam_rate, MEMORY),
        Control.SHORT_MEMORY: ("adam", sizes.short_rate, sizes.short_memory),
        Control.SQUARED: ("squared", sizes.squared_rate, MEMORY),
    }
    weights, readings = torch.as_tensor(teacher_weights(config, config.classes[0])), reading_steps(config)
    students = [
        Student(
            weights,
            1.0 if control is Control.SQUARED else math.inf,
            (growing_rates(config) if control is Control.GROWING else np.full(sizes.steps, rate)).tolist(),
            readings,
            rule,
            (MOMENTUM, memory),
        )
        for control, (rule, rate, memory) in rules.items()
    ]
    x = fixed_inputs(config, context, config.dimension[0], sizes.samples)
    trained = train_students("controls", students, x, config, context)
    steps, params = np.array(readings, dtype=float), controls(config)
    for (control, (_, rate, _)), student in zip(rules.items(), trained, strict=True):
        at = params[control]
        y, y_err, n = geometric_mean(np.maximum(student["loss"], LEAST))
        yield RECORD.trained(Panels.LOSS, at, x=("steps", steps), y=("loss", y), y_err=y_err, n=n)
        if control in STEADY:
            y, y_err, n = geometric_mean(student["norm"] / (rate * steps))
            yield RECORD.trained(Panels.EDGE, at, x=("steps", steps), y=("share", y), y_err=y_err, n=n)
        fit = fitted(steps, student["loss"], sizes.steps / 4)
        if fit is not None and control in FITTED:
            yield from fit_curves(RECORD, Panels.EXPONENT, Panels.FITS, at, CONTROL, [fit])
        if control is Control.SQUARED and (slopes := steepest_slopes(steps, student["loss"])) is not None:
            y, y_err, n = standard_error(slopes)
            yield RECORD.trained(Panels.FITS, at, x=CONTROL, y=("steepest_slope", y), y_err=y_err, n=n)


def steepest_slopes(
    steps: Float[np.ndarray, "times"], loss: Float[np.ndarray, "repeats times"]
) -> Float[np.ndarray, "repeats"] | None:
    """Return each repeat's local slope in log-log where that of their geometric mean is steepest; None if too few."""
    values = np.maximum(loss, LEAST)
    kept = geometric_mean(values)[0] > ROUNDING
    if kept.sum() < LEAST_POINTS:
        return None
    slopes = np.gradient(np.log(values[:, kept]), np.log(steps[kept]), axis=1)
    steepest: Float[np.ndarray, "repeats"] = slopes[:, slopes.mean(axis=0).argmin()]
    return steepest


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of all rules on the fixed set, and of the aligned student under Adam, step by step."""
    sizes, classes = config.controls, config.classes[0]
    evaluated = loss_work(3 * GRID, config.theory_points, classes) + Work(calls=2 * 15 * sizes.steps)
    trained = full_batch_work(config, len(Control), sizes.steps, sizes.samples)
    return tables_work(config, classes) + config.repeats * evaluated + trained


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_controls(curves: Curves) -> Judgement:
    trained = select(curves, panel=Panels.EXPONENT, source="trained")
    laws = select(curves, panel=Panels.FITS, source="theory", y_name="law").set_index("params")["y"]
    squared = select(curves, panel=Panels.FITS, source="trained", y_name="steepest_slope")
    steps = select(curves, panel=Panels.LOSS, source="trained")["x"].max()
    if len(trained) < len(laws) or squared.empty or not steps >= LONG:
        return missing(f"controls.steps >= {LONG:g}")
    predicted = [float(laws[params]) for params in trained["params"]]
    verdicts = [near(row, law, LATE_LAW) for (_, row), law in zip(trained.iterrows(), predicted, strict=True)]
    steepest = squared.iloc[0]
    broken = exceeds(-steepest["y"], STEEPEST, known(steepest["y_err"], steepest["n"]))
    exponents = ", ".join(f"{row['y']:.3f} ± {row['y_err']:.3f}" for _, row in trained.iterrows())
    return Judgement(
        all_of([*verdicts, broken]),
        predicted=", ".join(f"{law:.2f}" for law in predicted) + f"; squared: steeper than {-STEEPEST:g}",
        measured=f"{exponents}; squared: {steepest['y']:.1f} ± {steepest['y_err']:.1f}",
        tolerance=f"{LATE_LAW:g} from the laws of late times",
    )


CONTROLS = Part(
    name="controls",
    question="Which exponents have full-batch growing rates, normalised steps, Adam, and another loss?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "full-batch-rules",
            "On a fixed training set growing rates, normalised steps (within and beyond the edge of stability) and "
            "Adam (within and beyond its memory) have exponents of their own; the squared loss has none.",
            reads=(Panels.EXPONENT, Panels.FITS, Panels.LOSS),
            judge=_judge_controls,
            needs={"controls.steps": LONG, "repeats": 4},
        ),
    ),
)
