"""What can be set in sbd? Sizes, rules and data; the defaults are the quick preset."""

from solv.harness.settings import Group, RunSettings, group, integer, integers, real, reals, text, texts

PERCEPTRON, CONVOLUTION, LOCAL = "perceptron", "convolution", "locally connected"
DIGITS, MNIST, SYNTHETIC = "digits", "mnist5k", "synthetic"
CIFAR10, CIFAR100, TINY = "cifar10", "cifar100", "tiny-imagenet"
ARENAS = (DIGITS, PERCEPTRON, CONVOLUTION, LOCAL)
SOURCES = (SYNTHETIC, MNIST, CIFAR10, CIFAR100, TINY)
RANKED = (DIGITS, MNIST, SYNTHETIC)
FROZEN, DFA, EBD, SBD, SBD_P, SBD_RANDOM = "frozen hidden", "DFA", "EBD", "SBD", "SBD + p", "SBD + random features"
DFA_ENTROPY = "DFA + entropy"  # of EBD's table; without EBD's settings it is DFA
BP, BP_SQUARED = "BP", "BP (MSE)"
RULES = (FROZEN, DFA, EBD, SBD, SBD_P, SBD_RANDOM, BP, BP_SQUARED)
BROADCAST = tuple(rule for rule in RULES if rule not in (BP, BP_SQUARED))
OURS, EBD_TABLES = "ours", "EBD"


class Orthogonality(Group):
    """Score and features of a known teacher (T1)."""

    examples: tuple[int, ...] = integers([1_000, 10_000, 100_000], "examples of one measured correlation", least=100)
    repeats: int = integer(16, "measured correlations of each loss", least=2)
    classes: int = integer(3, "classes of the teacher", least=2)
    inputs: int = integer(10, "inputs of the teacher", least=1)
    features: int = integer(8, "random rectified features of the teacher's input", least=1)


class Images(Group):
    """The images of the larger networks."""

    source: str = text(SYNTHETIC, "where the images come from", choices=SOURCES)
    folder: str | None = text(None, "folder of a fetched set of images (`solv data`)", scientific=False)
    train: int = integer(3000, "images to learn from; the most that are used of a fetched set", least=10)
    test: int = integer(2000, "images to test on", least=10)
    side: int = integer(12, "side of a synthetic image in pixels", least=8)
    classes: int = integer(5, "classes of the synthetic images", least=2)
    sharpness: float = real(4, "how far the outputs of the synthetic images' teacher decide the class", least=0)
    size: str = text("small", "size of the images' networks: small, or the paper's", choices=("small", "paper"))
    correlation: str = text(
        "positions",
        "what a convolution correlates with the score: every channel at every position, or pooled over positions",
        choices=("positions", "pooled"),
    )


class Training(Group):
    """How every rule trains: by Adam, its learning rate falling to 0 along half a cosine, or as EBD's tables say."""

    recipe: str = text(
        OURS,
        "ours: the settings of this group; EBD: those of its authors' tables 13 to 19, for the images alone",
        choices=(OURS, EBD_TABLES),
    )
    seeds: int = integer(3, "independent initialisations and orders of examples", least=2)
    epochs: int = integer(6, "passes over the digits", least=1)
    image_epochs: int = integer(3, "passes over the images; 0: as many as EBD's tables say, else 200", least=0)
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
    entropy: float = real(0, "strength of the entropy of layers, and of the weights of maps", least=0)
    sparsity: float = real(0, "strength of the l1 penalty of activations", least=0)
    forward: float = real(0, "strength of forward broadcast to the output layer", least=0)
    weight_decay: float = real(0, "decoupled weight decay of every rule", least=0)


class Ranking(Group):
    """The rules against each other, each at the best of equally many settings drawn at random."""

    data: tuple[str, ...] = texts([DIGITS], "images on which the rules are ranked", choices=RANKED)
    seeds: int = integer(5, "independent searches of every rule", least=2)
    synthetic_seeds: int = integer(0, "the same on synthetic images; 0: as on the others", least=0)
    candidates: int = integer(3, "settings that each search draws, the same for all rules", least=1)
    steps: int = integer(300, "steps of every training", least=1)
    batch: int = integer(20, "images a step", least=1)
    held_out: float = real(0.2, "part of the training images on which a search chooses", above=0, below=1)
    train: int = integer(2000, "synthetic images to learn from", least=20)
    test: int = integer(2000, "synthetic images to test on", least=20)
    mnist_train: int = integer(4000, "images of mnist5k to learn from; the other 1000 are for the test", least=20)
    side: int = integer(8, "side of a synthetic image in pixels", least=8)
    width: int = integer(64, "units of both hidden layers of the perceptrons", least=1)
    channels: int = integer(4, "channels of both convolutions of the synthetic images' network", least=1)


class Sufficiency(Group):
    """Estimators whose error is uncorrelated with one random layer, against the best one."""

    inputs: int = integer(1000, "inputs, all equally probable, whose best estimate is known", least=20)
    dimension: int = integer(5, "dimension of an input", least=1)
    classes: int = integer(3, "classes of an input", least=2)
    width: tuple[int, ...] = integers([4, 8, 16, 32, 64, 128, 256], "units of the random layer", least=1)
    repeats: int = integer(8, "random layers of every width", least=2)


class Probes(Group):
    """Correlation and alignment along the training of the digits (T2, T3), and the descent of one layer (T4)."""

    seeds: int = integer(5, "trainings that are looked at", least=2)
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
    memory_epochs: tuple[int, ...] = integers([1, 3, 9], "passes over the digits with other memories", least=1)


class SbdConfig(RunSettings):
    """Settings of sbd; the defaults are the quick preset."""

    arenas: tuple[str, ...] = texts(list(ARENAS), "networks and data that are trained", choices=ARENAS)
    orthogonality: Orthogonality = group(Orthogonality, "score and features of a known teacher")
    ranking: Ranking = group(Ranking, "the rules against each other at settings that are searched for")
    sufficiency: Sufficiency = group(Sufficiency, "errors uncorrelated with one random layer")
    images: Images = group(Images, "images of the larger networks")
    training: Training = group(Training, "how every rule trains")
    probes: Probes = group(Probes, "looks along training, and the descent of one layer")
    ladders: Ladders = group(Ladders, "digits at other settings")
