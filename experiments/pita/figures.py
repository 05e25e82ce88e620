"""Which figures has the paper, and where is each redone? Named as in its public code; its text is not at hand."""

from solv.harness.contract import PaperFigure

MODELS = (
    "the sizes: pretrained models of 0.5 to 32 billion weights need GPUs; small ones against length, two splits a run"
)

FIGURES = (
    PaperFigure(
        "Fig. 1c",
        "breadth: statements up to symmetry against leaves",
        "counts",
        "1 core, 1 s, measured",
        "yes: their formula",
        "full, imply: orbits exactly, theirs has 5/3 of one leaf; or: 2 a size (theirs 2 m); php: theirs alone",
    ),
    PaperFigure(
        "Fig. 1d",
        "depth: lengths of the searches of every split",
        "proofs",
        "1 core, 10 s for 500 of each, estimated",
        "no: not public",
        "full < imply < or < php",
    ),
    PaperFigure(
        "statistics of full",
        "statements by verdict and length",
        "proofs",
        "2 cores, 154 s, measured: `python -m benchmarks.pita_lengths`",
        "yes",
        "every row equal: 128 of 128, 3 630 455 statements",
    ),
    PaperFigure("Fig. 3a", "the chain task", found="a drawing"),
    PaperFigure(
        "accuracy by model size",
        "language models with a trace and without, four splits",
        "language",
        "GPU: 37 PFLOP, 1.5 GiB, estimated",
        "no: not public",
        MODELS,
    ),
    PaperFigure(
        "appendix: kinds of answers",
        "right and wrong by verdict, none, balanced accuracy",
        "language",
        "GPU: 37 PFLOP, 1.5 GiB, estimated",
        "no: not public",
        "every accuracy is balanced; answers without a word and the natural classes have panels of their own",
    ),
    PaperFigure(
        "appendix: validity of traces",
        "traces that are right step by step",
        "language",
        "GPU: 37 PFLOP, 1.5 GiB, estimated",
        "no: not public",
        "whole traces by the checker; not which part of one is valid",
    ),
    PaperFigure(
        "appendix: equal tokens",
        "a direct model trained on as many tokens",
        "language",
        "GPU: 37 PFLOP, 1.5 GiB, estimated",
        "no: not public",
        "a direct model of its own, trained for longer; the paper's goes on from the adapter of the traces",
    ),
    PaperFigure(
        "heat maps of accuracy",
        "width against levels and arms, with lines of critical width",
        "chain-widths",
        "GPU: 280 PFLOP, 10 GiB, estimated; `reference`: 19 min of one slow core, measured",
        "yes: slopes of the lines",
        "10 000 steps, d to 96: depth 0.87 ± 0.04 (trace, 2 drawn) and 1.03 ± 0.09; arms 0.52, 0.62",
    ),
    PaperFigure(
        "accuracy against hops",
        "questions longer than those of the training, by arms",
        "chain-hops",
        "GPU: 5.9 EFLOP, 38 GiB, estimated",
        "no: not public",
        "on the small sizes of `quick` a trace generalises, and a direct answer on two arms",
    ),
    PaperFigure(
        "appendix: variants",
        "the same with short traces and inverted questions",
        "chain-hops",
        "GPU: 5.9 EFLOP, 38 GiB, estimated",
        "no: not public",
        "training.trace=short, inverted",
    ),
    PaperFigure(
        "appendix: accuracy against breadth",
        "direct answers far from a, with a line of slope -2",
        "chain-hops",
        "GPU: 5.9 EFLOP, 38 GiB, estimated",
        "yes: the slope",
        "small tasks: -0.81 ± 0.10 of what is above a half, 2 to 12 arms",
    ),
    PaperFigure(
        "appendix: learned attention, reduced model",
        "total variation from uniform; a model without attention",
        "chain-attention",
        "1 core, 7.9 h, estimated",
        "no: not public",
        "variation at d = 512, twelve models: 0.251 ± 0.003 with a trace",
    ),
    PaperFigure(
        "appendix: max-margin solution, false negatives, coefficients of neurons",
        "what the reduced model learns",
        found="derivations that the public code does not have",
    ),
)
