"""How fast does attack success grow with samples? The parts of jailbreak, and the claim that reads two of them."""

import math

from solv.experiments.jailbreak import ENTRY, field, language_model, own_answers, zero_field
from solv.experiments.jailbreak.chance import all_precise, chance_outside, outside
from solv.experiments.jailbreak.definitions import DEFINITIONS
from solv.experiments.jailbreak.edge import EDGE
from solv.experiments.jailbreak.figures import FIGURES
from solv.experiments.jailbreak.fitted_laws import FITTED_LAWS
from solv.experiments.jailbreak.random_energy import RANDOM_ENERGY
from solv.experiments.jailbreak.settings import JailbreakConfig
from solv.experiments.jailbreak.spin_glass import SPIN_GLASS
from solv.experiments.jailbreak.strong_field import STRONG_FIELD
from solv.harness.contract import Experiment
from solv.tracking.claims import Claim, Judgement, Verdict
from solv.tracking.curves import CURVE, Curves, pair
from solv.tracking.panels import Highlight

MOST_OUTSIDE = 0.1  # fraction of points beyond 2 s.e., of which chance alone puts one in twenty
PRECISION = 0.05  # relative error of a point at which 400 samples count


def _judge_any_field(curves: Curves) -> Judgement:
    """The points of a curve share their samples: the fraction outside is as uncertain as one of that many curves."""
    paired = pair(curves)
    independent = paired.groupby(CURVE).ngroups
    chance, fraction = chance_outside(paired), float(outside(paired).mean())
    noise = 2 * math.sqrt(chance * (1 - chance) / max(independent, 1))
    if fraction <= MOST_OUTSIDE:
        verdict = Verdict.HOLDS if independent and all_precise(paired, PRECISION) else Verdict.UNDECIDED
    else:
        verdict = Verdict.UNDECIDED if fraction <= chance + noise else Verdict.FAILS
    return Judgement(
        verdict,
        predicted=f"{100 * chance:.1f} % outside by chance",
        measured=(
            f"{100 * fraction:.1f} % of {len(paired)} points outside 2 s.e., the worst at "
            f"{paired['deviation'].abs().max():.1f}"
        ),
        tolerance=(
            f"<= 10 % of points that are known to 5 % each; fails where {independent} independent curves would not do "
            "it by chance"
        ),
    )


def require(config: JailbreakConfig) -> None:
    """Refuse what the chosen parts cannot measure.

    Raises:
        ConfigurationError: a file, or settings of the language models, that cannot be used.
    """
    chosen = EXPERIMENT.chosen(config.parts)
    if language_model.LANGUAGE_MODEL in chosen:
        language_model.require(config)
    if own_answers.OWN_ANSWERS in chosen:
        own_answers.require(config)


EXPERIMENT = Experiment(
    entry=ENTRY,
    Config=JailbreakConfig,
    parts=(
        zero_field.ZERO_FIELD,
        field.FIELD,
        SPIN_GLASS,
        DEFINITIONS,
        FITTED_LAWS,
        STRONG_FIELD,
        RANDOM_ENERGY,
        EDGE,
        language_model.LANGUAGE_MODEL,
        own_answers.OWN_ANSWERS,
    ),
    figures=FIGURES,
    claims=(
        Claim(
            "exact-any-lambda",
            "Sampled clusters follow the exact gap at every field and k.",
            reads=(zero_field.Panels.ZERO_FIELD, field.Panels.FIELD),
            judge=_judge_any_field,
            figure="equation (5)",
            needs={"clusters.samples": 400_000, "clusters.least_seen": 400},
        ),
    ),
    require=require,
    headline=(
        Highlight("zero-field", "zero-field-power-law"),
        Highlight("field", "exact-any-lambda"),
        Highlight("glass", "spin-glass-power-law"),
        Highlight("definitions-nu", "growth-of-nu-is-imposed"),
        Highlight("edge", "edge-law-predicts-asr"),
        Highlight("language", "language-model-crossover"),
    ),
)
