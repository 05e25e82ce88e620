"""Which learning-rate schedule is good at every stopping time? The parts of anytime, in the order of the questions."""

from solv.experiments.anytime import ENTRY
from solv.experiments.anytime.averaging_is_decay import AVERAGING_IS_DECAY
from solv.experiments.anytime.bound import BOUND
from solv.experiments.anytime.exponents import EXPONENTS
from solv.experiments.anytime.floor import FLOOR
from solv.experiments.anytime.language import LANGUAGE
from solv.experiments.anytime.language_runs import require_text
from solv.experiments.anytime.large_batch import LARGE_BATCH
from solv.experiments.anytime.published_losses import PUBLISHED_LOSSES
from solv.experiments.anytime.regret import REGRET
from solv.experiments.anytime.settings import AnytimeConfig
from solv.experiments.anytime.sgd import SGD
from solv.experiments.anytime.stable_decay import STABLE_DECAY
from solv.experiments.anytime.uniform_averages import UNIFORM_AVERAGES
from solv.harness.contract import Experiment
from solv.tracking.panels import Highlight


def require(config: AnytimeConfig) -> None:
    """Refuse a run whose language models have no text to learn.

    Raises:
        ConfigurationError: no folder of shards, or horizons that are no longer than the warm-up.
    """
    require_text(config.language)


EXPERIMENT = Experiment(
    entry=ENTRY,
    Config=AnytimeConfig,
    parts=(
        REGRET,
        UNIFORM_AVERAGES,
        LARGE_BATCH,
        EXPONENTS,
        STABLE_DECAY,
        BOUND,
        AVERAGING_IS_DECAY,
        FLOOR,
        SGD,
        LANGUAGE,
        PUBLISHED_LOSSES,
    ),
    require=require,
    headline=(
        Highlight("risk", "anytime-matches-tuned-cosine", where={"b": 3.0}),
        Highlight("exponent", "rate-of-every-exponent"),
        Highlight("floor", "constant-rate-stalls"),
        Highlight("sgd", "sgd-follows-theory", where={"schedule": "offset"}),
        Highlight("language-gap", "language-anytime-matches-tuned-cosine"),
        Highlight("published-gap", "published-language-losses"),
    ),
)
