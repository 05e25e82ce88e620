"""Part `anisotropic-inputs`: does the same theory hold for inputs with a power-law spectrum?"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.best_of_k.counted_work import drawn_samples, exact_error
from solv.experiments.best_of_k.regression import LARGEST_DRAWN, equivalents, judge_label, noise
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.best_of_k.selection import selection_error
from solv.tracking.curves import Curves, Recorder, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("best-of-k", "anisotropic-inputs")


class Panels(StrEnum):
    """The panel of this part."""

    ANISOTROPIC = "anisotropic"


def panels(config: BestOfKConfig) -> list[Panel]:
    """Return the error against k."""
    return [
        Panel(
            Panels.ANISOTROPIC,
            "Power-law inputs i^-{a}: α = {alpha}, T = {temperature}",
            "samples k",
            "error ε",
            x_scale="log",
            y_scale="log",
            facets=("a", "alpha", "temperature"),
            series=judge_label,
            ordered=True,
        )
    ]


def predict(config: BestOfKConfig) -> Iterator[Curves]:
    """Yield the error of every judge, of the spectrum that the simulated dimension has."""
    alpha, temperature, eigenvalues = config.alpha[0], config.anisotropic.temperature, _spectrum(config)
    for mis in config.mis:
        judged = equivalents(config, alpha, mis, eigenvalues=eigenvalues)
        errors = selection_error(judged, np.array(config.k), temperature)
        yield RECORD.theory(Panels.ANISOTROPIC, _at(config, mis), x=("k", config.k), y=("error", errors))


def measure(config: BestOfKConfig, context: Context) -> Iterator[Curves]:
    """Yield the simulated error of every judge."""
    from solv.experiments.best_of_k.drawn_samples import simulate

    alpha, temperature = config.alpha[0], config.anisotropic.temperature
    judges = [(mis, 0.0) for mis in config.mis]
    k = [count for count in config.k if count <= LARGEST_DRAWN]
    with context.progress.task("simulate power-law inputs", 1) as step:
        errors = simulate(
            config, context, "anisotropic", alpha, judges, k, [temperature], eigenvalues=_spectrum(config)
        )
        step.advance(note=f"alpha={alpha:g}")
    for row, mis in enumerate(config.mis):
        y, y_err, n = standard_error(errors[:, row, 0])
        yield RECORD.simulation(Panels.ANISOTROPIC, _at(config, mis), x=("k", k), y=("error", y), y_err=y_err, n=n)


def _at(config: BestOfKConfig, mis: float) -> dict[str, object]:
    return {
        "alpha": config.alpha[0],
        "temperature": config.anisotropic.temperature,
        "mis": mis,
        "a": config.anisotropic.a,
        "dimension": config.simulation.dimension,
        **noise(config),
    }


def _spectrum(config: BestOfKConfig) -> np.ndarray:
    """Return the eigenvalues of the inputs' covariance, shape (dimension,)."""
    eigenvalues: np.ndarray = np.arange(1, config.simulation.dimension + 1.0) ** -config.anisotropic.a
    return eigenvalues


def work(config: BestOfKConfig) -> Work:
    """Return the work of every judge."""
    judges, temperature = len(config.mis), config.anisotropic.temperature
    k = [count for count in config.k if count <= LARGEST_DRAWN]
    drawn = drawn_samples(config, config.alpha[0], judges, 1, k)
    return drawn + judges * exact_error(len(config.k), temperature)


ANISOTROPIC_INPUTS = Part(
    name="anisotropic-inputs",
    question="Does the same theory hold for inputs whose spectrum is a power law?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
