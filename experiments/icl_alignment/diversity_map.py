"""Part `diversity-map`: for which covariances does task diversity help, and for which does it harm?

Two halves of the directions: pretraining has the shares (f, 1-f) of its variance on them, the test (s, 1-s).
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.counting import fits, theory
from solv.experiments.icl_alignment.fixed_point import fixed_sizes
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.icl_alignment.covariances import projector_spectrum
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.curves import Curves, Recorder, standard_error
from solv.tracking.panels import Map, Panel

RECORD = Recorder("icl-alignment", "diversity-map")
DIMENSION = 20  # of theory: two eigenvalues, so that any even one gives the same; 2 / 20 is the least kappa


class Panels(StrEnum):
    """The panels of this part."""

    BEST = "best-diversity"
    GAIN = "gain"


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the maps of the best task diversity, and of the change of the error from little to much of it."""
    few, many = config.diversity.few, config.diversity.many
    return [
        Panel(
            Panels.BEST,
            "Best diversity: C_tr = (2f, 2(1-f)), C_te = (2s, 2(1-s))\n(α = {alpha}, τ = {tau}, ρ = {rho})",
            "share of pretraining on the second half, 1 - f",
            "share of the test on the first half, s",
            x_scale="log",
            facets=("alpha", "tau", "rho"),
            series="s={s}",
            heat=Map("s", "best_kappa", "best κ (grey: the more the better)", "log"),
        ),
        Panel(
            Panels.GAIN,
            "Does diversity help? From κ = {few} to {many}\n(α = {alpha}, τ = {tau}, ρ = {rho}, d = {dimension})",
            "share of pretraining on the second half, 1 - f",
            "share of the test on the first half, s",
            x_scale="log",
            facets=("few", "many", "alpha", "tau", "rho", "dimension"),
            series="s={s}",
            heat=Map(
                "s",
                "log_gain",
                f"log e({many:g}) / e({few:g}): red, it hurts; below -0.2 alike",
                center=0.0,
                floor=-0.2,
            ),
        ),
    ]


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield both maps row by row.

    At a fixed trace the error is linear in C_te: two test covariances give all rows of a column.

    Raises:
        ConfigurationError: a task diversity of less than one task.
    """
    diversity, sizes = config.diversity, asdict(fixed_sizes(config))
    require_tasks("diversity.few", [diversity.few], config.dimension)
    require_tasks("diversity.many", [diversity.many], config.dimension)
    columns = np.unique([*np.round(np.geomspace(0.001, 0.5, diversity.columns), 6), *diversity.unseen])
    rows = np.unique([*np.round(np.linspace(0, 1, diversity.rows), 6), *diversity.s])
    kappas = np.array([*np.geomspace(0.1, 100, diversity.kappas), math.inf, diversity.few, diversity.many])
    inside, outside = _halves(1.0, DIMENSION), _halves(0.0, DIMENSION)
    best, gain = np.empty((2, len(rows), len(columns)))
    for column, unseen in enumerate(columns):
        c = _halves(1 - unseen, DIMENSION)
        ends = [icl_error(c, t, **{**sizes, "kappa": kappas}).total for t in (inside, outside)]
        errors = rows[:, None] * ends[0] + (1 - rows[:, None]) * ends[1]
        best[:, column] = kappas[errors[:, :-2].argmin(axis=1)]
        gain[:, column] = np.log(errors[:, -1] / errors[:, -2])
    for s, y in zip(rows, best, strict=True):
        yield RECORD.theory(Panels.BEST, _at(config, s), x=("1-f", columns), y=("best_kappa", y))
    for s, y in zip(rows, gain, strict=True):
        yield RECORD.theory(Panels.GAIN, _gain_params(config, s), x=("1-f", columns), y=("log_gain", y))


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield log e(many) / e(few) of fitted linear attention for every f, at every s."""
    from solv.experiments.icl_alignment.fitted_attention import FittedAttention

    diversity, at = config.diversity, fixed_sizes(config)
    tests = [_halves(s, config.dimension) for s in diversity.s]
    gains = []
    with context.progress.task("fit linear attention: diversity map", 2 * len(diversity.unseen)) as step:
        attention = FittedAttention(config, context, step)
        for unseen in diversity.unseen:
            c = _halves(1 - unseen, config.dimension)
            few, many = (
                attention.errors(f"gain unseen={unseen}", c, tests, replace(at, kappa=kappa))[:, 0]
                for kappa in (diversity.few, diversity.many)
            )
            gains.append(np.log(many / few))
    y, y_err, n = standard_error(np.stack(gains, axis=1))
    for index, s in enumerate(diversity.s):
        yield RECORD.simulation(
            Panels.GAIN,
            _gain_params(config, s),
            x=("1-f", diversity.unseen),
            y=("log_gain", y[:, index]),
            y_err=y_err[:, index],
            n=n,
        )


def _halves(fraction: float, d: int) -> np.ndarray:
    """Return the spectrum (2f, 2(1-f)), each on half of the directions."""
    return fraction * projector_spectrum(d, 0.5) + (1 - fraction) * projector_spectrum(d, 0.5, complement=True)


def _at(config: IclAlignmentConfig, s: float) -> dict[str, object]:
    sizes = fixed_sizes(config)
    return {"s": s, "tau": sizes.tau, "alpha": sizes.alpha, "rho": sizes.rho}


def _gain_params(config: IclAlignmentConfig, s: float) -> dict[str, object]:
    diversity = config.diversity
    return {**_at(config, s), "few": diversity.few, "many": diversity.many, "dimension": config.dimension}


def work(config: IclAlignmentConfig) -> Work:
    """Return the work of two fits for each simulated column, and of theory's columns at the ends of the rows."""
    diversity, at, repeats = config.diversity, fixed_sizes(config), config.simulation.repeats
    column = [
        fits(config.dimension, replace(at, kappa=kappa), repeats, len(diversity.s))
        for kappa in (diversity.few, diversity.many)
    ]
    predicted = theory(DIMENSION, diversity.kappas, 2 * (diversity.columns + len(diversity.unseen)))
    return sum(len(diversity.unseen) * column, predicted)


DIVERSITY_MAP = Part(
    name="diversity-map",
    question="For which pairs of covariances does task diversity help, and how much of it is best?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
