"""Disordered Dynamics in High Dimensions: Connections to Random Matrices and Machine Learning

Blake Bordelon, Cengiz Pehlevan, arXiv:2601.01010.

What does averaging over disorder predict for linear systems, regression and networks that learn?

| part               | file                 | question                                                                 |
| ------------------ | -------------------- | ------------------------------------------------------------------------ |
| `linear-systems`   | linear_systems.py    | E1: correlation, response and spectrum of a random linear system         |
| `critical-dynamics`| critical_dynamics.py | Fig. 2: the marginal mode, and how far off finite systems are            |
| `non-normality`    | non_normality.py     | E1: what non-orthogonal eigenvectors add at one spectrum                 |
| `time-grid`        | time_grid.py         | E1: the two-time equations on a grid against Euler's map                 |
| `regression`       | regression.py        | E2: losses of linear regression by descent                               |
| `learning-curves`  | learning_curves.py   | E2: train and test against time and samples, in the paper's quantities   |
| `random-features`  | random_features.py   | E3: losses of random features, isotropic and on a power law              |
| `one-pass-sgd`     | one_pass_sgd.py      | E4: fresh batches at every step                                          |
| `bias-variance`    | bias_variance.py     | E5: parts of the loss, ensembles and bags                                |
| `non-hermitian`    | non_hermitian.py     | E6: one real spectrum, two flows                                         |
| `rise-map`         | rise_map.py          | E6: for which data and features the noise-free loss rises again          |
| `deep-linear`      | deep_linear.py       | E7: losses of networks that learn features                               |
| `width`            | width.py             | E7: what width adds                                                      |
| `parametrization`  | parametrization.py   | 2605.07870: what survives widening, in mean-field and in NTK             |
| `weight-spectrum`  | weight_spectrum.py   | E8: singular values of the weights as they learn                         |
| `richness`         | richness.py          | E8: when and how far spikes leave the bulk                               |
| `spike-dependence` | spike_dependence.py  | E8: whether the spikes' dependence on the initial weights matters        |

The paper's figure 2 is the critical case; the settings of its other figures are not public, and E1 to E8 count our
experiments. Shared by parts: cells and abscissae (`elliptic_systems.py`, `regression_problems.py`,
`deep_networks.py`), simulations (`linear_simulation.py`, `critical_simulation.py`, `regression_simulation.py`,
`model_grid.py`, `flow_simulation.py`, `deep_training.py`, all repeated by `repeats.py`), theory beyond stability
(`unstable.py`), and the claim about nearly all parts (`agreement.py`).
"""

from solv.harness.entry import Entry, Paper

ENTRY = Entry(
    name="dmft",
    paper=Paper(
        title="Disordered Dynamics in High Dimensions: Connections to Random Matrices and Machine Learning",
        authors="Blake Bordelon, Cengiz Pehlevan",
        arxiv="2601.01010",
    ),
    question="What does averaging over disorder predict for linear systems, regression and networks that learn?",
    axes=("time", "samples", "features", "batch", "members", "richness", "width"),
    expected={"smoke": "10 s", "quick": "1 min", "reference": "2 min", "paper": "hours, GPU"},
    settings="solv.experiments.dmft.settings:DmftConfig",
    experiment="solv.experiments.dmft.experiment:EXPERIMENT",
)
