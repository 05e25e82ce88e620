"""What can be set in sbd? Sizes, rules and data; the defaults are the quick preset."""

from solv.harness.settings import Group, RunSettings, group, integer, integers, real, reals, text, texts

PERCEPTRON, CONVOLUTION, LOCAL = "perceptron", "convolution", "locally connected"
DIGITS = "digits"
ARENAS = (DIGITS, PERCEPTRON, CONVOLUTION, LOCAL)
FROZEN, DFA, EBD, SBD, SBD_P, SBD_RANDOM = "frozen hidden", "DFA", "EBD", "SBD", "SBD + p", "SBD + random features"
BP, BP_SQUARED = "BP", "BP (MSE)"
RULES = (FROZEN, DFA, EBD, SBD, SBD_P, SBD_RANDOM, BP, BP_SQUARED)
BROADCAST = tuple(rule for rule in RULES if rule not in (BP, BP_SQUARED))
# Accuracy on CIFAR-10 in per cent and its spread over these runs, arXiv:2504.11558
PUBLISHED_RUNS = 5
PUBLISHED = {
    PERCEPTRON: {DFA: (52.1, 0.3), EBD: (55.5, 0.2), BP_SQUARED: (56.4, 0.3)},
    CONVOLUTION: {DFA: (58.4, 1.6), EBD: (66.4, 0.4), BP_SQUARED: (75.2, 0.3)},
    LOCAL: {DFA: (62.2, 0.2), EBD: (64.3, 0.3), BP_SQUARED: (67.8, 0.3)},
}


class Orthogonality(Group):
    """Score and features of a known teacher (T1)."""

    examples: tuple[int, ...] = integers([1_000, 10_000, 100_000], "examples of one measured correlation", least=100)
    repeats: int = integer(16, "measured correlations of each loss", least=2)
    classes: int = integer(3, "classes of the teacher", least=2)
    inputs: int = integer(10, "inputs of the teacher", least=1)
    features: int = integer(8, "random rectified features of the teacher's input", least=1)


class Images(Group):
    """The images of the larger networks."""

    source: str = text("synthetic", "where the images come from", choices=("synthetic", "cifar10", "tiny-imagenet"))
    folder: str | None = text(None, "folder of cifar10 or tiny-imagenet (`solv data`)", scientific=False)
    train: int = integer(4000, "images to learn from; the most that are used of a fetched set", least=10)
    test: int = integer(2000, "images to test on", least=10)
    side: int = integer(12, "side of a synthetic image in pixels", least=8)
    classes: int = integer(5, "classes of the synthetic images", least=2)
    sharpness: float = real(4, "how far the outputs of the synthetic images' teacher decide the class", least=0)
    size: str = text("small", "size of the images' networks: small, or the paper's", choices=("small", "paper"))


class Training(Group):
    """How every rule trains: by Adam, its learning rate falling to 0 along half a cosine."""

    seeds: int = integer(3, "independent initialisations and orders of examples", least=2)
    epochs: int = integer(6, "passes over the digits", least=1)
    image_epochs: int = integer(4, "passes over the images", least=1)
    batch: int = integer(20, "digits a step", least=1)
    image_batch: int = integer(50, "images a step", least=1)
    learning_rate: float = real(1e-3, "learning rate of Adam for digits and perceptrons", above=0)
    image_rate: float = real(2e-3, "learning rate of Adam for convolutions and local connections", above=0)
    output_scale: float = real(0.1, "factor of the output layer's He-normal initialisation", above=0)
    memory: float = real(0.99999, "memory lambda of the running correlation", above=0, below=1)
    start: float = real(0.01, "deviation of the correlation R before training", above=0)
    random_features: int = integer(10, "random features tanh(Q x) of the expansion", least=1)
    expansion: float = real(0.1, "a, scale of the expanded part of the score", above=0)
    power: float = real(0, "strength of the power normalisation of activations", least=0)
    power_target: float = real(1, "mean square of an activation that the power normalisation wants", above=0)
    entropy: float = real(0, "strength of the layers' entropy", least=0)
    sparsity: float = real(0, "strength of the l1 penalty of activations", least=0)
    forward: float = real(0, "strength of forward broadcast to the output layer", least=0)
    weight_decay: float = real(0, "decoupled weight decay of every rule", least=0)


class Probes(Group):
    """Correlation and alignment along the training of the digits (T2, T3), and the descent of one layer (T4)."""

    looks: int = integer(12, "moments of training at which updates are looked at, logarithmically spaced", least=2)
    descent_steps: int = integer(60, "steps of a single layer along its own update", least=2)


class Ladders(Group):
    """Digits with other depths, widths, memories, starts and expansions (E2, E3)."""

    depth: tuple[int, ...] = integers([2, 4, 6], "depths in layers, the output included", least=2)
    width: tuple[int, ...] = integers([32, 128, 512], "widths of the hidden layers", least=2)
    memory: tuple[float, ...] = reals(
        [0.9, 0.99, 0.999, 0.9999, 0.99999], "memories lambda of the correlation", above=0, below=1
    )
    start: tuple[float, ...] = reals([1e-4, 1e-3, 1e-2, 0.1, 1], "deviations of R before training", above=0)
    features: tuple[int, ...] = integers([1, 4, 16, 64], "numbers of random features of the expansion", least=1)
    epochs: int = integer(3, "passes over the digits at other settings", least=1)


class SbdConfig(RunSettings):
    """Settings of sbd; the defaults are the quick preset."""

    arenas: tuple[str, ...] = texts(list(ARENAS), "networks and data that are trained", choices=ARENAS)
    orthogonality: Orthogonality = group(Orthogonality, "score and features of a known teacher")
    images: Images = group(Images, "images of the larger networks")
    training: Training = group(Training, "how every rule trains")
    probes: Probes = group(Probes, "looks along training, and the descent of one layer")
    ladders: Ladders = group(Ladders, "digits at other settings")
