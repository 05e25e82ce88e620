"""Part `single-directions`: how does task diversity serve tests that lie in one direction of pretraining?

Figure 1 of the paper. Pretraining has the eigenvalues d, d - 1, ..., 1, scaled to the trace d. The tests are its own
covariance, and covariances of one direction each, which carries the whole trace.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.counting import fits, theory
from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Context, Part
from solv.harness.settings import ConfigurationError
from solv.harness.work import Work
from solv.theory.icl_alignment.covariances import linear_spectrum, spiked_spectrum
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing
from solv.tracking.confidence import STUDENT, exceeds
from solv.tracking.curves import Curves, Params, Recorder, pair, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("icl-alignment", "single-directions")
ENOUGH = (
    0.5  # diversity from which on simulation is judged: with fewer tasks than directions one draw is far from another
)
OWN = 0  # the index that stands for the pretraining covariance itself
GRID = np.linspace(0.05, 2.15, 85)  # the paper's range of kappa


class Panels(StrEnum):
    """The panels of this part."""

    ERROR = "direction-error"
    MISALIGNMENT = "direction-misalignment"


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return error and e_misalign against task diversity."""
    return [
        Panel(
            name,
            f"{title}\n(C_tr: d, ..., 1, α = {{alpha}}, τ = {{tau}}, ρ = {{rho}}, d = {{dimension}})",
            "task diversity κ = k/d",
            label,
            facets=("alpha", "tau", "rho", "dimension"),
            series=_label,
            figure="Fig. 1",
        )
        for name, title, label in (
            (Panels.ERROR, "Tests on one direction of pretraining", "test error e"),
            (Panels.MISALIGNMENT, "... and their misalignment", "e_misalign = ⟨C_te K⟩"),
        )
    ]


def _label(params: Params) -> str:
    return "C_te = C_tr" if params["index"] == OWN else f"direction {params['index']}"


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield error and e_misalign of every test.

    Raises:
        ConfigurationError: a task diversity of less than one task, or a direction beyond d.
    """
    size = config.directions
    require_tasks("directions.kappa", size.kappa, size.dimension)
    kappas = np.unique([*GRID[GRID * size.dimension >= 1], *size.kappa])
    c = linear_spectrum(size.dimension)
    for index, t in _tests(config).items():
        found = icl_error(c, t, size.tau, size.alpha, kappas, size.rho)
        at = _params(config, index)
        yield RECORD.theory(Panels.ERROR, at, x=("kappa", kappas), y=("error", found.total))
        yield RECORD.theory(Panels.MISALIGNMENT, at, x=("kappa", kappas), y=("e_misalign", found.misalignment))


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield the errors of fitted linear attention, and what they exceed theory's e_scalar by."""
    from solv.experiments.icl_alignment.fitted_attention import FittedAttention

    size, tests = config.directions, _tests(config)
    c, kappas = linear_spectrum(size.dimension), sorted(size.kappa)
    with context.progress.task("fit linear attention: single directions", len(kappas)) as step:
        attention = FittedAttention(config, context, step)
        columns = [
            attention.errors(
                "direction",
                c,
                list(tests.values()),
                Sizes(size.tau, size.alpha, kappa, size.rho),
                repeats=size.repeats,
            )[:, 0]
            for kappa in kappas
        ]
    errors = np.stack(columns, axis=1)
    scalar = icl_error(c, c, size.tau, size.alpha, np.array(kappas), size.rho).scalar
    for place, index in enumerate(tests):
        y, y_err, n = standard_error(errors[:, :, place])
        at = _params(config, index)
        for panel, name, value in (
            (Panels.ERROR, "error", y),
            (Panels.MISALIGNMENT, "e_misalign", y - scalar),
        ):
            yield RECORD.simulation(panel, at, x=("kappa", kappas), y=(name, value), y_err=y_err, n=n)


def _tests(config: IclAlignmentConfig) -> dict[int, np.ndarray]:
    """Return the test spectra by the index of their direction, counted from 1; `OWN`: that of pretraining."""
    size = config.directions
    if max(size.index) > size.dimension:
        raise ConfigurationError(
            f"directions.index = {max(size.index)} is beyond directions.dimension = {size.dimension}"
        )
    spikes = {index: spiked_spectrum(size.dimension, (index - 1,), 1.0) for index in size.index}
    return {OWN: linear_spectrum(size.dimension), **spikes}


def _params(config: IclAlignmentConfig, index: int) -> dict[str, object]:
    size = config.directions
    at = {"alpha": size.alpha, "tau": size.tau, "rho": size.rho, "dimension": size.dimension}
    return {"index": index, **at}


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    """Judge neighbouring directions at every simulated diversity: theory exactly, simulation by their difference."""
    points = pair(select(curves, panel=Panels.ERROR))
    points = points.assign(index=parameter(points, "index").astype(int))
    points = points[points["index"] != OWN]
    if points["index"].nunique() < 2:
        return missing("directions.index includes two directions")
    verdicts, least = [], np.inf
    comparisons = len(points)
    for _, rows in points.groupby("x"):
        ordered = rows.sort_values("index")
        rises = np.diff(ordered["theory"])
        verdicts.append(Verdict.HOLDS if (rises > 0).all() else Verdict.FAILS)
        first, last = ordered.iloc[0], ordered.iloc[-1]
        if ordered["x"].iloc[0] < ENOUGH:
            continue
        lead, error = last["y"] - first["y"], float(np.hypot(first["y_err"], last["y_err"]))
        verdicts.append(exceeds(lead, 0, error, int(first["n"]), comparisons=comparisons))
        least = min(least, lead)
    if not np.isfinite(least):
        return missing(f"directions.kappa includes {ENOUGH:g} or more")
    return Judgement(
        all_of(verdicts),
        predicted="the error rises from every direction to the next weaker one",
        measured=f"simulated, κ >= {ENOUGH:g}: weakest direction above the strongest by {least:.2f} or more",
        tolerance=f"theory exact; {STUDENT}",
    )


def work(config: IclAlignmentConfig) -> Work:
    """Return the work of the fits, each tested on every direction, and of theory along the diversity."""
    size, tests = config.directions, 1 + len(config.directions.index)
    fitted = [
        fits(size.dimension, Sizes(size.tau, size.alpha, kappa, size.rho), size.repeats, tests) for kappa in size.kappa
    ]
    return sum(fitted, theory(size.dimension, len(GRID), tests))


SINGLE_DIRECTIONS = Part(
    name="single-directions",
    question="How does task diversity serve tests that lie in one direction of pretraining?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Fig. 1",
    claims=(
        Claim(
            "weaker-directions-are-harder",
            "A test on one direction has the more error, the less variance pretraining has there, at every diversity.",
            reads=(Panels.ERROR,),
            judge=_judge,
            figure="Fig. 1",
            needs={"directions.repeats": 4},
        ),
    ),
)
