"""Score Broadcast and Decorrelation: A General Framework for Broadcast-Based Credit Assignment

Mustafa Uzun, Mete Erdogan, Cengiz Pehlevan, Alper T. Erdogan, arXiv:2605.30638.

Can a network learn from a score that is broadcast to every layer, without backpropagation?

| part                 | file                      | figure or table                                 |
| -------------------- | ------------------------- | ----------------------------------------------- |
| orthogonality        | `orthogonality.py`        |                                                 |
| sufficiency          | `sufficiency.py`          | EBD (arXiv:2504.11558), theorem B.2             |
| along-training       | `along_training.py`       | EBD, figures 1c, 3 to 5, 10 to 12               |
| descent              | `descent.py`              |                                                 |
| ranking              | `ranking.py`              | SBD's abstract                                  |
| accuracy             | `accuracy.py`             | EBD, tables 1 to 3; SBD's tables are not public |
| depth-and-width      | `depth_and_width.py`      |                                                 |
| memory-and-expansion | `memory_and_expansion.py` |                                                 |

Data and networks are in `arenas.py`, what each rule does with the score in `rules.py`, EBD's own settings in
`ebd_tables.py` and its accuracies in `published.csv`, the training of all rules and seeds as one batch in
`training.py`, what is looked at along it in `looks.py`, digits at other settings in `ladders.py`, how differences of
accuracy are judged in `gains.py`.
"""

from solv.harness.entry import Entry, Paper

ENTRY = Entry(
    name="sbd",
    paper=Paper(
        title="Score Broadcast and Decorrelation: A General Framework for Broadcast-Based Credit Assignment",
        authors="Mustafa Uzun, Mete Erdogan, Cengiz Pehlevan, Alper T. Erdogan",
        arxiv="2605.30638",
    ),
    question="Can a network learn from a score that is broadcast to every layer, without backpropagation?",
    axes=("arenas", "training.learning_rate", "training.memory"),
    expected={"smoke": "10 s", "quick": "1 min", "reference": "80 min", "paper": "not measured, GPU"},
    settings="solv.experiments.sbd.settings:SbdConfig",
    experiment="solv.experiments.sbd.experiment:EXPERIMENT",
)
