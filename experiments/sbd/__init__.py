"""Score Broadcast and Decorrelation: A General Framework for Broadcast-Based Credit Assignment

Mustafa Uzun, Mete Erdogan, Cengiz Pehlevan, Alper T. Erdogan, arXiv:2605.30638.

Can a network learn from a score that is broadcast to every layer, without backpropagation?

| part                 | file                      | the paper's figure |
| -------------------- | ------------------------- | ------------------ |
| orthogonality        | `orthogonality.py`        |                    |
| along-training       | `along_training.py`       |                    |
| descent              | `descent.py`              |                    |
| accuracy             | `accuracy.py`             |                    |
| depth-and-width      | `depth_and_width.py`      |                    |
| memory-and-expansion | `memory_and_expansion.py` |                    |

Data and networks are in `arenas.py`, what each rule does with the score in `rules.py`, the training of all rules and
seeds as one batch in `training.py`, what is looked at along it in `looks.py`, the digits at other settings in
`ladders.py`.
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
    expected={"smoke": "10 s", "quick": "2 min", "paper": "not measured, GPU"},
    settings="solv.experiments.sbd.settings:SbdConfig",
    experiment="solv.experiments.sbd.experiment:EXPERIMENT",
)
