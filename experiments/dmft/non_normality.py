"""Part `non-normality`: what do eigenvectors that are not orthogonal add, at one spectrum? E1, equation (8)."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.dmft.counting import EIGENVALUES, FLOAT, propagation, repeated
from solv.experiments.dmft.elliptic_systems import elliptic_times, times_of_theory
from solv.experiments.dmft.settings import DmftConfig
from solv.experiments.dmft.unstable import unwarned
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.elliptic import elliptic_correlation, normal_partner_correlation
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known
from solv.tracking.curves import Curves, Recorder, select
from solv.tracking.panels import Panel

RECORD = Recorder("dmft", "non-normality")
GINIBRE, NORMAL = "Ginibre", "normal"
LABELS = {GINIBRE: "Ginibre", NORMAL: "normal matrix, same spectrum"}
SHOWN_AT = 3.0  # the time of the numbers in the finding, if it is measured


class Panels(StrEnum):
    """The panels of this part."""

    NORMAL = "normal"


def panels(config: DmftConfig) -> list[Panel]:
    """Return the correlations of both matrices against time."""
    return [
        Panel(
            Panels.NORMAL, "Non-normality alone: one spectrum, g = {g}", "time t", "correlation C(t, t)",
            y_scale="log", x_limits=(0, config.elliptic.until), y_limits=(1e-3, None), facets=("g",),
            series=lambda params: LABELS[params["matrix"]],
        )
    ]  # fmt: skip


@unwarned
def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield the correlation of Ginibre (tau = 0) and that of a normal matrix of its spectrum."""
    g = config.elliptic.normal_g
    times = times_of_theory(config, g)
    for matrix, correlation in (
        (GINIBRE, elliptic_correlation(times, times, g, 0.0)),
        (NORMAL, normal_partner_correlation(times, g)),
    ):
        yield RECORD.theory(Panels.NORMAL, {"g": g, "matrix": matrix}, x=("time", times), y=("C(t,t)", correlation))


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield both for finite matrices."""
    from solv.experiments.dmft.linear_simulation import ginibre_and_normal
    from solv.experiments.dmft.repeats import averaged

    with context.progress.task("simulate normal partners", 1) as step:
        arrays = ginibre_and_normal(config, context, step)
    times = elliptic_times(config)
    for matrix in (GINIBRE, NORMAL):
        at = {"g": config.elliptic.normal_g, "matrix": matrix}
        yield RECORD.simulation(Panels.NORMAL, at, x=("time", times), **averaged("C(t,t)", arrays[matrix]))


def _judge_non_normality(curves: Curves) -> Judgement:
    verdicts, levels = [], []
    for source in ("theory", "simulation"):
        rows = select(curves[curves["x"] > 0], source=source)
        ginibre, normal = (
            select(rows, matrix=matrix).set_index("x")[["y", "y_err", "n"]] for matrix in (GINIBRE, NORMAL)
        )
        gaps = ginibre["y"] - normal["y"]
        errors = np.hypot(ginibre["y_err"], normal["y_err"])
        for gap, error, n in zip(gaps, errors, ginibre["n"], strict=True):
            verdicts.append(exceeds(float(gap), 0, known(float(error), n)))
        at = SHOWN_AT if SHOWN_AT in gaps.index else gaps.index[-1]
        levels.append(f"{source}, t = {at:g}: {ginibre['y'][at]:.4f} vs {normal['y'][at]:.4f}")
    return Judgement(
        all_of(verdicts),
        predicted="t = 3, g = 0.9: 0.0967 vs 0.0323",
        measured="; ".join(levels),
        tolerance="2 s.e. at each time",
    )


def work(config: DmftConfig) -> Work:
    """Return the work of the two-time functions and of the spectra."""
    size, times = config.elliptic.size, len(elliptic_times(config))
    one = propagation(size, times - 1) + Work(EIGENVALUES * size**3, 1)
    return repeated(one, config.elliptic.repeats, FLOAT * size**2 * times)


NON_NORMALITY = Part(
    name="non-normality",
    question="What do eigenvectors that are not orthogonal add, at one spectrum?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "non-normality",
            "At one spectrum, Ginibre's correlation lies above that of a normal matrix at every t > 0.",
            reads=(Panels.NORMAL,),
            judge=_judge_non_normality,
            needs={"elliptic.repeats": 12},
        ),
    ),
)
