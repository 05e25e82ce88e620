"""What can be set in softmax-law? Axes and times of its students at the root, its other parts in groups."""

import math

from solv.harness.settings import (
    Group,
    RunSettings,
    flag,
    group,
    integer,
    integers,
    real,
    reals,
    text,
    texts,
)

ALL = "all"


class TrainedHere(Group):
    """The decoder that is trained in the run."""

    text: str | None = text(None, "file or folder that the decoder learns; null: Python's standard library")
    bytes: int = integer(4_000_000, "most bytes read of the text that the decoder learns", least=10_000)
    models: int = integer(2, "independent trainings of the decoder", least=2)
    width: int = integer(56, "width of the decoder", least=4)
    layers: int = integer(2, "layers of the decoder", least=1)
    heads: int = integer(4, "heads of each layer of the decoder", least=1)
    context: int = integer(32, "bytes that a prediction looks back at, at most", least=2)
    steps: int = integer(600, "training steps of the decoder", least=100)
    batch: int = integer(16, "sequences per training step of the decoder", least=1)
    learning_rate: float = real(
        3e-3, "learning rate of AdamW without decay for the decoder, constant after the warm-up", above=0
    )
    warm_up: int = integer(20, "steps in which the learning rate of the decoder rises", least=1)
    bfloat16: bool = flag(False, "whether the decoder computes products in bfloat16: faster on a GPU")
    held_out: int = integer(256, "held-out sequences on which the decoder is read", least=1)


class Pretrained(Group):
    """Checkpoints in Hugging Face's format (extra `hf`), used instead of the decoder trained here."""

    checkpoints: str | None = text(
        None, "folder with a sub-folder stepN for each checkpoint, or a hub name with revisions stepN; null: train here"
    )
    revisions: tuple[str, ...] = texts(
        [ALL], "names stepN of checkpoints; all: of a folder every one that is there, of the hub a choice of Pythia's"
    )
    text: str | None = text(None, "text file on which the checkpoints are read")
    context: int = integer(512, "tokens of a sequence on which checkpoints are read", least=2)
    sequences: int = integer(64, "most sequences on which checkpoints are read", least=1)
    rows: int = integer(8, "sequences that go through a checkpoint at once", least=1, scientific=False)


class LanguageSettings(Group):
    """The language model of softmax-law."""

    fit_from: int = integer(70, "least step of the fits to the language model", least=1)
    trained: TrainedHere = group(TrainedHere, "decoder trained in the run")
    pretrained: Pretrained = group(Pretrained, "checkpoints of the user's in place of the decoder")


class Controls(Group):
    """What breaks the law: other rules, on a fixed training set."""

    steps: int = integer(600, "training steps of every control", least=20)
    samples: int = integer(8192, "inputs of the controls' training set", least=100)
    growth: float = real(0.5, "p of the learning rate (1 + t/10)^p", above=0)
    normalised_rate: float = real(0.1, "step of normalised descent, short enough for the curvature", above=0)
    long_rate: float = real(0.3, "step of normalised descent, too long for the curvature at the end", above=0)
    adam_rate: float = real(0.04, "learning rate of Adam, beta2 = 0.999: fewer steps than it remembers", above=0)
    short_rate: float = real(0.02, "learning rate of Adam with a short memory", above=0)
    short_memory: float = real(0.9, "beta2 of Adam with a short memory", least=0, below=1)
    squared_rate: float = real(0.1, "learning rate for the squared loss of the logits, beta = 1", above=0)


class Networks(Group):
    """Networks in place of the linear student."""

    hidden: int = integer(32, "hidden units of the MLP", least=1)
    batch: int = integer(1024, "fresh inputs per step of the MLP", least=1)
    first_rate: float = real(0.4, "learning rate of the first layer of the normalised MLP, constant", above=0)
    plain_rate: float = real(0.6, "learning rate of both layers of the MLP, constant", above=0)
    plain_horizon: float = real(600.0, "largest time s of the MLP", above=0)
    tokens: int = integer(64, "vocabulary of the bigram language", least=2)
    width: int = integer(64, "embedding width of the bigram model", least=1)
    zipf: float = real(1.0, "exponent of the unigram frequencies of the bigram language, in the rank", least=0)
    bigram_beta: float = real(
        8.0, "peakedness of the bigram language's conditionals; a one-hot language is always learned too", above=0
    )
    bigram_rate: float = real(0.5, "learning rate of the bigram model, constant", above=0)
    bigram_horizon: float = real(1000.0, "largest time s of the bigram model", above=0)


class SoftmaxLawConfig(RunSettings):
    """Settings of softmax-law; the defaults are the quick preset.

    Students see fresh batches. The one-hot target of the first V is also learned on a fixed training set: its gradient
    falls below the noise of a batch long before its loss does.
    """

    beta: tuple[float, ...] = reals(
        [1, 2, 4, 8, 16, 32, math.inf], "inverse temperature of the target, inf: one-hot", above=0, infinite=True
    )
    classes: tuple[int, ...] = integers([8, 2, 32], "classes V; the first serves most panels", least=2)
    dimension: tuple[int, ...] = integers([8, 16], "input dimensions d; the first for all but one panel", least=1)
    rate: float = real(2.0, "learning rate for V = 8, others ~ V; times (1 + 8 s/10V)^(1/3) to the crossover", above=0)
    horizon: float = real(1e4, "largest time s for beta >= 8 and V = 8, others ~ V", least=1e3)
    short_horizon: float = real(600.0, "largest time s for beta < 8 and V = 8, others ~ V", least=200)
    window: float = real(100.0, "least time s of the fits to linear students", above=0)
    late: float = real(8.0, "least time s of the fits to other V and d, in units of C^2", above=0)
    span: float = real(70.0, "least ratio of the ends of the window of the fits to other V and d", above=1)
    batch: int = integer(2048, "fresh inputs per step of the linear students", least=1)
    small_batch: int = integer(512, "fresh inputs per step of the student that learns from small batches", least=1)
    samples: int = integer(16384, "inputs on which students are measured, and of the fixed training set", least=100)
    repeats: int = integer(4, "independent teachers", least=2)
    theory_points: int = integer(3000, "Monte-Carlo points of the theory, per teacher", least=1000)
    population_points: int = integer(
        400_000, "points that give the mean over all inputs to the sampled loss of the one-hot target", least=1000
    )
    controls: Controls = group(Controls, "other rules")
    networks: Networks = group(Networks, "networks with a hidden layer")
    language: LanguageSettings = group(LanguageSettings, "a language model")
