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
from solv.harness.contract import Experiment, PaperFigure
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


FIGURES = (
    PaperFigure(
        "SBD, accuracy tables",
        "rules on CIFAR-10 and Tiny ImageNet, and score expansion",
        "accuracy",
        "GPU: 2.8 EFLOP, 24 GiB, estimated",
        "no: not public",
        "not run at these sizes; SBD trains with EBD's settings",
    ),
    PaperFigure(
        "EBD, table 1",
        "accuracy of DFA, DFA+E, GEVB, BP and EBD on MNIST and CIFAR-10",
        "accuracy",
        "GPU: 2.8 EFLOP, 24 GiB, estimated",
        "yes",
        "not run at these sizes; settings of tables 13, 15 to 18 line by line",
    ),
    PaperFigure(
        "EBD, table 2",
        "accuracy of DFA, BP and EBD on CIFAR-100, `images.source=cifar100 arenas=[convolution]`",
        "accuracy",
        "GPU: 2.8 EFLOP, 24 GiB, estimated",
        "yes",
        "not run; augmentation, dropout and six-view tests as in tables 7, 15 and 19",
    ),
    PaperFigure(
        "EBD, table 3",
        "accuracy of CorInfoMax networks trained by EP and by EBD",
        "",
        "",
        "yes: beside table 1's perceptrons",
        "another network with lateral weights and dynamics: not built",
    ),
    PaperFigure(
        "EBD, theorem B.2",
        "errors uncorrelated with a wide random layer are those of the best estimator",
        "sufficiency",
        "1 core, 51 s, estimated",
        "no: theory alone",
        "widths 64 to 256: at most 1.2 ± 2.2 % from a deterministic equivalent of ours",
    ),
    PaperFigure(
        "EBD, figs. 1c, 10 to 12",
        "correlation of activations and error while BP trains",
        "along-training",
        "1 core, 20 s, measured on digits",
        "no: pictures alone",
        "digits, score of cross-entropy: from 4.8 to 1.0 standard errors in both layers",
    ),
    PaperFigure(
        "EBD, figs. 3 and 4",
        "cosine of broadcast and BP updates",
        "along-training",
        "1 core, 20 s, measured on digits",
        "no: pictures alone",
        "digits: from -0.01 to 0.32 and 0.45 in the two layers",
    ),
    PaperFigure(
        "EBD, fig. 5",
        "cosine of the kept and the whole decorrelation gradient",
        "along-training",
        "1 core, 20 s, measured on digits",
        "no: pictures alone",
        "digits: positive at all 24 layers and looks, the least 0.054 ± 0.009",
    ),
    PaperFigure(
        "EBD, figs. 6 to 9",
        "accuracy and loss against epochs on MNIST, CIFAR-10 and CIFAR-100",
        "",
        "",
        "no: pictures alone",
        "accuracies at the end are part of `accuracy`; curves need the GPU runs",
    ),
    PaperFigure(
        "EBD, tables 20 and 21",
        "run time of the rules over BP's",
        "",
        "",
        "no: other code",
        "CPU time of a step over BP's: `python -m benchmarks.broadcast_speed`; theirs 2.4 to 7.6, with entropy",
    ),
)


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
    figures=FIGURES,
    headline=(
        Highlight("orthogonality", "score-orthogonal-when-admissible"),
        Highlight("correlation", "correlation-falls-under-bp"),
        Highlight("alignment", "alignment-grows"),
        Highlight("ranked-gain", "sbd-wins-on-digits", where={"data": DIGITS}),
        Highlight("distance-to-optimum", "orthogonality-suffices"),
        Highlight("memory"),
    ),
)
