"""Part `random-energy`: do finite glasses approach the Poisson-Dirichlet law where x is known? A control."""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.jailbreak.clusters import GAP, SAMPLES
from solv.experiments.jailbreak.counted_work import WORD
from solv.experiments.jailbreak.settings import JailbreakConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.jailbreak.clusters import safe_moments
from solv.tracking.curves import Curves, Recorder, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("jailbreak", "random-energy")
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
NEGLIGIBLE = 1e-12  # weight of a state against the likeliest one
OF_STATE = 800  # operations of a state: a normal number in float32, its weight, and what is kept


class Panels(StrEnum):
    """The panel of this part."""

    RANDOM_ENERGY = "random-energy"


def panels(config: JailbreakConfig) -> list[Panel]:
    """Return the gap against k."""
    return [
        Panel(
            Panels.RANDOM_ENERGY,
            "Random energy model, x = {breakpoint}",
            SAMPLES,
            GAP,
            x_scale="log",
            y_scale="log",
            facets=("breakpoint",),
            series="N={spins}",
            ordered=True,
            note="theory: N → ∞; corrections fall as log N / N",
        )
    ]


def predict(config: JailbreakConfig) -> Iterator[Curves]:
    """Yield the gap of infinitely many states, beside each size."""
    x = config.glass.random_energy_x
    for spins in config.glass.random_energy_sizes:
        gaps = safe_moments(x, 1, COUNTS)
        yield RECORD.theory(Panels.RANDOM_ENERGY, {"breakpoint": x, "spins": spins}, x=("k", COUNTS), y=("gap", gaps))


def measure(config: JailbreakConfig, context: Context) -> Iterator[Curves]:
    """Yield the gap of independent energies of variance N j0^2 / 2: every state is a cluster, x = beta_c / beta.

    The unsafe state is not drawn but averaged over: sum_c W_c (1 - W_c)^k.
    """
    glass, k = config.glass, np.array(COUNTS)
    beta = 2 * math.sqrt(math.log(2)) / glass.random_energy_x  # in units of 1 / j0
    with context.progress.task("draw random energies", len(glass.random_energy_sizes)) as step:
        for spins in glass.random_energy_sizes:

            def draw(spins: int = spins) -> dict[str, np.ndarray]:
                gaps = []
                for number in range(glass.random_energy_disorders):
                    rng = context.seeds.numpy("random energy", spins, number)
                    energies = rng.standard_normal(2**spins, dtype=np.float32) * math.sqrt(spins / 2)
                    weights = np.exp(beta * (energies - energies.max()).astype(np.float64))
                    weights = weights[weights > NEGLIGIBLE] / weights.sum()
                    gaps.append((weights[:, None] * (1 - weights[:, None]) ** k).sum(axis=0))
                return {"gaps": np.stack(gaps)}

            y, y_err, n = standard_error(context.unit(f"random energy N={spins}", draw)["gaps"])
            at = {"breakpoint": glass.random_energy_x, "spins": spins}
            yield RECORD.simulation(Panels.RANDOM_ENERGY, at, x=("k", k), y=("gap", y), y_err=y_err, n=n)
            step.advance(note=f"N={spins}")


def work(config: JailbreakConfig) -> Work:
    """Return the work of drawing and weighing all states of every size."""
    glass = config.glass
    states = [2**spins for spins in glass.random_energy_sizes]
    once = Work(OF_STATE * sum(states), 20 * len(states), 3 * WORD * max(states))
    return glass.random_energy_disorders * once


RANDOM_ENERGY = Part(
    name="random-energy",
    question="Do finite random energy models, whose x is known, approach the Poisson-Dirichlet law?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
