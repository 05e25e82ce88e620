"""Why does the loss of a softmax fall as the cube root of time? The parts of softmax-law.

The same teachers serve theory and training: the seed of the run draws them. Parts that read the same linear students
share their training, whichever of them is run.
"""

from solv.experiments.softmax_law import ENTRY
from solv.experiments.softmax_law.controls import CONTROLS
from solv.experiments.softmax_law.crossover import CROSSOVER
from solv.experiments.softmax_law.digits import DIGITS
from solv.experiments.softmax_law.free_energy import FREE_ENERGY
from solv.experiments.softmax_law.language import LANGUAGE, require
from solv.experiments.softmax_law.long_training import LONG_TRAINING
from solv.experiments.softmax_law.networks import NETWORKS
from solv.experiments.softmax_law.one_third_law import ONE_THIRD_LAW
from solv.experiments.softmax_law.residual_stacks import RESIDUAL_STACKS
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.spectra import SPECTRA
from solv.experiments.softmax_law.starts import STARTS
from solv.experiments.softmax_law.temperatures import TEMPERATURES
from solv.experiments.softmax_law.universality import UNIVERSALITY
from solv.experiments.softmax_law.weight_decay import WEIGHT_DECAY
from solv.harness.contract import Experiment, PaperFigure
from solv.tracking.panels import Highlight

FIGURES = (
    PaperFigure(
        "Fig. 1, 4",
        "loss in τ, Adam, 8 temperatures x 12 rates; an exponent for each temperature",
        "temperatures",
        "1 core, 6.4 min, estimated",
        "no: not public",
        "2000 steps: collapse on τ holds; together -0.364, at one rate no plateau: -0.60 at 0.003, -0.10 at 1",
    ),
    PaperFigure(
        "Fig. 2",
        "50 000 steps of Adam: loss, gradient, weights, Hessian",
        "long-training",
        "1 core, 6 min, estimated",
        "no: not public",
        "20 000 steps: at T = 0.01 the slope falls from -0.64 to -0.77 (gradient flow at that loss: -0.46)",
    ),
    PaperFigure(
        "Fig. 3",
        "L(b) and dL/db of an aligned student",
        "free-energy",
        "1 core, 4 s, estimated",
        "no: theory alone",
        "exact for independent energies; at b* = 58 the power is -1.40 at b = 5.6 and -2.1 at 20 (the paper: -1.15)",
    ),
    PaperFigure(
        "Fig. 5a, b",
        "loss and scale from other initial weights",
        "starts",
        "1 core, 2.3 h, estimated",
        "no: not public",
        "10 000 steps, rate 0.03: a start of the target's scale keeps it (τ^0.02) and turns; 100 000 not run",
    ),
    PaperFigure(
        "Fig. 5c, d",
        "loss and scale under weight decay",
        "weight-decay",
        "1 core, 44 s, estimated",
        "no: not public",
        "holds: at rate 0.1, 1000 steps, the scale grows as τ^0.09 while the loss falls as τ^-0.324",
    ),
    PaperFigure(
        "Fig. 6a",
        "entropy of a softmax of random logits, n = 32 000",
        "free-energy",
        "1 core, 4 s, estimated",
        "yes",
        "1.69 nats are at b* = 6.77 by an exact integral; 6.87 in the paper, 6.88 ± 0.13 by 200 draws; c0 = 4.55",
    ),
    PaperFigure(
        "Fig. 6b, c; App. D.9",
        "loss and scale of Pythia and OLMo-2 along their training",
        "language",
        "GPU: 620 PFLOP, 7.5 GiB, estimated of the trained ones",
        "no: not public",
        "read by the same part from a local folder or the hub; run here on small random models in both layouts alone",
    ),
    PaperFigure(
        "App. D.2",
        "SGD, 8 temperatures x 12 rates",
        "temperatures",
        "1 core, 6.4 min, estimated",
        "no: not public",
        "the aligned flow's exponents within 0.02 where peaked; -0.395 at b* = 577, rate 10, within 1000 steps",
    ),
    PaperFigure(
        "App. D.4",
        "Adam under warm-up and cosine, in τ",
        "starts",
        "1 core, 2.3 h, estimated",
        "no: not public",
        "10 000 steps: the fit in steps leaves 1.73 times what that in τ does at rate 0.03, 0.46 at 0.1, 0.70 at 0.3",
    ),
    PaperFigure(
        "App. D.6, teachers and data",
        "teachers with a spectrum; squared loss of data with one",
        "spectra",
        "1 core, 2.4 min, estimated",
        "no: not public",
        "exponents -0.343, -0.351, -0.356 at i^-α, α = 0, 0.5, 1; squared loss: the flow's, to 0.005",
    ),
    PaperFigure(
        "App. D.6, residual stacks",
        "students of 6 to 48 blocks of a teacher of 128",
        "residual-stacks",
        "GPU: 29 PFLOP, 1.6 GiB, estimated",
        "no: not public",
        "6 and 24 blocks of a teacher of 32, T = 0.01: -0.38 and -0.32 over the last factor 4 of about 34 000 steps, "
        "which come from -0.6 and go on to -0.26 and -0.22 at 80 000: no plateau",
    ),
    PaperFigure(
        "App. D.8",
        "full-batch MLP with batch normalisation, width 10, exponent 0.35",
        "digits",
        "1 core, 6.3 min, estimated; 13 h on MNIST",
        "no: not public",
        "scikit-learn's digits, unless digits.images=mnist digits.folder=FOLDER: ten units learn the 1797 by heart, "
        "t^-1.9, and 5000 of MNIST, t^-3.7 from 3000 steps on; no third to be seen",
    ),
)

EXPERIMENT = Experiment(
    entry=ENTRY,
    Config=SoftmaxLawConfig,
    parts=(
        TEMPERATURES,
        LONG_TRAINING,
        FREE_ENERGY,
        STARTS,
        WEIGHT_DECAY,
        SPECTRA,
        RESIDUAL_STACKS,
        DIGITS,
        ONE_THIRD_LAW,
        CROSSOVER,
        CONTROLS,
        UNIVERSALITY,
        NETWORKS,
        LANGUAGE,
    ),
    require=require,
    figures=FIGURES,
    headline=(
        Highlight("toy-loss", "adam-one-third", where={"rule": "adam", "temperature": 0.001}),
        Highlight("toy-slope", "adam-slope-moves-with-the-rate", where={"rule": "adam", "temperature": 0.001}),
        Highlight("toy-loss", "sgd-follows-the-flow", where={"rule": "sgd", "temperature": 0.001}),
        Highlight("long-slope", "long-adam-one-third"),
        Highlight("loss", "one-third-loss", where={"classes": 8}),
        Highlight("entropy", "language-is-peaked"),
    ),
)
