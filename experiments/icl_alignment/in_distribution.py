"""Part `in-distribution`: how much better are the tasks of pretraining themselves done than fresh ones like them?

The error on fresh contexts of the pretraining tasks is q tau in theory; on fresh tasks of the same covariance it is
e_ICL. Few tasks are learned by heart: between the two lies what does not generalise.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.counting import fits
from solv.experiments.icl_alignment.covariances import POWER_LAW, train_spectrum
from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.claims import Claim, Judgement, all_of, missing
from solv.tracking.confidence import STUDENT, within
from solv.tracking.curves import Curves, Recorder, pair, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("icl-alignment", "in-distribution")
OWN, FRESH = "tasks of pretraining, qτ", "fresh tasks"
FINITE = (
    8.0  # tolerance times d: at d = 40 finite size adds some 3 / d; fresh tasks lie far outside where tasks are few
)


class Panels(StrEnum):
    """The panel of this part."""

    ERROR = "in-distribution"


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the error on the pretraining tasks and on fresh ones against task diversity."""
    return [
        Panel(
            Panels.ERROR,
            "Pretraining tasks against fresh ones\n(C_tr: {train}, α = {alpha}, τ = {tau}, ρ = {rho}, d = {dimension})",
            "task diversity κ = k/d",
            "error",
            x_scale="log",
            y_limits=(0.0, None),
            facets=("train", "alpha", "tau", "rho", "dimension"),
            series="{of}",
        )
    ]


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield q tau and e_ICL along kappa.

    Raises:
        ConfigurationError: a task diversity of less than one task.
    """
    size = config.own_tasks
    require_tasks("own_tasks.kappa", size.kappa, config.dimension)
    kappas = np.unique([*np.geomspace(min(size.kappa), max(size.kappa), 60), *size.kappa])
    c = train_spectrum(POWER_LAW, config.dimension, config.p)
    found = icl_error(c, c, size.tau, size.alpha, kappas, size.rho)
    for of, y in ((OWN, found.in_distribution), (FRESH, found.total)):
        yield RECORD.theory(Panels.ERROR, _params(config, of), x=("kappa", kappas), y=("error", y))


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield both errors of fitted linear attention, exact given the fit and its tasks."""
    from solv.experiments.icl_alignment.fitted_attention import FittedAttention

    size, kappas = config.own_tasks, sorted(config.own_tasks.kappa)
    c = train_spectrum(POWER_LAW, config.dimension, config.p)
    with context.progress.task("fit linear attention: in distribution", len(kappas)) as step:
        attention = FittedAttention(config, context, step)
        both = [
            attention.own_and_fresh("own tasks", c, Sizes(size.tau, size.alpha, kappa, size.rho)) for kappa in kappas
        ]
    for place, of in enumerate((OWN, FRESH)):
        y, y_err, n = standard_error(np.stack([each[:, place] for each in both], axis=1))
        yield RECORD.simulation(
            Panels.ERROR, _params(config, of), x=("kappa", kappas), y=("error", y), y_err=y_err, n=n
        )


def _params(config: IclAlignmentConfig, of: str) -> dict[str, object]:
    size = config.own_tasks
    at = {"alpha": size.alpha, "tau": size.tau, "rho": size.rho, "dimension": config.dimension, "p": config.p}
    return {"of": of, "train": POWER_LAW, **at}


def _judge(curves: Curves) -> Judgement:
    points = pair(select(curves, of=OWN))
    if points.empty:
        return missing("own_tasks.kappa includes a value")
    ratio, error = points["y"] / points["theory"], points["y_err"] / points["theory"]
    tolerance = FINITE / float(parameter(points, "dimension").iloc[0])
    verdicts = [
        within(each, 1, tolerance, spread, int(n), comparisons=len(points))
        for each, spread, n in zip(ratio, error, points["n"], strict=True)
    ]
    worst = int((ratio - 1).abs().to_numpy().argmax())
    return Judgement(
        all_of(verdicts),
        predicted=1.0,
        measured=float(ratio.iloc[worst]),
        error=float(error.iloc[worst]),
        tolerance=f"{FINITE:g} / d = {tolerance:g} at every diversity (the worst is shown); {STUDENT}",
    )


def work(config: IclAlignmentConfig) -> Work:
    """Return the work of one fit for each diversity, tested on its own and on fresh tasks."""
    size, repeats = config.own_tasks, config.simulation.repeats
    at = [Sizes(size.tau, size.alpha, kappa, size.rho) for kappa in size.kappa]
    return sum((fits(config.dimension, each, repeats, 2) for each in at), Work())


IN_DISTRIBUTION = Part(
    name="in-distribution",
    question="How much better are the tasks of pretraining themselves done than fresh ones like them?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "in-distribution-error-is-q-tau",
            "On fresh contexts of the pretraining tasks the error is q tau.",
            reads=(Panels.ERROR,),
            judge=_judge,
            needs={"simulation.repeats": 6, "dimension": 40},
        ),
    ),
)
