"""Part `linear-systems`: how do many units coupled at random correlate, respond and spread? E1, (2) to (7)."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.dmft.counting import EIGENVALUES, FLOAT, INVERSE, NORMAL, propagation, repeated
from solv.experiments.dmft.elliptic_systems import (
    FREQUENCIES,
    elliptic_cells,
    elliptic_times,
    euler_times,
    measured_lags,
    times_of_theory,
    upper_half,
)
from solv.experiments.dmft.settings import DmftConfig
from solv.experiments.dmft.unstable import unwarned
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.elliptic import elliptic_correlation, elliptic_response, power_spectrum, spectral_ellipse
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Recorder, parameter
from solv.tracking.panels import Panel

RECORD = Recorder("dmft", "linear-systems")
CLOUD = 120  # eigenvalues shown per matrix, at least
SYMMETRIC, APART = 1e-6, 0.01  # |ratio - 1| at the largest lag: rounding, and what is no rounding


class Panels(StrEnum):
    """The panels of this part."""

    SPECTRUM = "spectrum"
    CORRELATION = "correlation"
    RESPONSE = "response"
    TWO_TIME = "two-time"
    POWER = "power"


def panels(config: DmftConfig) -> list[Panel]:
    """Return the spectrum and the two-time functions; the power spectrum where a system has a stationary state."""
    time, cell, latest = "time t", "τ={tau}, g={g}", config.elliptic.until
    shown = [
        Panel(
            Panels.SPECTRUM, "Eigenvalues of J - 1 fill an ellipse", "Re λ", "Im λ (upper half)", series=cell,
            main=True,
        ),
        Panel(
            Panels.CORRELATION, "Correlation: formula and $e^{(J-1)t}$", time, "correlation C(t, t)",
            y_scale="log", x_limits=(0, latest), y_limits=(1e-4, None), series=cell, main=True,
        ),
        Panel(
            Panels.RESPONSE, "Response: formula and $e^{(J-1)t}$", time, "response R(t)",
            x_limits=(0, latest), series=cell, main=True,
        ),
        Panel(
            Panels.TWO_TIME, "Only τ = 1 depends on t + s alone (t + s = {total})", "lag t - s",
            "C(t, s) / C at lag 0", facets=("total",), series=cell, main=True,
        ),
    ]  # fmt: skip
    if any(each.stable for each in elliptic_cells(config)):
        shown.append(
            Panel(
                Panels.POWER, "Power spectrum under white noise", "frequency ω", "S(ω)", y_scale="log", series=cell,
                main=True,
            )
        )  # fmt: skip
    return shown


# -- theory --------------------------------------------------------------------------------------------------------


@unwarned
def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield correlation, response, the two-time function, the edge of the spectrum and the power spectrum."""
    total = elliptic_times(config)[-1]
    middle = total / 2
    for cell in elliptic_cells(config):
        g, tau, at = cell.g, cell.tau, cell.params
        times = times_of_theory(config, g)
        correlation = elliptic_correlation(times, times, g, tau)
        yield RECORD.theory(Panels.CORRELATION, at, x=("time", times), y=("C(t,t)", correlation))
        yield RECORD.theory(Panels.RESPONSE, at, x=("time", times), y=("R(t)", elliptic_response(times, g, tau)))
        lag = np.unique(np.concatenate([np.linspace(0, 2 * middle, 41), measured_lags(config)]))
        level = elliptic_correlation([middle], [middle], g, tau)
        ratio = elliptic_correlation(middle + lag / 2, middle - lag / 2, g, tau) / level
        yield RECORD.theory(Panels.TWO_TIME, {**at, "total": total}, x=("lag", lag), y=("C ratio", ratio))
        edge = upper_half(spectral_ellipse(np.linspace(0, np.pi, 121), g, tau))
        yield RECORD.theory(Panels.SPECTRUM, at, x=("Re", edge.real), y=("Im", edge.imag))
        if cell.stable:
            frequencies = np.unique(np.concatenate([np.linspace(0, 4, 81), FREQUENCIES]))
            power = power_spectrum(frequencies, g, tau)
            yield RECORD.theory(Panels.POWER, at, x=("frequency", frequencies), y=("S", power))


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield the same functions of finite matrices, and the eigenvalues of one of them."""
    from solv.experiments.dmft.linear_simulation import small_systems, two_time_functions
    from solv.experiments.dmft.repeats import averaged

    times, cells = elliptic_times(config), elliptic_cells(config)
    with context.progress.task("simulate linear systems", 2 * len(cells)) as step:
        for cell in cells:
            at = cell.params
            arrays = two_time_functions(config, context, step, cell)
            correlation, response = averaged("C(t,t)", arrays["correlation"]), averaged("R(t)", arrays["response"])
            yield RECORD.simulation(Panels.CORRELATION, at, x=("time", times), **correlation)
            yield RECORD.simulation(Panels.RESPONSE, at, x=("time", times), **response)
            lags, ratio = measured_lags(config), averaged("C ratio", arrays["ratio"])
            yield RECORD.simulation(Panels.TWO_TIME, {**at, "total": times[-1]}, x=("lag", lags), **ratio)
            cloud = upper_half(arrays["spectrum"][0, ::2] + 1j * arrays["spectrum"][0, 1::2])
            cloud = cloud[:: max(1, len(cloud) // CLOUD)]
            yield RECORD.simulation(Panels.SPECTRUM, at, x=("Re", cloud.real), y=("Im", cloud.imag), y_err=np.nan, n=1)
            arrays = small_systems(config, context, step, cell)
            if cell.stable:
                power = averaged("S", arrays["power"])
                yield RECORD.simulation(Panels.POWER, at, x=("frequency", FREQUENCIES), **power)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_two_times(curves: Curves) -> Judgement:
    """Read the ratio at the largest lag: at tau = 1 it is 1 for every single matrix, up to rounding."""
    taus = parameter(curves, "tau")
    if not (taus == 1).any() or not (taus < 1).any():
        return missing("tau includes 1 and a smaller value")
    verdicts, deviations = [], {}
    for source in ("theory", "simulation"):
        rows = curves[curves["source"] == source]
        for tau, line in rows.groupby(taus[rows.index]):
            last = line.sort_values("x").iloc[-1]
            apart = abs(last["y"] - 1)
            deviations[f"{source} τ={tau:g}"] = apart
            if tau == 1:
                verdicts.append(within(apart, 0, SYMMETRIC, last["y_err"]))
            else:
                verdicts.append(exceeds(apart, APART, known(last["y_err"], last["n"])))
    return Judgement(
        all_of(verdicts),
        predicted=f"τ = 1: 0; else > {APART:g}",
        measured="; ".join(f"{name}: {value:.2g}" for name, value in deviations.items()),
        tolerance=f"|ratio - 1| at the largest lag: {SYMMETRIC:g} for τ = 1, above {APART:g} by 2 s.e. otherwise",
    )


def work(config: DmftConfig) -> Work:
    """Return the work of both sizes of matrices; `time-grid` reads the small ones off disk."""
    sizes, cells = config.elliptic, elliptic_cells(config)
    size, small, steps = sizes.size, sizes.small_size, len(elliptic_times(config)) - 1
    euler = len(euler_times(config)) - 1
    two_time = propagation(size, steps) + Work(EIGENVALUES * size**3, 1)
    power = (2 + len(FREQUENCIES) * (INVERSE + 2)) * sum(cell.stable for cell in cells) / len(cells)
    spectra = Work((2 * NORMAL + (2 * euler + power) * small) * small**2, 4 * euler, 8 * FLOAT * small**2)
    return len(cells) * (
        repeated(two_time, sizes.repeats, FLOAT * size**2 * (steps + 6))
        + repeated(spectra, sizes.small_repeats, 8 * FLOAT * small**2)
    )


LINEAR_SYSTEMS = Part(
    name="linear-systems",
    question="How do many units coupled at random correlate, respond and spread?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "two-times",
            "C(t, s) is a function of t + s alone for tau = 1, and not for tau < 1.",
            reads=(Panels.TWO_TIME,),
            judge=_judge_two_times,
            needs={"elliptic.repeats": 12},
        ),
    ),
)
