"""Anytime Pretraining: Horizon-Free Learning-Rate Schedules with Weight Averaging

Alexandru Meterez, Pranav Ajit Nair, Depen Morwani, Cengiz Pehlevan, Sham Kakade, arXiv:2602.03702.

Which learning-rate schedule and averaging of the weights is good at every stopping time?

| part               | file                    | the paper's figure |
| ------------------ | ----------------------- | ------------------ |
| regret             | `regret.py`             | ours               |
| uniform-averages   | `uniform_averages.py`   | Fig. 4             |
| large-batch        | `large_batch.py`        | Fig. 3             |
| exponents          | `exponents.py`          | Corollary 1        |
| stable-decay       | `stable_decay.py`       | Theorem 2          |
| bound              | `bound.py`              | Theorem 1          |
| averaging-is-decay | `averaging_is_decay.py` | mean of N samples  |
| floor              | `floor.py`              | ours               |
| sgd                | `sgd.py`                | ours               |
| language           | `language.py`           | Fig. 1, 2          |
| published-losses   | `published_losses.py`   | Fig. 2             |

The regression is in `regression.py`, the language models in `language_runs.py`, `language_training.py` (one by one) and
`language_ensemble.py` (as one batch), the authors' numbers in `published.csv`; `experiment.py` maps the figures.
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
    expected={"smoke": "10 s", "quick": "1 min", "reference": "23 min", "paper": "not measured, GPU"},
    settings="solv.experiments.anytime.settings:AnytimeConfig",
    experiment="solv.experiments.anytime.experiment:EXPERIMENT",
)
