"""Can a network learn from a broadcast score? The sbd experiment: predicted curves and panels.

Uzun, Erdogan, Pehlevan and Erdogan, arXiv:2605.30638. T1 score and features of a known teacher; T2 their correlation
and T3 the alignment with backpropagation along training; T4 the descent of one layer; E1 accuracy of the rules; E2, E3
depth, width, memory, start and expansion. What is measured is in `experiments/sbd/measurements.py`, the training in
`experiments/sbd/training.py`, the claims in `experiments/sbd/claims.py`.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from solv.experiments.sbd.settings import DIGITS, RULES, Orthogonality, SbdConfig
from solv.harness import catalog
from solv.harness.contract import Context
from solv.theory.sbd.score_orthogonality import LOSSES, predicted_correlation
from solv.tracking.claims import Claim
from solv.tracking.curves import Curves, curve, join_curves
from solv.tracking.figures import Panel

NAME = "sbd"
TEACHER, EXPANDED, ALONG, ALIGNMENT, DESCENT = (
    "orthogonality",
    "expanded score",
    "correlation",
    "alignment",
    "descent",
)
FROZEN_IS_DFA = "frozen"
DEPTH, WIDTH, MEMORY, START, FEATURES = "depth", "width", "memory", "start", "features"
ACCURACY, EXAMPLES = "test accuracy", "examples n"
STAND_IN = 100_000  # inputs that stand for their distribution in the prediction


class Sbd:
    """The experiment, as `solv.harness.contract.Experiment` describes it."""

    entry = catalog.entry(NAME)
    Config = SbdConfig

    def panels(self, config: SbdConfig) -> list[Panel]:
        """Return the panels in the order of the questions."""
        correlation = "correlation of score and features,\nin standard errors"
        rules = tuple(rule.replace("random features", "random") for rule in RULES)
        return [
            Panel(
                TEACHER, "T1 The optimal score, by loss", EXAMPLES, correlation, x_scale="log", y_scale="log", main=True
            ),
            Panel(EXPANDED, "T1 Expanded score s φᵀ", EXAMPLES, correlation, x_scale="log", y_scale="log", main=True),
            Panel(
                ALONG,
                "T2 Correlation along training (digits)",
                "steps",
                correlation,
                x_scale="symlog",
                y_scale="log",
                note="theory: 1, the floor of the optimum",
            ),
            Panel(ALIGNMENT, "T3 Cosine of SBD's and BP's updates (digits)", "steps", "cosine", x_scale="symlog"),
            Panel(
                FROZEN_IS_DFA,
                "SBD with a frozen R against DFA (digits)",
                "steps",
                "relative difference of updates",
                x_scale="symlog",
                note="rounding of single precision",
            ),
            Panel(DESCENT, "T4 One layer along its own update", "steps", "J / J at the start", y_scale="log"),
            *(
                panel
                for arena in config.arenas
                for panel in (
                    Panel(arena, f"E1 {title(config, arena)}", "rule", ACCURACY, categories=rules),
                    Panel(
                        gain_panel(arena),
                        f"E1 {title(config, arena)}",
                        "rule",
                        "accuracy minus SBD's",
                        categories=rules,
                        note="paired over seeds",
                    ),
                )
            ),
            Panel(DEPTH, "E2 Depth (digits)", "layers", ACCURACY),
            Panel(WIDTH, "E2 Width (digits)", "hidden units", ACCURACY, x_scale="log"),
            Panel(MEMORY, "E3 Memory λ (digits, SBD)", "1 - λ", ACCURACY, x_scale="log"),
            Panel(
                START,
                "E3 Start of the correlation (digits, SBD)",
                "deviation of R before training",
                ACCURACY,
                x_scale="log",
            ),
            Panel(FEATURES, "E3 Random features of the expansion (digits, SBD)", "features", ACCURACY, x_scale="log"),
        ]

    def predict(self, config: SbdConfig) -> Curves:
        """Return the predicted correlations: of the teacher, and the floor that training ends on."""
        setting = config.orthogonality
        h, chances = teacher(setting, STAND_IN, np.random.default_rng(1))
        n = np.array(setting.examples)
        parts = []
        for loss in LOSSES:
            expected = [predicted_correlation(loss, chances, h, int(count)) for count in n]
            kind = "admissible" if loss.admissible else "not"
            parts.append(points(TEACHER, loss.name, "theory", "n", n, "c", expected, params={"loss": kind}))
        parts += [points(EXPANDED, name, "theory", "n", n, "c", np.ones(len(n))) for name in EXPANSIONS]
        return join_curves(parts)

    def measure(self, config: SbdConfig, context: Context) -> Curves:
        """Return what is measured on the teacher and on trained networks."""
        from solv.experiments.sbd.measurements import measure

        return measure(config, context)

    def claims(self, curves: Curves) -> list[Claim]:
        """Check the claims of the spec."""
        from solv.experiments.sbd.claims import check_claims

        return check_claims(curves)


EXPERIMENT = Sbd()
EXPANSIONS = ("cross-entropy, φ = p", "cross-entropy, φ = tanh(Qx)", "Brier, φ = p")


# -- names and values shared with the measurements ------------------------------------------------------------------


def points(
    panel: str, series: str, source: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one curve of this experiment; `rest` as in `solv.tracking.curves.curve`."""
    return curve(
        experiment=NAME, panel=panel, series=series, source=source, x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )


def gain_panel(arena: str) -> str:
    """Return the name of the panel of differences."""
    return f"{arena}, against SBD"


def title(config: SbdConfig, arena: str) -> str:
    """Return what an arena trains on what."""
    return "digits, perceptron" if arena == DIGITS else f"{config.images.source} images, {arena}"


def teacher(setting: Orthogonality, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return rectified features h and P(y | x) of n inputs; teacher and features are the same for every rng."""
    fixed = np.random.default_rng(0)
    to_classes = fixed.normal(size=(setting.inputs, setting.classes)) * 1.5 / np.sqrt(setting.inputs)
    to_features = fixed.normal(size=(setting.inputs, setting.features)) / np.sqrt(setting.inputs)
    x = rng.normal(size=(n, setting.inputs))
    z = x @ to_classes
    chances = np.exp(z - z.max(axis=1, keepdims=True))
    return np.maximum(x @ to_features, 0), chances / chances.sum(axis=1, keepdims=True)
