"""Why does the loss of a softmax fall as the cube root of time? The parts of softmax-law.

The same teachers serve theory and training: the seed of the run draws them. Parts that read the same linear students
share their training, whichever of them is run.
"""

from solv.experiments.softmax_law import ENTRY
from solv.experiments.softmax_law.controls import CONTROLS
from solv.experiments.softmax_law.crossover import CROSSOVER
from solv.experiments.softmax_law.free_energy import FREE_ENERGY
from solv.experiments.softmax_law.language import LANGUAGE, require
from solv.experiments.softmax_law.long_training import LONG_TRAINING
from solv.experiments.softmax_law.networks import NETWORKS
from solv.experiments.softmax_law.one_third_law import ONE_THIRD_LAW
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.temperatures import TEMPERATURES
from solv.experiments.softmax_law.universality import UNIVERSALITY
from solv.harness.contract import Experiment
from solv.tracking.panels import Highlight

EXPERIMENT = Experiment(
    entry=ENTRY,
    Config=SoftmaxLawConfig,
    parts=(
        TEMPERATURES,
        LONG_TRAINING,
        FREE_ENERGY,
        ONE_THIRD_LAW,
        CROSSOVER,
        CONTROLS,
        UNIVERSALITY,
        NETWORKS,
        LANGUAGE,
    ),
    require=require,
    headline=(
        Highlight("loss", "one-third-loss", where={"classes": 8}),
        Highlight("norm", "one-third-weight-growth", where={"classes": 8}),
        Highlight("gradient", "two-thirds-gradient", where={"classes": 8}),
        Highlight("collapse", "crossover-scales-as-beta-cubed"),
        Highlight("universality", "universality"),
        Highlight("language-excess", "language-model"),
    ),
)
