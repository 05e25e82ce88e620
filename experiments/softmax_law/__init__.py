"""Universal One-third Time Scaling in Learning Peaked Distributions

Yizhou Liu, Ziming Liu, Cengiz Pehlevan, Jeff Gore, arXiv:2602.03685.

Why does the loss of a softmax fall as the cube root of time, and what breaks that?

| part          | file             | question                                                                         |
| ------------- | ---------------- | -------------------------------------------------------------------------------- |
| temperatures  | temperatures.py  | at which temperature and rate has the paper's toy model the exponent?            |
| long-training | long_training.py | what do its loss, gradient, weights and curvature do in the long run?            |
| free-energy   | free_energy.py   | which powers of the logits' scale have loss and gradient, and is language peaked? |
| starts        | starts.py        | do weights at the start or a schedule change the law, if time is tau?            |
| weight-decay  | weight_decay.py  | does the loss fall on where weight decay holds the logits?                       |
| spectra       | spectra.py       | does a spectrum of the teacher change the exponent, or one of the data?          |
| digits        | digits.py        | has a classifier of digits with batch normalisation the exponent?                |
| one-third-law | one_third_law.py | do loss, norm and gradient follow their powers of time for a peaked target?      |
| crossover     | crossover.py     | when does the power law of a finite target end?                                  |
| controls      | controls.py      | which exponents have full-batch rules and other rates?                           |
| universality  | universality.py  | have linear students of other classes, dimensions and batches the exponent?      |
| networks      | networks.py      | have MLPs and a bigram language model the exponent?                              |
| language      | language.py      | does the loss of a language model fall with the exponent?                        |

Settings of the paper's figures are those of its public code, liuyz0/TimeScaling. What parts share: the paper's toy
model (toy.py); of our own smaller one the teachers (teachers.py), the linear students and their rates (students.py),
their training (descent.py); the fit of an exponent (exponents.py); how much work all this is (counting.py). The
language model is trained and read in language_readings.py.
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
    expected={"smoke": "10 s", "quick": "2.5 min", "reference": "95 min", "paper": "not measured, GPU"},
    settings="solv.experiments.softmax_law.settings:SoftmaxLawConfig",
    experiment="solv.experiments.softmax_law.experiment:EXPERIMENT",
)
