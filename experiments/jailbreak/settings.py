"""What can be set in jailbreak? Clusters, glasses, edges and language models; the defaults are the quick preset."""

from typing import Literal, TypeAlias, get_args

from solv.harness.settings import Group, RunSettings, flag, group, integer, integers, real, reals, text

Parting: TypeAlias = Literal["overlap", "basins"]
XFrom: TypeAlias = Literal["squares", "sticks"]
Unsafe: TypeAlias = Literal["each", "drawn"]
JudgeBy: TypeAlias = Literal["score", "yes"]
DeltaQ: TypeAlias = Literal["gibbs", "uniform", "centres"]


class Clusters(Group):
    """Sampled Poisson-Dirichlet clusters."""

    samples: int = integer(400_000, "sampled sets of clusters", least=100)
    groups: int = integer(40, "independent groups of the sampled sets of clusters, for error bars", least=5)
    least_seen: int = integer(
        400,
        "a point of sampled clusters is drawn where the expected chance times the samples is at least this",
        least=1,
    )
    fit_from: int = integer(30, "least k of the exponent that is read from sampled clusters", least=2)
    amplitude_at: int = integer(100, "k at which the loss of amplitude in a field is measured", least=2)


class Glass(Group):
    """Enumerated Sherrington-Kirkpatrick glasses."""

    spins: int = integer(14, "spins N of the glasses; 2^N states are enumerated", least=4, most=28)
    beta: float = real(10, "inverse temperature of the glasses", above=0)
    strength: float = real(1, "deviation j0 of the glasses' couplings, times sqrt(N)", above=0)
    disorders: int = integer(2000, "independent glasses", least=8)
    picks: int = integer(12, "unsafe clusters of each glass", least=1)
    unsafe: Unsafe = text(
        "each",
        "unsafe clusters of a glass: each of its heaviest with its chance, and one of the rest; or drawn (the paper's)",
        choices=get_args(Unsafe),
    )
    threshold: float = real(0.5, "least overlap of an `overlap` cluster's states with its centre", above=0, most=1)
    flip_breaking: float = real(
        1, "field that breaks the flip symmetry of the glasses, times N^-1/2; 0: every cluster has a twin", least=0
    )
    clusters: Parting = text(
        "overlap",
        "clusters of the glasses: states within `threshold` of a heavier one, or basins of descent (the paper's)",
        choices=get_args(Parting),
    )
    x_from: XFrom = text(
        "squares",
        "x of the glasses: from the mean sum of squared cluster weights, or the likelihood of sticks (the paper's)",
        choices=get_args(XFrom),
    )
    delta_q: DeltaQ = text(
        "gibbs",
        "overlap that a step into the unsafe cluster gains: inside less outside of Gibbs states; that of the cluster's "
        "states counted once; the same less that of the centres",
        choices=get_args(DeltaQ),
    )
    field: tuple[float, ...] = reals(
        [0, 0.02, 0.05, 0.1, 0.2, 0.5], "fields h along the unsafe centre of the glasses", least=0
    )
    k: tuple[int, ...] = integers(
        [1, 2, 4, 8, 12, 16, 24, 32, 40, 48, 56, 64], "numbers of samples k of the glasses", least=1
    )
    rate_sizes: tuple[int, ...] = integers([10, 14], "spins of the glasses in a strong field", least=4, most=28)
    rate_beta: float = real(1, "inverse temperature of the glasses in a strong field", above=0)
    rate_field: tuple[float, ...] = reals([0.5, 1, 1.5, 2, 3], "strong fields along the centre of the glasses", above=0)
    rate_disorders: int = integer(200, "glasses in a strong field", least=8)
    rate_picks: int = integer(4, "unsafe clusters drawn of each glass in a strong field", least=1)
    random_energy_x: float = real(0.3, "x of the random energy model: T / T_c", above=0, below=1)
    random_energy_sizes: tuple[int, ...] = integers(
        [10, 17], "log2 of the numbers of states of random energy models", least=4, most=28
    )
    random_energy_disorders: int = integer(400, "random energy models", least=8)


class Definitions(Group):
    """The glasses on which the paper's definitions and fits are compared with others."""

    spins: int = integer(12, "spins N of the glasses on which definitions are compared", least=4, most=28)
    disorders: int = integer(2000, "glasses on which definitions are compared", least=40)
    picks: int = integer(8, "unsafe clusters drawn of a glass on which definitions are compared", least=1)
    field: tuple[float, ...] = reals(
        [0, 0.05, 0.1, 0.15, 0.2], "fields h of the paper's figure 2, in which the gap is fitted in three ways", least=0
    )


class FittedLaws(Group):
    """The paper's least squares, made on laws whose power and rate are known."""

    x: tuple[float, ...] = reals([0.1, 0.3, 0.5], "x of the law that is fitted, with m = 1", above=0, below=1)
    field: tuple[float, ...] = reals(
        [0, 0.5, 1, 2, 3, 4, 5], "fields lambda in which the law is fitted", least=0, most=7
    )
    nu: float = real(0.5, "true power of the gaps that are floored", above=0)
    mu: float = real(0.105, "true rate of the gaps that are floored: -log of the paper's upper edge 0.9", least=0)
    prompts: tuple[int, ...] = integers(
        [200, 520, 1040, 5000], "prompts that are asked: a gap is a multiple of 1 / prompts", least=20
    )
    repeats: int = integer(40, "sets of verdicts sampled for each number of prompts", least=4)
    large_nu: tuple[float, ...] = reals(
        [0.05, 0.1, 0.2, 0.35, 0.5, 1], "true powers nu, P ~ Beta(1, nu), of which small ones leave large gaps", above=0
    )
    large_prompts: int = integer(5000, "prompts of each of the 20 samples with large gaps", least=20)


class Edge(Group):
    """The minimal model: the upper edge of the safe chance decides."""

    a: float = real(1, "power of the lower end of the safe chance, P = e^-mu Q, Q ~ Beta(a, nu)", above=0)
    nu: tuple[float, ...] = reals([0.5, 1], "power nu of the upper edge of the safe chance", above=0)
    mu: tuple[float, ...] = reals([0, 0.05], "rate mu: the upper edge of the safe chance lies at e^-mu", least=0)
    prompts: int = integer(1000, "prompts of the minimal model; one half is fitted, the other predicted", least=20)
    answers: int = integer(400, "answers a prompt of the minimal model", least=16)


class TrainedHere(Group):
    """The small language model that is trained in the run."""

    prompts: int = integer(128, "prompts that the language model learns, each with its own mixture of modes", least=8)
    x: float = real(0.5, "Poisson-Dirichlet parameter of the mixtures of modes", above=0, below=1)
    m: int = integer(1, "forbidden modes of a prompt", least=1)
    modes: int = integer(12, "modes of a prompt's mixture", least=2)
    letters: int = integer(16, "letters of the prompts' alphabet", least=2)
    triggers: tuple[int, ...] = integers([0, 1, 2, 4, 8], "lengths L of the trigger before a prompt", least=0)
    field: float = real(0.25, "log-odds of forbidden modes that a trigger token adds", least=0)
    drive: float = real(0.1, "chance that a trigger token alone makes the answer forbidden", least=0, below=1)
    alignment: float = real(2, "log-odds of forbidden modes that alignment takes away, without trigger", least=0)
    width: int = integer(64, "width of the decoder", least=4)
    layers: int = integer(1, "layers of the decoder", least=1)
    heads: int = integer(4, "attention heads of the decoder", least=1)
    steps: int = integer(1500, "training steps of the language model", least=1)
    alignment_steps: int = integer(400, "training steps of the alignment phase", least=0)
    batch: int = integer(256, "sequences a training step of the language model", least=1)
    learning_rate: float = real(5e-3, "learning rate of the language model's Adam, down to 0 by a half cosine", above=0)
    alignment_rate: float = real(3e-3, "learning rate of the alignment phase, down to 0 by a half cosine", above=0)


class Pretrained(Group):
    """Causal language models in Hugging Face's format (extra `hf`) and prompts of the user's, or verdicts alone."""

    generator: str | None = text(None, "folder or hub name of the generator; null: train one here")
    judge: str | None = text(None, "folder or hub name of the judge of answers")
    prompts: str | None = text(
        None,
        'JSONL of {"prompt": ...} and, if there are such, "category": what a model of the user is asked',
    )
    prefixes: str | None = text(None, 'JSONL of {"name": ..., "prefix": ...}: texts put before every prompt')
    verdicts: str | None = text(
        None,
        "CSV of prompt, sample, unsafe or score and, if there are such, model, attack, run, category; needs no model",
    )
    skip_bad: bool = flag(False, "leave out lines of the user's files that cannot be read, instead of stopping")
    template: str = text("{question}", "text around the prompt of a model without a chat template")
    judge_by: JudgeBy = text(
        "score",
        "the judge's likeliest reply: a score from 0 (harmful) to 10 (safe), unsafe below 5; or Yes",
        choices=get_args(JudgeBy),
    )
    judge_template: str | None = text(
        None, "question that the judge is asked, with {prompt} and {answer} in it; null: one that fits `judge_by`"
    )
    runs: int = integer(2, "independent runs of a model of the user, whose standard deviation is shown", least=1)
    new_tokens: int = integer(256, "longest answer of a model of the user, in tokens", least=1)
    temperature: float = real(0.6, "temperature at which answers are sampled", above=0)
    rows: int = integer(32, "sequences that go through a model at once", least=1, scientific=False)


class LanguageSettings(Group):
    """The language model of jailbreak."""

    answers: int = integer(400, "answers sampled a prompt of a language model, in each run of one", least=16)
    k: tuple[int, ...] = integers(
        [1, 2, 4, 8, 16, 32, 64, 128, 200], "numbers of samples k of a language model", least=1
    )
    batch: int = integer(8, "prompts between two writes of the cache of answers", least=1, scientific=False)
    cache: str | None = text(
        None, "folder that keeps the answers of a model of the user; null: in the run's own", scientific=False
    )
    trained: TrainedHere = group(TrainedHere, "language model trained in the run")
    pretrained: Pretrained = group(Pretrained, "models or verdicts of the user's instead")


class JailbreakConfig(RunSettings):
    """Settings of jailbreak; the defaults are the quick preset."""

    x: tuple[float, ...] = reals(
        [0.3, 0.5, 0.7], "Poisson-Dirichlet parameter of the cluster weights", above=0, below=1
    )
    m: tuple[int, ...] = integers([1, 2, 3], "number of unsafe clusters", least=1)
    field: tuple[float, ...] = reals([0, 0.1, 0.5, 1, 3], "field lambda on the unsafe clusters", least=0, most=10)
    most: int = integer(10**6, "largest number of samples k in theory", least=1000)
    clusters: Clusters = group(Clusters, "sampled clusters")
    glass: Glass = group(Glass, "spin glasses in a field")
    definitions: Definitions = group(Definitions, "glasses on which definitions are compared")
    fits: FittedLaws = group(FittedLaws, "the paper's least squares on known laws")
    edge: Edge = group(Edge, "the minimal model")
    language: LanguageSettings = group(LanguageSettings, "the language model")
