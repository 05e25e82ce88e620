"""Can a network learn from a broadcast score? The parts of sbd, in the order of the questions.

Uzun, Erdogan, Pehlevan and Erdogan, arXiv:2605.30638. T1 is score and features of a
known teacher; T2 their correlation and T3 the alignment with backpropagation along training; T4 the descent of one
layer; E1 accuracy of the rules; E2 depth and width; E3 memory, start and expansion.
"""

from solv.experiments.sbd import ENTRY
from solv.experiments.sbd.accuracy import ACCURACY
from solv.experiments.sbd.along_training import ALONG_TRAINING
from solv.experiments.sbd.depth_and_width import DEPTH_AND_WIDTH
from solv.experiments.sbd.descent import DESCENT
from solv.experiments.sbd.memory_and_expansion import MEMORY_AND_EXPANSION
from solv.experiments.sbd.orthogonality import ORTHOGONALITY
from solv.experiments.sbd.ranking import RANKING
from solv.experiments.sbd.settings import DIGITS, EBD_TABLES, MNIST, SYNTHETIC, Images, SbdConfig
from solv.experiments.sbd.sufficiency import SUFFICIENCY
from solv.harness.contract import Experiment
from solv.tracking.panels import Highlight


def require(config: SbdConfig) -> None:
    """Refuse a run whose images are not there, or have no settings of EBD's, before anything is measured.

    Raises:
        ConfigurationError: a set is absent or damaged, or EBD's tables lack it.
    """
    large = set(config.arenas) - {DIGITS} if not config.parts or ACCURACY.name in config.parts else set()
    if large and config.training.recipe == EBD_TABLES:
        from solv.experiments.sbd.ebd_tables import recipe

        for arena in large:
            recipe(config.images.source, arena, "")
    if large and config.images.source != SYNTHETIC:
        from solv.experiments.sbd.arenas import image_set

        image_set(config.images)
    ranked = MNIST in config.ranking.data and (not config.parts or RANKING.name in config.parts)
    if ranked:
        from solv.experiments.sbd.arenas import image_set

        image_set(Images(source=MNIST, train=config.ranking.mnist_train, test=1000))


EXPERIMENT = Experiment(
    entry=ENTRY,
    Config=SbdConfig,
    parts=(
        ORTHOGONALITY,
        SUFFICIENCY,
        ALONG_TRAINING,
        DESCENT,
        RANKING,
        ACCURACY,
        DEPTH_AND_WIDTH,
        MEMORY_AND_EXPANSION,
    ),
    require=require,
    headline=(
        Highlight("orthogonality", "score-orthogonal-when-admissible"),
        Highlight("correlation", "correlation-falls-under-bp"),
        Highlight("alignment", "alignment-grows"),
        Highlight("ranked-gain", "sbd-wins-on-digits", where={"data": DIGITS}),
        Highlight("distance-to-optimum", "orthogonality-suffices"),
        Highlight("memory"),
    ),
)
