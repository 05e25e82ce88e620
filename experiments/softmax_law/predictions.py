"""What does softmax-law predict? Theory curves of every panel, and the fits that theory and measurement share."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.experiments.softmax_law.settings import (
    FITTED_CONTROLS,
    NAME,
    NORMALISED,
    PEAKED,
    QUANTITIES,
    ROUNDING,
    SoftmaxLawConfig,
    categories,
    control_steps,
    growing_rates,
    reading_times,
    student_rates,
    teacher_norms,
    teacher_samples,
    teacher_weights,
    times,
    variants,
    window,
)
from solv.theory.fits.power_law import LEAST_POINTS, fit_power_law
from solv.theory.softmax_law.loss import (
    Flow,
    adam_flow,
    aligned_flow,
    aligned_loss,
    crossover_time,
    loss_exponent,
    power_law_loss,
    power_law_scale,
)
from solv.tracking.curves import Curves, curve, geometric_mean, join_curves, standard_error


def predict(config: SoftmaxLawConfig) -> Curves:
    """Return the theory curves of every panel."""
    parts: list[Curves] = []
    for classes in config.classes:
        flows = {
            beta: [
                aligned_flow(times(beta, config, classes), beta * norm, sample)
                for norm, sample in zip(teacher_norms(config, classes), teacher_samples(config, classes), strict=True)
            ]
            for beta in config.beta
        }
        losses = {beta: _stack(flow)["loss"] for beta, flow in flows.items()}
        parts += [*_flows(flows, classes, config), *crossovers("theory", losses, classes, config)]
        if classes == config.classes[0]:
            parts += [*_exponents(flows, config), *collapse("theory", losses, config)]
    return join_curves([*parts, *_closed_form(config), *_universality(config), *_controls(config)])


# -- shared with the measurements ----------------------------------------------------------------------------------


def points(
    panel: str, series: str, source: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one curve of this experiment; `rest` as in `solv.tracking.curves.curve`."""
    return curve(
        experiment=NAME, panel=panel, series=series, source=source, x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )


def beta_series(beta: float) -> str:
    """Return the name of the series of one target."""
    return "one-hot" if math.isinf(beta) else f"β={beta:g}"


def fitted(
    x: Float[np.ndarray, "points"],
    y: Float[np.ndarray, "repeats points"],
    least: float,
    most: float = math.inf,
) -> dict[str, Any] | None:
    """Return `y`, `y_err`, `n` and the interval of the exponent over repeats; None for fewer than 5 points."""
    keep = (x >= least) & (x <= 1.01 * most) & (y.min(axis=0) > ROUNDING)  # the last step may go a little beyond
    if keep.sum() < LEAST_POINTS:
        return None
    fit = fit_power_law(x[keep], y[:, keep])
    slopes = [fit_power_law(x[keep], row[keep]).exponent for row in y]
    error = float(np.std(slopes, ddof=1) / math.sqrt(len(slopes)))
    return {"y": fit.exponent, "y_err": error, "n": len(y), "params": {"low": fit.low, "high": fit.high}}


def time_panel(quantity: str, classes: int, config: SoftmaxLawConfig) -> str:
    """Return the name of the panel of one quantity against time for one V."""
    return quantity if classes == config.classes[0] else f"{quantity} V={classes}"


def collapse(
    source: str, losses: dict[float, Float[np.ndarray, "repeats times"]], config: SoftmaxLawConfig
) -> Iterator[Curves]:
    """Yield the loss of the first V in units of the crossover."""
    peaks = np.array([sample.peak for sample in teacher_samples(config, config.classes[0])])
    for beta, loss in losses.items():
        if PEAKED <= beta < math.inf:
            scale = beta * teacher_norms(config, config.classes[0])
            crossover = np.exp(np.mean([np.log(crossover_time(a, c)) for a, c in zip(scale, peaks, strict=True)]))
            y, y_err, n = geometric_mean(loss * (scale / peaks)[:, None])
            errors = {} if source == "theory" else {"y_err": y_err, "n": n}
            x = times(beta, config) / crossover
            yield points("collapse", beta_series(beta), source, "s/s*", x, "L a*/C", y, **errors, params={"beta": beta})


def crossovers(
    source: str, losses: dict[float, Float[np.ndarray, "repeats times"]], classes: int, config: SoftmaxLawConfig
) -> Iterator[Curves]:
    """Yield the time at which the loss of one V is half the one-hot target's.

    The exponent of that time in beta is fitted by teacher, since teachers differ in it less than in the time itself.
    """
    if math.inf not in losses:
        return
    log_time = np.log(times(math.inf, config, classes))
    found: dict[float, list[float]] = {}
    for beta, loss in losses.items():
        if PEAKED <= beta < math.inf:
            at = np.log(times(beta, config, classes))
            one_hot = np.stack([np.interp(at, log_time, np.log(row)) for row in losses[math.inf]])
            ratio = np.log(loss) - one_hot
            if np.all(ratio.min(axis=1) < -math.log(2)):
                found[beta] = [float(np.exp(_first_below(at, row, -math.log(2)))) for row in ratio]
    if found:
        half = np.array(list(found.values()))
        y, y_err, n = geometric_mean(half, axis=1)
        errors = {} if source == "theory" else {"y_err": y_err, "n": n}
        slope: dict[str, float] = {}
        if len(found) > 1:
            mean, error, _ = standard_error(np.polyfit(np.log(list(found)), np.log(half), 1)[0])
            slope = {"slope": float(mean), "error": float(error)}
        yield points("crossover", f"V={classes}", source, "beta", list(found), "time", y, **errors, params=slope)


def control_law(name: str, config: SoftmaxLawConfig) -> float:
    """Return the exponent that a control has at late times: of Adam within its memory and of long steps, -1/2."""
    if name == "growing":
        return loss_exponent(config.controls.growth)
    return loss_exponent(normalised=True) if name in ("normalised", "adam, short") else -0.5


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


# -- theory of each panel ------------------------------------------------------------------------------------------


def _stack(flows: list[Flow]) -> dict[str, Float[np.ndarray, "repeats times"]]:
    return {
        "loss": np.stack([flow.loss for flow in flows]),
        "norm": np.stack([flow.scale for flow in flows]),
        "gradient": np.stack([flow.gradient for flow in flows]),
    }


def _flows(flows: dict[float, list[Flow]], classes: int, config: SoftmaxLawConfig) -> Iterator[Curves]:
    """E1."""
    for beta, found in flows.items():
        for name, values in _stack(found).items():
            place = time_panel(name, classes, config), beta_series(beta), "theory"
            s = times(beta, config, classes)
            yield points(*place, "s", s, name, geometric_mean(values)[0], params={"beta": beta})


def _exponents(flows: dict[float, list[Flow]], config: SoftmaxLawConfig) -> Iterator[Curves]:
    """E2: the exponents that the fit of the measurements finds in theory."""
    for name in QUANTITIES:
        found: dict[float, float] = {}
        for beta, flow in flows.items():
            fit = fitted(times(beta, config), _stack(flow)[name], config.window)
            if fit is not None:
                found[1 / beta] = fit["y"]
        if found:
            yield points("exponent", name, "theory", "1/beta", list(found), "exponent", list(found.values()))


def _closed_form(config: SoftmaxLawConfig) -> Iterator[Curves]:
    s = times(math.inf, config)
    for name in ("loss", "norm"):
        yield points("closed-form", name, "theory", "s", s, "ratio", np.ones(len(s)))


def _universality(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """E4: what the aligned flow has in the window of each fit, and the laws of networks, which are only asymptotic."""
    found = []
    for variant in variants(config).values():
        start, end = window(config, variant)
        s = reading_times(student_rates(variant, math.inf, config))
        samples = teacher_samples(config, variant.classes, variant.dimension)
        fit = fitted(s, np.stack([aligned_flow(s, math.inf, sample).loss for sample in samples]), start, end)
        found.append(loss_exponent() if fit is None else fit["y"])
    found += [loss_exponent(), loss_exponent(layers=2), -1.0]
    x = range(len(categories(config)))
    yield points("universality", "loss", "theory", "variant", x, "exponent", found)


def _controls(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """E3: the aligned student after t steps of each rule."""
    controls, at = config.controls, np.array(control_steps(config))
    samples = teacher_samples(config, config.classes[0])
    reach = [np.abs(each).sum() / np.linalg.norm(each) for each in teacher_weights(config, config.classes[0])]
    elapsed = np.cumsum(growing_rates(config))[at - 1]
    both = list(zip(samples, reach, strict=True))
    steps = controls.steps

    def adam(rate: float, memory: float) -> Float[np.ndarray, "repeats times"]:
        return np.stack([adam_flow(steps, rate, (0.9, memory), one, z).loss[at - 1] for z, one in both])

    curves = {
        "growing": np.stack([aligned_flow(elapsed, math.inf, z).loss for z in samples]),
        "normalised": np.stack([aligned_loss(controls.normalised_rate * at, math.inf, z)[0] for z in samples]),
        "adam": adam(controls.adam_rate, 0.999),
        "adam, short": adam(controls.short_rate, controls.short_memory),
    }
    exponents = {}
    for name, loss in curves.items():
        yield points("controls", name, "theory", "steps", at, "loss", geometric_mean(loss)[0])
        fit = fitted(at.astype(float), loss, steps / 4)
        if fit is not None:
            exponents[name] = fit["y"]
    for index, name in enumerate(FITTED_CONTROLS):
        law = control_law(name, config)
        value = exponents.get(name, law)
        params = {"law": law}
        yield points("control-exponent", "loss", "theory", "rule", index, "exponent", value, params=params)
    for name in NORMALISED:
        yield points("edge", name, "theory", "steps", at, "share", np.ones(len(at)))
