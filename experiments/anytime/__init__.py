"""Anytime Pretraining: Horizon-Free Learning-Rate Schedules with Weight Averaging

Alexandru Meterez, Pranav Ajit Nair, Depen Morwani, Cengiz Pehlevan, Sham Kakade, arXiv:2602.03702.

Which learning-rate schedule and averaging of the weights is good at every stopping time?

| part             | file                  | the paper's figure |
| ---------------- | --------------------- | ------------------ |
| regret           | `regret.py`           |                    |
| uniform-averages | `uniform_averages.py` | Fig. 3             |
| exponents        | `exponents.py`        |                    |
| floor            | `floor.py`            |                    |
| sgd              | `sgd.py`              |                    |
| language         | `language.py`         |                    |
| published-losses | `published_losses.py` | losses on C4       |

The regression is in `regression.py`, the language models in `language_runs.py` and `language_training.py`, the authors'
table of losses in `published.csv`.
"""

from solv.harness.entry import Entry, Paper

ENTRY = Entry(
    name="anytime",
    paper=Paper(
        title="Anytime Pretraining: Horizon-Free Learning-Rate Schedules with Weight Averaging",
        authors="Alexandru Meterez, Pranav Ajit Nair, Depen Morwani, Cengiz Pehlevan, Sham Kakade",
        arxiv="2602.03702",
    ),
    question="Which learning-rate schedule and averaging of the weights is good at every stopping time?",
    axes=("a", "b", "horizon", "sigma2", "batch"),
    expected={"smoke": "10 s", "quick": "2 min", "paper": "not measured, GPU"},
    settings="solv.experiments.anytime.settings:AnytimeConfig",
    experiment="solv.experiments.anytime.experiment:EXPERIMENT",
)
