"""How deep should a chain of thought be? An Asymptotic Theory of Chain-of-Thought in In-Context Learning.

Kaito Takanami, Cengiz Pehlevan, arXiv:2606.03217.

| part                 | file                    | in the paper              |
| -------------------- | ----------------------- | ------------------------- |
| depth                | depth.py                | ours                      |
| phase-diagram        | phase_diagram.py        | phase diagram, A          |
| phase-lines          | phase_lines.py          | phase diagram, B and C    |
| long-chains          | long_chains.py          | ours                      |
| late-law             | late_law.py             | its laws; panels are ours |
| saturation           | saturation.py           | its laws; panels are ours |
| transition           | transition.py           | ours                      |
| infinite-pretraining | infinite_pretraining.py | ours                      |
| noisy-tests          | noisy_tests.py          | ours                      |
| theory-experiment    | theory_experiment.py    | theory against experiment |
| finite-size          | finite_size.py          | ours                      |
| heavy-tails          | heavy_tails.py          | ours                      |
| reduced-step         | reduced_step.py         | ours                      |
| attention-lines      | attention_lines.py      | CoT dynamics, A           |
| attention-grid       | attention_grid.py       | CoT dynamics, B           |
| attention-floors     | attention_floors.py     | ours                      |
| softmax-grid         | softmax_grid.py         | CoT dynamics, C           |
| learned-matrices     | learned_matrices.py     | learned matrices          |
| linear-attention     | linear_attention.py     | ours                      |
| softmax-attention    | softmax_attention.py    | ours                      |

Parts share the exact model at finite dimension (`chain.py`), the paper's training of attention on one step
(`one_step_training.py`), ours of attention on its own states (`attention_training.py`), and the slope of a chain's
error (`slopes.py`); the authors' numbers are `published.csv`. `experiment.py` lists the parts, the figures of the paper
and the claims that read more than one part.
"""

from solv.harness.entry import Entry, Paper

ENTRY = Entry(
    name="cot-depth",
    paper=Paper(
        title="An Asymptotic Theory of Chain-of-Thought in In-Context Learning",
        authors="Kaito Takanami, Cengiz Pehlevan",
        arxiv="2606.03217",
    ),
    question="How does the error depend on the number of reasoning steps, the pretraining data and the context?",
    axes=("alpha", "tau", "rho", "rho_test", "depth"),
    expected={"smoke": "10 s", "quick": "2 min", "reference": "37 min", "paper": "hours, GPU"},
    settings="solv.experiments.cot_depth.settings:CotDepthConfig",
    experiment="solv.experiments.cot_depth.experiment:EXPERIMENT",
)
