"""Which learning-rate schedule is good at every stopping time? The parts of anytime, in the order of the questions."""

from solv.experiments.anytime import ENTRY
from solv.experiments.anytime.averaging_is_decay import AVERAGING_IS_DECAY
from solv.experiments.anytime.bound import BOUND
from solv.experiments.anytime.exponents import EXPONENTS
from solv.experiments.anytime.floor import FLOOR
from solv.experiments.anytime.language import LANGUAGE
from solv.experiments.anytime.language_batch import LANGUAGE_BATCH, of_batch
from solv.experiments.anytime.language_runs import require_text
from solv.experiments.anytime.large_batch import LARGE_BATCH
from solv.experiments.anytime.published_losses import PUBLISHED_LOSSES
from solv.experiments.anytime.regret import REGRET
from solv.experiments.anytime.settings import AnytimeConfig
from solv.experiments.anytime.sgd import SGD
from solv.experiments.anytime.stable_decay import STABLE_DECAY
from solv.experiments.anytime.uniform_averages import UNIFORM_AVERAGES
from solv.harness.contract import Experiment, PaperFigure
from solv.tracking.panels import Highlight


def require(config: AnytimeConfig) -> None:
    """Refuse a run whose language models have no text to learn; one of other parts alone needs none.

    Raises:
        ConfigurationError: no folder of shards, or horizons that are no longer than the warm-up.
    """
    trained = {LANGUAGE.name: [config.language], PUBLISHED_LOSSES.name: [config.language]}
    trained[LANGUAGE_BATCH.name] = [of_batch(config, batch) for batch in config.language_batch.batch]
    for part, trainings in trained.items():
        if not config.parts or part in config.parts:
            for settings in trainings:
                require_text(settings)


FIGURES = (
    PaperFigure(
        "Fig. 1",
        "150M: the cosine tuned for each horizon, and long cosines read early",
        "language",
        "GPU, C4: 24 ZFLOP, 27 GiB, estimated; not run",
        "no: the losses of long cosines read early are not public",
        "small decoder, generated text: a cosine of 800 steps, read early, is 0.019 to 0.028 nats above the tuned one",
    ),
    PaperFigure(
        "Fig. 2",
        "150M and 300M: losses of all schedules, and their distance from the cosine",
        "published-losses",
        "GPU, C4: 90 trainings, not run; the authors' losses are drawn in 1 s",
        "yes",
        "theirs: anytime runs within 0.0082 nats of the cosine; a run of token shards is drawn beside them",
    ),
    PaperFigure(
        "Fig. 3",
        "150M at batch 4096: an averaged constant rate beats the cosine beyond the first horizon",
        "language-batch",
        "GPU, C4: 19 ZFLOP, 27 GiB, estimated; not run",
        "no: not public",
        "small decoder, batch 128: by 0.007, 0.023, 0.024, 0.010 nats at 100 to 800 steps; batch 8: above by 0.003",
    ),
    PaperFigure(
        "Fig. 3, in the regression",
        "the same in the recursion of the risk, at any batch",
        "large-batch",
        "1 core, 8 s, estimated",
        "no: not public",
        "the recursion at B = 4096: 0.834 (b = a) and 0.518 (b = 2a) of the tuned cosine; 0.965 and 0.970 at B = 1",
    ),
    PaperFigure(
        "Fig. 4",
        "risk of averaged constant rate, averaged 1/sqrt(t) and WSD at d = 500000",
        "uniform-averages",
        "1 core, 10 s, estimated",
        "yes: both averages; WSD is not public",
        "within 4.4e-4 of the 96 stored points with 68 nodes, peaks as theirs; WSD is our own tuning",
    ),
    PaperFigure(
        "Fig. 5, 6",
        "appendix: best hyperparameters at each budget",
        found="the sweep of 150M and 300M models on C4; of a run with shards they are the table `language-choice`",
    ),
    PaperFigure(
        "Theorem 1",
        "bound of the averaged risk, under assumption 1",
        "bound",
        "1 core, 11 s, estimated",
        "no: theory alone",
        "risk / bound at most 0.234 at N = 32 to 2048, also at b = 2a, where the start breaks the assumption",
    ),
    PaperFigure(
        "Theorem 2",
        "rate of the last iterate of WSD",
        "stable-decay",
        "1 core, 7 s, estimated",
        "no: theory alone",
        "slopes up to 32000 steps within 0.054; a decay over the last tenth falls by up to 0.073 less than the average",
    ),
    PaperFigure(
        "mean of N samples",
        "in one dimension averaging is decay",
        "averaging-is-decay",
        "1 core, 1 s, measured",
        "no: theory alone",
        "the same number to 1e-16, for the uniform average, the last half and an EMA",
    ),
)

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
        LANGUAGE_BATCH,
        PUBLISHED_LOSSES,
    ),
    require=require,
    figures=FIGURES,
    headline=(
        Highlight("risk", "anytime-matches-tuned-cosine", where={"b": 3.0}),
        Highlight("uniform-averages", "square-root-is-minimax", where={"b": 3.0}),
        Highlight("wsd-exponent", "stable-decay-has-the-averaged-rate"),
        Highlight("large-batch", "large-batch-constant-beats-cosine", where={"b": 3.0}),
        Highlight("language-gap", "language-anytime-matches-tuned-cosine"),
        Highlight("published-gap", "published-language-losses"),
    ),
)
