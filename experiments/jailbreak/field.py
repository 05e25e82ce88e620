"""Part `field`: what does a field on the unsafe clusters take off the gap, at every strength?"""

import math
from collections.abc import Callable, Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.jailbreak.chance import all_precise, judge_independent
from solv.experiments.jailbreak.clusters import (
    CASE_LABEL,
    GAP,
    SAMPLES,
    counts,
    field_cases,
    log_ratio,
    safe_masses,
    seen,
)
from solv.experiments.jailbreak.counted_work import LOST, PASS, POWER, sampled_powers
from solv.experiments.jailbreak.settings import JailbreakConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.jailbreak.clusters import asr_gap, joint_limit_gap, power_law, safe_moments, weak_field_log_gap
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing, within
from solv.tracking.curves import CURVE, Curves, Recorder, pair, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("jailbreak", "field")
WEAK = 0.5  # largest field of the claim on the weak-field amplitude
JOINT_CASE = (0.3, 1)  # x, m of the joint limit
JOINT_K = (100, 10**4)
JOINT_G = np.array([0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0])  # k lambda^2
EXACT, PAPER, WEAK_LAW = "exact", "equation (15)", "e^(-ν λ)"
SPURIOUS_AT = 4.0  # g from which on equation (15) is to be off
CLOSE_TO_SAMPLES = 3.0  # standard errors
SPURIOUS, FOLLOWED = 0.3, 0.02  # relative: how far (15) is off at least, and e^{-nu lambda} at most
TOLERANCE = 0.05  # of ν λ: what a k of 100 leaves of the law of infinite k; of a sampled gap: what can show it


class Panels(StrEnum):
    """The panels of this part."""

    FIELD = "field"
    AMPLITUDE = "amplitude"
    JOINT = "joint-limit"


def panels(config: JailbreakConfig) -> list[Panel]:
    """Return the gap in a field at each (x, m); what the field takes off at one k, if there is one; the joint limit."""
    gap = Panel(
        Panels.FIELD,
        "Clusters in a field: x = {breakpoint}, m = {m}",
        SAMPLES,
        GAP,
        x_scale="log",
        y_scale="log",
        facets=("breakpoint", "m"),
        series="λ={field}",
        ordered=True,
        main=True,
    )
    amplitude = Panel(
        Panels.AMPLITUDE,
        "What a field takes off at k = {k}",
        "field λ",
        "log of the gap over that without field",
        facets=("k",),
        series=CASE_LABEL,
        ordered=True,
    )
    joint = Panel(
        Panels.JOINT,
        "Equation (15): k → ∞ at fixed g = k λ²\n(x = {breakpoint}, m = {m})",
        "g = k λ²",
        "gap over C k^-ν",
        facets=("breakpoint", "m"),
        series="{formula}, k={k}",
    )
    return [gap, amplitude, joint] if max(config.field) > 0 else [gap, joint]


def predict(config: JailbreakConfig) -> Iterator[Curves]:
    """Yield the exact gap in every field, and its logarithm over that without field at one k."""
    k, amplitude_at = counts(config), config.clusters.amplitude_at
    fields = np.array([field for field in config.field if field > 0])
    for x, m in field_cases(config):
        for field in config.field:
            at = {"breakpoint": x, "m": m, "field": field}
            yield RECORD.theory(Panels.FIELD, at, x=("k", k), y=("gap", asr_gap(x, m, field, k)))
        if len(fields):
            logs = [
                float(np.log(asr_gap(x, m, field, amplitude_at) / safe_moments(x, m, amplitude_at))) for field in fields
            ]
            at = {"breakpoint": x, "m": m, "k": amplitude_at}
            yield RECORD.theory(Panels.AMPLITUDE, at, x=("field", fields), y=("log_ratio", logs))
    x, m = JOINT_CASE
    nu, amplitude = power_law(x, m)
    formulas: dict[str, Callable[[float, int, float, int], np.ndarray]] = {
        EXACT: asr_gap,
        PAPER: joint_limit_gap,
        WEAK_LAW: lambda x, m, field, k: np.exp(weak_field_log_gap(x, m, field, k)),
    }
    for formula, gap_of in formulas.items():
        for count in JOINT_K:
            ratios = [float(gap_of(x, m, math.sqrt(g / count), count)) * count**nu / amplitude for g in JOINT_G]
            yield RECORD.theory(Panels.JOINT, _joint(formula, count), x=("g", JOINT_G), y=("ratio", ratios))


def _joint(formula: str, k: int) -> dict[str, object]:
    return {"breakpoint": JOINT_CASE[0], "m": JOINT_CASE[1], "formula": formula, "k": k}


def measure(config: JailbreakConfig, context: Context) -> Iterator[Curves]:
    """Yield the same of sampled clusters: the gap where enough samples count, the ratio of paired samples."""
    amplitude_at = config.clusters.amplitude_at
    with context.progress.task("sample clusters in a field", len(field_cases(config))) as step:
        for x, m in field_cases(config):
            everywhere = [seen(config, counts(config), asr_gap(x, m, field, counts(config))) for field in config.field]

            def simulate(x: float = x, m: int = m, everywhere: list[np.ndarray] = everywhere) -> dict[str, np.ndarray]:
                found = {}
                for number, (field, k) in enumerate(zip(config.field, everywhere, strict=True)):
                    p = safe_masses(config, context.seeds.numpy("clusters in a field", x, m, field), x, m)
                    safe = p / (p + math.exp(field) * (1 - p))
                    found[f"gaps {number}"] = np.stack([(safe**count).mean(1) for count in (*k, amplitude_at)], 1)
                    found[f"free {number}"] = (p**amplitude_at).mean(1)
                return found

            found = context.unit(f"clusters in a field x={x!r} m={m}", simulate)
            fields, logs, errors = [], [], []
            for number, (field, k) in enumerate(zip(config.field, everywhere, strict=True)):
                gaps = found[f"gaps {number}"]
                y, y_err, n = standard_error(gaps[:, : len(k)])
                at = {"breakpoint": x, "m": m, "field": field}
                yield RECORD.simulation(Panels.FIELD, at, x=("k", k), y=("gap", y), y_err=y_err, n=n)
                if field > 0:
                    ratio, error = log_ratio(gaps[:, -1], found[f"free {number}"])
                    fields.append(field)
                    logs.append(ratio)
                    errors.append(error)
            if fields:
                yield RECORD.simulation(
                    Panels.AMPLITUDE,
                    {"breakpoint": x, "m": m, "k": amplitude_at},
                    x=("field", fields),
                    y=("log_ratio", logs),
                    y_err=errors,
                    n=config.clusters.groups,
                )
            step.advance(note=f"x={x:g} m={m}")
    yield from _sampled_joint_limit(config, context)


def _sampled_joint_limit(config: JailbreakConfig, context: Context) -> Iterator[Curves]:
    """Yield the gap of sampled clusters at fixed g, where enough samples count."""
    x, m = JOINT_CASE
    nu, amplitude = power_law(x, m)
    p = safe_masses(config, context.seeds.numpy("clusters in the joint limit"), x, m)
    for k in JOINT_K:
        expected = np.array([float(asr_gap(x, m, math.sqrt(g / k), k)) for g in JOINT_G])
        shown = JOINT_G[config.clusters.samples * expected >= config.clusters.least_seen]
        if len(shown):
            gaps = [((p / (p + math.exp(math.sqrt(g / k)) * (1 - p))) ** k).mean(1) for g in shown]
            y, y_err, n = standard_error(np.stack(gaps, 1) * k**nu / amplitude)
            yield RECORD.simulation(Panels.JOINT, _joint(EXACT, k), x=("g", shown), y=("ratio", y), y_err=y_err, n=n)


def _judge_amplitude(curves: Curves) -> Judgement:
    paired = pair(curves)
    paired = paired[paired["x"] <= WEAK].reset_index(drop=True)
    if paired.empty:
        return missing(f"field includes a value in (0, {WEAK:g}]")
    powers = [power_law(x, m)[0] for x, m in zip(parameter(paired, "breakpoint"), parameter(paired, "m"), strict=True)]
    asymptote = -paired["x"] * powers
    verdicts = [
        within(row["y"], expected, TOLERANCE * abs(expected), known(row["y_err"], row["n"]))
        for (_, row), expected in zip(paired.iterrows(), asymptote, strict=True)
    ]
    worst = int((paired["y"] / asymptote - 1).abs().argmax())
    return Judgement(
        all_of([*verdicts, judge_independent(paired, TOLERANCE)]),
        predicted=f"{asymptote.iloc[worst]:.4f}",
        measured=f"{paired['y'].iloc[worst]:.4f} ± {paired['y_err'].iloc[worst]:.4f} (the worst of {len(paired)})",
        tolerance="5 % of ν λ (k is finite), and exact theory within 2 s.e.",
    )


def _judge_joint_limit(curves: Curves) -> Judgement:
    """The formulas are compared where g is not small; samples say that the exact gap is the clusters'."""
    theory = select(curves, source="theory")
    at = theory[theory["x"] >= SPURIOUS_AT]
    exact = select(at, formula=EXACT)["y"].to_numpy()
    off = {formula: select(at, formula=formula)["y"].to_numpy() / exact - 1 for formula in (PAPER, WEAK_LAW)}
    paired = pair(curves)
    medians = paired.assign(off=paired["deviation"].abs()).groupby(CURVE)["off"].median()  # a curve shares its samples
    return Judgement(
        all_of(
            [
                exceeds(float(np.abs(off[PAPER]).min()), SPURIOUS),
                within(float(np.abs(off[WEAK_LAW]).max()), 0, FOLLOWED),
                Verdict.HOLDS if len(paired) and all_precise(paired, TOLERANCE) else Verdict.UNDECIDED,
                Verdict.FAILS if (medians > CLOSE_TO_SAMPLES).any() else Verdict.HOLDS,
            ]
        ),
        predicted="e^(-ν λ)",
        measured=(
            f"from g = {SPURIOUS_AT:g} on (15) is off by {100 * np.abs(off[PAPER]).min():.0f} to "
            f"{100 * np.abs(off[PAPER]).max():.0f} %, e^(-ν λ) by at most {100 * np.abs(off[WEAK_LAW]).max():.2f} %"
        ),
        tolerance="(15) off by over 30 %, e^(-ν λ) within 2 %; sampled points known to 5 %, their median within 3 s.e.",
    )


def work(config: JailbreakConfig) -> Work:
    """Return the work of the sampled clusters in every field, and in the joint limit."""
    in_fields = (sampled_powers(config, x, m, field, more=2) for x, m in field_cases(config) for field in config.field)
    at_both_k = 2 * 8 * PASS + POWER + LOST  # in eight passes; at the larger k most powers are lost
    joint = len(JOINT_G) * config.clusters.samples * at_both_k
    return sum(in_fields, Work(joint))


FIELD = Part(
    name="field",
    question="What does a field on the unsafe clusters take off the gap, and does it change its power?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "weak-field-amplitude",
            f"A weak field (λ <= {WEAK:g}) takes ν λ off the log of the gap.",
            reads=(Panels.AMPLITUDE,),
            judge=_judge_amplitude,
            figure="equation (6)",
            needs={"clusters.samples": 400_000, "clusters.amplitude_at": 100},
        ),
        Claim(
            "joint-limit-factor",
            "The factor e^(-g/2) of equation (15) is spurious beyond first order in g: the gap falls by e^(-ν λ).",
            reads=(Panels.JOINT,),
            judge=_judge_joint_limit,
            figure="equation (15)",
            needs={"clusters.samples": 400_000},
        ),
    ),
    figure="equations (5), (6), (15)",
)
