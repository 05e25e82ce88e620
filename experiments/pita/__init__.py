"""Boule or Baguette? A Study on Task Topology, Length Generalization, and the Benefit of Reasoning Traces

William L. Tong, Ege Cakar, Cengiz Pehlevan, arXiv:2602.14404.

When does a model that writes a reasoning trace beat one that answers directly?

| part | question | file | paper |
| --- | --- | --- | --- |
| counts | has every split as many statements as its formula says, and up to symmetry? (E1) | counts.py | Fig. 1c |
| proofs | what is provable, how long are traces, does every one check? (E1) | proofs.py | Fig. 1d, statistics |
| language | do language models that write a proof generalise? (E2) | language.py | against length instead of size |
| chain-lengths | how many nodes does a trace write? (E4) | chain_lengths.py | ours |
| chain-widths | with which powers grows the needed width? (E3) | chain_widths.py | heat maps of accuracy |
| chain-attention | is attention near uniform, and needed? (E3) | chain_attention.py | appendix |
| chain-hops | what is right beyond the trained hops? (E4) | chain_hops.py | accuracy against hops |
| chain-errors | do errors of tokens predict those of traces? (E4) | chain_errors.py | ours |
| chain-plane | where is a trace better, in breadth and depth? (E5) | chain_plane.py | ours |

E1 is the data set, E2 language models on it, E3-E5 a synthetic task of arms and levels (chains). `figures.py` maps the
paper's figures to parts. What parts share: `statements.py` (searches that `counts` and `proofs` read),
`language_statements.py` and `language_training.py`, `chain.py` (tasks) and `chain_training.py` (one training of the
plane for three parts).
"""

from solv.harness.entry import Entry, Paper

ENTRY = Entry(
    name="pita",
    paper=Paper(
        title="Boule or Baguette? A Study on Task Topology, Length Generalization, and the Benefit of Reasoning Traces",
        authors="William L. Tong, Ege Cakar, Cengiz Pehlevan",
        arxiv="2602.14404",
    ),
    question="When does a model that writes a reasoning trace beat one that answers directly?",
    axes=("training.attention", "training.steps", "generalisation.width"),
    expected={"smoke": "10 s", "quick": "40 s", "reference": "100 min", "paper": "not measured, GPU"},
    settings="solv.experiments.pita.settings:PitaConfig",
    experiment="solv.experiments.pita.experiment:EXPERIMENT",
)
