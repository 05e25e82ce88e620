"""Part `theory-experiment`: how does the simulated error approach the theory as the dimension grows?

The paper draws arithmetic means over five pretraining sets. Near the critical line these are means of rare chains that
explode (part `heavy-tails`), and so the geometric means are drawn beside them.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig, Simulation
from solv.experiments.cot_depth.work import chains, theory
from solv.harness.contract import Context, Part
from solv.harness.published import published_curves
from solv.harness.work import Work
from solv.theory.cot_depth.error import error_vs_depth
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing
from solv.tracking.confidence import STUDENT, within
from solv.tracking.curves import Curves, Recorder, geometric_mean, pair, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "theory-experiment")
CELLS = ((0.2, 4.0), (3.0, 1.5), (3.0, 2.0), (4.0, 3.0))  # alpha, tau
RHO = 1e-4  # of the authors' simulations in pretraining; their test contexts are clean
DEPTH = 30
AVERAGES = {"mean": standard_error, "typical": geometric_mean}  # over contexts, then over pretraining sets
JUDGED, JUDGED_DEPTH, NEAR = (4.0, 3.0), 8, 0.1  # where finite size is small enough to judge by


class Panels(StrEnum):
    """The panel of this part."""

    ERROR = "theory-experiment"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the error against depth at every dimension, a picture a cell."""
    return [
        Panel(
            Panels.ERROR,
            "Theory and finite D: α = {alpha}, τ = {tau}",
            "reasoning depth t",
            "test error",
            y_scale="log",
            y_limits=(1e-6, 1e3),
            facets=("alpha", "tau"),
            series="D={dimension}, {average}",
            ordered=True,
            note="line: D → ∞; crosses: the authors' means",
            figure="theory against experiment",
        )
    ]


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the limit D -> infinity, the same for every dimension and both averages."""
    depths = np.arange(DEPTH + 1)
    for alpha, tau in CELLS:
        errors = error_vs_depth(alpha, tau, RHO, DEPTH)
        for d in config.theory_experiment.dimension:
            for average in AVERAGES:
                at = _at(alpha, tau, d, average)
                yield RECORD.theory(Panels.ERROR, at, x=("depth", depths), y=("error", errors))


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield both averages at every dimension, and the authors' means where the dimension is theirs."""
    from solv.experiments.cot_depth.chain import simulate

    size, depths = config.theory_experiment, np.arange(DEPTH + 1)
    with context.progress.task("simulate theory against experiment", len(CELLS) * len(size.dimension)) as step:
        for alpha, tau in CELLS:
            for d in size.dimension:
                sizes = Simulation(dimension=d, repeats=size.repeats, contexts=size.contexts)
                found = simulate(config, context, "experiment", alpha, [tau], RHO, DEPTH, sizes=sizes)
                step.advance(note=f"alpha={alpha:g} tau={tau:g} d={d}")
                for average, summary in AVERAGES.items():
                    y, y_err, n = summary(found[average][:, 0])
                    at = _at(alpha, tau, d, average)
                    yield RECORD.simulation(Panels.ERROR, at, x=("depth", depths), y=("error", y), y_err=y_err, n=n)
    yield from published_curves(
        RECORD,
        Panels.ERROR,
        package=__package__,
        x="depth",
        y="error",
        keep=lambda params: params["dimension"] in size.dimension,
    )


def _at(alpha: float, tau: float, dimension: int, average: str) -> dict[str, object]:
    return {"alpha": alpha, "tau": tau, "rho": RHO, "dimension": dimension, "average": average}


def _judge(curves: Curves) -> Judgement:
    """Judge the largest dimension, at the cell away from the critical line."""
    alpha, tau = JUDGED
    paired = pair(curves[curves["source"].isin(["theory", "simulation"])])
    rows = select(paired, alpha=alpha, tau=tau, average="typical")
    rows = rows[rows["x"].between(1, JUDGED_DEPTH)]
    if rows.empty:
        return missing("theory_experiment.dimension")
    largest = parameter(rows, "dimension").max()
    rows = rows[parameter(rows, "dimension") == largest]
    ratios, errors = rows["y"] / rows["theory"], rows["y_err"] / rows["theory"]
    worst = int((ratios - 1).abs().to_numpy().argmax())
    verdicts = [
        within(ratio, 1, NEAR, error, n, comparisons=len(rows))
        for ratio, error, n in zip(ratios, errors, rows["n"], strict=True)
    ]
    return Judgement(
        all_of(verdicts) if verdicts else Verdict.UNDECIDED,
        predicted=1.0,
        measured=float(ratios.iloc[worst]),
        error=float(errors.iloc[worst]),
        tolerance=f"{NEAR:g}, of all {len(rows)} depths, at D = {largest}; {STUDENT}",
    )


def work(config: CotDepthConfig) -> Work:
    """Return the work of the chains of every cell and dimension, and of their theory."""
    size = config.theory_experiment
    sizes = Simulation(repeats=size.repeats, contexts=size.contexts)
    each = (chains(sizes, alpha, [tau], DEPTH, d) for alpha, tau in CELLS for d in size.dimension)
    return sum(each, theory(DEPTH, alphas=len(CELLS)))


THEORY_EXPERIMENT = Part(
    name="theory-experiment",
    question="How does the simulated error approach the theory as the dimension grows?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="theory against experiment",
    claims=(
        Claim(
            "finite-size-converges",
            f"At alpha = 4, tau = 3 the typical error of the largest D lies on the theory up to t = {JUDGED_DEPTH}.",
            reads=(Panels.ERROR,),
            judge=_judge,
            figure="theory against experiment",
            needs={"theory_experiment.dimension": 200, "theory_experiment.repeats": 5},
        ),
    ),
)
