"""Hyperparameter Transfer with Mixture-of-Experts Layers

Tianze Jiang, Blake Bordelon, Cengiz Pehlevan, Boris Hanin, arXiv:2601.20205.

Which learning rate of a small mixture of experts is also that of a large one?

| part                | file                 | question                                              | in the paper |
| ------------------- | -------------------- | ----------------------------------------------------- | ------------ |
| `limit`             | limit.py             | do residual networks converge to their exact limit?   | ours         |
| `limit-expert-size` | limit_expert_size.py | does the limit depend on an expert's size?            | section 4    |
| `limit-routing`     | limit_routing.py     | may routing start from random biases?                 | appendix E   |
| `limit-rates`       | limit_rates.py       | are their best and their diverging rates the limit's? | ours         |
| `limit-depth`       | limit_depth.py       | how does their loss depend on depth?                  | ours         |
| `initial-branches`  | initial_branches.py  | what do branches add before training?                 | section 4    |
| `coordinates`       | coordinates.py       | do learned parts stay of order one?                   | ours         |
| `learning-rate`     | learning_rate.py     | does the best learning rate stay as N, L, E, H grow?  | Fig. 2, 4    |
| `loss-curves`       | loss_curves.py       | do the first steps of all sizes look alike?           | Fig. 3       |
| `best-loss`         | best_loss.py         | is larger better, each at its best rate?              | Fig. 2       |
| `load`              | load.py              | does the bias alone balance the experts?              | Fig. 17      |
| `other-settings`    | other_settings.py    | are other settings' best factors alike at two sizes?  | Fig. 2       |
| `horizon`           | horizon.py           | is a short run's best rate that of a longer one?      | Fig. 1, 16   |
| `paper-model`       | paper_model.py       | does the rate stay for the paper's own model?         | Fig. 2       |
| `expert-size`       | expert_size.py       | does it for large experts, by both choices of W2?     | Fig. 11      |
| `expert-count`      | expert_count.py      | are more, smaller experts better?                     | Fig. 5       |
| `fixed-active`      | fixed_active.py      | does it move with the active fraction?                | section 3.2  |
| `gates`             | gates.py             | does it stay with sigmoid and softmax gates?          | Fig. 18      |

`residual_networks.py` (the limit and networks of finite size), `transformers.py` (trainings), `scans.py` (best rate and
loss along a list of models), `optima.py` (where a best rate lies) and `sizes.py` (which models) serve several parts.
"""

from solv.harness.entry import Entry, Paper

ENTRY = Entry(
    name="moe-transfer",
    paper=Paper(
        title="Hyperparameter Transfer with Mixture-of-Experts Layers",
        authors="Tianze Jiang, Blake Bordelon, Cengiz Pehlevan, Boris Hanin",
        arxiv="2601.20205",
    ),
    question="Which learning rate of a small mixture of experts is also that of a large one?",
    axes=("width", "depth", "experts", "hidden", "rate"),
    expected={"smoke": "10 s", "quick": "3.5 min", "reference": "80 min", "paper": "not measured, GPU"},
    settings="solv.experiments.moe_transfer.settings:MoeTransferConfig",
    experiment="solv.experiments.moe_transfer.experiment:EXPERIMENT",
)
