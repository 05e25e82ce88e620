"""How deep should a chain of thought be? An Asymptotic Theory of Chain-of-Thought in In-Context Learning.

Kaito Takanami, Cengiz Pehlevan, arXiv:2606.03217.

| part                 | file                    | in the paper              |
| -------------------- | ----------------------- | ------------------------- |
| depth                | depth.py                | phase diagram, B and C    |
| phase-diagram        | phase_diagram.py        | phase diagram, A          |
| long-chains          | long_chains.py          | ours                      |
| transition           | transition.py           | ours                      |
| infinite-pretraining | infinite_pretraining.py | ours                      |
| finite-size          | finite_size.py          | theory against experiment |
| reduced-step         | reduced_step.py         | ours                      |
| linear-attention     | linear_attention.py     | ours                      |
| softmax-attention    | softmax_attention.py    | ours                      |

Parts share the exact model at finite dimension (`chain.py`), the training of attention blocks
(`attention_training.py`) and the slope of a chain's error (`slopes.py`); `experiment.py` lists them, with the claims
that read more than one.
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
    axes=("alpha", "tau", "rho", "depth"),
    expected={"smoke": "10 s", "quick": "2 min", "paper": "hours, GPU"},
    settings="solv.experiments.cot_depth.settings:CotDepthConfig",
    experiment="solv.experiments.cot_depth.experiment:EXPERIMENT",
)
