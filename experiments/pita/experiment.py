"""When does a model that writes a reasoning trace beat one that answers directly? The parts of pita."""

from solv.experiments.pita import ENTRY
from solv.experiments.pita.chain_attention import CHAIN_ATTENTION
from solv.experiments.pita.chain_errors import CHAIN_ERRORS
from solv.experiments.pita.chain_hops import CHAIN_HOPS
from solv.experiments.pita.chain_lengths import CHAIN_LENGTHS
from solv.experiments.pita.chain_plane import CHAIN_PLANE
from solv.experiments.pita.chain_widths import CHAIN_WIDTHS
from solv.experiments.pita.counts import COUNTS
from solv.experiments.pita.figures import FIGURES
from solv.experiments.pita.language import LANGUAGE
from solv.experiments.pita.proofs import PROOFS
from solv.experiments.pita.settings import PitaConfig
from solv.harness.contract import Experiment
from solv.tracking.panels import Highlight

EXPERIMENT = Experiment(
    entry=ENTRY,
    Config=PitaConfig,
    parts=(
        COUNTS,
        PROOFS,
        LANGUAGE,
        CHAIN_LENGTHS,
        CHAIN_WIDTHS,
        CHAIN_ATTENTION,
        CHAIN_HOPS,
        CHAIN_ERRORS,
        CHAIN_PLANE,
    ),
    figures=FIGURES,
    headline=(
        Highlight("breadth", "counts"),
        Highlight("depth", "splits-deepen"),
        Highlight("lengths-by-leaves", "lengths-as-published", where={"leaves": 4}),
        Highlight("language-broad", "language-rt-wins-broad"),
        Highlight("critical-arms", "critical-width-exponents"),
        Highlight("plane", "rt-wins-broad-shallow"),
    ),
)
