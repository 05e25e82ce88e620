"""Part `attention-floors`: why do long chains of trained linear attention end on two floors? A direction is reflected.

Ours; in the authors' grid, one training a cell, the errors of large L and M lie on two floors at random. On average
over contexts one step is w + A w + B w* with A = V_x W_x and B = V_x W_yy, near -1 and 1 if it is right. The sign of
det V_x is a matter of chance, and it takes a singular V_x to change it: where det(V_x W_yy) < 0, one eigenvalue of B
is negative, with the matching one of A still right. Along that direction the chain converges to the wrong side of w*,
and its error is that of the fixed point, |1 + A^-1 B|^2 / D.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.experiments.cot_depth.work import one_step, shared_with_grid
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "attention-floors")
NEAR = 0.25  # how far the height between the floors may be from that of the fixed points, relative


class Panels(StrEnum):
    """The panel of this part."""

    FLOORS = "attention-floors"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the error at the end of the chain against the least eigenvalue of B, a point a training."""
    floors = config.attention_floors
    return [
        Panel(
            Panels.FLOORS,
            f"Two floors: error at t = {floors.depth} of single trainings (D = {floors.dimension})",
            "least eigenvalue of V_x W_yy",
            "test error",
            y_scale="log",
            series="L=M={size}",
            verticals={0.0: "reflected | right"},
            joined=False,
            note="squares: trained; dashes: fixed point of the average step",
        )
    ]


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Predict nothing: which floor is reached is decided by the training."""
    return iter(())


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the error of every training and that of the fixed point of its average step."""
    from solv.experiments.cot_depth.one_step_training import Training, train_and_test

    floors = config.attention_floors
    with context.progress.task("train linear attention for its floors", len(floors.size) * floors.seeds) as bar:
        for size in floors.size:
            training = Training(
                "linear",
                floors.dimension,
                size,
                size,
                floors.steps,
                floors.batch,
                floors.penalty,
                floors.test_contexts,
                floors.depth,
            )
            points = []
            for seed in range(floors.seeds):
                found = train_and_test(training, seed, context)
                points.append((*average_step(found["V"], found["W"]), float(found["mean"][-1])))
                bar.advance(note=f"L=M={size} seed={seed}")
            least, fixed, errors = np.array(points).T
            at = {"dimension": floors.dimension, "size": size, "depth": floors.depth}
            x = ("least_eigenvalue", least)
            yield RECORD.trained(Panels.FLOORS, at, x=x, y=("error", errors), y_err=np.nan, n=1)
            yield RECORD.anchored(Panels.FLOORS, at, x=x, y=("error", fixed), y_err=np.nan, n=1)


def average_step(value: np.ndarray, query: np.ndarray) -> tuple[float, float]:
    """Return the least eigenvalue (real part) of B = V_x W_yy, and the error of the fixed point of the average step.

    Args:
        value: V, shape (D, D + 1), its columns those of (x, y).
        query: W, shape (D + 1, D + 1), from (w_t, 1) to (x, y).
    """
    d = len(value)
    a, b = value[:, :d] @ query[:d, :d], value[:, :d] * query[d, d]
    fixed = np.linalg.solve(a.astype(np.float64), b)  # w_t -> -A^-1 B w*
    return float(np.linalg.eigvals(b).real.min()), float(np.square(np.eye(d) + fixed).sum() / d)


def _judge(curves: Curves) -> Judgement:
    """Judge, for every size with trainings of both kinds, that they part, and by what their fixed points say."""
    verdicts, said, reflected, total = [], [], 0, 0
    for params, rows in each_curve(curves):
        trained, anchored = (select(rows, source=each).sort_values("x") for each in ("trained", "anchored"))
        low, fixed = trained["x"].to_numpy() < 0, anchored["y"].to_numpy()
        errors = trained["y"].to_numpy()
        reflected, total = reflected + int(low.sum()), total + len(low)
        if min(low.sum(), (~low).sum()) < 2:
            continue
        (upper, upper_error, n), (lower, lower_error, m) = standard_error(errors[low]), standard_error(errors[~low])
        height = float(upper - lower)
        spread = float(np.hypot(known(float(upper_error), n), known(float(lower_error), m)))
        expected = float(fixed[low].mean() - fixed[~low].mean())
        verdicts.append(Verdict.HOLDS if errors[low].min() > errors[~low].max() else Verdict.FAILS)
        verdicts.append(exceeds(height, 0, spread))
        verdicts.append(within(height / expected, 1, NEAR, spread / expected))
        said.append(f"L = M = {params['size']}: {lower:.4f} and {upper:.4f}, apart by {height / expected:.2f} of it")
    if not verdicts:
        return missing("attention_floors.seeds >= 8: two trainings of each kind at one size")
    return Judgement(
        all_of(verdicts),
        predicted="apart by the errors of the fixed points",
        measured=f"{'; '.join(said)}; reflected: {reflected} of {total}",
        tolerance=f"{NEAR:g}, 2 s.e. over trainings included; no error of one kind among those of the other",
    )


def work(config: CotDepthConfig) -> Work:
    """Return the work of the trainings that the part `attention-grid`, which comes first, has not done."""
    floors = config.attention_floors
    own = {size: floors.seeds - shared_with_grid(config, size) for size in floors.size}
    return sum((seeds * one_step("linear", floors, size, size) for size, seeds in own.items()), Work())


ATTENTION_FLOORS = Part(
    name="attention-floors",
    question="Why do long chains of trained linear attention end on two floors, and how often on the upper one?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "two-floors",
            "Chains of trained linear attention end on two floors: the upper one where training has learned one "
            "direction with the wrong sign, det(V_x W_yy) < 0.",
            reads=(Panels.FLOORS,),
            judge=_judge,
            needs={"attention_floors.seeds": 8, "attention_floors.steps": 5000},
        ),
    ),
)
