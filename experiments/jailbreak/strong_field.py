"""Part `strong-field`: at which rate does the safe chance of a spin glass vanish in a strong field?"""

import math
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from solv.experiments.jailbreak.counted_work import enumerated_glasses
from solv.experiments.jailbreak.settings import Glass, JailbreakConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.jailbreak.spin_glass_field import overlap_rate
from solv.tracking.claims import Claim, Judgement, exceeds, known
from solv.tracking.curves import Curves, Params, Recorder, select, standard_error
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from solv.models.jailbreak.spin_glass_clusters import Profiles

RECORD = Recorder("jailbreak", "strong-field")
AVERAGE_K = (1, 4, 16)
LESS = 0.95  # of the typical rate: what an average over glasses has at most
RANDOM, UNSAFE = "random", "unsafe"  # the centre is a state that the couplings do not know, or that of a cluster


class Panels(StrEnum):
    """The panels of this part."""

    STRONG = "glass-strong-field"
    AVERAGE = "glass-strong-average"


def panels(config: JailbreakConfig) -> list[Panel]:
    """Return the rate of the safe chance against the field, and that of its average over glasses beside it."""
    return [
        Panel(
            Panels.STRONG,
            "Spin glass in a strong field, β = {beta}: -log p / N",
            "field h",
            "rate of the safe chance",
            y_scale="log",
            facets=("beta",),
            series="N={spins} {centre} centre",
            ordered=True,
            note="theory: N → ∞, a centre that the couplings do not know",
        ),
        Panel(
            Panels.AVERAGE,
            "The average over glasses is not a typical one (N = {spins}, β = {beta})",
            "field h",
            "-log E[p^k] / k over E[-log p]",
            facets=("spins", "beta"),
            series="k={k}, {centre} centre",
            ordered=True,
        ),
    ]


def predict(config: JailbreakConfig) -> Iterator[Curves]:
    """Yield the replica-symmetric rate where it is positive, for a centre that the couplings do not know."""
    glass = config.glass
    fields = np.array(glass.rate_field)
    for spins in glass.rate_sizes:
        edge = safe_edge(spins, glass.threshold)
        rates = np.array([overlap_rate(glass.rate_beta, h, edge, glass.strength) for h in glass.rate_field])
        positive = rates > 0
        if positive.any():
            yield RECORD.theory(
                Panels.STRONG, _at(glass, spins, RANDOM), x=("h", fields[positive]), y=("rate", rates[positive])
            )


def safe_edge(spins: int, threshold: float) -> float:
    """Return the largest overlap below the threshold that N spins can have."""
    level = math.ceil(threshold * spins / 2 + spins / 2 - 1e-9) - 1
    return (2 * level - spins) / spins


def _at(glass: Glass, spins: int, centre: str) -> Params:
    return {
        "spins": spins,
        "centre": centre,
        "beta": glass.rate_beta,
        "strength": glass.strength,
        "threshold": glass.threshold,
    }


def measure(config: JailbreakConfig, context: Context) -> Iterator[Curves]:
    """Yield the rate of enumerated glasses, for a random centre and for that of an unsafe cluster."""
    from solv.experiments.jailbreak.glasses import enumerated_profiles

    glass = config.glass
    with context.progress.task("enumerate glasses in a strong field", len(glass.rate_sizes)) as step:
        for spins in glass.rate_sizes:
            for centre in (RANDOM, UNSAFE):
                profiles = enumerated_profiles(
                    config,
                    context,
                    f"{centre} centre",
                    spins,
                    glass.rate_beta,
                    glass.rate_disorders,
                    glass.rate_picks,
                    0.0,
                    random_centre=centre == RANDOM,
                )
                rates = np.stack(
                    [
                        -profiles.mean(profiles.safe_chances(glass.rate_beta * h * spins).log()).numpy() / spins
                        for h in glass.rate_field
                    ],
                    axis=1,
                )
                y, y_err, n = standard_error(rates)
                yield RECORD.simulation(
                    Panels.STRONG,
                    _at(glass, spins, centre),
                    x=("h", glass.rate_field),
                    y=("rate", y),
                    y_err=y_err,
                    n=n,
                )
                if spins == max(glass.rate_sizes):
                    yield from _averages(glass, spins, centre, profiles)
            step.advance(note=f"N={spins}")


def _averages(glass: Glass, spins: int, centre: str, profiles: "Profiles") -> Iterator[Curves]:
    """Yield the rate of the chance that k answers are safe, averaged over glasses, over the typical rate."""
    for k in AVERAGE_K:
        ratios, errors = [], []
        for h in glass.rate_field:
            logs = profiles.safe_chances(glass.rate_beta * h * spins).log()
            ratio, error = _rate_ratio(k * logs.numpy(), profiles.chances.numpy())
            ratios.append(ratio)
            errors.append(error)
        yield RECORD.simulation(
            Panels.AVERAGE,
            {**_at(glass, spins, centre), "k": k},
            x=("h", glass.rate_field),
            y=("rate_ratio", ratios),
            y_err=errors,
            n=glass.rate_disorders,
        )


def _rate_ratio(logs: np.ndarray, chances: np.ndarray) -> tuple[float, float]:
    """Return log E[e^y] / E[y] of y with its chances, shape (glasses, picks), and its jackknife error over glasses."""
    count, top = len(logs), float(logs.max())
    powers, typical = (chances * np.exp(logs - top)).sum(axis=1), (chances * logs).sum(axis=1)
    whole = (top + math.log(powers.mean())) / typical.mean()
    left_out = (top + np.log((powers.sum() - powers) / (count - 1))) / ((typical.sum() - typical) / (count - 1))
    return float(whole), float(np.sqrt((count - 1) / count * np.sum((left_out - left_out.mean()) ** 2)))


def _judge_typical(curves: Curves) -> Judgement:
    """At the strongest field and the largest k, for a centre that the couplings do not know."""
    rows = select(curves, panel=Panels.AVERAGE, centre=RANDOM, k=max(AVERAGE_K))
    last = rows.sort_values("x").iloc[-1]
    return Judgement(
        exceeds(LESS - last["y"], 0, known(last["y_err"], last["n"])),
        predicted=f"below {LESS:g} of the typical rate",
        measured=float(last["y"]),
        error=float(last["y_err"]),
        tolerance=f"2 s.e., at h = {last['x']:g} and k = {max(AVERAGE_K)}",
    )


def work(config: JailbreakConfig) -> Work:
    """Return the work of the glasses of every size, for both kinds of centres."""
    glass = config.glass
    of_sizes = (enumerated_glasses(spins, glass.rate_disorders, glass.rate_picks) for spins in glass.rate_sizes)
    return 2 * sum(of_sizes, Work())


STRONG_FIELD = Part(
    name="strong-field",
    question="At which rate does the safe chance of a spin glass vanish in a strong field?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "strong-field-rate-is-typical",
            "The rate of a strong field is that of a typical glass: the average over glasses falls more slowly.",
            reads=(Panels.AVERAGE,),
            judge=_judge_typical,
            figure="result 7, remark 3",
            needs={"glass.rate_disorders": 400},
        ),
    ),
    figure="equation (7)",
)
