"""Which learning-rate schedule and average serve a training whose end is not known? (arXiv:2602.03702)"""

import math
from dataclasses import replace

from solv.harness.loss_fits import LossCurve
from solv.harness.plans.answer import Plan
from solv.theory.anytime import recommend
from solv.theory.anytime.horizon_free import Anytime, Comparison

CAPACITIES = (1.2, 1.5, 1.9)  # of inputs, where nothing is known of them: the paper's range
LONGEST = 20000  # steps of the recursion, of which the answer hardly depends any more
GOOD = 1.05  # ratio to the best schedule up to which the constant one, which needs no offset, is taken


def plan_schedule(
    exponent: float,
    capacity: float | None = None,
    horizon: int = 10000,
    noise: float = 0.01,
    batch: int = 1,
    interval: tuple[float, float] | None = None,
) -> Plan:
    """Return schedule and averaging window that are good at every stopping time up to a horizon.

    At a constant rate the loss falls to its limit as t^-nu, nu = (b - 1)/a, while noise is small; a is the capacity of
    the inputs and b the source of the target (`theory/anytime`), so that b = 1 + nu a.

    Args:
        exponent: nu, as `solv fit power` gives it, > 0.
        capacity: a, > 1: eigenvalue i of the inputs' covariance falls as i^-a; None: three values are compared.
        horizon: longest training, steps, >= 100.
        noise: variance of the labels' noise relative to the target, >= 0.
        batch: samples a step, >= 1.
        interval: of the exponent, if it was fitted: its ends are compared, too.

    Raises:
        ValueError: an argument is out of range.

    Cost: about 3 s for each capacity at 20000 steps, beyond which no more are computed.
    """
    if not exponent > 0:
        raise ValueError(f"exponent = {exponent} is no rate of decay; valid: > 0")
    steps = min(horizon, LONGEST)
    capacities = CAPACITIES if capacity is None else (capacity,)
    exponents = sorted({exponent, *(end for end in interval or () if 0 < end < math.inf)})
    found = {(a, nu): recommend(a, 1 + nu * a, steps, noise, batch=batch) for a in capacities for nu in exponents}
    rows = tuple(
        (a, 1 + nu * a, run.schedule.name if run is not each.best else f"{run.schedule.name} (best)", run.average,
         run.multiplier, run.worst_ratio)
        for (a, nu), each in found.items()
        for run in _shown(each)
    )  # fmt: skip
    return Plan(
        f"Which schedule and average serve a training that may stop at any step up to {horizon}?",
        ("capacity", "source", "schedule", "average", "peak rate x trace", "worst ratio to a tuned cosine"),
        rows,
        tuple(_decision(found, horizon, steps)),
        "stochastic gradient descent on a quadratic loss, spectra that are powers: capacity a, source b = 1 + "
        f"{exponent:.4g} a "
        "from the exponent of the loss while its noise is small; Adam and a network that learns features are "
        "outside it",
        _test(found),
    )


def plan_schedule_from_loss(
    curve: LossCurve,
    capacity: float | None = None,
    horizon: int = 10000,
    noise: float = 0.01,
    batch: int = 1,
) -> Plan:
    """Return what `plan_schedule` does with the exponent of a fitted loss curve and the ends of its interval.

    Args:
        curve: loss against steps at a constant rate, fitted as `solv fit power` does.
        capacity, horizon, noise, batch: as in `plan_schedule`.

    Raises:
        ValueError: the curve is flat within its noise, or grows; an argument is out of range.
    """
    if not curve.decays:
        raise ValueError(f"{curve.name}: within its noise the curve is flat, every exponent fits; give --exponent")
    if curve.amplitude < 0:
        raise ValueError(f"{curve.name}: {curve.y_name} grows with {curve.x_name}; valid: a loss that falls")
    low, high = curve.exponent_interval
    plan = plan_schedule(curve.exponent, capacity, horizon, noise, batch, curve.exponent_interval)
    read = (
        f"{curve.name}: {curve.points} of {len(curve.x)} points, {curve.x_name} {curve.window[0]:g} to "
        f"{curve.window[1]:g}, exponent {curve.exponent:.4g} ({100 * curve.confidence:g} %: {low:.3g} to {high:.3g})"
    )
    cautions = [f"caution: {warning}" for warning in curve.warnings]
    return replace(
        plan,
        question=f"{plan.question} From {read}",
        decision=(*plan.decision, *cautions),
        rests_on=f"{plan.rests_on}; is {curve.y_name} against {curve.x_name} a power law? {curve.answer}",
    )


def _shown(comparison: Comparison) -> list[Anytime]:
    """Return of each schedule the best average and the last iterate."""
    shown = []
    for schedule in dict.fromkeys(run.schedule for run in comparison.runs):
        runs = [run for run in comparison.runs if run.schedule == schedule]
        averaged = [run for run in runs if run.average != "last iterate"]
        shown += [min(averaged, key=lambda run: run.worst_ratio), *(run for run in runs if run not in averaged)]
    return shown


def _decision(found: dict[tuple[float, float], Comparison], horizon: int, steps: int) -> list[str]:
    least = {a: each.best for a, each in found.items()}
    gammas = {best.schedule.gamma for best in least.values()}
    constant = {a: _constant(each) for a, each in found.items()}
    worst_constant = max(run.worst_ratio for run in constant.values())
    simple = all(constant[a].worst_ratio <= GOOD * best.worst_ratio for a, best in least.items())
    said = []
    if simple:
        averages = {run.average for run in constant.values()}
        said.append(
            f"keep the rate constant and read the weights through an average, {' or '.join(sorted(averages))}: "
            "at worst "
            f"{worst_constant:.3g} times the loss of a cosine tuned for the very step at which it is read"
        )
    else:
        choice = max(least.values(), key=lambda run: run.worst_ratio)
        names = sorted({f"{run.schedule.name} with {run.average}" for run in least.values()})
        said.append(
            f"let the rate fall as {' or '.join(names)}: at worst {choice.worst_ratio:.3g} times the loss of a "
            "tuned cosine; a "
            f"constant rate, averaged, is at {worst_constant:.3g}"
        )
    if len(found) > 1:
        agree = "all agree" if len(gammas) == 1 or simple else "they do not agree: it has to be measured"
        capacities, exponents = ([f"{each:.4g}" for each in sorted(set(one))] for one in zip(*found, strict=True))
        said.append(f"compared for capacity {', '.join(capacities)} and exponent {', '.join(exponents)}: {agree}")
    last = max(min(run.worst_ratio for run in each.runs if run.average == "last iterate") for each in found.values())
    said.append(
        f"without an average the best schedule is at {last:.3g}; "
        "EMA f averages over about the last t/f of t steps and costs one copy of the weights"
    )
    long = max(float((each.envelope.long / each.envelope.risk).max()) for each in found.values())
    said.append(f"a cosine tuned for the last step and stopped before it is at {long:.3g}")
    if steps < horizon:
        said.append(
            f"computed for {steps} steps: offsets t/{int(0.05 * steps)} in the table are a twentieth of the horizon, "
            f"{round(0.05 * horizon)} steps for you"
        )
    return said


def _constant(comparison: Comparison) -> Anytime:
    """Return the constant rate with its best average."""
    runs = [run for run in comparison.runs if run.schedule.gamma == 0 and run.average != "last iterate"]
    return min(runs, key=lambda run: run.worst_ratio)


def _test(found: dict[tuple[float, float], Comparison]) -> str:
    gains = []
    for each in found.values():
        averaged = _constant(each)
        last = next(run for run in each.runs if run.schedule.gamma == 0 and run.average == "last iterate")
        gains.append(last.worst_ratio / averaged.worst_ratio)
    low, high = min(gains), max(gains)
    between = f"{low:.3g}" if high - low < 0.005 * high else f"{low:.3g} to {high:.3g}"
    return (
        "one constant-rate run, read with and without the average: the excess loss should differ by a factor "
        f"of {between}; no "
        "gain from averaging, or an exponent of the loss that changes with the window of the fit, says it is "
        "another problem"
    )
