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
    horizon: int | None = integer(
        None,
        "steps of the schedule of the checkpoints' training, warm-up 1 % and a cosine to a tenth; null: constant rate",
        least=100,
    )
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


class Toy(Group):
    """The paper's toy model: one wide teacher, many students of it."""

    inputs: int = integer(32, "input width m of the toy model", least=2)
    classes: int = integer(128, "classes n of the toy model", least=3)
    batch: int = integer(1024, "fresh inputs per step of the toy model", least=1)
    shown: int = integer(2048, "inputs on which students of the toy model are read", least=16)
    repeats: int = integer(2, "independent teachers of the toy model", least=2)


class Rates(Group):
    """Temperatures against learning rates in the toy model."""

    temperature: tuple[float, ...] = reals([0.001, 0.02, 0.37], "temperatures of the toy's target", above=0)
    adam: tuple[float, ...] = reals([0.01, 0.1, 0.3], "learning rates of Adam in the toy model", above=0)
    sgd: tuple[float, ...] = reals([3, 10], "learning rates of SGD in the toy model", above=0)
    steps: int = integer(1000, "training steps for each temperature and learning rate", least=20)


class Long(Group):
    """A long training of the toy model."""

    temperature: tuple[float, ...] = reals([0.01, 0.063], "temperatures of the target of long trainings", above=0)
    rate: float = real(3e-3, "learning rate of Adam in long trainings", above=0)
    steps: int = integer(4000, "steps of long trainings", least=50)
    curvatures: int = integer(8, "times at which the curvature of long trainings is measured", least=2)


class Starts(Group):
    """Students of the toy model that do not start at zero."""

    temperature: float = real(6e-3, "temperature of the target of students with a start", above=0)
    ratio: tuple[float, ...] = reals([0, 0.3, 1], "size of the initial weights over the target's", least=0)
    rate: tuple[float, ...] = reals([0.1], "learning rates of Adam for students with a start", above=0)
    steps: int = integer(1000, "steps of students with a start", least=50)


class Decay(Group):
    """Weight decay in the toy model."""

    temperature: float = real(0.05, "temperature of the target under weight decay", above=0)
    decay: float = real(0.05, "decoupled weight decay", above=0)
    rate: tuple[float, ...] = reals([0.01, 0.1], "learning rates of AdamW under weight decay", above=0)
    steps: int = integer(1000, "steps under weight decay", least=50)
    batch: int = integer(2048, "fresh inputs per step under weight decay", least=1)


class Scheduled(Group):
    """A learning-rate schedule in the toy model: warm-up over a hundredth, then a cosine down to a tenth."""

    temperature: float = real(6e-3, "temperature of the target under a schedule", above=0)
    rate: tuple[float, ...] = reals([0.03, 0.1], "peak learning rates of Adam under a schedule", above=0)
    steps: int = integer(1000, "steps of the schedule", least=50)


class Spectra(Group):
    """Teachers and data with a spectrum."""

    temperature: float = real(1e-3, "temperature of the target of teachers with a spectrum", above=0)
    teacher: tuple[float, ...] = reals([0, 0.5, 1], "exponents of the teacher's singular values", least=0)
    rate: float = real(0.08, "learning rate of Adam for teachers with a spectrum", above=0)
    steps: int = integer(600, "steps for teachers with a spectrum", least=50)
    data: tuple[float, ...] = reals(
        [1.5, 2, 3], "exponents of the spectrum of the data under the squared loss", above=1
    )
    width: int = integer(512, "input width under the squared loss", least=32)
    squared_rate: float = real(0.5, "learning rate under the squared loss, for a largest eigenvalue of 1", above=0)
    squared_steps: int = integer(400, "steps under the squared loss", least=20)


class Stacks(Group):
    """Stacks of residual blocks, of the toy model's widths."""

    teacher: int = integer(12, "blocks of the teacher of residual stacks", least=1)
    blocks: tuple[int, ...] = integers([2, 6], "blocks of the students of a residual stack", least=1)
    temperature: tuple[float, ...] = reals([0.01, 0.1], "temperatures of residual stacks", above=0)
    rate: float = real(3e-3, "learning rate of Adam for residual stacks", above=0)
    steps: int = integer(1500, "steps of residual stacks", least=50)
    batch: int = integer(128, "fresh inputs per step for residual stacks", least=1)


DIGITS, PACKAGED_MNIST, MNIST = "digits", "mnist5k", "mnist"  # sets of images


class Digits(Group):
    """An MLP on images of digits."""

    images: str = text(
        DIGITS,
        "images of digits: scikit-learn's, 5000 of MNIST (extra `images`), or all of MNIST's training set",
        choices=(DIGITS, PACKAGED_MNIST, MNIST),
    )
    folder: str | None = text(None, "folder of MNIST's published files, for digits.images=mnist", scientific=False)
    hidden: tuple[int, ...] = integers([4, 10], "units of the hidden layer of the MLP on digits", least=1)
    rate: float = real(1e-3, "learning rate of Adam on digits", above=0)
    steps: int = integer(4000, "full-batch steps on digits", least=50)
    repeats: int = integer(3, "independent initial weights on digits", least=2)


class Entropies(Group):
    """The entropy of a softmax of random logits."""

    classes: int = integer(32_000, "vocabulary of the random logits", least=3)
    draws: int = integer(200, "draws of random logits", least=2)
    entropy: float = real(1.69, "entropy of a token of language, in nats: the limit of Chinchilla's law", above=0)


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
    toy: Toy = group(Toy, "the paper's toy model")
    rates: Rates = group(Rates, "temperatures against learning rates")
    long: Long = group(Long, "long trainings of the toy model")
    starts: Starts = group(Starts, "students that do not start at zero")
    decay: Decay = group(Decay, "weight decay")
    scheduled: Scheduled = group(Scheduled, "a learning-rate schedule")
    spectra: Spectra = group(Spectra, "teachers and data with a spectrum")
    stacks: Stacks = group(Stacks, "residual stacks of a deeper one")
    digits: Digits = group(Digits, "an MLP on digits")
    entropies: Entropies = group(Entropies, "entropy of random logits")
