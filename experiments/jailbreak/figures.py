"""Which figures has the paper, and where is each redone? Attacked models are read from answers of the user's own."""

from solv.harness.contract import PaperFigure

OWN = "GPUs: 20 to 36 hours of four for 2181 answers a prompt in the paper; minutes where verdicts are at hand"
ANSWERS = "needs the models and the judged answers, which are not public: `language.pretrained.verdicts=FILE.csv`"

FIGURES = (
    PaperFigure(
        "equations (1), (2)",
        "the gap behind an upper edge of the safe chance",
        "edge",
        "1 core, seconds, estimated",
        "no: theory alone",
        "an unbiased estimate and a likelihood fit, which predict held-out prompts",
    ),
    PaperFigure(
        "equations (3), (4)",
        "without field: a power of k and its amplitude",
        "zero-field",
        "1 core, 62 s, estimated",
        "no: theory alone",
        "exact at every k; the next order is 1 - a/k, a = x (1 - x) m²/2",
    ),
    PaperFigure(
        "equations (5), (6), (15)",
        "in a field: weak-field amplitude, the joint limit",
        "field",
        "1 core, 110 s, estimated",
        "no: theory alone",
        "exact at every field; the factor e^(-g/2) of (15) is spurious beyond first order",
    ),
    PaperFigure(
        "equation (7)",
        "the exponential rate in a strong field",
        "strong-field",
        "1 core, 3.4 min, estimated",
        "no: theory alone",
        "the rate is that of a typical glass; the average over glasses falls more slowly",
    ),
    PaperFigure(
        "Fig. 1a",
        "log(-log Pi_k) against k under GCG: a line for one model, a bend for another",
        "own-answers",
        OWN,
        "no: not public",
        ANSWERS,
    ),
    PaperFigure(
        "Fig. 1b, 1c",
        "fraction of prompts by their safe chance, with its upper edge",
        "edge",
        "1 core, seconds, estimated",
        "yes: the edges, 1 and 0.9",
        "the law of the edge predicts held-out prompts, four of four; models: `own-answers`",
    ),
    PaperFigure(
        "Fig. 2a",
        "log(-log Pi_k) of a spin glass of 24 spins in five fields, with the law",
        "spin-glass",
        "1 core, 110 min, 1.6 GiB, estimated",
        "no: not public",
        "without field at N = 18 the law is met to 0.89 ± 0.02; in a field the bend is a want of draws",
    ),
    PaperFigure(
        "Fig. 2b",
        "the same points with the fit of nu and mu",
        "definitions",
        "1 core, 6.7 h, 1.6 GiB, estimated",
        "no: not public",
        "mu grows as in the paper where 8 clusters are drawn; whether nu does where it is fitted free is not decided",
    ),
    PaperFigure(
        "Fig. 3",
        "log(-log Pi_k) of Llama-3-8B without attack, under GCG and AutoDAN",
        "own-answers",
        OWN,
        "yes: the smallest gap",
        "the smallest gap, 0.001, is one of 1040 prompts: it hides a rate (`fitted-laws`)",
    ),
    PaperFigure("Fig. 4", "the same of OLMo-2-32B", "own-answers", OWN, "no: not public", ANSWERS),
    PaperFigure("Fig. B.1, B.2", "the tree of overlaps, the landscape", found="drawings"),
    PaperFigure(
        "Fig. F.1, F.3",
        "success at k = 1 by models behind an API, two judges",
        found="needs models behind an API, and two judges of one log",
    ),
    PaperFigure(
        "Fig. F.2",
        "success against k by refusal strings and by a judge",
        found="needs a log judged in both ways; each column by itself is `own-answers`",
    ),
    PaperFigure(
        "Fig. G.1-G.4",
        "as figure 3, of five more models and on HarmBench",
        "own-answers",
        OWN,
        "no: not public",
        ANSWERS,
    ),
    PaperFigure(
        "Fig. G.5-G.13",
        "success against k by category of the prompt",
        "own-answers",
        OWN,
        "yes: the sizes of the categories",
        "categories of 15 to 284 prompts: no gap below 1/15 can be seen in the smallest (`fitted-laws`)",
    ),
    PaperFigure("Table F.1", "list of refusal strings", found="not needed: answers are judged"),
)
