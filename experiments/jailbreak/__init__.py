"""Jailbreak Scaling Laws for Large Language Models: Polynomial-Exponential Crossover

Indranil Halder, Annesya Banerjee, Cengiz Pehlevan, arXiv:2603.11331.

Does the chance of an unsafe answer grow with samples as a power or exponentially?

| part | file | paper |
| --- | --- | --- |
| `zero-field`: clusters without field, a power of k | `zero_field.py` | equations (3), (4) |
| `field`: clusters in a field, at every strength | `field.py` | equations (5), (6), (15) |
| `spin-glass`: enumerated glasses in a field along an unsafe cluster | `spin_glass.py` | figure 2a |
| `definitions`: what figure 2 owes to its definitions and its fit | `definitions.py` | figures 2a, 2b |
| `fitted-laws`: what the paper's least squares read of known laws | `fitted_laws.py` | ours |
| `strong-field`: the exponential rate against its replica-symmetric theory | `strong_field.py` | equation (7) |
| `random-energy`: a control whose x is known | `random_energy.py` | ours |
| `edge`: the upper edge of the safe chance, fitted and predicted | `edge.py` | equations (1), (2) |
| `language-model`: a decoder trained in the run, behind a trigger | `language_model.py` | ours |
| `own-answers`: models or verdicts of the user's | `own_answers.py` | the attacked language models |

How much work the parts are, from the settings alone: `counted_work.py`; `own-answers` says nothing, for the models'
sizes are not among its settings.

No attack strings, no harmful prompts and no attack optimiser: this measures curves.
"""

from solv.harness.entry import Entry, Paper

ENTRY = Entry(
    name="jailbreak",
    paper=Paper(
        title="Jailbreak Scaling Laws for Large Language Models: Polynomial-Exponential Crossover",
        authors="Indranil Halder, Annesya Banerjee, Cengiz Pehlevan",
        arxiv="2603.11331",
    ),
    question="Does the chance of an unsafe answer grow with samples as a power or exponentially?",
    axes=("x", "m", "field"),
    expected={"smoke": "10 s", "quick": "1 min", "reference": "55 min", "paper": "not measured, GPU"},
    settings="solv.experiments.jailbreak.settings:JailbreakConfig",
    experiment="solv.experiments.jailbreak.experiment:EXPERIMENT",
)
