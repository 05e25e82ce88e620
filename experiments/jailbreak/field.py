"""Part `field`: what does a field on the unsafe clusters take off the gap, at every strength?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.jailbreak.chance import judge_independent
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
from solv.experiments.jailbreak.settings import JailbreakConfig
from solv.harness.contract import Context, Part
from solv.theory.jailbreak.clusters import asr_gap, power_law, safe_moments
from solv.tracking.claims import Claim, Judgement, all_of, known, missing, within
from solv.tracking.curves import Curves, Recorder, pair, parameter, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("jailbreak", "field")
WEAK = 0.5  # largest field of the claim on the weak-field amplitude
TOLERANCE = 0.05  # of ν λ: what a k of 100 leaves of the law of infinite k


class Panels(StrEnum):
    """The panels of this part."""

    FIELD = "field"
    AMPLITUDE = "amplitude"


def panels(config: JailbreakConfig) -> list[Panel]:
    """Return the gap in a field at each (x, m); and what the field takes off at one k, if there is a field."""
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
    return [gap, amplitude] if max(config.field) > 0 else [gap]


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


FIELD = Part(
    name="field",
    question="What does a field on the unsafe clusters take off the gap, and does it change its power?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "weak-field-amplitude",
            f"A weak field (λ <= {WEAK:g}) takes ν λ off the log of the gap.",
            reads=(Panels.AMPLITUDE,),
            judge=_judge_amplitude,
            figure="equation (6)",
            needs={"clusters.samples": 400_000, "clusters.amplitude_at": 100},
        ),
    ),
    figure="equations (5), (6)",
)
