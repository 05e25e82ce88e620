"""Demystifying LLM-as-a-Judge: Analytically Tractable Model for Inference-Time Scaling

Indranil Halder, Cengiz Pehlevan, arXiv:2512.19905.

How does the error of the answer that a judge selects fall with samples, and when does it rise?

| part | file | asks |
| --- | --- | --- |
| samples | samples.py | how does the error fall with the number of samples, and at which number is it least? |
| temperature | temperature.py | at which temperature should the judge select? |
| direction | direction.py | is the teacher the best judge, or one that exaggerates it? |
| inverse-square-law | inverse_square_law.py | how fast does the error fall where the teacher picks the best of k? |
| difficulty | difficulty.py | how much slower does it fall where the task is harder? |
| data-against-samples | data_against_samples.py | which is worth more, twice the data or twice the samples? |
| anisotropic-inputs | anisotropic_inputs.py | does the same theory hold for power-law inputs? |
| language | language/ | does a language model show the same? |

Shared: regression.py (theory of the regression and its judge), drawn_samples.py (the simulation), teacher_as_judge.py
(the simulation that inverse-square-law and difficulty read), settings.py. Which figures of the paper these redo is not
known: the formulas are derived anew.
"""

from solv.harness.entry import Entry, Paper

ENTRY = Entry(
    name="best-of-k",
    paper=Paper(
        title="Demystifying LLM-as-a-Judge: Analytically Tractable Model for Inference-Time Scaling",
        authors="Indranil Halder, Cengiz Pehlevan",
        arxiv="2512.19905",
    ),
    question="How does the error of the answer that a judge selects fall with samples, and when does it rise?",
    axes=("alpha", "mis", "temperature", "k"),
    expected={"smoke": "15 s", "quick": "2 min", "paper": "hours, GPU"},
    settings="solv.experiments.best_of_k.settings:BestOfKConfig",
    experiment="solv.experiments.best_of_k.experiment:EXPERIMENT",
)
