"""Part `learned-matrices`: what do V and W look like after training? A step Gamma beside two multiples of the identity.

The exact step w_t + Gamma (h - S w_t) is V = (Gamma, 0) and W = diag(-1, ..., -1, 1), up to a common factor that moves
between the two. Only the entries with an effect are drawn, (D, D + 1) of V and (D + 1, D + 1) of W; the others decay.
A training that has learned a direction with the wrong sign (part `attention-floors`) has another form.
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from itertools import product

import numpy as np

from solv.experiments.cot_depth.attention_floors import average_step
from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.experiments.cot_depth.work import one_step
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, known, missing, within
from solv.tracking.curves import Curves, Recorder, parameter, standard_error
from solv.tracking.panels import Map, Panel

RECORD = Recorder("cot-depth", "learned-matrices")
LARGEST = 0.1  # share of the squares of W and V's last column that may lie outside the reduced form
RICH = 200  # contexts and examples from which the reduced form is expected


class Panels(StrEnum):
    """The panels of this part."""

    VALUE = "learned-value"
    QUERY = "learned-query"
    OUTSIDE = "outside-reduced-form"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return both matrices of the first training of every size, and how much of them the reduced form leaves out."""
    matrix = partial(
        Panel,
        x_label="column",
        y_label="row",
        facets=("context", "pretraining"),
        heat=Map("row", "entry", "entry", center=0.0, floor=-1.1),
        figure="learned matrices",
    )
    return [
        matrix(Panels.VALUE, "Learned V: L = {context}, M = {pretraining}"),
        matrix(Panels.QUERY, "Learned W: L = {context}, M = {pretraining}"),
        Panel(
            Panels.OUTSIDE,
            "Share of V and W outside the reduced form",
            "least eigenvalue of V_x W_yy",
            "share of squared entries",
            series="L={context}, M={pretraining}",
            verticals={0.0: "reflected | right"},
            joined=False,
            note="a point a training",
        ),
    ]


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Predict nothing: which form is reached is decided by the training."""
    return iter(())


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the learned matrices row by row, and the share of their squares that the reduced form leaves out."""
    from solv.experiments.cot_depth.one_step_training import Training, train_and_test

    sizes = config.learned_matrices
    total = len(sizes.context) * len(sizes.pretraining) * sizes.seeds
    with context.progress.task("train linear attention for its matrices", total) as bar:
        for length, pretraining in product(sizes.context, sizes.pretraining):
            training = Training(
                "linear", sizes.dimension, length, pretraining, sizes.steps, sizes.batch, sizes.penalty, 1, 1
            )
            trained = []
            for seed in range(sizes.seeds):
                trained.append(train_and_test(training, seed, context))
                bar.advance(note=f"L={length} M={pretraining} seed={seed}")
            least = [average_step(each["V"], each["W"])[0] for each in trained]
            share = [outside_reduced_form(each["V"], each["W"]) for each in trained]
            at = {"dimension": sizes.dimension, "context": length, "pretraining": pretraining}
            shown = trained[int(np.argmax(least))]
            yield from _matrix(Panels.VALUE, at, shown["V"])
            yield from _matrix(Panels.QUERY, at, shown["W"])
            x = ("least_eigenvalue", least)
            yield RECORD.trained(Panels.OUTSIDE, at, x=x, y=("share", share), y_err=np.nan, n=1)


def _matrix(panel: Panels, at: dict[str, int], matrix: np.ndarray) -> Iterator[Curves]:
    for number, row in enumerate(matrix):
        columns = np.arange(len(row))
        yield RECORD.trained(panel, {**at, "row": number}, x=("column", columns), y=("entry", row), y_err=np.nan, n=1)


def outside_reduced_form(value: np.ndarray, query: np.ndarray) -> float:
    """Return the share of squared entries of V and W that (Gamma, 0) and the diagonal of W do not have.

    Args:
        value: V, shape (D, D + 1); each matrix counts by its share of its own squares, then both are averaged.
        query: W, shape (D + 1, D + 1).
    """
    last_column = (value[:, -1] ** 2).sum() / (value**2).sum()
    off_diagonal = 1 - (np.diag(query) ** 2).sum() / (query**2).sum()
    return float((last_column + off_diagonal) / 2)


def _judge(curves: Curves) -> Judgement:
    """Judge the trainings of the largest size that reflect no direction; how many do is said."""
    size = parameter(curves, "context") * parameter(curves, "pretraining")
    rich = curves[(size == size.max()) & (size >= RICH**2)]
    right = rich[rich["x"] > 0]
    if len(right) < 2:
        return missing(f"two trainings that reflect nothing at L = M >= {RICH}: more learned_matrices.seeds")
    share, error, n = standard_error(right["y"])
    return Judgement(
        within(float(share), 0, LARGEST, known(float(error), n)),
        predicted=0.0,
        measured=f"{share:.4f} ± {error:.4f} in {n} trainings; {len(rich) - n} of {len(rich)} reflect a direction",
        error=float(error),
        tolerance=f"{LARGEST:g}, 2 s.e. included",
    )


def work(config: CotDepthConfig) -> Work:
    """Return the work of all trainings."""
    sizes = config.learned_matrices
    each = (one_step("linear", sizes, *size) for size in product(sizes.context, sizes.pretraining))
    return sizes.seeds * sum(each, Work())


LEARNED_MATRICES = Part(
    name="learned-matrices",
    question="Do the learned V and W reduce to a step Gamma?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="learned matrices",
    claims=(
        Claim(
            "reduces-to-a-step",
            "With many long contexts, and no direction reflected, V is (Gamma, 0) and W diagonal: the reduced step.",
            reads=(Panels.OUTSIDE,),
            judge=_judge,
            figure="learned matrices",
            needs={"learned_matrices.seeds": 8, "learned_matrices.steps": 5000},
        ),
    ),
)
