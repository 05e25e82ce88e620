"""Part `finite-size`: how does the simulated error approach theory as the dimension grows?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.counting import fits
from solv.experiments.icl_alignment.covariances import CORE_TESTS, POWER_LAW, tested_spectrum
from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.icl_alignment.covariances import power_law_spectrum
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.claims import Claim, Judgement, all_of, known, missing
from solv.tracking.confidence import STUDENT, within
from solv.tracking.curves import Curves, Recorder, each_curve, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("icl-alignment", "finite-size")
TOLERANCE = 0.05  # a fourth of the deviation at d = 20; what 1/d^2 leaves there of a line in 1/d, 0.02, fits into it
PEAK = 0.2  # |tau - 1| below which the 1/d expansion is that of a moving peak


class Panels(StrEnum):
    """The panel of this part."""

    FINITE_SIZE = "finite-size"


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the ratio of simulation to theory against 1/d."""
    return [
        Panel(
            Panels.FINITE_SIZE,
            "Finite size, pretrained on C_tr: power-law (p = {p})\n(α = {alpha}, κ = {kappa}, ρ = {rho})",
            "1/d",
            "simulated error / theory",
            facets=("p", "alpha", "kappa", "rho"),
            series="τ={tau}, {test}",
        )
    ]


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield a ratio of one.

    Raises:
        ConfigurationError: a task diversity of less than one task.
    """
    size = config.finite_size
    require_tasks("finite_size.kappa", [size.kappa], min(size.dimension))
    x = np.array([0.0, *(1 / d for d in sorted(size.dimension, reverse=True))])
    for tau in size.tau:
        for test in CORE_TESTS:
            at = _params(config, tau, test)
            yield RECORD.theory(Panels.FINITE_SIZE, at, x=("1/d", x), y=("ratio", 1.0))


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield the ratio of the errors of fitted linear attention to theory at the same spectra."""
    from solv.experiments.icl_alignment.fitted_attention import FittedAttention

    size, dimensions = config.finite_size, sorted(config.finite_size.dimension, reverse=True)
    with context.progress.task("fit linear attention: finite size", len(size.tau) * len(dimensions)) as step:
        attention = FittedAttention(config, context, step)
        for tau in size.tau:
            points = []
            for d in dimensions:
                c = power_law_spectrum(d, size.p)
                tests = [tested_spectrum(test, POWER_LAW, d, size.p) for test in CORE_TESTS]
                theory = [float(icl_error(c, t, tau, size.alpha, size.kappa, size.rho).total) for t in tests]
                repeats = round(size.repeats * dimensions[0] / d)
                at = Sizes(tau, size.alpha, size.kappa, size.rho)
                points.append(
                    standard_error(attention.errors("finite size", c, tests, at, repeats=repeats)[:, 0] / theory)
                )
            y, y_err, n = (np.array([point[part] for point in points]) for part in range(3))
            for index, test in enumerate(CORE_TESTS):
                yield RECORD.simulation(
                    Panels.FINITE_SIZE,
                    _params(config, tau, test),
                    x=("1/d", [1 / d for d in dimensions]),
                    y=("ratio", y[:, index]),
                    y_err=y_err[:, index],
                    n=n,
                )


def _params(config: IclAlignmentConfig, tau: float, test: str) -> dict[str, object]:
    size = config.finite_size
    return {"tau": tau, "alpha": size.alpha, "kappa": size.kappa, "rho": size.rho, "p": size.p, "test": test}


def _judge(curves: Curves) -> Judgement:
    """At one d theory is missed by O(1/d): what is judged is the line in 1/d at 0."""
    simulated = select(curves, source="simulation")
    simulated = simulated[(parameter(simulated, "tau").astype(float) - 1).abs() >= PEAK]
    intercepts = [_intercept(rows) for _, rows in each_curve(simulated) if len(rows) >= 2]
    if not intercepts:
        return missing(f"finite_size.dimension includes two values, finite_size.tau one at least {PEAK:g} from 1")
    worst, error = max(intercepts, key=lambda each: abs(each[0] - 1) - 2 * each[1])
    repeats, curves_read = int(simulated["n"].min()), len(intercepts)
    return Judgement(
        all_of(within(value, 1, TOLERANCE, each, repeats, comparisons=curves_read) for value, each in intercepts),
        predicted=1.0,
        measured=worst,
        error=error,
        tolerance=f"{TOLERANCE:g} in each of {curves_read} curves (the worst is shown); {STUDENT}",
    )


def _intercept(rows: Curves) -> tuple[float, float]:
    """Return the value at 1/d = 0 of the weighted line through the ratios, and its standard error (NaN: unknown)."""
    errors = np.array([known(y_err, n) for y_err, n in zip(rows["y_err"], rows["n"], strict=True)])
    x, y, weight = rows["x"].to_numpy(), rows["y"].to_numpy(), 1 / np.where(np.isfinite(errors), errors, 1.0)
    design = np.stack([np.ones_like(x), x], axis=1) * weight[:, None]
    covariance = np.linalg.inv(design.T @ design)
    error = math.sqrt(covariance[0, 0]) if np.isfinite(errors).all() else math.nan
    return float((covariance @ design.T @ (y * weight))[0]), error


def work(config: IclAlignmentConfig) -> Work:
    """Return the work of the fits at every dimension, the more repeats the smaller it is."""
    size, largest = config.finite_size, max(config.finite_size.dimension)
    fitted = [
        fits(d, Sizes(tau, size.alpha, size.kappa, size.rho), round(size.repeats * largest / d), len(CORE_TESTS))
        for tau in size.tau
        for d in size.dimension
    ]
    return sum(fitted, Work())


FINITE_SIZE = Part(
    name="finite-size",
    question="How large must the dimension be for theory to hold?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "matches-theory",
            "Extrapolated to 1/d = 0, the simulated error is that of theory, below and above the peak.",
            reads=(Panels.FINITE_SIZE,),
            judge=_judge,
            needs={"finite_size.repeats": 6, "finite_size.dimension": 80},
        ),
    ),
)
