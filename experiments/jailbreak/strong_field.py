"""Part `strong-field`: at which rate does the safe chance of a spin glass vanish in a strong field?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.jailbreak.settings import Glass, JailbreakConfig
from solv.harness.contract import Context, Part
from solv.theory.jailbreak.spin_glass_field import overlap_rate
from solv.tracking.curves import Curves, Params, Recorder, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("jailbreak", "strong-field")
RANDOM, UNSAFE = "random", "unsafe"  # the centre is a state that the couplings do not know, or that of a cluster


class Panels(StrEnum):
    """The panel of this part."""

    STRONG = "glass-strong-field"


def panels(config: JailbreakConfig) -> list[Panel]:
    """Return the rate of the safe chance against the field."""
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
        )
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
                    0.0,
                    random_centre=centre == RANDOM,
                )
                rates = np.stack(
                    [
                        -np.log(profiles.safe_chances(glass.rate_beta * h * spins).numpy()).mean(axis=1) / spins
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
            step.advance(note=f"N={spins}")


STRONG_FIELD = Part(
    name="strong-field",
    question="At which rate does the safe chance of a spin glass vanish in a strong field?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    figure="equation (7)",
)
