"""What can be set in anytime? The regression, its horizon and the sizes of each part; the defaults are `quick`."""

from solv.harness.settings import (
    ConfigurationError,
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


class LanguageModel(Group):
    """The decoder: layer norm with a gain and no bias, GELU, untied, matrices N(0, 0.02^2)."""

    layers: int = integer(1, "blocks of the decoder", least=1)
    width: int = integer(32, "width of the residual stream", least=1)
    heads: int = integer(2, "attention heads of a block", least=1)
    context: int = integer(16, "tokens of a sequence", least=1)
    positions: str = text("learned", "positions of tokens: learned or rotary", choices=("learned", "rotary"))
    qk_norm: bool = flag(False, "whether queries and keys are normed")


class LanguageSettings(Group):
    """The language model of anytime (S4; S5 in the paper preset)."""

    data: str = text(
        "character",
        "character: generated, entropy known; text: local; shards: of `solv data text make`; none: nothing is trained",
        choices=("character", "text", "shards", "none"),
    )
    folder: str | None = text(
        None, "data=text: a file or folder, null: Python's standard library; data=shards: the folder of the shards"
    )
    symbols: int = integer(600_000, "with data=character or text: symbols of the text at most", least=1000)
    validation: int = integer(12_000, "validation tokens, at most", least=1)
    horizons: tuple[int, ...] = integers([100, 200, 400, 800], "steps at which losses are read", least=2)
    warmup: int = integer(
        20, "steps of the linear warm-up of language models; less than 0.9 of the shortest horizon", least=0
    )
    batch: int = integer(8, "sequences a step of language models", least=1)
    cosine_rates: tuple[float, ...] = reals(
        [2.5e-3, 5e-3, 1e-2], "learning rates over which each cosine is tuned", above=0
    )
    constant_rates: tuple[float, ...] = reals([5e-3], "learning rates of the constant runs", above=0)
    offset_rates: tuple[float, ...] = reals([5e-3], "learning rates of the inverse-sqrt runs", above=0)
    offsets: tuple[int, ...] = integers([300], "alpha of sqrt(alpha / (t + alpha)), in steps", least=1)
    beta2: tuple[float, ...] = reals([0.99], "beta2 of AdamW, tuned with the learning rate", above=0, below=1)
    labels: tuple[float, ...] = reals([6.25, 12.5, 25], "EMA labels f: half-life t/f steps", above=0)
    cosine_final: float = real(0.1, "fraction of its peak rate at which a cosine ends", least=0, most=1)
    stable: float = real(0.9, "fraction of the horizon at which WSD begins to decay", above=0, below=1)
    wsd_final: float = real(0.1, "fraction of its peak rate at which WSD ends", least=0, most=1)
    seeds: int = integer(3, "independent trainings of everything: other texts, batches and first weights", least=1)
    published: tuple[str, ...] = texts(
        ["150M", "300M"], "models whose published losses are drawn", choices=("150M", "300M")
    )
    accumulation: int = integer(
        1, "parts in which a batch is taken: less memory, the same gradient", least=1, scientific=False
    )
    bfloat16: bool = flag(False, "whether products are computed in bfloat16")
    compiled: bool = flag(False, "whether the model is compiled", scientific=False)
    parallel: str = text(
        "ddp",
        "how several processes train a model: ddp keeps it whole on each, fsdp shards it",
        choices=("ddp", "fsdp"),
        scientific=False,
    )
    together: bool = flag(
        True, "whether all trainings of the language part are one batch of models: faster where models are small"
    )
    save_every: int = integer(1000, "steps between two saves of a training's state", least=1, scientific=False)
    model: LanguageModel = group(LanguageModel, "the decoder")


class Nodes(Group):
    """How finely the spectrum is resolved (`theory/anytime/spectrum.py`)."""

    exact: int = integer(16, "eigenvalues that are nodes of their own", least=0)
    ratio: float = real(
        1.5, "ratio of the ends of a bin of eigenvalues beyond those; a bin is two nodes", above=1, most=2
    )


class Regret(Group):
    """Anytime curves against a cosine that is tuned for each stopping time (S3)."""

    labels: tuple[float, ...] = reals(
        [3.125, 6.25, 12.5, 25], "EMA labels f: the half-life is t/f steps", above=0, most=500
    )
    offsets: tuple[float, ...] = reals(
        [0.05], "offsets alpha of (1 + t/alpha)^-gamma, as parts of the horizon", above=0
    )


class Figure4(Group):
    """The paper's synthetic figure: uniform averages at the multiplier of least mean risk, and WSD (S1)."""

    multipliers: tuple[float, ...] = reals(
        [
            *(1e-4, 2e-4, 5e-4, 7e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.03, 0.05),
            *(0.075, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 2, 3, 5, 10),
        ],
        "peaks that are tried for uniform averages, times 1/tr H",
        above=0,
    )
    stable: tuple[float, ...] = reals(
        [0.3, 0.5, 0.7, 0.9], "parts of the horizon at which WSD may begin to decay", above=0, below=1
    )
    stable_multipliers: tuple[float, ...] = reals(
        [1e-3, 2e-3, 5e-3, 0.01, 0.03, 0.1, 0.25, 0.5, 1, 1.25, 1.5, 1.9], "peaks of WSD, times 1/tr H", above=0
    )
    normalize: bool = flag(True, "whether the target of this figure has norm 1, as in the authors' stored curves")


class Rates(Group):
    """Exponents of the averaged risk, between a quarter of the horizon and the horizon (section 3)."""

    gamma: tuple[float, ...] = reals([round(0.05 * k, 2) for k in range(15)], "exponents of t^-gamma", least=0, below=1)
    horizon: int = integer(32_000, "steps of the longer horizon; the other is a quarter of it", least=40)
    dimension: int = integer(10**7, "dimension of the regression whose exponents are read", least=1)
    sigma2: float = real(1, "variance of the label noise where exponents are read", least=0)
    multiplier: float = real(0.5, "peak of the schedules t^-gamma, times 1/tr H", above=0, most=0.6)


class StableDecay(Group):
    """Warmup-stable-decay without an average, against an averaged constant rate (theorem 2)."""

    a: tuple[float, ...] = reals([1.5], "capacities for which exponents of WSD are read", above=1, below=2)
    b: tuple[float, ...] = reals(
        [1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2.2, 2.4, 2.7, 3],
        "sources for which exponents of WSD are read",
        above=1,
    )
    stable: tuple[float, ...] = reals(
        [0.3, 0.5, 0.9], "parts of the horizon at which WSD begins to decay", above=0, below=1
    )
    horizon: int = integer(32_000, "steps of the longer horizon of WSD; the other is a quarter of it", least=40)
    dimension: int = integer(10**7, "dimension of the regression whose exponents of WSD are read", least=1)
    sigma2: float = real(1, "variance of the label noise of WSD", above=0)
    multiplier: float = real(0.5, "peak of WSD and of the constant rate, times 1/tr H", above=0, most=0.6)
    simulated_b: float = real(2.5, "source of the regression on which WSD is simulated", above=1)
    simulated_dimension: int = integer(100, "dimension of the regression on which WSD is simulated", least=1)
    horizons: tuple[int, ...] = integers([100, 200, 400], "horizons at which WSD is simulated, increasing", least=10)
    replicas: int = integer(1000, "independent runs of SGD with WSD", least=2)
    batch: int = integer(4, "samples a step of SGD with WSD", least=1)


class Bound(Group):
    """Theorem 1's bound, with the constant that the exact risk needs."""

    gamma: tuple[float, ...] = reals([0, 0.25, 0.5], "exponents of the schedules that are bounded", least=0, below=1)
    averaged: int = integer(2048, "iterates of the longest average; it begins after as many steps", least=64)
    multiplier: float = real(0.5, "peak of the schedules that are bounded, times 1/tr H", above=0, most=0.6)


class Identity(Group):
    """Averaging and decay on a quadratic in one dimension."""

    rate: float = real(0.1, "constant learning rate times curvature", above=0, most=1)
    steps: int = integer(200, "samples of which the mean is estimated", least=8)
    replicas: int = integer(1000, "independent data sets", least=2)


class LargeBatch(Group):
    """An averaged constant rate against the tuned cosine at growing batches."""

    batch: tuple[int, ...] = integers([1, 16, 256, 4096], "samples a step at which the lead is compared", least=1)
    horizon: int = integer(1600, "longest training of the comparison of batches, in steps", least=100)


class LanguageBatch(Group):
    """Language models at growing batches; whatever is not named here is as in `language`."""

    batch: tuple[int, ...] = integers([2, 32], "sequences a step at which language models are compared", least=1)
    horizons: tuple[int, ...] = integers([50, 100, 200], "steps at which losses of each batch are read", least=2)
    warmup: int = integer(10, "steps of the warm-up at each batch; less than 0.9 of the shortest horizon", least=0)
    rates: tuple[float, ...] = reals(
        [2.5e-3, 5e-3, 1e-2, 2e-2],
        "learning rates over which the runs of each batch are tuned",
        above=0,
    )
    offsets: tuple[int, ...] = integers([100], "alpha of sqrt(alpha / (t + alpha)) at each batch, in steps", least=1)
    seeds: int = integer(3, "independent trainings at each batch", least=2)


class Simulation(Group):
    """SGD that is really run (S2)."""

    a: float = real(1.5, "capacity of the simulated regression", above=1)
    b: float = real(2.5, "source of the simulated regression", above=1)
    sigma2: float = real(0.25, "variance of the simulated label noise", least=0)
    dimension: int = integer(100, "dimension of the simulated regression", least=1)
    steps: int = integer(500, "steps of SGD", least=40)
    replicas: int = integer(1000, "independent runs of SGD", least=2)
    batch: tuple[int, ...] = integers([1, 4], "samples a step of SGD", least=1)


class AnytimeConfig(RunSettings):
    """Settings of anytime; the defaults are the quick preset."""

    a: tuple[float, ...] = reals([1.5], "capacity: eigenvalues i^-a", above=1)
    b: tuple[float, ...] = reals([1.5, 3], "source: eigenvalue times squared target i^-b", above=0)
    b_in_units_of_a: bool = flag(False, "whether b counts in units of each a")
    horizon: int = integer(20_000, "longest training, in steps", least=100)
    sigma2: float = real(0.01, "variance of the label noise of the regression", least=0)
    batch: int = integer(1, "samples a step of the regression", least=1)
    dimension: int = integer(500_000, "dimension of the regression", least=1)
    normalize: bool = flag(False, "whether the target is scaled to norm 1")
    nodes: Nodes = group(Nodes, "resolution of the spectrum")
    regret: Regret = group(Regret, "anytime curves against the tuned cosine")
    figure4: Figure4 = group(Figure4, "the paper's synthetic figure")
    rates: Rates = group(Rates, "exponents of the risk")
    stable_decay: StableDecay = group(StableDecay, "warmup-stable-decay without an average")
    bound: Bound = group(Bound, "theorem 1's bound")
    identity: Identity = group(Identity, "averaging and decay in one dimension")
    large_batch: LargeBatch = group(LargeBatch, "constant rate against cosine at large batches")
    language_batch: LanguageBatch = group(LanguageBatch, "language models at growing batches")
    simulation: Simulation = group(Simulation, "SGD that is really run")
    language: LanguageSettings = group(LanguageSettings, "language models that are trained")


def cases(config: AnytimeConfig) -> list[tuple[float, float]]:
    """Return every (a, b).

    Raises:
        ConfigurationError: a b that is at most 1, where the risk has no limit.
    """
    pairs = [(a, b * a if config.b_in_units_of_a else b) for a in config.a for b in config.b]
    for a, b in pairs:
        if b <= 1:
            raise ConfigurationError(f"b = {b:g} at a = {a:g} is out of range; valid: > 1")
    return pairs
