"""Which tasks must be pretrained on to learn others in context? The parts of icl-alignment, in their order."""

from solv.experiments.icl_alignment import ENTRY
from solv.experiments.icl_alignment.alignment_measures import ALIGNMENT_MEASURES
from solv.experiments.icl_alignment.best_pretraining import BEST_PRETRAINING
from solv.experiments.icl_alignment.context_length import CONTEXT_LENGTH
from solv.experiments.icl_alignment.diversity import DIVERSITY
from solv.experiments.icl_alignment.diversity_map import DIVERSITY_MAP
from solv.experiments.icl_alignment.double_descent import DOUBLE_DESCENT
from solv.experiments.icl_alignment.finite_size import FINITE_SIZE
from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.experiments.icl_alignment.transformer import TRANSFORMER
from solv.harness.contract import Experiment
from solv.tracking.panels import Highlight

EXPERIMENT = Experiment(
    entry=ENTRY,
    Config=IclAlignmentConfig,
    parts=(
        DIVERSITY,
        DOUBLE_DESCENT,
        CONTEXT_LENGTH,
        FINITE_SIZE,
        ALIGNMENT_MEASURES,
        DIVERSITY_MAP,
        BEST_PRETRAINING,
        TRANSFORMER,
    ),
    headline=(
        Highlight("diversity", "diversity-helps-aligned", where={"train": "half"}),
        Highlight("double-descent", "double-descent-at-tau-1"),
        Highlight("test-context", "longer-test-context-helps"),
        Highlight("scatter-alignment", "alignment-knows-diversity"),
        Highlight("pretraining", "optimal-pretraining-not-test"),
        Highlight("transformer", "transformer-follows-alignment"),
    ),
)
