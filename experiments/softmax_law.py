"""Why does the loss of a softmax fall as the cube root of time? The softmax-law experiment: settings, theory, panels.

Liu, Liu, Pehlevan, Gore, arXiv:2602.03685. E1 loss, norm and gradient against time; E2 exponents, crossover and
collapse; E3 controls. What is measured is in `experiments/softmax_law_measurements.py`, the claims in
`experiments/softmax_law_claims.py`. The same teachers serve theory and training: the seed of the run draws them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from experiments import catalog
from experiments.parameters import RunSettings, group, integer, integers, real, reals
from experiments.protocol import Context
from experiments.seeds import Seeds
from theory.power_law_fit import fit_power_law
from theory.softmax_law import (
    Flow,
    LogitSample,
    aligned_flow,
    centre,
    crossover_time,
    loss_exponent,
    power_law_loss,
    power_law_scale,
    sample_logits,
    two_classes,
)
from tracking.claims import Claim
from tracking.curves import Curves, curve, geometric_mean, join_curves
from tracking.figures import Panel, Slope

NAME = "softmax-law"
PEAKED = 8.0  # least beta that is trained with growing steps: they are unstable where the gradient vanishes sooner
QUANTITIES = {"loss": -1 / 3, "norm": 1 / 3, "gradient": -2 / 3}  # exponents of equation (3)
ROUNDING = 1e-6  # divergences below it are not fitted
CONTROLS = ("growing", "normalised", "adam", "squared")
FITTED_CONTROLS = CONTROLS[:3]  # the squared loss has no power law to be fitted to


@dataclass(frozen=True)
class Controls:
    """What breaks the law (E3): other rules, on a fixed training set."""

    steps: int = integer(200, "training steps", least=20)
    growth: float = real(0.5, "p of the learning rate (1 + t/10)^p", above=0)
    normalised_rate: float = real(0.3, "step of normalised descent", above=0)
    adam_rate: float = real(0.04, "learning rate of Adam", above=0)
    squared_rate: float = real(0.1, "learning rate for the squared loss of the logits, beta = 1", above=0)


@dataclass(frozen=True)
class SoftmaxLawConfig(RunSettings):
    """Settings of softmax-law; the defaults are the quick preset.

    Students of finite beta see fresh batches. The one-hot target of the first V has a fixed training set: its gradient
    falls below the noise of a batch long before its loss does.
    """

    beta: tuple[float, ...] = reals(
        [1, 2, 4, 8, 16, 32, math.inf], "inverse temperature of the target, inf: one-hot", above=0, infinite=True
    )
    classes: tuple[int, ...] = integers([8, 2, 32], "classes V; the first is trained for every beta", least=2)
    dimension: int = integer(8, "input dimension d", least=1)
    rate: float = real(2.0, "learning rate; for beta >= 8 times (1 + s/10)^(1/3)", above=0)
    horizon: float = real(1e4, "largest time s for beta >= 8", least=1e3)
    short_horizon: float = real(600.0, "largest time s for beta < 8", least=200)
    window: float = real(100.0, "least time s of the fits", above=0)
    batch: int = integer(2048, "fresh inputs per step", least=1)
    small_batch: int = integer(512, "fresh inputs per step, in the panel on universality", least=1)
    samples: int = integer(16384, "inputs on which students are measured, and of fixed training sets", least=100)
    repeats: int = integer(4, "teachers", least=2)
    theory_points: int = integer(3000, "Monte-Carlo points of the theory, per teacher", least=1000)
    controls: Controls = group(Controls, "other rules")


class SoftmaxLaw:
    """The experiment, as `experiments.protocol.Experiment` describes it."""

    entry = catalog.entry(NAME)
    Config = SoftmaxLawConfig

    def panels(self, config: SoftmaxLawConfig) -> list[Panel]:
        """Return the panels in the order of the questions."""
        time = "time s = learning rate x steps"
        first, log = config.classes[0], {"x_scale": "log", "y_scale": "log"}
        texts = {"loss": "loss: divergence from the target", "norm": "norm of W", "gradient": "norm of the gradient"}
        lows = {"loss": (ROUNDING, None), "norm": (None, None), "gradient": (1e-6, None)}
        offsets = {"loss": 3.0, "norm": 6.0, "gradient": 3.0}
        return [
            *(
                Panel(
                    name,
                    f"{texts[name][0].upper()}{texts[name][1:].split(':')[0]} against time, V = {first}",
                    time,
                    texts[name],
                    x_scale="log",
                    y_scale="log",
                    y_limits=lows[name],
                    ordered=True,
                    slopes=(Slope(exponent, offsets[name], 100, config.horizon, _fraction(exponent)),),
                    note="β = 8 to 32: the noise of fresh batches is a floor" if name == "gradient" else "",
                    main=True,
                )
                for name, exponent in QUANTITIES.items()
            ),
            Panel(
                "closed-form",
                "One-hot target over the closed form (3)",
                time,
                "measured / C^{2/3} (3s)^{-1/3}, (3Cs)^{1/3}",
                x_scale="log",
                y_limits=(0.8, 1.4),
            ),
            Panel("exponent", "Fitted exponents", "1/β", "exponent", y_limits=(-3, 0.7), note="bars: standard errors"),
            Panel(
                "collapse",
                "Collapse at the crossover",
                "s / s*",
                "L a* / C",
                **log,  # type: ignore[arg-type]
                y_limits=(1e-3, None),
                ordered=True,
            ),
            Panel(
                "crossover",
                "Time at which the loss is half the one-hot one",
                "β",
                "time s",
                **log,  # type: ignore[arg-type]
                slopes=(Slope(3.0, 1.0, PEAKED, 32, "β³"),),
            ),
            Panel(
                "universality",
                "Exponent of the loss, one-hot target",
                "",
                "exponent",
                categories=tuple(variants(config)),
                y_limits=(-0.45, -0.25),
            ),
            Panel(
                "controls",
                "Controls: other rules, one-hot target",
                "steps t",
                "loss",
                **log,  # type: ignore[arg-type]
                y_limits=(1e-3, None),
                note="squared: squared loss of the logits, β = 1",
            ),
            Panel("control-exponent", "Exponents of the controls", "", "exponent", categories=FITTED_CONTROLS),
        ]

    def predict(self, config: SoftmaxLawConfig) -> Curves:
        """Return the theory curves of every panel."""
        samples = teacher_samples(config, config.classes[0])
        norms = teacher_norms(config, config.classes[0])
        flows = {
            beta: [
                aligned_flow(times(beta, config), beta * norm, sample)
                for norm, sample in zip(norms, samples, strict=True)
            ]
            for beta in config.beta
        }
        peaks = np.array([sample.peak for sample in samples])
        return join_curves(
            [
                *_flows(flows, config),
                *collapse("theory", {b: _stack(flow)["loss"] for b, flow in flows.items()}, peaks, norms, config),
                *_constants(config),
            ]
        )

    def measure(self, config: SoftmaxLawConfig, context: Context) -> Curves:
        """Return the trained curves."""
        from experiments.softmax_law_measurements import measure

        return measure(config, context)

    def claims(self, curves: Curves) -> list[Claim]:
        """Check the claims of the spec."""
        from experiments.softmax_law_claims import check_claims

        return check_claims(curves)


EXPERIMENT = SoftmaxLaw()


# -- shared with the measurements -----------------------------------------------------------------------------------


def points(
    panel: str, series: str, source: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one curve of this experiment; `rest` as in `tracking.curves.curve`."""
    return curve(
        experiment=NAME, panel=panel, series=series, source=source, x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )


def beta_series(beta: float) -> str:
    """Return the name of the series of one target."""
    return "one-hot" if math.isinf(beta) else f"β={beta:g}"


def variants(config: SoftmaxLawConfig) -> dict[str, tuple[int, int]]:
    """Return (V, batch) of each category of the panel on universality; batch 0 is a fixed training set."""
    first, *others = config.classes
    named = {f"V={first}": (first, 0), **{f"V={classes}": (classes, config.batch) for classes in others}}
    return {**named, **{f"batch {batch}": (first, batch) for batch in (config.batch, config.small_batch)}}


def rates(beta: float, config: SoftmaxLawConfig) -> Float[np.ndarray, "steps"]:
    """Return the learning rate of each step: growing as s^(1/3) for a peaked target, where the curvature falls so."""
    if beta < PEAKED:
        return np.full(math.ceil(config.short_horizon / config.rate), config.rate)
    found, s = [], 0.0
    while s < config.horizon:
        found.append(config.rate * (1 + s / 10) ** (1 / 3))
        s += found[-1]
    return np.array(found)


def read_at(beta: float, config: SoftmaxLawConfig) -> list[int]:
    """Return the numbers of steps after which the student is measured: logarithmic in s."""
    elapsed = np.cumsum(rates(beta, config))
    wanted = np.geomspace(elapsed[1], elapsed[-1], 26)
    return sorted({int(step) + 1 for step in np.abs(elapsed[:, None] - wanted).argmin(axis=0)})


def times(beta: float, config: SoftmaxLawConfig) -> Float[np.ndarray, "times"]:
    """Return s at those steps."""
    return np.asarray(np.cumsum(rates(beta, config))[np.array(read_at(beta, config)) - 1])


def teacher_weights(config: SoftmaxLawConfig, classes: int) -> Float[np.ndarray, "repeats classes d"]:
    """Return centred W* of each repeat, entries N(0, 1/d) before centring."""
    streams = [Seeds(config.seed).numpy("teacher", classes, config.dimension, r) for r in range(config.repeats)]
    scale = math.sqrt(config.dimension)
    return np.stack([centre(stream.standard_normal((classes, config.dimension)) / scale) for stream in streams])


def teacher_norms(config: SoftmaxLawConfig, classes: int) -> Float[np.ndarray, "repeats"]:
    """Return the norm of each W*."""
    return np.asarray(np.linalg.norm(teacher_weights(config, classes), axis=(1, 2)))


def teacher_samples(config: SoftmaxLawConfig, classes: int) -> list[LogitSample]:
    """Return the quadrature of each teacher's direction; exact for two classes, where all directions are alike."""
    if classes == 2:
        return [two_classes(1000)] * config.repeats
    weights = teacher_weights(config, classes)
    return [sample_logits(each, config.theory_points, seed) for seed, each in enumerate(weights)]


def fitted(
    x: Float[np.ndarray, "points"], y: Float[np.ndarray, "repeats points"], least: float
) -> dict[str, Any] | None:
    """Return `y`, `y_err`, `n` and the interval of the exponent over repeats; None for fewer than 5 points."""
    keep = (x >= least) & (y.min(axis=0) > ROUNDING)
    if keep.sum() < 5:
        return None
    fit = fit_power_law(x[keep], y[:, keep])
    slopes = [fit_power_law(x[keep], row[keep]).exponent for row in y]
    error = float(np.std(slopes, ddof=1) / math.sqrt(len(slopes)))
    return {"y": fit.exponent, "y_err": error, "n": len(y), "params": {"low": fit.low, "high": fit.high}}


def collapse(
    source: str,
    losses: dict[float, Float[np.ndarray, "repeats times"]],
    peaks: Float[np.ndarray, "repeats"],
    norms: Float[np.ndarray, "repeats"],
    config: SoftmaxLawConfig,
) -> Iterator[Curves]:
    """Yield the loss in units of the crossover, and the time at which it is half the one-hot target's."""
    crossings = {}
    for beta, loss in losses.items():
        if not PEAKED <= beta < math.inf:
            continue
        scale = beta * norms
        crossover = np.exp(np.mean([np.log(crossover_time(a, c)) for a, c in zip(scale, peaks, strict=True)]))
        y, y_err, n = geometric_mean(loss * (scale / peaks)[:, None])
        errors = {} if source == "theory" else {"y_err": y_err, "n": n}
        x = times(beta, config) / crossover
        yield points("collapse", beta_series(beta), source, "s/s*", x, "L a*/C", y, **errors, params={"beta": beta})
        if math.inf in losses:
            ratio = np.log(loss / losses[math.inf])  # both are read at the same times
            if np.all(ratio.min(axis=1) < -math.log(2)):
                log_time = np.log(times(beta, config))
                crossings[beta] = [float(np.exp(_first_below(log_time, row, -math.log(2)))) for row in ratio]
    if crossings:
        y, y_err, n = geometric_mean(np.array(list(crossings.values())), axis=1)
        errors = {} if source == "theory" else {"y_err": y_err, "n": n}
        yield points("crossover", "half", source, "beta", list(crossings), "time", y, **errors)


# -- theory of each panel -------------------------------------------------------------------------------------------


def _stack(flows: list[Flow]) -> dict[str, Float[np.ndarray, "repeats times"]]:
    return {
        "loss": np.stack([flow.loss for flow in flows]),
        "norm": np.stack([flow.scale for flow in flows]),
        "gradient": np.stack([flow.gradient for flow in flows]),
    }


def _flows(flows: dict[float, list[Flow]], config: SoftmaxLawConfig) -> Iterator[Curves]:
    """E1, and the exponents that the same fit finds in theory."""
    exponents: dict[str, dict[float, float]] = {name: {} for name in QUANTITIES}
    for beta, found in flows.items():
        s = times(beta, config)
        for name, values in _stack(found).items():
            mean = geometric_mean(values)[0]
            place = name, beta_series(beta), "theory"
            yield points(*place, "s", s, name, mean, params={"beta": beta})
            fit = fitted(s, values, config.window)
            if fit is not None:
                exponents[name][1 / beta] = fit["y"]
    for name, by_inverse in exponents.items():
        if by_inverse:
            yield points("exponent", name, "theory", "1/beta", list(by_inverse), "exponent", list(by_inverse.values()))


def _constants(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """What theory says by a number alone."""
    s = times(math.inf, config)
    for name in ("loss", "norm"):
        yield points("closed-form", name, "theory", "s", s, "ratio", np.ones(len(s)))
    count = len(variants(config))
    yield points("universality", "loss", "theory", "variant", range(count), "exponent", np.full(count, -1 / 3))
    predicted = [
        loss_exponent(config.controls.growth),
        loss_exponent(normalised=True),
        loss_exponent(normalised=True),
    ]
    yield points("control-exponent", "loss", "theory", "rule", range(len(predicted)), "exponent", predicted)


def closed_form_ratio(
    loss: Float[np.ndarray, "repeats times"],
    norm: Float[np.ndarray, "repeats times"],
    peaks: Float[np.ndarray, "repeats"],
    s: Float[np.ndarray, "times"],
) -> dict[str, Float[np.ndarray, "repeats times"]]:
    """Return loss and norm over equation (3), each repeat with its own C."""
    return {
        "loss": loss / np.stack([power_law_loss(s, peak) for peak in peaks]),
        "norm": norm / np.stack([power_law_scale(s, peak) for peak in peaks]),
    }


def _first_below(x: np.ndarray, y: np.ndarray, level: float) -> float:
    """Return where y first falls below the level, between two points."""
    index = int(np.argmax(y < level))
    if index == 0:
        return float(x[0])
    return float(np.interp(level, y[[index, index - 1]], x[[index, index - 1]]))


def _fraction(exponent: float) -> str:
    return f"slope {round(3 * exponent):+d}/3"
