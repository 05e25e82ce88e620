"""Part `free-energy`: which powers of the logits' scale have loss and gradient, and is language peaked?

Theory is the random energy model, an exact double integral at any number of classes; the toy model's own teachers,
whose logits are not independent, are sampled beside it.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law.counting import PASS, loss_work
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.toy import all_near, target_scale, toy_sample
from solv.harness.contract import Context, Part
from solv.harness.published import published_curves
from solv.harness.work import Work
from solv.theory.softmax_law.loss import LogitSample
from solv.theory.softmax_law.random_energies import (
    LARGEST,
    critical_scale,
    low_temperature,
    partition_loss,
    random_partition,
    sampled_partition,
    scale_of_entropy,
)
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Recorder, geometric_mean, pair, parameter, select, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("softmax-law", "free-energy")
TINY = 1e-6  # losses below it are rounding beside <ln Z>
FINE, COARSE = 40, 12  # scales of the lines and of the markers
BLOCKS = 10  # of the draws of random logits, which give errors
INDEPENDENT = 0.15  # how far the loss of a teacher with 32 inputs may lie from that of independent energies
PAPER = 32_000  # vocabulary of the authors' figure
LAST = 12.0  # largest scale of the entropies
INTEGRAL = 60_000  # numbers of a double integral over the square of its scale


class Panels(StrEnum):
    """The panels of this part; `entropy-scale` holds the scale at which random logits have the entropy of language."""

    LOSS = "scale-loss"
    GRADIENT = "scale-gradient"
    POWER = "scale-power"
    ENTROPY = "entropy"
    SCALE = "entropy-scale"


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return loss and gradient against the scale, their local powers, and the entropy of random logits."""
    n, c0 = config.toy.classes, critical_scale(config.toy.classes)
    c2 = low_temperature(n)[1]
    vocabulary = config.entropies.classes
    threshold = {critical_scale(vocabulary): "c0"}
    return [
        Panel(
            Panels.LOSS,
            f"Loss of an aligned student, n = {n}",
            "scale b of the logits",
            "L(b)",
            x_scale="log",
            y_scale="log",
            y_limits=(1e-4, 10),
            series=_name,
            ordered=True,
            slopes=(Slope(-1.0, c2, c0, 60, "c2 / b"),),
            verticals={c0: "c0"},
            figure="Fig. 3",
        ),
        Panel(
            Panels.GRADIENT,
            f"Its derivative, n = {n}",
            "scale b of the logits",
            "-dL/db",
            x_scale="log",
            y_scale="log",
            y_limits=(1e-4, 10),
            series=_name,
            ordered=True,
            slopes=(Slope(-2.0, c2, c0, 60, "c2 / b²"),),
            verticals={c0: "c0"},
            figure="Fig. 3",
        ),
        Panel(
            Panels.POWER,
            f"Local power of the loss in the scale, n = {n}",
            "scale b of the logits",
            "d log L / d log b",
            x_scale="log",
            y_limits=(-4, 0),
            series=_name,
            ordered=True,
            slopes=(Slope(0.0, -1.0, 1, 60, "-1"),),
            verticals={c0: "c0"},
            note="-1 is a value on the way, unless c0 << b << b*",
        ),
        Panel(
            Panels.ENTROPY,
            "Entropy of a softmax of random logits",
            "scale b of the logits",
            "entropy, nats",
            series="n = {classes}",
            slopes=(Slope(0.0, config.entropies.entropy, 0.1, LAST, f"{config.entropies.entropy:g} nats"),),
            verticals=threshold,
            figure="Fig. 6a",
        ),
        Panel(Panels.SCALE, "Scale at which random logits have that entropy", "classes", "scale b", drawn=False),
    ]


def _name(params: Mapping[str, Any]) -> str:
    return f"b* = {params['target']:.3g}"


def targets(config: SoftmaxLawConfig) -> list[float]:
    """Return the scales b* of the targets that are shown: those of the long trainings that the integral reaches."""
    return [scale for each in config.long.temperature if (scale := target_scale(each)) <= LARGEST]


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield loss, derivative and local power of independent energies, and the entropy."""
    n, sizes = config.toy.classes, config.entropies
    for target in targets(config):
        fine = np.geomspace(0.3, 0.97 * target, FINE)
        scales = np.unique(np.concatenate([fine, _marks(target)]))
        loss, slope = partition_loss(scales, target, lambda b: random_partition(b, n))
        kept = loss > TINY
        at = {"classes": n, "target": target}
        yield RECORD.theory(Panels.LOSS, at, x=("scale", scales[kept]), y=("loss", loss[kept]))
        yield RECORD.theory(Panels.GRADIENT, at, x=("scale", scales[kept]), y=("slope", -slope[kept]))
        power = scales[kept] * slope[kept] / loss[kept]
        yield RECORD.theory(Panels.POWER, at, x=("scale", scales[kept]), y=("power", power))
    shown = np.unique(np.concatenate([np.linspace(0.1, LAST, 40), _entropy_marks()]))
    entropy = random_partition(shown, sizes.classes).entropy
    at = {"classes": sizes.classes}
    yield RECORD.theory(Panels.ENTROPY, at, x=("scale", shown), y=("entropy", entropy))
    exact = scale_of_entropy(sizes.entropy, sizes.classes)
    yield RECORD.theory(Panels.SCALE, {"entropy": sizes.entropy}, x=("classes", sizes.classes), y=("scale", exact))


def _marks(target: float) -> Float[np.ndarray, "scales"]:
    return np.geomspace(1.0, 0.7 * target, COARSE)


def _entropy_marks() -> Float[np.ndarray, "scales"]:
    return np.linspace(1.0, LAST, COARSE)


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield what the toy model's teachers have, and the entropy of random logits that are drawn."""
    n = config.toy.classes
    for target in targets(config):
        marks, rows = _marks(target), []
        for repeat in range(config.toy.repeats):
            sample, _ = toy_sample(config, repeat)
            unit = LogitSample(sample.logits / sample.logits.std(), sample.weight, sample.peak)
            rows.append(partition_loss(marks, target, lambda b, unit=unit: sampled_partition(b, unit)))  # type: ignore[misc]
        at = {"classes": n, "target": target}
        for panel, values in (
            (Panels.LOSS, np.array([loss for loss, _ in rows])),
            (Panels.GRADIENT, np.array([-slope for _, slope in rows])),
        ):
            kept = values.min(axis=0) > TINY
            y, y_err, count = geometric_mean(values[:, kept])
            name = "loss" if panel is Panels.LOSS else "slope"
            yield RECORD.simulation(panel, at, x=("scale", marks[kept]), y=(name, y), y_err=y_err, n=count)
    yield from _entropies(config, context)
    if config.entropies.classes == PAPER:
        yield from published_curves(RECORD, Panels.ENTROPY, package=__package__, x="scale", y="entropy")


def _entropies(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    sizes, marks = config.entropies, _entropy_marks()

    def compute() -> dict[str, np.ndarray]:
        rng, rows = context.seeds.numpy("entropies"), []
        for _ in range(sizes.draws):
            logits = rng.standard_normal((1, sizes.classes))
            rows.append(sampled_partition(marks, LogitSample(logits, np.ones(1), 1.0)).entropy)
        return {"entropy": np.array(rows)}

    found = context.unit("entropies", compute)["entropy"]
    y, y_err, n = standard_error(found)
    at = {"classes": sizes.classes}
    yield RECORD.simulation(Panels.ENTROPY, at, x=("scale", marks), y=("entropy", y), y_err=y_err, n=n)
    means = np.stack([block.mean(axis=0) for block in np.array_split(found, min(BLOCKS, len(found)))])
    scales = np.array([np.interp(-sizes.entropy, -row, marks) for row in means])
    y, y_err, n = standard_error(scales)
    x = ("classes", sizes.classes)
    yield RECORD.simulation(Panels.SCALE, {"entropy": sizes.entropy}, x=x, y=("scale", y), y_err=y_err, n=n)


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of the double integrals, which grows as the square of the scale, and of sampled logits."""
    toy, drawn = config.toy, config.entropies
    marks = [scale for target in targets(config) for scale in np.geomspace(0.3, target, FINE + COARSE)]
    exact = Work(INTEGRAL * PASS * float(np.sum(np.square(marks))), 100 * len(marks))
    teachers = len(targets(config)) * toy.repeats * loss_work(COARSE + 1, config.theory_points, toy.classes)
    return exact + teachers + drawn.draws * loss_work(COARSE, 1, drawn.classes)


def _judge_peaked(curves: Curves) -> Judgement:
    rows = select(curves, source="simulation")
    exact = select(curves, source="theory").iloc[0]["y"]
    row = rows.iloc[0]
    threshold = critical_scale(int(row["x"]))
    return Judgement(
        exceeds(row["y"], threshold, known(row["y_err"], row["n"]), sigmas=3.0),
        predicted=f"b* = {exact:.3f}, larger than c0 = {threshold:.3f}",
        measured=float(row["y"]),
        error=float(row["y_err"]),
        tolerance="3 s.e. above c0; b* between the scales drawn is interpolated",
    )


def _judge_energies(curves: Curves) -> Judgement:
    points = pair(curves[curves["panel"] == Panels.LOSS.value])
    points = points[(points["theory"] > 1e-2) & (parameter(points, "target") >= points["x"])]
    if points.empty:
        return missing("long.temperature with a target of a scale below 100")
    ratios = points.assign(y=points["y"] / points["theory"], y_err=points["y_err"] / points["theory"])
    worst = ratios.iloc[int((ratios["y"] - 1).abs().argmax())]
    return Judgement(
        all_of(all_near(ratios, [1.0] * len(ratios), INDEPENDENT)),
        predicted="ratio 1 to independent energies",
        measured=float(worst["y"]),
        error=float(worst["y_err"]),
        tolerance=f"{INDEPENDENT:g} where L > 0.01: logits of 32 inputs are not independent",
    )


FREE_ENERGY = Part(
    name="free-energy",
    question="Which powers of the logits' scale have loss and gradient of an aligned student, and is language peaked?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Fig. 3, 6a",
    claims=(
        Claim(
            "teachers-are-random-energies",
            "The loss of the toy model's teachers is that of the random energy model.",
            reads=(Panels.LOSS,),
            judge=_judge_energies,
            figure="Fig. 3",
            needs={"toy.classes": 64, "toy.inputs": 32, "toy.repeats": 8},
        ),
        Claim(
            "language-is-peaked",
            "Random logits with the entropy of a token of language have a scale beyond c0 = sqrt(2 ln n).",
            reads=(Panels.SCALE,),
            judge=_judge_peaked,
            figure="Fig. 6a",
            needs={"entropies.draws": 200},
        ),
    ),
)
