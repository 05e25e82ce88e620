"""At which depth should a chain of thought stop, given its context and its pretraining? (arXiv:2606.03217)"""

import math

import numpy as np

from solv.harness.plans.answer import Plan
from solv.theory.cot_depth import (
    critical_tau,
    error_vs_depth,
    long_time_error,
    optimal_depth,
    regime,
    spectral_radius,
)

ENOUGH = 1.05  # times the least error: a depth from which on further steps buy almost nothing
GOALS = (0.5, 0.1, 0.01, 0.001)  # errors whose depth is shown where every step pays
SHOWN = (0, 1, 2, 3, 5, 10, 20, 50, 100, 200)


def plan_depth(alpha: float, tau: float, rho: float = 0.0, rho_test: float | None = None, most: int = 200) -> Plan:
    """Return the depth of least error, the depth that is nearly as good, and what more context or pretraining buys.

    Args:
        alpha: examples in the context per input dimension, > 0.
        tau: pretraining contexts per input dimension, > 1 or inf.
        rho: label-noise variance of the pretraining contexts relative to the signal, >= 0.
        rho_test: that of the contexts it reasons about, >= 0; None: the same.
        most: largest depth considered, >= 1.

    Raises:
        ValueError: an argument is out of range.

    Cost: three curves of `error_vs_depth`, some 10 ms each at a depth of 200.
    """
    if most < 1:
        raise ValueError(f"most = {most} leaves nothing to choose; valid: at least 1")
    own = rho if rho_test is None else rho_test
    errors = error_vs_depth(alpha, tau, rho, most, own)
    best = optimal_depth(alpha, tau, rho, most, own)
    enough = int(np.argmax(errors <= ENOUGH * errors[best]))
    kind = regime(alpha, tau, rho, own)
    depths = sorted({depth for depth in (*SHOWN, enough, best, 2 * best, most) if depth <= most})
    rows = tuple((depth, float(errors[depth]), float(errors[depth] / errors[best])) for depth in depths)
    return Plan(
        f"Where should a chain of thought stop at {alpha:g} examples and {tau:g} pretraining contexts per dimension?",
        ("depth", "error", "times the least"),
        rows,
        (
            *_where(errors, best, enough, kind, most),
            _fate(alpha, tau, rho, own, kind),
            _more(alpha, tau, rho, own, most, best),
        ),
        "linear regression in context, in the limit of a large input dimension, inputs without preferred "
        "directions; every "
        "step feeds the model's own estimate back through one step that least squares learned from the "
        "pretraining contexts",
        _test(errors, best, most),
    )


def _where(errors: np.ndarray, best: int, enough: int, kind: str, most: int) -> tuple[str, ...]:
    if best == 0:
        return ("do not let it reason: already the first step makes the error larger",)
    if kind == "overthinking" and best < most:
        later = min(2 * best, most)
        return (
            f"stop at depth {best}: the error is least there, {errors[best]:.4g}; at depth {later} it is "
            f"{errors[later] / errors[best]:.3g} times that",
            f"depth {enough} is within 5 % of it",
        )
    if kind == "saturation" or best < most:
        near = f"stop at depth {enough}: its error {errors[enough]:.4g} is within 5 % of the least"
        return (f"{near}, {errors[best]:.4g} at depth {best}",)
    reached = [(goal, int(np.argmax(errors <= goal))) for goal in GOALS if (errors <= goal).any()]
    said = ", ".join(f"{goal:g} at depth {depth}" for goal, depth in reached) or f"{errors[most]:.4g} at depth {most}"
    return (f"stop where it is good enough, no step is too many: the error is {said}",)


def _fate(alpha: float, tau: float, rho: float, own: float, kind: str) -> str:
    critical = max(critical_tau(alpha, rho))
    radius = spectral_radius(alpha, tau, rho)
    against = f"{tau:g} contexts per dimension against a critical {critical:.4g}"
    if kind == "overthinking":
        return f"it overthinks ({against}): a long chain multiplies the error by {radius**2:.4g} at every step"
    if kind == "saturation":
        return (
            f"it saturates ({against}): the error of a long chain ends at {long_time_error(alpha, tau, rho, own):.4g}"
        )
    return f"it does not overthink ({against}): the error falls for ever, by {radius**2:.4g} a step in the end"


def _more(alpha: float, tau: float, rho: float, own: float, most: int, best: int) -> str:
    now = error_vs_depth(alpha, tau, rho, most, own)[best]
    said = []
    for what, a, t in (("pretraining", alpha, 2 * tau), ("context", 2 * alpha, tau)):
        if what == "pretraining" and math.isinf(tau):
            continue
        if regime(a, t, rho, own) in ("exponential", "polynomial"):
            said.append(f"with twice the {what} no step is too many")
            continue
        depth = optimal_depth(a, t, rho, most, own)
        error = float(error_vs_depth(a, t, rho, most, own)[depth])
        said.append(f"with twice the {what} the least error is {error / now:.3g} times this one, at depth {depth}")
    return "; ".join(said)


def _test(errors: np.ndarray, best: int, most: int) -> str:
    first, later = max(best, 1), min(2 * max(best, 1), most)
    if later == first:
        first = max(first // 2, 0)
    ratio = errors[later] / errors[first]
    return (
        f"the error at depth {later} over that at depth {first}, geometric means over test contexts: "
        f"{ratio:.4g} is expected; "
        "a ratio on the other side of 1, or off by more than its standard error and some 1/dimension, says it "
        "is another model"
    )
