"""Part `zero-field`: is the gap a power of k where no field acts on the clusters, and which power?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.jailbreak.chance import judge_independent, outside
from solv.experiments.jailbreak.clusters import (
    CASE_LABEL,
    GAP,
    SAMPLES,
    cases,
    counts,
    log_ratio,
    safe_masses,
    seen,
)
from solv.experiments.jailbreak.counted_work import sampled_powers
from solv.experiments.jailbreak.settings import JailbreakConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.jailbreak.clusters import next_order, power_law, safe_moments
from solv.tracking.claims import Claim, Judgement, all_of, within
from solv.tracking.curves import Curves, Params, Recorder, pair, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("jailbreak", "zero-field")
LAST_DECADE = (10**5, 10**6)  # where the exact exponent and amplitude are read
SAMPLED, LIMIT = "sampled", "limit"  # k between which an exponent is read: where samples show the gap, the last decade
NEXT_ORDER_AT = 10**4  # k at which the next order is read: beyond, it is lost in the digits of the first
NEXT_ORDER_TOLERANCE = 0.001  # relative: the order after it is some x m / k
EXPONENT_TOLERANCE, AMPLITUDE_TOLERANCE = 0.02, 0.02  # relative
MOST_SAMPLED = 10**4


class Panels(StrEnum):
    """The panels of this part; the last two are tables."""

    ZERO_FIELD = "zero-field"
    EXPONENT = "exponent"
    LIMIT_AMPLITUDE = "limit-amplitude"
    NEXT_ORDER = "next-order"


def panels(config: JailbreakConfig) -> list[Panel]:
    """Return the gap against k, its exponent by case, and the tables of exact amplitudes and of their next order."""
    return [
        Panel(
            Panels.ZERO_FIELD,
            "Clusters without field: a power of k",
            SAMPLES,
            GAP,
            x_scale="log",
            y_scale="log",
            series=CASE_LABEL,
            ordered=True,
            main=True,
        ),
        Panel(
            Panels.EXPONENT,
            "Exponent without field",
            "x, m",
            "exponent ν over m (1 - x)",
            series=_reach_label,
            category=("breakpoint", "m"),
        ),
        Panel(
            Panels.LIMIT_AMPLITUDE,
            "Exact amplitude over the asymptote's",
            SAMPLES,
            "k^ν E[p^k] / C",
            series=CASE_LABEL,
            drawn=False,
        ),
        Panel(
            Panels.NEXT_ORDER,
            "What the next order leaves",
            SAMPLES,
            "k (1 - k^ν E[p^k] / C), and a = x (1 - x) m² / 2",
            series=CASE_LABEL,
            drawn=False,
        ),
    ]


def _reach_label(params: Params) -> str:
    return {SAMPLED: "up to the k that samples show", LIMIT: "k → 10⁶"}[str(params["reach"])]


def predict(config: JailbreakConfig) -> Iterator[Curves]:
    """Yield the exact gap of every (x, m), its exponent where samples show it and at k = 10^6, and its amplitude."""
    k = counts(config)
    for x, m in cases(config):
        at = {"breakpoint": x, "m": m}
        yield RECORD.theory(Panels.ZERO_FIELD, at, x=("k", k), y=("gap", safe_moments(x, m, k)))
        nu, amplitude = power_law(x, m)
        window = sampled_window(config, x, m)
        ends = safe_moments(x, m, LAST_DECADE)
        for reach, exponent in (
            (SAMPLED, power_between(safe_moments(x, m, window), window)),
            (LIMIT, power_between(ends, np.array(LAST_DECADE))),
        ):
            yield RECORD.theory(Panels.EXPONENT, {**at, "reach": reach}, x=("case", 0), y=("ratio", exponent / nu))
        ratio = float(ends[1]) * LAST_DECADE[1] ** nu / amplitude
        yield RECORD.theory(Panels.LIMIT_AMPLITUDE, at, x=("k", LAST_DECADE[1]), y=("amplitude_ratio", ratio))
        missed = NEXT_ORDER_AT * (1 - float(safe_moments(x, m, NEXT_ORDER_AT)) * NEXT_ORDER_AT**nu / amplitude)
        for name, value in (("missed", missed), ("a", next_order(x, m))):
            yield RECORD.theory(Panels.NEXT_ORDER, at, x=("k", NEXT_ORDER_AT), y=(name, value))


def sampled_window(config: JailbreakConfig, x: float, m: int) -> np.ndarray:
    """Return the two k between which the sampled exponent is read: up to the last one where enough is seen."""
    k = counts(config)
    shown = seen(config, k, safe_moments(x, m, k))
    shown = shown[shown <= MOST_SAMPLED]
    high = shown[-1] if len(shown) > 1 else k[1]
    return np.array([k[k <= max(1, min(config.clusters.fit_from, high / 4))][-1], high])


def power_between(gaps: np.ndarray, window: np.ndarray) -> float:
    """Return the exponent of the power law through two points; both arguments have shape (2,)."""
    return -math.log(gaps[1] / gaps[0]) / math.log(window[1] / window[0])


def measure(config: JailbreakConfig, context: Context) -> Iterator[Curves]:
    """Yield the gap of sampled clusters where enough samples count, and its exponent."""
    with context.progress.task("sample clusters", len(cases(config))) as step:
        for x, m in cases(config):
            k = seen(config, counts(config), safe_moments(x, m, counts(config)))
            window = sampled_window(config, x, m)

            def simulate(
                x: float = x, m: int = m, k: np.ndarray = k, window: np.ndarray = window
            ) -> dict[str, np.ndarray]:
                p = safe_masses(config, context.seeds.numpy("clusters", x, m), x, m)
                wanted = {"gaps": k, "ends": window}
                return {name: np.stack([(p**count).mean(1) for count in at], 1) for name, at in wanted.items()}

            found = context.unit(f"clusters x={x!r} m={m}", simulate)
            y, y_err, n = standard_error(found["gaps"])
            at = {"breakpoint": x, "m": m}
            yield RECORD.simulation(Panels.ZERO_FIELD, at, x=("k", k), y=("gap", y), y_err=y_err, n=n)
            exponent, error = log_ratio(found["ends"][:, 0], found["ends"][:, 1])
            scale = math.log(window[1] / window[0]) * m * (1 - x)
            yield RECORD.simulation(
                Panels.EXPONENT,
                {**at, "reach": SAMPLED},
                x=("case", 0),
                y=("ratio", exponent / scale),
                y_err=error / scale,
                n=config.clusters.groups,
            )
            step.advance(note=f"x={x:g} m={m}")


def _judge_power_law(curves: Curves) -> Judgement:
    """Theory is read in its last decade; the samples between the k where they see enough, against theory there."""
    exponents = select(curves, panel=Panels.EXPONENT)
    off = float((select(exponents, reach=LIMIT)["y"] - 1).abs().max())
    amplitude = float((select(curves, panel=Panels.LIMIT_AMPLITUDE)["y"] - 1).abs().max())
    paired = pair(select(exponents, reach=SAMPLED))
    differences = paired["y"] - paired["theory"]
    worst = int(differences.abs().argmax())
    return Judgement(
        all_of(
            [
                within(off, 0, EXPONENT_TOLERANCE),
                within(amplitude, 0, AMPLITUDE_TOLERANCE),
                judge_independent(paired, EXPONENT_TOLERANCE),
            ]
        ),
        predicted="ν = m (1 - x), C of equation (4)",
        measured=(
            f"exact at k = 10^6: ν off by {100 * off:.1e} %, C by {100 * amplitude:.1e} %; sampled: "
            f"{outside(paired).sum()} of {len(paired)} ν beyond 2 s.e., the worst off by "
            f"{100 * differences.iloc[worst]:.1f} ± {100 * paired['y_err'].iloc[worst]:.1f} %"
        ),
        tolerance="2 % each; sampled: theory between the same k, 2 s.e. of at most 2 % each",
    )


def _judge_next_order(curves: Curves) -> Judgement:
    """Both are exact: the law itself, and the coefficient of its expansion."""
    missed, expected = (select(curves, y_name=name).set_index("params")["y"] for name in ("missed", "a"))
    off = missed / expected - 1
    worst = int(off.abs().argmax())
    return Judgement(
        all_of(within(value, 0, NEXT_ORDER_TOLERANCE) for value in off),
        predicted=float(expected.iloc[worst]),
        measured=float(missed.iloc[worst]),
        tolerance=f"0.1 % at k = 10^4, in all {len(off)} cases; this is the worst",
    )


def work(config: JailbreakConfig) -> Work:
    """Return the work of the sampled clusters of every (x, m); theory is in closed form."""
    return sum((sampled_powers(config, x, m, more=2) for x, m in cases(config)), Work())


ZERO_FIELD = Part(
    name="zero-field",
    question="Does the gap end on a power of k where no field acts on the clusters, and on which?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "zero-field-power-law",
            "Without field the gap ends on C k^-ν with ν = m (1 - x).",
            reads=(Panels.EXPONENT, Panels.LIMIT_AMPLITUDE),
            judge=_judge_power_law,
            figure="equation (4)",
            needs={"clusters.samples": 400_000},
        ),
        Claim(
            "next-order",
            "The gap is C k^-ν (1 - a / k) with a = x (1 - x) m² / 2.",
            reads=(Panels.NEXT_ORDER,),
            judge=_judge_next_order,
            figure="result 11",
        ),
    ),
    figure="equations (3), (4)",
)
