"""What does theory predict in anytime? Risks of anytime runs and of tuned schedules, exponents, the floor, SGD."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from solv.experiments.anytime.experiment import (
    AVERAGED,
    EXPONENT,
    FLOOR,
    FLOOR_MULTIPLIER,
    LAST,
    LAW,
    LONG,
    RECURSION,
    SIMULATED,
    STABLE,
    TUNED,
    baseline_panel,
    descent_panel,
    figure3_panel,
    points,
    ratio_panel,
    risk_panel,
    schedules,
)
from solv.experiments.anytime.language import predict_language
from solv.experiments.anytime.settings import AnytimeConfig, Simulation, cases
from solv.theory.anytime.horizon_free import (
    Anytime,
    Comparison,
    PowerSchedule,
    Problem,
    best_anytime,
    compare,
    least_mean_risk,
    read_out,
    stable_decay_envelope,
)
from solv.theory.anytime.rates import best_schedule_exponent, risk_exponent
from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.spectrum import Spectrum, power_law_spectrum
from solv.theory.anytime.stability import stationary_risk
from solv.theory.anytime.weight_averaging import Average, ema, tail, uniform
from solv.theory.schedules import constant, cosine, inverse_sqrt, polynomial, warmup_stable_decay
from solv.tracking.curves import Curves, join_curves

FIGURE3_PARTS = (0.02, 0.04, 0.06, 0.1, 0.16, 0.2, 0.4, 1.0)  # 1000 to 50000 steps, as parts of the horizon
COMMON_LABEL = 6.25  # of the averages that are drawn for every schedule
PEAKS = {"constant": 0.5, "offset": 1.0, "cosine": 0.8, "stable": 0.5}  # of the simulated schedules, times 1/tr H
SIMULATED_OFFSET = 0.2  # of the simulated steps


def predict(config: AnytimeConfig) -> Curves:
    """Return the theory curves of every panel."""
    return join_curves(
        [
            *(curves for a, b in cases(config) for curves in _case(config, a, b)),
            *_exponents(config),
            *_floor(config),
            *_descent(config.simulation),
            *predict_language(config.language),
        ]
    )


def problem(config: AnytimeConfig, a: float, b: float) -> Problem:
    """Return the regression of one (a, b)."""
    spectrum = power_law_spectrum(
        a, b, config.dimension, exact=config.nodes.exact, ratio=config.nodes.ratio, normalize=config.normalize
    )
    return Problem(spectrum, config.sigma2, config.batch)


def _case(config: AnytimeConfig, a: float, b: float) -> Iterator[Curves]:
    """S3 and S1 of one (a, b), the answer first."""
    of, horizons = problem(config, a, b), read_out(config.horizon)
    averages = [ema(label) for label in config.regret.labels]
    found = compare(of, horizons, schedules(config, a, b), averages)
    envelope, case = found.envelope, {"a": a, "b": b}
    place = risk_panel(a, b), "theory", "steps"

    def run(anytime: Anytime) -> dict[str, object]:
        return {
            **case,
            "schedule": anytime.schedule.name,
            "gamma": anytime.schedule.gamma,
            "average": anytime.average,
            "multiplier": anytime.multiplier,
            "on_edge": anytime.on_edge,
        }

    best = found.best
    answer = f"{best.multiplier:.3g}/tr H {best.schedule.name}, {best.average}"
    name = f"use {answer}: <= {best.worst_ratio:.2f} of cosine"
    yield points(place[0], name, *place[1:], horizons, "risk", best.risk, params=run(best))
    tuned = {
        **case,
        "multiplier": envelope.multiplier.tolist(),
        "final": envelope.final.tolist(),
        "tried": envelope.edges,
        "on_edge": envelope.on_edge,
    }
    yield points(place[0], TUNED, *place[1:], horizons, "risk", envelope.risk, params=tuned)
    yield from _figure3(config, of, a, b)
    for anytime in found.runs:
        if anytime.average != "last iterate":
            panel, series = ratio_panel(a, b, anytime.schedule), f"{anytime.average}, peak {anytime.multiplier:.3g}"
            ratio = anytime.risk / envelope.risk
            yield points(panel, series, "theory", "steps", horizons, "ratio", ratio, params=run(anytime))
    yield from _baselines(of, found, a, b)


def _figure3(config: AnytimeConfig, of: Problem, a: float, b: float) -> Iterator[Curves]:
    read_at = [round(part * config.horizon) for part in FIGURE3_PARTS]
    for schedule in (PowerSchedule(0.0), PowerSchedule(0.5)):
        multiplier, risks = least_mean_risk(of, schedule, uniform(), read_at, sorted(config.figure3.multipliers))
        parameters = {"a": a, "b": b, "schedule": schedule.name, "average": "uniform", "multiplier": multiplier}
        series = f"{schedule.name}, peak {multiplier:.3g}"
        yield points(figure3_panel(a, b), series, "theory", "steps", read_at, "risk", risks, params=parameters)


def _baselines(of: Problem, found: Comparison, a: float, b: float) -> Iterator[Curves]:
    """What is not anytime, and what is tuned or branched off for each horizon."""
    horizons, envelope = found.horizons, found.envelope
    pure = best_anytime(of, PowerSchedule(0.5), [ema(COMMON_LABEL)], horizons, envelope.risk)[1]
    [last] = [run for run in found.runs if run.schedule.gamma == 0 and run.average == "last iterate"]
    curves = {
        LAST: last.risk,
        f"{pure.schedule.name}, {pure.average}": pure.risk,
        LONG: envelope.long,
        STABLE: stable_decay_envelope(of, horizons).risk,
    }
    for series, risk in curves.items():
        ratio, parameters = risk / envelope.risk, {"a": a, "b": b}
        yield points(baseline_panel(a, b), series, "theory", "steps", horizons, "ratio", ratio, params=parameters)


def _exponents(config: AnytimeConfig) -> Iterator[Curves]:
    """Equation (5), and the slopes of the recursion between two horizons, each averaged over its last half."""
    rates = config.rates
    low, high = rates.horizon // 4, rates.horizon
    t = np.arange(1, high + 1)
    for a, b in cases(config):
        case = {"a": a, "b": b, "of": LAW}
        name = f"a={a:g} b={b:g}"
        best = best_schedule_exponent(a, b)
        yield points(
            EXPONENT,
            f"best by (6), {name}",
            "theory",
            "gamma",
            best,
            "exponent",
            risk_exponent(a, b, best),
            params={**case, "of": "best"},
        )
        corners = np.unique([*rates.gamma, best])  # (5) is straight on either side of the best exponent
        law = risk_exponent(a, b, corners)
        yield points(EXPONENT, f"{LAW}, {name}", "theory", "gamma", corners, "exponent", law, params=case)
        spectrum = power_law_spectrum(a, b, rates.dimension, exact=config.nodes.exact, ratio=config.nodes.ratio)
        eta = np.stack([polynomial(t, gamma) for gamma in rates.gamma], axis=1) * rates.multiplier / spectrum.trace
        risks = excess_risk(spectrum, rates.sigma2, eta, [low, high], [tail(low // 2), tail(high // 2)]).averaged
        slopes = np.log(risks[1, 1] / risks[0, 0]) / np.log(high / low)
        case = {**case, "of": RECURSION, "horizon": high}
        yield points(EXPONENT, f"{RECURSION}, {name}", "theory", "gamma", rates.gamma, "exponent", slopes, params=case)


def _floor(config: AnytimeConfig) -> Iterator[Curves]:
    """A constant rate: the last iterate, equation (4), and two averages, for the last (a, b)."""
    a, b = cases(config)[-1]
    of = problem(config, a, b)
    eta = FLOOR_MULTIPLIER / of.spectrum.trace
    read_at = np.unique(np.geomspace(10, config.horizon, 25).round().astype(int))
    averages = [uniform(), ema(COMMON_LABEL)]
    found = excess_risk(of.spectrum, of.sigma2, np.full((config.horizon, 1), eta), read_at.tolist(), averages, of.batch)
    level = stationary_risk(of.spectrum, of.sigma2, eta, of.batch)
    parameters = {"a": a, "b": b, "multiplier": FLOOR_MULTIPLIER, "rate": eta}
    curves = [("last iterate", found.last), *zip((each.name for each in averages), found.averaged, strict=True)]
    for series, risk in curves:
        yield points(FLOOR, series, "theory", "steps", read_at, "risk", risk[:, 0], params=parameters)
    yield points(
        FLOOR, "floor (4)", "theory", "steps", read_at, "risk", np.full(len(read_at), level), params=parameters
    )


# -- SGD, shared with the measurements ------------------------------------------------------------------------------


def simulated_spectrum(config: Simulation) -> Spectrum:
    """Return the spectrum of the simulated regression, every eigenvalue for itself."""
    return power_law_spectrum(config.a, config.b, config.dimension, exact=config.dimension)


def simulated_rates(config: Simulation) -> Float[np.ndarray, "steps schedules"]:
    """Return the learning rates of the simulated schedules, in the order of `SIMULATED`."""
    t = np.arange(1, config.steps + 1)
    factors = {
        "constant": constant(t),
        "offset": inverse_sqrt(t, SIMULATED_OFFSET * config.steps),
        "cosine": cosine(t, config.steps),
        "stable": warmup_stable_decay(t, config.steps),
    }
    rates = np.stack([PEAKS[name] * factors[name] for name in SIMULATED], axis=1)
    return np.asarray(rates / simulated_spectrum(config).trace)


def simulated_averages(config: Simulation) -> list[Average]:
    """Return the averages of `AVERAGED` after the last iterate."""
    return [uniform(), ema(COMMON_LABEL), tail(config.steps // 2)]


def simulated_readings(config: Simulation) -> list[int]:
    """Return the steps at which SGD is read."""
    return [int(step) for step in np.unique(np.geomspace(config.steps / 50, config.steps, 9).round())]


def _descent(config: Simulation) -> Iterator[Curves]:
    spectrum, rates, read_at = simulated_spectrum(config), simulated_rates(config), simulated_readings(config)
    for batch in config.batch:
        found = excess_risk(spectrum, config.sigma2, rates, read_at, simulated_averages(config), batch)
        risks = np.concatenate([found.last[None], found.averaged])
        yield from descent_curves(risks, "theory", config, batch)


def descent_curves(
    risks: Float[np.ndarray, "curves times schedules"],
    source: str,
    config: Simulation,
    batch: int,
    errors: Float[np.ndarray, "curves times schedules"] | None = None,
    n: int = 1,
) -> Iterator[Curves]:
    """Yield the risk of every simulated schedule and average against the steps; theory without errors."""
    y_err = np.zeros(risks.shape) if errors is None else errors
    for column, schedule in enumerate(SIMULATED):
        parameters = {"a": config.a, "b": config.b, "batch": batch, "schedule": schedule}
        for row, average in enumerate(AVERAGED):
            yield points(
                descent_panel(schedule, batch),
                average,
                source,
                "steps",
                simulated_readings(config),
                "risk",
                risks[row, :, column],
                y_err=y_err[row, :, column],
                n=n,
                params={**parameters, "average": average},
            )
