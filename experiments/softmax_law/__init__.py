"""Universal One-third Time Scaling in Learning Peaked Distributions

Yizhou Liu, Ziming Liu, Cengiz Pehlevan, Jeff Gore, arXiv:2602.03685.

Why does the loss of a softmax fall as the cube root of time, and what breaks that?

| part          | file             | question                                                                    |
| ------------- | ---------------- | --------------------------------------------------------------------------- |
| one-third-law | one_third_law.py | do loss, norm and gradient follow their powers of time for a peaked target? |
| crossover     | crossover.py     | when does the power law of a finite target end?                             |
| controls      | controls.py      | what breaks the law?                                                        |
| universality  | universality.py  | have linear students of other classes, dimensions and batches the exponent? |
| networks      | networks.py      | have MLPs and a bigram language model the exponent?                         |
| language      | language.py      | does the loss of a language model fall with the exponent?                   |

Which of the paper's figures they redo is not known to us: theory and sizes are derived here from its statements. What
parts share: the teachers (teachers.py), the linear students and their rates (students.py), their training (descent.py),
the fit of an exponent (exponents.py); the language model is trained and read in language_readings.py.
"""

from solv.harness.entry import Entry, Paper

ENTRY = Entry(
    name="softmax-law",
    paper=Paper(
        title="Universal One-third Time Scaling in Learning Peaked Distributions",
        authors="Yizhou Liu, Ziming Liu, Cengiz Pehlevan, Jeff Gore",
        arxiv="2602.03685",
    ),
    question="Why does the loss of a softmax fall as the cube root of time, and what breaks that?",
    axes=("beta", "classes", "dimension"),
    expected={"smoke": "15 s", "quick": "2 min", "paper": "not measured, GPU"},
    settings="solv.experiments.softmax_law.settings:SoftmaxLawConfig",
    experiment="solv.experiments.softmax_law.experiment:EXPERIMENT",
)
