"""Part `orthogonality`: is the optimal score uncorrelated with every feature of the input, and for which losses?"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
import pandas as pd
from jaxtyping import Float

from solv.experiments.sbd.settings import Orthogonality, SbdConfig
from solv.harness.contract import Context, Part
from solv.harness.seeds import Seeds
from solv.harness.work import Work
from solv.theory.sbd.score_orthogonality import (
    LOSSES,
    draw_scores,
    expand,
    normalized_correlation,
    predicted_correlation,
)
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, within
from solv.tracking.curves import Curves, Params, Recorder, pair, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("sbd", "orthogonality")
AT_OUTPUT, AT_RANDOM = "p", "tanh(Qx)"  # features phi with which a score is expanded
EXPANSIONS = (("cross-entropy", AT_OUTPUT), ("cross-entropy", AT_RANDOM), ("Brier", AT_OUTPUT))
ADMISSIBLE = {loss.name: loss.admissible for loss in LOSSES}
STAND_IN = 100_000  # inputs that stand for their distribution in the prediction
NO_CORRELATION = 1.5  # c of an admissible loss stays below: its mean is just under 1
CLEARLY = 2 * NO_CORRELATION  # what c of a loss that is not admissible exceeds
PASS = 14  # operations of a matrix product in the time of reading or writing one number: memory is slower
OFF, OFF_BY = 0.03, 1.0  # how far c may lie from its prediction: relative, and in c's own standard errors


class Panels(StrEnum):
    """The panels of this part."""

    ORTHOGONALITY = "orthogonality"
    EXPANDED = "expanded-score"


def panels(config: SbdConfig) -> list[Panel]:
    """Return the correlation of the score itself, by loss, and that of expanded scores."""
    correlation = partial(
        Panel,
        x_label="examples n",
        y_label="correlation of score and features,\nin standard errors",
        x_scale="log",
        y_scale="log",
        main=True,
    )
    return [
        correlation(Panels.ORTHOGONALITY, "The optimal score, by loss", series="{loss}"),
        correlation(Panels.EXPANDED, "Expanded score s φᵀ", series="{loss}, φ = {phi}"),
    ]


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: SbdConfig) -> Iterator[Curves]:
    """Yield the correlation that each loss has at its optimum; expanded scores have none."""
    setting, seeds = config.orthogonality, Seeds(config.seed)
    h, chances = Teacher.drawn(setting, seeds).inputs(STAND_IN, seeds.numpy("inputs of the prediction"))
    n = np.array(setting.examples)
    for loss in LOSSES:
        expected = [predicted_correlation(loss, chances, h, int(count)) for count in n]
        yield RECORD.theory(Panels.ORTHOGONALITY, _at(setting, loss.name), x=("n", n), y=("c", expected))
    for name, phi in EXPANSIONS:
        at = {**_at(setting, name), "phi": phi}
        yield RECORD.theory(Panels.EXPANDED, at, x=("n", n), y=("c", np.ones(len(n))))


@dataclass(frozen=True)
class Teacher:
    """Names inputs by a softmax of a linear map, and shows rectified features of them.

    Attributes:
        to_classes: inputs to logits, shape (inputs, classes).
        to_features: inputs to features before they are rectified, shape (inputs, features).
        queries: Q of the expansion tanh(Q h), shape (features, classes).
    """

    to_classes: Float[np.ndarray, "inputs classes"]
    to_features: Float[np.ndarray, "inputs features"]
    queries: Float[np.ndarray, "features classes"]

    @classmethod
    def drawn(cls, setting: Orthogonality, seeds: Seeds) -> "Teacher":
        """Draw the one teacher of a run, whose streams have names of their own: theory and measurement share it."""
        rng = seeds.numpy("teacher of the scores")
        to_classes = rng.normal(size=(setting.inputs, setting.classes)) * 1.5 / np.sqrt(setting.inputs)
        to_features = rng.normal(size=(setting.inputs, setting.features)) / np.sqrt(setting.inputs)
        queries = seeds.numpy("features of the expansion").normal(size=(setting.features, setting.classes))
        return cls(to_classes, to_features, queries)

    def inputs(
        self, n: int, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, "n features"], Float[np.ndarray, "n classes"]]:
        """Draw n inputs and return their rectified features h and P(y | x)."""
        x = rng.normal(size=(n, len(self.to_classes)))
        z = x @ self.to_classes
        chances = np.exp(z - z.max(axis=1, keepdims=True))
        return np.maximum(x @ self.to_features, 0), chances / chances.sum(axis=1, keepdims=True)


def _at(setting: Orthogonality, loss: str) -> dict[str, object]:
    return {"loss": loss, "classes": setting.classes, "inputs": setting.inputs, "features": setting.features}


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: SbdConfig, context: Context) -> Iterator[Curves]:
    """Yield the correlation of drawn labels' scores; each measurement has inputs and labels of its own."""
    setting = config.orthogonality
    with context.progress.task("draw scores of the teacher", 1) as step:
        found = context.unit("teacher", lambda: _correlations(setting, context))
        step.advance()
    for loss in ADMISSIBLE:
        yield _simulated(Panels.ORTHOGONALITY, _at(setting, loss), setting, found[loss])
    for loss, phi in EXPANSIONS:
        values = found[_expanded(loss, phi)]
        yield _simulated(Panels.EXPANDED, {**_at(setting, loss), "phi": phi}, setting, values)


def _correlations(setting: Orthogonality, context: Context) -> dict[str, np.ndarray]:
    """Return the correlation of every loss and expansion, shape (repeats, examples)."""
    teacher = Teacher.drawn(setting, context.seeds)
    losses = {loss.name: loss for loss in LOSSES}
    names = [*losses, *(_expanded(*expansion) for expansion in EXPANSIONS)]
    found = {name: np.zeros((setting.repeats, len(setting.examples))) for name in names}
    for repeat in range(setting.repeats):
        for place, n in enumerate(setting.examples):
            rng = context.seeds.numpy("teacher", n, repeat)
            h, chances = teacher.inputs(n, rng)
            labels = np.minimum((rng.random((n, 1)) > chances.cumsum(1)).sum(1), setting.classes - 1)
            scores = {name: draw_scores(loss, chances, labels) for name, loss in losses.items()}
            features = {AT_OUTPUT: chances, AT_RANDOM: np.tanh(h @ teacher.queries)}
            for name in losses:
                found[name][repeat, place] = normalized_correlation(h, scores[name])
            for name, phi in EXPANSIONS:
                expanded = expand(scores[name], features[phi])
                found[_expanded(name, phi)][repeat, place] = normalized_correlation(h, expanded)
    return found


def work(config: SbdConfig) -> Work:
    """Return the work of the scores of all losses at every label, and of their correlations, of all drawn inputs."""
    setting, longest = config.orthogonality, max(STAND_IN, *config.orthogonality.examples)
    drawn = setting.repeats * sum(setting.examples) + len(setting.examples) * STAND_IN
    at_labels, correlated = setting.classes**2, 2 * (setting.features + setting.classes)
    numbers = len(LOSSES) * (10 * at_labels + correlated) + len(EXPANSIONS) * 3 * at_labels + setting.inputs
    return Work(flops=PASS * drawn * numbers, memory=8 * longest * (setting.inputs + setting.features + 4 * at_labels))


def _expanded(loss: str, phi: str) -> str:
    return f"{loss}, φ = {phi}"


def _simulated(panel: Panels, at: Params, setting: Orthogonality, values: np.ndarray) -> Curves:
    y, y_err, n = standard_error(values)
    return RECORD.simulation(panel, at, x=("n", setting.examples), y=("c", y), y_err=y_err, n=n)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_admissible(curves: Curves) -> Judgement:
    return _floor(curves[parameter(curves, "loss").map(ADMISSIBLE).astype(bool)])


def _judge_expanded(curves: Curves) -> Judgement:
    return _floor(curves)


def _floor(curves: Curves) -> Judgement:
    rows = _at_largest(select(curves, source="simulation"))
    worst = rows.iloc[int(rows["y"].argmax())]
    return Judgement(
        all_of(within(row["y"], 0, NO_CORRELATION, known(row["y_err"], row["n"])) for _, row in rows.iterrows()),
        predicted=1.0,
        measured=float(worst["y"]),
        error=float(worst["y_err"]),
        tolerance=f"c below {NO_CORRELATION:g} standard errors of a mean; the worst of {len(rows)}: {_name(worst)}",
    )


def _judge_inadmissible(curves: Curves) -> Judgement:
    """The prediction is exact but for its own inputs; c is known to about one of its standard errors."""
    paired = _at_largest(pair(curves))
    paired = paired[~parameter(paired, "loss").map(ADMISSIBLE).astype(bool)]
    worst = paired.iloc[int((paired["y"] / paired["theory"] - 1).abs().argmax())]
    verdicts = []
    for _, row in paired.iterrows():
        y, theory, error = row["y"], row["theory"], known(row["y_err"], row["n"])
        verdicts.append(within(y, theory, OFF * theory + OFF_BY, error))
        verdicts.append(exceeds(y, CLEARLY, error) if theory > CLEARLY else Verdict.UNDECIDED)
    return Judgement(
        all_of(verdicts),
        predicted=float(worst["theory"]),
        measured=float(worst["y"]),
        error=float(worst["y_err"]),
        tolerance=(
            f"{100 * OFF:g} % + {OFF_BY:g}; the worst of {len(paired)}: {_name(worst)}; the least c is "
            f"{paired['y'].min():.3g}"
        ),
    )


def _at_largest(rows: Curves) -> Curves:
    return select(rows, x=rows["x"].max())


def _name(row: pd.Series) -> str:
    values = parameter(row.to_frame().T, "loss"), parameter(row.to_frame().T, "phi")
    loss, phi = (value.iloc[0] for value in values)
    return _expanded(loss, phi) if isinstance(phi, str) else str(loss)


ORTHOGONALITY = Part(
    name="orthogonality",
    question="For which losses is the optimal score uncorrelated with every feature of the input, and by how much "
    "if not?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "score-orthogonal-when-admissible",
            "At the optimum of an admissible loss the score is uncorrelated with every feature of the input.",
            reads=(Panels.ORTHOGONALITY,),
            judge=_judge_admissible,
            needs={"orthogonality.repeats": 16},
        ),
        Claim(
            "not-when-inadmissible",
            "For other losses the correlation grows as sqrt(n), as predicted from E[s | x].",
            reads=(Panels.ORTHOGONALITY,),
            judge=_judge_inadmissible,
            needs={"orthogonality.repeats": 16, "orthogonality.examples": 100_000},
        ),
        Claim(
            "expansion-preserves-orthogonality",
            "An expanded score stays uncorrelated with the features.",
            reads=(Panels.EXPANDED,),
            judge=_judge_expanded,
            needs={"orthogonality.repeats": 16},
        ),
    ),
)
