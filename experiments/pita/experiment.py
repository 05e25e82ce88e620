"""When does a model that writes a reasoning trace beat one that answers directly? The parts of pita."""

from solv.experiments.pita import ENTRY
from solv.experiments.pita.counts import COUNTS
from solv.experiments.pita.language import LANGUAGE
from solv.experiments.pita.proofs import PROOFS
from solv.experiments.pita.settings import PitaConfig
from solv.experiments.pita.starfish_errors import STARFISH_ERRORS
from solv.experiments.pita.starfish_hops import STARFISH_HOPS
from solv.experiments.pita.starfish_lengths import STARFISH_LENGTHS
from solv.experiments.pita.starfish_plane import STARFISH_PLANE
from solv.experiments.pita.starfish_widths import STARFISH_WIDTHS
from solv.harness.contract import Experiment
from solv.tracking.panels import Highlight

EXPERIMENT = Experiment(
    entry=ENTRY,
    Config=PitaConfig,
    parts=(
        COUNTS,
        PROOFS,
        LANGUAGE,
        STARFISH_LENGTHS,
        STARFISH_WIDTHS,
        STARFISH_HOPS,
        STARFISH_ERRORS,
        STARFISH_PLANE,
    ),
    headline=(
        Highlight("counts", "counts"),
        Highlight("lengths"),
        Highlight("language-broad", "language-rt-wins-broad"),
        Highlight("language-deep", "language-dp-wins-deep"),
        Highlight("critical-arms", "critical-width-exponents"),
        Highlight("hops", "per-step-error-predicts-rt"),
    ),
)
