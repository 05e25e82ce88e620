"""What can be set in sbd? Sizes, rules and data; the defaults are the quick preset."""

from dataclasses import dataclass

from solv.harness.settings import RunSettings, group, integer, integers, real, reals, text, texts

PERCEPTRON, CONVOLUTION, LOCAL = "perceptron", "convolution", "locally connected"
DIGITS = "digits"
ARENAS = (DIGITS, PERCEPTRON, CONVOLUTION, LOCAL)
FROZEN, DFA, EBD, SBD, SBD_P, SBD_RANDOM = "frozen hidden", "DFA", "EBD", "SBD", "SBD + p", "SBD + random features"
BP, BP_SQUARED = "BP", "BP (MSE)"
RULES = (FROZEN, DFA, EBD, SBD, SBD_P, SBD_RANDOM, BP, BP_SQUARED)
# Accuracy on CIFAR-10 in per cent and its spread over five runs, arXiv:2504.11558
PUBLISHED = {
    PERCEPTRON: {DFA: (52.1, 0.3), EBD: (55.5, 0.2), BP_SQUARED: (56.4, 0.3)},
    CONVOLUTION: {DFA: (58.4, 1.6), EBD: (66.4, 0.4), BP_SQUARED: (75.2, 0.3)},
    LOCAL: {DFA: (62.2, 0.2), EBD: (64.3, 0.3), BP_SQUARED: (67.8, 0.3)},
}


@dataclass(frozen=True)
class Orthogonality:
    """Score and features of a known teacher (T1)."""

    examples: tuple[int, ...] = integers([1_000, 10_000, 100_000], "examples of a measurement", least=100)
    repeats: int = integer(16, "measurements of each loss", least=2)
    classes: int = integer(3, "classes of the teacher", least=2)
    inputs: int = integer(10, "inputs of the teacher", least=1)
    features: int = integer(8, "random rectified features of the input", least=1)


@dataclass(frozen=True)
class Images:
    """The images of the larger networks."""

    source: str = text("synthetic", "where they come from", choices=("synthetic", "cifar10", "tiny-imagenet"))
    folder: str | None = text(None, "folder of cifar10 or tiny-imagenet (`solv data`)", scientific=False)
    train: int = integer(4000, "images to learn from; the most that are used of a fetched set", least=10)
    test: int = integer(2000, "images to test on", least=10)
    side: int = integer(12, "of a synthetic image", least=8)
    classes: int = integer(5, "of synthetic images", least=2)
    sharpness: float = real(4, "of the synthetic teacher: how far its outputs decide", least=0)
    size: str = text("small", "of the networks: small, or the paper's", choices=("small", "paper"))


@dataclass(frozen=True)
class Training:
    """How every rule trains."""

    seeds: int = integer(3, "independent initialisations and orders of examples", least=2)
    epochs: int = integer(6, "passes over the digits", least=1)
    image_epochs: int = integer(4, "passes over the images", least=1)
    batch: int = integer(20, "digits a step", least=1)
    image_batch: int = integer(50, "images a step", least=1)
    learning_rate: float = real(1e-3, "of Adam for digits and perceptrons, down to 0 by a half cosine", above=0)
    image_rate: float = real(2e-3, "of Adam for convolutions and local connections", above=0)
    output_scale: float = real(0.1, "factor of the output layer's He-normal initialisation", above=0)
    memory: float = real(0.99999, "lambda, of the running correlation", above=0, below=1)
    start: float = real(0.01, "deviation of the correlation before training", above=0)
    random_features: int = integer(10, "of the expansion by tanh(Q x)", least=1)
    expansion: float = real(0.1, "a, scale of the expanded part of the score", above=0)
    power: float = real(0, "strength of the power normalisation of activations", least=0)
    power_target: float = real(1, "mean square that it wants", above=0)
    entropy: float = real(0, "strength of the layers' entropy", least=0)
    sparsity: float = real(0, "strength of the l1 penalty of activations", least=0)
    forward: float = real(0, "strength of forward broadcast to the output layer", least=0)
    weight_decay: float = real(0, "decoupled, of every rule", least=0)


@dataclass(frozen=True)
class Probes:
    """Correlation and alignment along the training of the digits (T2, T3), and the descent of one layer (T4)."""

    looks: int = integer(12, "moments of training, logarithmically spaced", least=2)
    descent_steps: int = integer(60, "steps of a single layer along its update", least=2)


@dataclass(frozen=True)
class Ladders:
    """Digits with other depths, widths, memories, starts and expansions (E2, E3)."""

    depth: tuple[int, ...] = integers([2, 4, 6], "layers, the output included", least=2)
    width: tuple[int, ...] = integers([32, 128, 512], "units of the hidden layers", least=2)
    memory: tuple[float, ...] = reals([0.9, 0.99, 0.999, 0.9999, 0.99999], "lambda", above=0, below=1)
    start: tuple[float, ...] = reals([1e-4, 1e-3, 1e-2, 0.1, 1], "deviation of the correlation at the start", above=0)
    features: tuple[int, ...] = integers([1, 4, 16, 64], "random features of the expansion", least=1)
    epochs: int = integer(3, "passes over the digits", least=1)


@dataclass(frozen=True)
class SbdConfig(RunSettings):
    """Settings of sbd; the defaults are the quick preset."""

    arenas: tuple[str, ...] = texts(list(ARENAS), "networks and data that are trained", choices=ARENAS)
    orthogonality: Orthogonality = group(Orthogonality, "score and features of a known teacher")
    images: Images = group(Images, "the images")
    training: Training = group(Training, "how every rule trains")
    probes: Probes = group(Probes, "what is looked at along training")
    ladders: Ladders = group(Ladders, "digits at other settings")
