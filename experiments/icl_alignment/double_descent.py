"""Part `double-descent`: how does the error depend on the number of pretraining contexts, and where is it largest?"""

import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.counting import fits
from solv.experiments.icl_alignment.covariances import CORE_TESTS
from solv.experiments.icl_alignment.fixed_point import core_params, core_spectra, fixed_sizes
from solv.experiments.icl_alignment.log_ratios import log_ratio
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing
from solv.tracking.confidence import STUDENT, exceeds
from solv.tracking.curves import Curves, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("icl-alignment", "double-descent")


class Panels(StrEnum):
    """The panel of this part."""

    DOUBLE_DESCENT = "double-descent"


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the error against the number of pretraining contexts."""
    return [
        Panel(
            Panels.DOUBLE_DESCENT,
            "Double descent, pretrained on C_tr: {train}\n(α = {alpha}, κ = {kappa}, ρ = {rho})",
            "pretraining contexts τ = n/d²",
            "test error e",
            x_scale="log",
            y_scale="log",
            y_limits=(None, 12.0),
            facets=("train", "alpha", "kappa", "rho"),
            series="{test}",
            verticals={1.0: "τ = 1"},
        )
    ]


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield the error on both sides of the peak, and infinity at it.

    Raises:
        ConfigurationError: a task diversity of less than one task.
    """
    require_tasks("descent.kappa", [config.descent.kappa], config.dimension)
    c, tests = core_spectra(config)
    taus = np.unique([*np.geomspace(0.1, 0.985, 50), *np.geomspace(1.015, 10, 50), 1.0, *config.descent.tau])
    for test, t in tests.items():
        y = icl_error(c, t, **{**asdict(fixed_sizes(config)), "tau": taus}).total
        at = core_params(config, test, varied="tau")
        yield RECORD.theory(Panels.DOUBLE_DESCENT, at, x=("tau", taus), y=("error", y))


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield the errors of fitted linear attention beside the peak."""
    from solv.experiments.icl_alignment.fitted_attention import FittedAttention

    (c, tests), at, taus = core_spectra(config), fixed_sizes(config), config.descent.tau
    with context.progress.task("fit linear attention: double descent", len(taus)) as step:
        attention = FittedAttention(config, context, step)
        columns = [
            attention.errors("double-descent", c, list(tests.values()), replace(at, tau=tau))[:, 0] for tau in taus
        ]
    errors = np.stack(columns, axis=1)
    for index, test in enumerate(tests):
        y, y_err, n = standard_error(errors[:, :, index])
        params = core_params(config, test, varied="tau")
        yield RECORD.simulation(Panels.DOUBLE_DESCENT, params, x=("tau", taus), y=("error", y), y_err=y_err, n=n)


def _judge(curves: Curves) -> Judgement:
    """The peak is the larger of the two points beside tau = 1; all others must lie below it, on either side."""
    theory, simulated = select(curves, source="theory"), select(curves, source="simulation")
    below, above = simulated.loc[simulated["x"] < 1, "x"], simulated.loc[simulated["x"] > 1, "x"]
    if min(below.nunique(), above.nunique()) < 2:
        return missing("descent.tau includes two values on each side of 1")
    diverges = bool(np.isinf(theory.loc[theory["x"] == 1, "y"]).all())
    verdicts, rises, falls = [Verdict.HOLDS if diverges else Verdict.FAILS], [], []
    repeats = int(simulated["n"].min())
    for _, rows in each_curve(simulated):
        beside = rows["x"].isin([below.max(), above.min()])
        peak, others = rows[beside].nlargest(1, "y").iloc[0], rows[~beside]
        left, right = rows[rows["x"] < peak["x"]], rows[rows["x"] > peak["x"]]
        highest = log_ratio(peak, others.nlargest(1, "y").iloc[0])
        rise, fall = (log_ratio(peak, side.nsmallest(1, "y").iloc[0]) for side in (left, right))
        verdicts += [
            exceeds(value, 0, error, repeats, comparisons=len(simulated)) for value, error in (highest, rise, fall)
        ]
        rises.append(rise[0])
        falls.append(fall[0])
    return Judgement(
        all_of(verdicts),
        predicted="infinite at tau = 1",
        measured=(
            f"largest next to tau = 1 in {verdicts.count(Verdict.HOLDS)} of {len(verdicts)} checks; "
            f"log e rises to it by {min(rises, default=math.nan):.2f} or more and falls by "
            f"{min(falls, default=math.nan):.2f} or more"
        ),
        tolerance=f"the simulated tau nearest to 1 on either side; {STUDENT}",
    )


def work(config: IclAlignmentConfig) -> Work:
    """Return the work of the fits beside the peak, the more the nearer to it; theory takes no time."""
    at, repeats = fixed_sizes(config), config.simulation.repeats
    fitted = (fits(config.dimension, replace(at, tau=tau), repeats, len(CORE_TESTS)) for tau in config.descent.tau)
    return sum(fitted, Work())


DOUBLE_DESCENT = Part(
    name="double-descent",
    question="How does the error depend on the number of pretraining contexts, and where is it largest?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "double-descent-at-tau-1",
            "The error falls with pretraining, rises to a peak at tau = 1, where theory diverges, and falls again.",
            reads=(Panels.DOUBLE_DESCENT,),
            judge=_judge,
            needs={"simulation.repeats": 6},
        ),
    ),
)
