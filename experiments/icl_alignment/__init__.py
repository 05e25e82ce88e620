"""Pretrain-Test Task Alignment Governs Generalization in In-Context Learning

Mary I. Letey, Jacob A. Zavatone-Veth, Yue M. Lu, Cengiz Pehlevan, arXiv:2509.26551.

When do more diverse pretraining tasks help to learn the tasks of the test, and when do they harm?

| part | question | file | in the paper |
|---|---|---|---|
| single-directions | error and e_misalign of tests on one direction | single_directions.py | Fig. 1 |
| linear-measures | four measures against linear theory | linear_measures.py | Fig. 2 |
| transformer | whether e_misalign orders a transformer's errors | transformer.py | Fig. 3 |
| pretraining-map | where steeper pretraining helps | pretraining_map.py | Fig. 4 |
| seen-subspace | the transition at kappa = rank / d | seen_subspace.py | Fig. 6 |
| test-time-context | test contexts up to 1000 d | test_time_context.py | preprint |
| kernel-order | which test is easiest | kernel_order.py | its corollaries |
| in-distribution | pretraining tasks against fresh ones | in_distribution.py | its q tau |
| diversity | error and e_misalign against task diversity | diversity.py | ours |
| double-descent | error against the number of pretraining contexts | double_descent.py | ours |
| context-length | error against context length, at pretraining and at test | context_length.py | ours |
| finite-size | how simulation approaches theory as d grows | finite_size.py | ours |
| alignment-measures | which measure of alignment orders the errors | alignment_measures.py | ours |
| diversity-map | for which covariances diversity helps, and for which it harms | diversity_map.py | ours |
| best-pretraining | which power law to pretrain on for a given test | best_pretraining.py | ours |

The authors' code is Pehlevan-Group/task_alignment_governs_icl_preprint and
mletey/pretrain-test-icl-alignment-ICLR26.

What parts share: covariances.py (covariances by name), fixed_point.py (what a panel does not vary), fitted_attention.py
(linear attention at finite d), rank_correlations.py (measures against errors), log_ratios.py (two points in log e),
confidence.py (how many standard errors count over few repeats);
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
    expected={"smoke": "10 s", "quick": "1.5 min", "reference": "9 min", "paper": "hours, GPU"},
    settings="solv.experiments.icl_alignment.settings:IclAlignmentConfig",
    experiment="solv.experiments.icl_alignment.experiment:EXPERIMENT",
)
