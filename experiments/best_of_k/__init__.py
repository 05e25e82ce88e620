"""Demystifying LLM-as-a-Judge: Analytically Tractable Model for Inference-Time Scaling

Indranil Halder, Cengiz Pehlevan, arXiv:2512.19905.

How does the error of the answer that a judge selects fall with samples, and when does it rise?

| part | the paper's | file | asks |
| --- | --- | --- | --- |
| extrapolating-judges | BLR_non_zero_T | extrapolating_judges.py | how does the error fall where judges extrapolate? |
| zero-temperature | BLR_zero_T | zero_temperature.py | what does more data change at T = 0? |
| sampling-threshold | Remark 3 | sampling_threshold.py | from which judge on is a finite number of samples best? |
| temperature-law | Remark 4 | temperature_law.py | at which t is the error of k samples least? |
| best-judge | ours | best_judge.py | which judge is best, and how do three families compare? |
| one-point | Result 1 | one_point.py | by how much does the paper's equivalent of D2 miss? |
| inference-or-data | Remark 6, abstract | inference_or_data.py | where do samples beat data, and on hard tasks? |
| samples | ours | samples.py | at which number of samples is the error least? |
| temperature | ours | temperature.py | at which temperature should the judge select? |
| direction | ours | direction.py | is the teacher the best judge, or one that exaggerates it? |
| inverse-square-law | Result 3 | inverse_square_law.py | how fast does the error fall where the teacher picks? |
| difficulty | ours | difficulty.py | how much slower does it fall where the task is harder? |
| data-against-samples | ours | data_against_samples.py | which is worth more, twice the data or the samples? |
| anisotropic-inputs | ours | anisotropic_inputs.py | does the same theory hold for power-law inputs? |
| language | compute_delta_vs_k, _T | language/ | does a language model show the same? |

The paper's parts are in its units: temperature t = T / (2 sigma^2), data d/n, errors delta / sigma^2; in ours alpha is
n/d.
Shared: paper_regression.py (regression, judges and simulation of the paper's figures), regression.py (theory in our
units), drawn_samples.py (its simulation), teacher_as_judge.py (the simulation that inverse-square-law and difficulty
read), counted_work.py (how much work these are, from the settings alone), settings.py. Figures are named by the script
of the authors' repository that draws them.
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
    expected={"smoke": "10 s", "quick": "1.5 min", "reference": "18 min", "paper": "hours, GPU"},
    settings="solv.experiments.best_of_k.settings:BestOfKConfig",
    experiment="solv.experiments.best_of_k.experiment:EXPERIMENT",
)
