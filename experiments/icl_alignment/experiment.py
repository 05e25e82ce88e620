"""Which tasks must be pretrained on to learn others in context? The parts of icl-alignment, in their order."""

from solv.experiments.icl_alignment import ENTRY
from solv.experiments.icl_alignment.alignment_measures import ALIGNMENT_MEASURES
from solv.experiments.icl_alignment.best_pretraining import BEST_PRETRAINING
from solv.experiments.icl_alignment.context_length import CONTEXT_LENGTH
from solv.experiments.icl_alignment.diversity import DIVERSITY
from solv.experiments.icl_alignment.diversity_map import DIVERSITY_MAP
from solv.experiments.icl_alignment.double_descent import DOUBLE_DESCENT
from solv.experiments.icl_alignment.finite_size import FINITE_SIZE
from solv.experiments.icl_alignment.in_distribution import IN_DISTRIBUTION
from solv.experiments.icl_alignment.kernel_order import KERNEL_ORDER
from solv.experiments.icl_alignment.linear_measures import LINEAR_MEASURES
from solv.experiments.icl_alignment.pretraining_map import PRETRAINING_MAP
from solv.experiments.icl_alignment.seen_subspace import SEEN_SUBSPACE
from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.experiments.icl_alignment.single_directions import SINGLE_DIRECTIONS
from solv.experiments.icl_alignment.test_time_context import TEST_TIME_CONTEXT
from solv.experiments.icl_alignment.transformer import TRANSFORMER
from solv.harness.contract import Experiment, PaperFigure
from solv.tracking.panels import Highlight

FIGURES = (
    PaperFigure(
        "Fig. 1",
        "error and e_misalign against diversity, tests on single directions",
        "single-directions",
        "1 core, 47 min, estimated",
        "no: to be compared",
        "order of the directions as in the paper; at d = 40 simulation is 6 to 10 % above theory from κ = 0.9 on",
    ),
    PaperFigure(
        "Fig. 2",
        "theory's error against four measures",
        "linear-measures",
        "1 core, 2 s, measured",
        "no: theory alone",
        "within one κ e_misalign 1 by construction, resolvent 1.000, C_te/C_tr .998, 1/CKA .975 (spikes are many)",
    ),
    PaperFigure(
        "Fig. 3",
        "a transformer's errors against four measures; rank correlations .99 .98 .96 .39",
        "transformer",
        "GPU: 23 PFLOP, 32 GiB, estimated; d = 16: 1 core, 4 min, measured",
        "no: the correlations alone are known",
        "d = 16, mean errors of four trainings: decoder .986 .993 .951 .432, encoder .983 .987 .951 .428 (± .01)",
    ),
    PaperFigure(
        "Fig. 4",
        "improvement by steeper pretraining over diversity",
        "pretraining-map",
        "1 core, 25 min, estimated",
        "no: theory alone",
        "+19.0 % at κ = 0.1, 1.2; -20.8 % at κ = 2.1, 2.0",
    ),
    PaperFigure(
        "Fig. 4, transformer (appendix)",
        "the same of 143 trained encoders at d = 32",
        found="not redone: 143 trainings of 40 000 steps, GPU days",
    ),
    PaperFigure(
        "Fig. 6 (appendix)",
        "transition at κ = rank/d, pretrained on half of the directions",
        "seen-subspace",
        "1 core, 100 min, 2.1 GiB, estimated",
        "no: to be compared",
        "theory .4196 .2200 .1260 .0566 .0287 .0211 .0168; simulated .0178 at κ = 1 at d = 20, unseen half 1.05",
    ),
    PaperFigure(
        "test-time scaling (preprint)",
        "error against test contexts up to 1000 d",
        "test-time-context",
        "1 core, 13 min, estimated",
        "no: not public",
        "falls to a floor of .43 (C = I), .28 (p = 1), .17 (p = 1.5); at d = 40 simulation is 7 to 9 % above",
    ),
)

EXPERIMENT = Experiment(
    entry=ENTRY,
    Config=IclAlignmentConfig,
    parts=(
        SINGLE_DIRECTIONS,
        LINEAR_MEASURES,
        TRANSFORMER,
        PRETRAINING_MAP,
        SEEN_SUBSPACE,
        TEST_TIME_CONTEXT,
        KERNEL_ORDER,
        IN_DISTRIBUTION,
        DIVERSITY,
        DOUBLE_DESCENT,
        CONTEXT_LENGTH,
        FINITE_SIZE,
        ALIGNMENT_MEASURES,
        DIVERSITY_MAP,
        BEST_PRETRAINING,
    ),
    figures=FIGURES,
    headline=(
        Highlight("direction-error", "weaker-directions-are-harder"),
        Highlight("transformer", "transformer-follows-alignment", {"architecture": "decoder"}),
        Highlight("transformer-cka", "", {"architecture": "decoder"}),
        Highlight("improvement-map", "steeper-pretraining-helps-when-scarce"),
        Highlight("subspace-error", "diversity-transition-at-rank"),
        Highlight("test-time-context", "test-context-has-a-floor"),
    ),
)
