"""Part `sufficiency`: is an estimator whose error is uncorrelated with one wide random layer the best one?

The other half of the orthogonality principle (arXiv:2504.11558, theorems B.1 and B.2). Inputs are a finite number of
equally probable points, so that the best estimate P(y | x) and every expectation are exact. A random layer is drawn; of
all estimators that are linear in it - for cross-entropy, of all softmaxes of these - the one is taken whose error
(score) is uncorrelated with every unit, by solving for it instead of by training. How far is it from the best one?
Features that are linear in the input are never dense: their error, too, is uncorrelated with them, and far from it.
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from solv.experiments.sbd.gains import student
from solv.experiments.sbd.settings import SbdConfig, Sufficiency
from solv.harness.contract import Context, Part
from solv.harness.seeds import Seeds
from solv.harness.work import Work
from solv.theory.sbd.random_features import linear_kernel, rectifier_kernel, unexplained
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Recorder, pair, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("sbd", "sufficiency")
RECTIFIED, LINEAR = "rectified", "linear"
TEACHER_UNITS, SHARPNESS = 32, 2.0
WIDE = 64  # from so many features on, they are to behave as Gaussian ones
OFF = 0.15  # how far from the deterministic equivalent, of the order of 1 / sqrt(WIDE)
ZERO = 1e-6  # of a correlation that was solved for, in units of the activations' and the error's lengths
SAME = 2  # layers that are linear in the input; from its dimension on they span the same
USUAL_STEPS, STEP_CALLS = 12, 80  # Newton steps of a layer, and calls of NumPy in one
EIGEN = 10  # n^3 operations of an eigendecomposition
NEWTON, NEWTON_RIDGE = 60, 1e-10  # most steps, and what keeps dead units from making them singular


class Panels(StrEnum):
    """The panels of this part."""

    DISTANCE = "distance-to-optimum"
    EXCESS = "excess-cross-entropy"
    LEFT = "correlation-left"


def panels(config: SbdConfig) -> list[Panel]:
    """Return the distance from the best estimator against width, for the error, for the score, and what is left."""
    return [
        Panel(
            Panels.DISTANCE,
            "Error uncorrelated with a random layer: distance from the best estimator",
            "units of the layer",
            "E |P(y | x) - estimate|²",
            x_scale="log",
            y_scale="log",
            series="{features} features",
            figure="EBD, theorem B.2",
        ),
        Panel(
            Panels.EXCESS,
            "Score uncorrelated with a random layer: distance from the best output",
            "units of the layer",
            "cross-entropy above its least, nats",
            x_scale="log",
            y_scale="log",
            series="{features} features",
        ),
        Panel(
            Panels.LEFT,
            "What is left of the correlation",
            "units of the layer",
            "correlation",
            series="{features} features, {signal}",
            drawn=False,
        ),
    ]


class World(NamedTuple):
    """All inputs, with a constant last coordinate, and the best estimate at each."""

    x: Float[np.ndarray, "m d"]
    chances: Float[np.ndarray, "m classes"]


def world(setting: Sufficiency, seeds: Seeds) -> World:
    """Draw the inputs and a teacher of one hidden layer that names them: theory and measurement share it."""
    rng = seeds.numpy("sufficiency")
    x = np.concatenate([rng.normal(size=(setting.inputs, setting.dimension)), np.ones((setting.inputs, 1))], axis=1)
    hidden = np.tanh(x @ rng.normal(size=(x.shape[1], TEACHER_UNITS)))
    z = SHARPNESS * hidden @ rng.normal(size=(TEACHER_UNITS, setting.classes)) / TEACHER_UNITS**0.5
    return World(x, _softmax(z))


def predict(config: SbdConfig) -> Iterator[Curves]:
    """Yield the distance that is left by random layers of every width."""
    setting = config.sufficiency
    x, chances = world(setting, Seeds(config.seed))
    fine = np.geomspace(min(setting.width), max(setting.width), 40).round().astype(int)
    widths = sorted({*setting.width, *fine.tolist()})
    for features, kernel in ((RECTIFIED, rectifier_kernel(x)), (LINEAR, linear_kernel(x))):
        y = ("distance", unexplained(kernel, chances, widths))
        yield RECORD.theory(Panels.DISTANCE, _at(setting, features), x=("units", widths), y=y)


def _at(setting: Sufficiency, features: str) -> dict[str, object]:
    return {"features": features, "dimension": setting.dimension, "classes": setting.classes, "inputs": setting.inputs}


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: SbdConfig, context: Context) -> Iterator[Curves]:
    """Yield distances and what is left of the correlations, of the error and of the score."""
    setting = config.sufficiency
    here = world(setting, context.seeds)
    found: dict[str, list[dict[str, np.ndarray]]] = {RECTIFIED: [], LINEAR: []}
    with context.progress.task("solve for uncorrelated errors", len(setting.width)) as step:
        for width in setting.width:
            for features, each in found.items():
                name = f"{features} {width}"
                rectified = features == RECTIFIED
                repeats = setting.repeats if rectified else SAME  # one span, whatever is drawn
                solve = partial(_solved, here, width, rectified, repeats, name, context.seeds)
                each.append(context.unit(name, solve))
            step.advance(note=f"{width} units")
    for features, each in found.items():
        at = _at(setting, features)
        for panel, key, name in ((Panels.DISTANCE, "distance", "distance"), (Panels.EXCESS, "excess", "excess")):
            y, y_err, n = standard_error(np.stack([units[key] for units in each], axis=1))
            yield RECORD.simulation(panel, at, x=("units", setting.width), y=(name, y), y_err=y_err, n=n)
        for signal in ("error", "score"):
            left = [units[f"{signal} left"].max() for units in each]
            own = {**at, "signal": signal}
            yield RECORD.simulation(Panels.LEFT, own, x=("units", setting.width), y=("left", left), y_err=np.nan, n=1)


def _solved(
    here: World, width: int, rectified: bool, repeats: int, name: str, seeds: Seeds
) -> dict[str, Float[np.ndarray, "repeats"]]:
    """Return distance and excess of every random layer, and the correlations that are left."""
    found: dict[str, list[float]] = {key: [] for key in ("distance", "excess", "error left", "score left")}
    entropy = -(here.chances * np.log(here.chances)).sum(axis=1).mean()
    for repeat in range(repeats):
        drawn = seeds.numpy("random layer", name, repeat).normal(size=(here.x.shape[1], width))
        h = here.x @ drawn
        h = np.maximum(h, 0) if rectified else h
        estimate = h @ np.linalg.lstsq(h, here.chances, rcond=None)[0]
        log_p = uncorrelated_softmax(h, here.chances)
        found["distance"].append(float(np.square(here.chances - estimate).sum(axis=1).mean()))
        found["excess"].append(float(-(here.chances * log_p).sum(axis=1).mean() - entropy))
        found["error left"].append(_left(h, estimate - here.chances))
        found["score left"].append(_left(h, np.exp(log_p) - here.chances))
    return {key: np.array(values) for key, values in found.items()}


def uncorrelated_softmax(
    h: Float[np.ndarray, "m units"], chances: Float[np.ndarray, "m classes"]
) -> Float[np.ndarray, "m classes"]:
    """Return log p of the softmax, linear in h, whose score p - P(y | x) is uncorrelated with every unit.

    Newton's method on the cross-entropy, whose gradient is that correlation and which is convex; steps are halved until
    it falls. The last class is the one that the others are compared with.
    """
    m, units = h.shape
    free = chances.shape[1] - 1
    weights = np.zeros((units, free))
    log_p = _log_softmax(h @ weights)
    loss = -(chances * log_p).sum() / m
    for _ in range(NEWTON):
        p = np.exp(log_p)
        gradient = h.T @ (p - chances)[:, :free] / m
        hessian = np.zeros((free * units, free * units))
        for a in range(free):
            for b in range(free):
                weight = p[:, a] * ((a == b) - p[:, b])
                hessian[a * units : (a + 1) * units, b * units : (b + 1) * units] = (h * weight[:, None]).T @ h / m
        hessian += NEWTON_RIDGE * np.trace(hessian) / len(hessian) * np.eye(len(hessian))
        step = np.linalg.solve(hessian, gradient.T.ravel()).reshape(free, units).T
        length = 1.0
        while length > 1e-8:
            tried = _log_softmax(h @ (weights - length * step))
            if (new := -(chances * tried).sum() / m) <= loss:
                break
            length /= 2
        else:
            break
        weights, log_p, gained, loss = weights - length * step, tried, loss - new, new
        if gained < 1e-15:
            break
    return log_p


def _log_softmax(z: Float[np.ndarray, "m free"]) -> Float[np.ndarray, "m classes"]:
    whole = np.concatenate([z, np.zeros((len(z), 1))], axis=1)
    whole = whole - whole.max(axis=1, keepdims=True)
    return np.asarray(whole - np.log(np.exp(whole).sum(axis=1, keepdims=True)))


def _softmax(z: Float[np.ndarray, "m classes"]) -> Float[np.ndarray, "m classes"]:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def _left(h: Float[np.ndarray, "m units"], signal: Float[np.ndarray, "m classes"]) -> float:
    """Return the largest mean h s over the lengths of h and s: 0 where they are uncorrelated."""
    lengths = np.outer(np.linalg.norm(h, axis=0), np.linalg.norm(signal, axis=0))
    return float((np.abs(h.T @ signal) / np.maximum(lengths, 1e-300)).max())


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_suffices(curves: Curves) -> Judgement:
    left = select(curves, panel=Panels.LEFT)["y"].max()
    paired = select(pair(curves), panel=Panels.DISTANCE, features=RECTIFIED)
    wide = paired[paired["x"] >= WIDE]
    if wide.empty:
        return missing(f"sufficiency.width includes {WIDE} and more")
    sigmas = student(len(wide), int(wide["n"].min()))
    ratios = wide["y"] / wide["theory"]
    verdicts = [
        within(ratio, 1, OFF, known(row["y_err"], row["n"]) / row["theory"], sigmas=sigmas)
        for ratio, (_, row) in zip(ratios, wide.iterrows(), strict=True)
    ]
    excess = select(curves, panel=Panels.EXCESS, features=RECTIFIED).sort_values("x")
    first, last = excess.iloc[0], excess.iloc[-1]
    error = known(float(np.hypot(first["y_err"], last["y_err"])), first["n"])
    verdicts.append(exceeds(first["y"] - last["y"], 0, error, sigmas=sigmas))
    verdicts.append(Verdict.HOLDS if left < ZERO else Verdict.UNDECIDED)
    worst = wide.iloc[int((ratios - 1).abs().argmax())]
    linear = select(curves, panel=Panels.DISTANCE, features=LINEAR, source="simulation").sort_values("x").iloc[-1]
    return Judgement(
        all_of(verdicts),
        predicted=1.0,
        measured=float(worst["y"] / worst["theory"]),
        error=float(worst["y_err"] / worst["theory"]),
        tolerance=(
            f"± {OFF:g}, the worst of {len(wide)} widths from {WIDE} on, distance over its prediction; correlations "
            f"left: {left:.1g}, below {ZERO:g}; excess cross-entropy falls from {first['y']:.2g} to {last['y']:.2g}; "
            f"linear features stop at {linear['y']:.2g}"
        ),
    )


def work(config: SbdConfig) -> Work:
    """Return the work of both kernels' eigendecompositions, and of solving for every layer's estimators."""
    setting, free = config.sufficiency, config.sufficiency.classes - 1
    m, solved = setting.inputs, setting.repeats + SAME
    hessians = sum(2 * m * (free * width) ** 2 + 2 / 3 * (free * width) ** 3 for width in setting.width)
    least_squares = sum(4 * m * width**2 + 8 * width**3 for width in setting.width)
    flops = 2 * EIGEN * m**3 + solved * (USUAL_STEPS * hessians + least_squares)
    memory = 8 * (8 * m**2 + 4 * m * max(setting.width) + 4 * (free * max(setting.width)) ** 2)
    return Work(flops, len(setting.width) * solved * USUAL_STEPS * STEP_CALLS, memory)


SUFFICIENCY = Part(
    name="sufficiency",
    question="Is an estimator whose error is uncorrelated with one wide random layer the best one?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "orthogonality-suffices",
            "An estimator whose error is uncorrelated with a wide random layer tends to the best one with the width.",
            reads=(Panels.DISTANCE, Panels.EXCESS, Panels.LEFT),
            judge=_judge_suffices,
            figure="EBD, theorem B.2",
            needs={"sufficiency.repeats": 24, "sufficiency.width": 256},
        ),
    ),
    figure="EBD, theorem B.2",
)
