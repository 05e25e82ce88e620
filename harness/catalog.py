"""Which experiments are there? Name, paper and size of each, readable without importing anything heavy."""

from dataclasses import dataclass
from difflib import get_close_matches


class UnknownExperimentError(Exception):
    """No experiment of that name; the message names the nearest."""


@dataclass(frozen=True)
class Paper:
    """The paper that an experiment reproduces."""

    title: str
    authors: str
    arxiv: str


@dataclass(frozen=True)
class Entry:
    """One line of `solv list`.

    Attributes:
        name: the one name of the experiment in every room.
        paper: what it reproduces.
        question: what it asks, in one sentence.
        axes: what it sweeps over.
        expected: preset -> expected wall time on two CPU cores (paper: on a GPU), in words.
    """

    name: str
    paper: Paper
    question: str
    axes: tuple[str, ...]
    expected: dict[str, str]

    @property
    def module(self) -> str:
        """Name of the module that implements it."""
        return f"solv.experiments.{self.name.replace('-', '_')}.experiment"


CATALOG: tuple[Entry, ...] = (
    Entry(
        name="cot-depth",
        paper=Paper(
            title="An Asymptotic Theory of Chain-of-Thought in In-Context Learning",
            authors="Kaito Takanami, Cengiz Pehlevan",
            arxiv="2606.03217",
        ),
        question="How does the error depend on the number of reasoning steps, the pretraining data and the context?",
        axes=("alpha", "tau", "rho", "depth"),
        expected={"smoke": "10 s", "quick": "2 min", "paper": "hours, GPU"},
    ),
    Entry(
        name="icl-alignment",
        paper=Paper(
            title="Pretrain-Test Task Alignment Governs Generalization in In-Context Learning",
            authors="Mary I. Letey, Jacob A. Zavatone-Veth, Yue M. Lu, Cengiz Pehlevan",
            arxiv="2509.26551",
        ),
        question="When do more diverse pretraining tasks help to learn the tasks of the test, and when do they harm?",
        axes=("alpha", "tau", "kappa", "rho"),
        expected={"smoke": "10 s", "quick": "2 min", "paper": "hours, GPU"},
    ),
    Entry(
        name="softmax-law",
        paper=Paper(
            title="Universal One-third Time Scaling in Learning Peaked Distributions",
            authors="Yizhou Liu, Ziming Liu, Cengiz Pehlevan, Jeff Gore",
            arxiv="2602.03685",
        ),
        question="Why does the loss of a softmax fall as the cube root of time, and what breaks that?",
        axes=("beta", "classes", "dimension"),
        expected={"smoke": "15 s", "quick": "2 min", "paper": "not measured, GPU"},
    ),
    Entry(
        name="best-of-k",
        paper=Paper(
            title="Demystifying LLM-as-a-Judge: Analytically Tractable Model for Inference-Time Scaling",
            authors="Indranil Halder, Cengiz Pehlevan",
            arxiv="2512.19905",
        ),
        question="How does the error of the answer that a judge selects fall with samples, and when does it rise?",
        axes=("alpha", "mis", "temperature", "k"),
        expected={"smoke": "15 s", "quick": "2 min", "paper": "hours, GPU"},
    ),
    Entry(
        name="dmft",
        paper=Paper(
            title="Disordered Dynamics in High Dimensions: Connections to Random Matrices and Machine Learning",
            authors="Blake Bordelon, Cengiz Pehlevan",
            arxiv="2601.01010",
        ),
        question="What does averaging over disorder predict for linear systems, regression and networks that learn?",
        axes=("time", "samples", "features", "batch", "members", "richness", "width"),
        expected={"smoke": "15 s", "quick": "2 min", "paper": "hours, GPU"},
    ),
    Entry(
        name="moe-transfer",
        paper=Paper(
            title="Hyperparameter Transfer with Mixture-of-Experts Layers",
            authors="Tianze Jiang, Blake Bordelon, Cengiz Pehlevan, Boris Hanin",
            arxiv="2601.20205",
        ),
        question="Which learning rate of a small mixture of experts is also that of a large one?",
        axes=("width", "depth", "experts", "hidden", "rate"),
        expected={"smoke": "20 s", "quick": "3 min", "paper": "not measured, GPU"},
    ),
    Entry(
        name="jailbreak",
        paper=Paper(
            title="Jailbreak Scaling Laws for Large Language Models: Polynomial-Exponential Crossover",
            authors="Indranil Halder, Annesya Banerjee, Cengiz Pehlevan",
            arxiv="2603.11331",
        ),
        question="Does the chance of an unsafe answer grow with samples as a power or exponentially?",
        axes=("x", "m", "field"),
        expected={"smoke": "10 s", "quick": "2 min", "paper": "not measured, GPU"},
    ),
    Entry(
        name="sbd",
        paper=Paper(
            title=("Score Broadcast and Decorrelation: A General Framework for Broadcast-Based Credit Assignment"),
            authors="Mustafa Uzun, Mete Erdogan, Cengiz Pehlevan, Alper T. Erdogan",
            arxiv="2605.30638",
        ),
        question="Can a network learn from a score that is broadcast to every layer, without backpropagation?",
        axes=("arenas", "training.learning_rate", "training.memory"),
        expected={"smoke": "10 s", "quick": "2 min", "paper": "not measured, GPU"},
    ),
    Entry(
        name="pita",
        paper=Paper(
            title=(
                "Boule or Baguette? A Study on Task Topology, Length Generalization, "
                "and the Benefit of Reasoning Traces"
            ),
            authors="William L. Tong, Ege Cakar, Cengiz Pehlevan",
            arxiv="2602.14404",
        ),
        question="When does a model that writes a reasoning trace beat one that answers directly?",
        axes=("training.attention", "training.steps", "generalisation.width"),
        expected={"smoke": "10 s", "quick": "2 min", "paper": "not measured, GPU"},
    ),
    Entry(
        name="anytime",
        paper=Paper(
            title="Anytime Pretraining: Horizon-Free Learning-Rate Schedules with Weight Averaging",
            authors="Alexandru Meterez, Pranav Ajit Nair, Depen Morwani, Cengiz Pehlevan, Sham Kakade",
            arxiv="2602.03702",
        ),
        question="Which learning-rate schedule and averaging of the weights is good at every stopping time?",
        axes=("a", "b", "horizon", "sigma2", "batch"),
        expected={"smoke": "10 s", "quick": "2 min", "paper": "not measured, GPU"},
    ),
)


def names() -> list[str]:
    """Return the names of all experiments."""
    return [entry.name for entry in CATALOG]


def entry(name: str) -> Entry:
    """Return the entry called `name`.

    Raises:
        UnknownExperimentError: there is none.
    """
    for candidate in CATALOG:
        if candidate.name == name:
            return candidate
    near = get_close_matches(name, names(), n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"valid: {', '.join(names())}"
    raise UnknownExperimentError(f"unknown experiment {name!r}; {hint} (`solv list` shows all)")
