"""Pretrain-Test Task Alignment Governs Generalization in In-Context Learning

Mary I. Letey, Jacob A. Zavatone-Veth, Yue M. Lu, Cengiz Pehlevan, arXiv:2509.26551.

When do more diverse pretraining tasks help to learn the tasks of the test, and when do they harm?

| part | question | file | folder of the authors' code |
|---|---|---|---|
| diversity | error and alignment against task diversity | diversity.py | Error_Against_Kappa |
| double-descent | error against the number of pretraining contexts | double_descent.py | - |
| context-length | error against context length, at pretraining and at test | context_length.py | test_time_scaling |
| finite-size | how simulation approaches theory as d grows | finite_size.py | - |
| alignment-measures | which measure of alignment orders the errors | alignment_measures.py | - |
| diversity-map | for which covariances diversity helps, and for which it harms | diversity_map.py | - |
| best-pretraining | which power law to pretrain on for a given test | best_pretraining.py | - |
| transformer | whether A orders the errors of a nonlinear transformer | transformer.py | NONLINEAR |

The authors' code is Pehlevan-Group/task_alignment_governs_icl_preprint.

What parts share: covariances.py (covariances by name), fixed_point.py (what a panel does not vary), fitted_attention.py
(linear attention at finite d), rank_correlations.py (measures against errors), log_ratios.py (two points in log e);
transformer_training.py belongs to the part `transformer`.
"""

from solv.harness.entry import Entry, Paper

ENTRY = Entry(
    name="icl-alignment",
    paper=Paper(
        title="Pretrain-Test Task Alignment Governs Generalization in In-Context Learning",
        authors="Mary I. Letey, Jacob A. Zavatone-Veth, Yue M. Lu, Cengiz Pehlevan",
        arxiv="2509.26551",
    ),
    question="When do more diverse pretraining tasks help to learn the tasks of the test, and when do they harm?",
    axes=("alpha", "tau", "kappa", "rho"),
    expected={"smoke": "10 s", "quick": "2 min", "paper": "hours, GPU"},
    settings="solv.experiments.icl_alignment.settings:IclAlignmentConfig",
    experiment="solv.experiments.icl_alignment.experiment:EXPERIMENT",
)
