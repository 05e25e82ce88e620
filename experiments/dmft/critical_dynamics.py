"""Part `critical-dynamics`: how does a system relax whose slowest mode is marginal, and how far off is a finite one?

The shifted symmetric flow dh/dt = -(M + z) h at z = 2, in the paper's units (its figure 2); elliptic systems at their
critical coupling g = 1/(1 + tau), in ours. The elliptic system at tau = 1, g = 1/2 is the flow with t twice as large.
"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.dmft.counting import EXPONENTIAL, FLOAT, NORMAL, SYMMETRIC_EIGENVALUES, repeated
from solv.experiments.dmft.settings import DmftConfig
from solv.experiments.dmft.unstable import unwarned
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.critical import finite_response, response_error, shifted_response
from solv.theory.dmft.elliptic import elliptic_correlation, elliptic_response
from solv.tracking.claims import Claim, Judgement, all_of, known, missing, within
from solv.tracking.curves import Curves, Params, Recorder, parameter, select
from solv.tracking.labels import spell
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("dmft", "critical-dynamics")
FIRST, SHIFTS = 0.1, (2.0, 2.2)  # the earliest time that is drawn; the critical shift, and one above it
READ = (10.0, 100.0, 1000.0)  # times of the elliptic system at which its scaled response is compared
SCALED = (0.76693, 0.79488, 0.79759)  # R(t) t^{3/2} there
LIMIT, DIGITS = math.sqrt(2 / math.pi), 2e-5
WINDOW = (4.0, 16.0)  # times of the shifted flow between which the exponent is measured
EXPONENT_OFF = 0.1  # the law is -3/2 late; between these times it is -1.474
NORM_POINTS = 51
SIZE_SLOPE_OFF = 0.25  # half of what tells 1/N from 1/sqrt(N), the law of independent units
AMPLITUDE_OFF = 0.3  # the next order in 1/N at the smallest size
TAUS = (0.0, 0.3, 0.6, 1.0)
FIRST_DOUBLED = 0.25
RATE_TAUS, RATE_TIMES, RATE_OFF = (0.3, 1.0), (2.0, 8.0), 0.04  # a quarter of the rate at tau = 0.3
LATE_TIMES, LATE_OFF = (32.0, 64.0), 2e-3


class Panels(StrEnum):
    """The panels of this part."""

    TAIL = "critical-tail"
    ERROR = "critical-error"
    SYMMETRY = "critical-symmetry"
    CORRELATION = "critical-correlation"
    SCALED = "critical-scaled"


def panels(config: DmftConfig) -> list[Panel]:
    """Return the response in the paper's units, its error against size, and critical systems of other symmetries."""
    until = config.critical.until
    return [
        Panel(
            Panels.TAIL, "The critical flow relaxes as $t^{-3/2}$", "time t of dh/dt = -(M + z) h", "response R(t)",
            x_scale="log", y_scale="log", y_limits=(1e-5, None), series=_tail_label,
            slopes=(Slope(-1.5, 0.6, 3, 60, "slope -3/2"),), figure="Fig. 2",
        ),
        Panel(
            Panels.ERROR, f"Finite size: error of R over t ≤ {until:g}", "size N", "relative $L_2$ error",
            x_scale="log", y_scale="log", series="z={shift}", figure="Fig. 2",
        ),
        Panel(
            Panels.SYMMETRY, "At g = 1/(1 + τ): a pure power at τ = 1 alone", "time t", "response R(t)",
            x_scale="log", y_scale="log", y_limits=(1e-5, None), series="τ={tau}", ordered=True,
            slopes=(Slope(-1.5, 1.6, 4, 60, "slope -3/2"),),
        ),
        Panel(
            Panels.CORRELATION, "The critical mode of τ < 1 is in C", "time t", "correlation C(t, t)",
            x_scale="log", y_scale="log", series="τ={tau}", ordered=True,
            slopes=(Slope(-0.5, 0.45, 4, 60, "slope -1/2"),),
        ),
        Panel(Panels.SCALED, "R(t) $t^{3/2}$ at g = 1/2, τ = 1", "time t", "R(t) t^(3/2)", drawn=False),
    ]  # fmt: skip


def _tail_label(params: Params) -> str:
    return f"z={params['shift']:g}, N={spell(params['size'])}"


# -- theory --------------------------------------------------------------------------------------------------------


@unwarned
def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield R of infinite and of finite size, the expected error, and critical systems of several symmetries."""
    times = np.unique(np.concatenate([np.geomspace(FIRST, 100, 121), tail_times(max(config.critical.sizes))]))
    for shift in SHIFTS:
        at = {"shift": shift, "size": math.inf}
        response = shifted_response(times, shift)
        yield RECORD.theory(Panels.TAIL, at, x=("time", times), y=("R(t)", response))
    for size in config.critical.sizes:
        early = np.unique(np.concatenate([times[times <= _latest(size)], tail_times(size)]))
        mean = finite_response(early, size).mean
        yield RECORD.theory(Panels.TAIL, _tail(size), x=("time", early), y=("R(t)", mean))
    sizes = np.unique(np.concatenate([np.geomspace(min(config.critical.sizes), max(config.critical.sizes), 31),
                                      config.critical.sizes]).round().astype(int))  # fmt: skip
    errors = [response_error(norm_times(config), int(size)) for size in sizes]
    yield RECORD.theory(Panels.ERROR, {"shift": 2.0}, x=("size", sizes), y=("relative error", errors))
    doubled = doubled_times(config)
    fine = np.unique(np.concatenate([np.geomspace(doubled[0], doubled[-1], 61), doubled]))
    for tau in TAUS:
        g = 1 / (1 + tau)
        correlation = elliptic_correlation(fine, fine, g, tau)
        yield RECORD.theory(
            Panels.SYMMETRY, _critical(tau), x=("time", fine), y=("R(t)", elliptic_response(fine, g, tau))
        )
        yield RECORD.theory(Panels.CORRELATION, _critical(tau), x=("time", fine), y=("C(t,t)", correlation))
    scaled = elliptic_response(READ, 0.5, 1.0) * np.power(READ, 1.5)
    yield RECORD.theory(Panels.SCALED, {"g": 0.5, "tau": 1}, x=("time", READ), y=("R(t) t^(3/2)", scaled))


def tail_times(size: int) -> np.ndarray:
    """Return the times at which the response of finite systems is read, up to where the edge is seen mode by mode."""
    times = 2.0 ** np.arange(-3, 8)
    return times[times <= _latest(size)]


def norm_times(config: DmftConfig) -> np.ndarray:
    """Return the times of the norm of the error, equally spaced."""
    return np.linspace(0, config.critical.until, NORM_POINTS)


def doubled_times(config: DmftConfig) -> np.ndarray:
    """Return the times at which critical systems of all symmetries are read."""
    return FIRST_DOUBLED * 2.0 ** np.arange(config.critical.doublings + 1)


def _latest(size: float) -> float:
    """Return N^{2/3}/4: later, single eigenvalues at the edge decide, and the first order in 1/N is not enough."""
    return 0.25 * math.pow(size, 2 / 3)


def _tail(size: int) -> dict[str, object]:
    return {"shift": 2.0, "size": size}


def _critical(tau: float) -> dict[str, object]:
    return {"tau": tau}


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield the response of finite systems, how far it is off, and critical systems of several symmetries."""
    from solv.experiments.dmft.critical_simulation import critical_systems, shifted_systems
    from solv.experiments.dmft.repeats import averaged

    sizes = config.critical.sizes
    errors = []
    with context.progress.task("simulate critical systems", len(sizes) + len(TAUS)) as step:
        for size in sizes:
            arrays = shifted_systems(config, context, step, size, tail_times(size), norm_times(config))
            tail = averaged("R(t)", arrays["tail"])
            yield RECORD.simulation(Panels.TAIL, _tail(size), x=("time", tail_times(size)), **tail)
            infinite = shifted_response(norm_times(config))
            errors.append(((arrays["norm"] - infinite) ** 2).sum(axis=1) / np.sum(infinite**2))
        square = averaged("relative error", np.stack(errors, axis=1))
        root = np.sqrt(square["y"][1])
        yield RECORD.simulation(
            Panels.ERROR, {"shift": 2.0}, x=("size", sizes), y=("relative error", root),
            y_err=square["y_err"] / (2 * root), n=square["n"],
        )  # fmt: skip
        for tau in TAUS:
            arrays = critical_systems(config, context, step, tau, FIRST_DOUBLED)
            times, seen = doubled_times(config), _seen(config, tau)
            response = averaged("R(t)", arrays["response"][:, seen])
            correlation = averaged("C(t,t)", arrays["correlation"][:, seen])
            yield RECORD.simulation(Panels.SYMMETRY, _critical(tau), x=("time", times[seen]), **response)
            yield RECORD.simulation(Panels.CORRELATION, _critical(tau), x=("time", times[seen]), **correlation)


def _seen(config: DmftConfig, tau: float) -> np.ndarray:
    """Return at which times a system of this size still shows R: where it is above 4/N, the scatter of a trace."""
    times = doubled_times(config)
    return elliptic_response(times, 1 / (1 + tau), tau) > 4 / config.critical.size


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_tail(curves: Curves) -> Judgement:
    """Theory's scaled response has the known values; the largest simulated system has the exponent -3/2."""
    scaled = select(curves, panel=Panels.SCALED).set_index("x")["y"]
    if not set(READ) <= set(scaled.index):
        return missing("times 10, 100 and 1000")
    verdicts = [within(float(scaled[time]), value, DIGITS) for time, value in zip(READ, SCALED, strict=True)]
    last = float(scaled[READ[-1]])
    verdicts.append(within(last, LIMIT, 1 / READ[-1]))  # the correction is 3/(8t)
    rows = select(curves, panel=Panels.TAIL, shift=2.0)
    rows = rows.assign(size=parameter(rows, "size").astype(float))
    largest = rows.loc[rows["source"] == "simulation", "size"].max()
    line = select(rows[rows["size"] == largest], source="simulation").set_index("x")
    infinite, finite = (select(rows[rows["size"] == size], source="theory").set_index("x")["y"]
                        for size in (math.inf, largest))  # fmt: skip
    if not set(WINDOW) <= set(line.index):
        return missing("critical.sizes includes 600 or more")
    # The offset of order 1/N is known; what is left is the response of infinitely many units.
    level = [float(line["y"][time] - finite[time] + infinite[time]) for time in WINDOW]
    slope = math.log(max(level[1], 1e-300) / level[0]) / math.log(WINDOW[1] / WINDOW[0])
    errors = [known(float(line["y_err"][time]), float(line["n"][time])) for time in WINDOW]
    error = math.hypot(*(each / y for each, y in zip(errors, level, strict=True))) / math.log(WINDOW[1] / WINDOW[0])
    verdicts.append(within(slope, -1.5, EXPONENT_OFF, error, sigmas=3))
    return Judgement(
        all_of(verdicts),
        predicted=f"-1.5; R(t) t^(3/2) -> {LIMIT:.5f}",
        measured=(
            f"exponent {slope:.3f} ± {error:.3f} at N = {largest:g}, its offset of order 1/N taken off; R(t) t^(3/2) = "
            + ", ".join(f"{float(scaled[time]):.5f}" for time in READ)
        ),
        tolerance=f"theory {DIGITS:g}; exponent between t = 4 and 16 ± {EXPONENT_OFF:g} by 3 s.e.",
    )


def _judge_error(curves: Curves) -> Judgement:
    """The relative error falls as 1/N, with the amplitude of the linear statistics."""
    measured = select(curves, panel=Panels.ERROR, source="simulation").sort_values("x")
    theory = select(curves, panel=Panels.ERROR, source="theory").set_index("x")["y"]
    if len(measured) < 3:
        return missing("critical.sizes holds three sizes")
    relative = np.array([known(e, n) for e, n in zip(measured["y_err"], measured["n"], strict=True)]) / measured["y"]
    x, y = np.log(measured["x"].to_numpy()), np.log(measured["y"].to_numpy())
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    error = float(np.sqrt(np.sum((centred * relative.to_numpy()) ** 2)) / (centred @ centred))
    largest = measured.iloc[-1]
    ratio = float(largest["y"] / theory[largest["x"]])
    verdicts = [
        within(slope, -1, SIZE_SLOPE_OFF, error, sigmas=3),
        within(ratio, 1, AMPLITUDE_OFF, float(relative.iloc[-1]) * ratio, sigmas=3),
    ]
    return Judgement(
        all_of(verdicts),
        predicted=-1.0,
        measured=slope,
        error=error,
        tolerance=(
            f"slope ± {SIZE_SLOPE_OFF:g}; error at N = {largest['x']:g} over theory's {ratio:.2f}, "
            f"1 ± {AMPLITUDE_OFF:g}; by 3 s.e."
        ),
    )


def _judge_symmetry(curves: Curves) -> Judgement:
    """Beyond the power t^{-3/2}, R falls at the rate 1 - 2c: nothing at tau = 1, at once visible below."""
    verdicts, levels = [], []
    for tau in RATE_TAUS:
        theory, simulated = (
            select(curves, panel=Panels.SYMMETRY, source=source, tau=tau).set_index("x")
            for source in ("theory", "simulation")
        )
        if not {*RATE_TIMES, *LATE_TIMES} <= set(theory.index) or not set(RATE_TIMES) <= set(simulated.index):
            return missing("critical.size >= 400 and critical.doublings >= 8")
        limit = 1 - 2 * math.sqrt(tau) / (1 + tau)
        verdicts.append(within(_rate(theory, LATE_TIMES), limit, LATE_OFF))
        columns = (simulated[name] for name in ("y", "y_err", "n"))
        y, y_err, n = ([float(column[time]) for time in RATE_TIMES] for column in columns)
        error = math.hypot(*(known(e, count) / level for level, e, count in zip(y, y_err, n, strict=True)))
        error /= RATE_TIMES[1] - RATE_TIMES[0]
        rate, expected = _rate(simulated, RATE_TIMES), _rate(theory, RATE_TIMES)
        verdicts.append(within(rate, expected, RATE_OFF, error, sigmas=3))
        levels.append(f"τ = {tau:g}: {rate:.3f} ± {error:.3f}, theory {expected:.3f} (late {limit:.3f})")
    return Judgement(
        all_of(verdicts),
        predicted="late 0 at τ = 1, 0.157 at τ = 0.3",
        measured="; ".join(levels),
        tolerance=f"theory at t = 32 to 64 ± {LATE_OFF:g} of 1 - 2c; simulation at t = 2 to 8 ± {RATE_OFF:g} by 3 s.e.",
    )


def _rate(line: Curves, times: tuple[float, float]) -> float:
    """Return the rate at which R t^{3/2} falls between two times."""
    ends = [float(line["y"][time]) * time**1.5 for time in times]
    return math.log(ends[0] / max(ends[1], 1e-300)) / (times[1] - times[0])


def work(config: DmftConfig) -> Work:
    """Return the work of eigenvalues of symmetric matrices, and of exponentials that are squared again and again."""
    critical, size = config.critical, config.critical.size
    exponentials = (EXPONENTIAL + 2 * critical.doublings) * size**3 + 2 * NORMAL * size**2
    systems = repeated(Work(exponentials, 100, 8 * FLOAT * size**2), critical.size_repeats, 8 * FLOAT * size**2)
    return sum((_shifted(config, n) for n in critical.sizes), len(TAUS) * systems)


def _shifted(config: DmftConfig, size: int) -> Work:
    repeats, times = config.critical.repeats, len(tail_times(size)) + NORM_POINTS
    draws = Work((NORMAL + SYMMETRIC_EIGENVALUES * size) * size**2, 3 * times, 4 * FLOAT * size**2)
    return repeated(draws, repeats, 4 * FLOAT * size**2)


CRITICAL_DYNAMICS = Part(
    name="critical-dynamics",
    question="How does a system relax whose slowest mode is marginal, and how far off is one of finite size?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "critical-tail",
            "At the critical shift z = 2 the response falls as t^(-3/2); at g = 1/2, τ = 1 R(t) t^(3/2) -> sqrt(2/π).",
            reads=(Panels.TAIL, Panels.SCALED),
            judge=_judge_tail,
            figure="Fig. 2",
            needs={"critical.repeats": 64, "critical.sizes": 600},
        ),
        Claim(
            "finite-size",
            "The relative L2 error of the response of N units falls as 1/N.",
            reads=(Panels.ERROR,),
            judge=_judge_error,
            figure="Fig. 2",
            needs={"critical.repeats": 64, "critical.sizes": 600},
        ),
        Claim(
            "pure-power",
            "At the critical coupling R is a pure power at τ = 1 alone; below, it falls with e^{-(1-2c)t} besides.",
            reads=(Panels.SYMMETRY,),
            judge=_judge_symmetry,
            needs={"critical.size": 400, "critical.size_repeats": 16},
        ),
    ),
)
