"""What can be set in best-of-k? The axes of its theory at the root, sizes of its parts in groups; defaults: `quick`."""

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
)


class TrainedHere(Group):
    """The decoders that are trained in the run, on sums modulo a number."""

    modulus: int = integer(11, "modulus of the sums that the decoders learn", least=2)
    terms: int = integer(3, "numbers in a sum that the decoders learn", least=2)
    held_out: float = real(0.4, "fraction of all sums that is never trained on", above=0, below=1)
    models: int = integer(6, "independent trainings of decoders; the model before each is its judge", least=2)
    width: int = integer(32, "width of the decoders", least=4)
    layers: int = integer(1, "layers of the decoders", least=1)
    heads: int = integer(4, "attention heads of the decoders", least=1)
    steps: int = integer(500, "training steps of the decoders", least=1)
    batch: int = integer(128, "sums that a training step of the decoders sees", least=1)
    learning_rate: float = real(1e-2, "learning rate of Adam for the decoders, constant", above=0)
    look: int = integer(10, "training steps between looks at the accuracy of the decoders", least=1)
    generator_accuracy: float = real(0.3, "a generator is taken when it samples right this often", above=0, below=1)
    judge_accuracy: tuple[float, ...] = reals(
        [0.15, 0.3, 0.6, 0.9], "judges are taken when they sample right this often", above=0, below=1
    )


class Pretrained(Group):
    """Causal language models in Hugging Face's format (extra `hf`), used instead of the models trained here."""

    generator: str | None = text(None, "folder or hub name of the generator; null: train models here")
    judge: str | None = text(None, "folder or hub name of the judge; null: the generator alone judges itself")
    questions: str | None = text(None, 'JSONL of {"question": ..., "answer": ...} with numeric answers')
    skip_bad: bool = flag(False, "whether lines of the questions that cannot be read are left out, instead of stopping")
    template: str = text("Question: {question}\nAnswer:", "prompt of a model without a chat template")
    new_tokens: int = integer(256, "longest answer of the user's generator, in tokens", least=1)
    temperature: float = real(
        1.0, "temperature at which the user's generator samples answers, not that of the selection", above=0
    )
    answer: str = text(
        "stated",
        'which number of an answer counts: that of "The answer is N", "#### N" or \\boxed{N}, or the last one',
        choices=("stated", "last-number"),
    )
    per_token: bool = flag(True, "whether the reward is the log-likelihood per token, not of the whole answer")
    rows: int = integer(32, "sequences that go through a model at once", least=1, scientific=False)


class LanguageJudge(Group):
    """How the user's judge rewards an answer."""

    kind: str = text(
        "log-likelihood",
        "reward of an answer: a written score of 0 to 10, ten times the mean probability that a step is right, or "
        "the answer's log-likelihood",
        choices=("score", "process-reward", "log-likelihood"),
    )
    epsilon: float = real(
        0, "noise of scores from 0 to 10: 10 epsilon N(0, 1) is added to each, and the sum clamped", least=0
    )
    template: str = text(
        "Rate the answer to the question from 0 (wrong) to 10 (right).\nQuestion: {question}\nAnswer: {answer}\n"
        "Final answer: {final}\nRating:",
        "prompt of a judge that writes a score, with {question}, {answer} and {final}",
    )
    new_tokens: int = integer(4, "longest text in which a judge writes its score, in tokens", least=1)
    step_end: str = text("<extra_0>", "token at which a process-reward model judges the step before it", filled=True)


class LanguageSettings(Group):
    """The language model of best-of-k (E7)."""

    k: tuple[int, ...] = integers([1, 2, 4, 8, 16, 32, 64], "numbers of sampled answers", least=1)
    temperature: tuple[float, ...] = reals(
        [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20], "selection temperatures of the language model at the fixed k", least=0
    )
    fixed_temperature: float = real(
        0, "selection temperature at which the number of sampled answers is varied; 0: the best", least=0
    )
    fixed_k: int = integer(16, "number of sampled answers at which the temperature is varied", least=1)
    samples: int = integer(128, "answers sampled a question; at least the largest k", least=1)
    questions: int = integer(400, "most questions that a language model is asked", least=1)
    orders: int = integer(8, "random orders of the sampled answers that are averaged over", least=1)
    batch: int = integer(50, "questions between two writes of the cache", least=1, scientific=False)
    cache: str | None = text(
        None, "folder that keeps answers and rewards, shared by runs; null: in the run's own", scientific=False
    )
    table: str | None = text(
        None, "CSV or JSONL of question, sample, score and correct: answers judged elsewhere, instead of any model"
    )
    skip_bad: bool = flag(False, "whether rows of that table that cannot be read are left out, instead of stopping")
    judge: LanguageJudge = group(LanguageJudge, "how the user's judge rewards")
    trained: TrainedHere = group(TrainedHere, "models trained in the run")
    pretrained: Pretrained = group(Pretrained, "models of the user's instead")


class Simulation(Group):
    """Size of the simulated regression."""

    dimension: int = integer(200, "input dimension d", least=4)
    repeats: int = integer(40, "independent training sets of the regression", least=2)
    points: int = integer(1500, "test points per training set of the regression", least=1)


class Temperature(Group):
    """Error against the selection temperature at fixed k (E2)."""

    k: int = integer(16, "number of samples at which the selection temperature is varied", least=2)
    simulated: tuple[float, ...] = reals([0, 0.02, 0.1, 0.3, 1.3, 5], "simulated selection temperatures", least=0)
    best_at: tuple[int, ...] = integers([4, 16, 64], "numbers of samples whose best temperature is drawn", least=2)


class Direction(Group):
    """Judges along the teacher, w_R = (1 + c) w_T (E3)."""

    alpha: float = real(0.8, "training samples per dimension, for judges along the teacher", above=0)
    temperature: float = real(0.3, "selection temperature of judges along the teacher", least=0)
    k: int = integer(16, "number of samples from which judges along the teacher select", least=2)
    c: tuple[float, ...] = reals(
        [-0.1, 0, 0.05, 0.1, 0.2, 0.3, 0.4], "simulated scales c of judges (1 + c) w_T along the teacher", least=-1
    )


class BestOf(Group):
    """Best of k by the teacher itself, T = 0 (E4)."""

    alpha: tuple[float, ...] = reals(
        [0.5, 1, 2, 8], "training samples per dimension, for the best of k by the teacher", above=0
    )
    most: int = integer(10**5, "largest k of theory for the best of k by the teacher", least=1000)
    repeats: int = integer(40, "independent training sets for the best of k by the teacher", least=2)
    points: int = integer(3000, "test points per training set for the best of k: rare hard ones decide", least=1)


class DataAgainstSamples(Group):
    """What to double, data or samples (E5)."""

    mis: float = real(0.3, "misspecification of the judge where data and samples are doubled", least=0)
    temperature: float = real(0.1, "selection temperature where data and samples are doubled", least=0)
    columns: int = integer(24, "values of alpha in the map of what to double, from 0.25 to 16", least=2)
    rows: int = integer(25, "values of k in the map of what to double, from 1 to 256", least=2)
    alpha: tuple[float, ...] = reals([0.5, 2, 8], "alpha at which both doublings are simulated", above=0)
    k: tuple[int, ...] = integers([2, 16, 64], "k at which both doublings are simulated", least=1)


class Anisotropic(Group):
    """Inputs with a power-law spectrum, lam_i = i^-a (E6)."""

    a: float = real(1, "exponent a of the power-law spectrum i^-a", least=0)
    temperature: float = real(0.05, "selection temperature with power-law inputs", least=0)


class PaperRegression(Group):
    """The regression of the paper's figures: few dimensions, much data, temperature t = T / (2 sigma^2)."""

    dimension: int = integer(10, "input dimension d of the paper's figures", least=1)
    training: int = integer(10_000, "training samples n of the paper's figures", least=1)
    sigma: float = real(1e-4, "label noise in the paper's figures, which the model believes in", above=0)
    gamma: float = real(1e-3, "prior standard deviation of the weights in the paper's figures", above=0)
    signal: float = real(4, "|w_T|^2/d of the teacher in the paper's figures", least=0)
    t: float = real(10, "selection temperature of the paper's figures, T / (2 sigma^2)", above=0)
    repeats: int = integer(20, "independent training sets for the paper's figures", least=2)
    points: int = integer(8000, "test points per training set for the paper's figures", least=2)


class Extrapolating(Group):
    """The paper's judges y_R = y_T + c (y_T - m), which extrapolate from the student's mean through the teacher."""

    c: tuple[float, ...] = reals([0, 5, 10, 15], "extrapolations c of the judges in the paper's figures", least=-1)
    k: tuple[int, ...] = integers(
        [1, 2, 3, 4, 6, 8, 12, 16, 20, 32, 64, 99], "numbers of samples at which these judges are simulated", least=1
    )
    most: int = integer(99, "largest number of samples that is drawn for these judges", least=4)


class SamplingThreshold(Group):
    """From which judge on a finite number of samples is best (Remark 3)."""

    c: tuple[float, ...] = reals(
        [0, 5, 8, 10, 11, 12, 13, 14, 15, 20, 25, 30], "extrapolations c at which the threshold is looked for", least=0
    )
    few: int = integer(33, "fewer of the two large numbers of samples that are compared at the threshold", least=2)
    many: int = integer(99, "more of the two large numbers of samples that are compared at the threshold", least=3)


class TemperatureLaw(Group):
    """The best temperature in the paper's units (Remark 4)."""

    c: tuple[float, ...] = reals([10, 15, 40], "extrapolations c of judges whose best temperature is drawn", least=0)
    k: tuple[int, ...] = integers(
        [3, 4, 6, 10, 20, 50, 200], "numbers of samples at which the best temperature is drawn", least=3
    )
    fixed_k: int = integer(16, "number of samples at which the error is simulated against t", least=3)
    t: tuple[float, ...] = reals([1, 2, 4, 7, 12, 20, 50], "simulated temperatures t = T / (2 sigma^2)", above=0)


class BestJudge(Group):
    """Judges of three families by their distance from the teacher."""

    k: int = integer(64, "number of samples from which the judges of the three families select", least=3)
    strength: tuple[float, ...] = reals(
        [0, 2, 4, 6, 8, 10, 12, 14, 18],
        "simulated distances of judge and teacher, in units of teacher and mean",
        least=0,
    )


class ZeroTemperature(Group):
    """The paper's figure at T = 0, with the teacher as judge."""

    training: tuple[int, ...] = integers(
        [10_000, 15_000, 20_000, 25_000, 30_000], "training samples n of the paper's figure at T = 0", least=1
    )
    k: tuple[int, ...] = integers([50, 75, 100, 150, 199], "numbers of samples of the paper's figure at T = 0", least=1)


class OnePoint(Group):
    """The paper's one-point equivalent against the full one."""

    d_over_n: tuple[float, ...] = reals(
        [0.1, 0.2, 0.5, 0.8, 1.5], "dimensions per training sample at which the bias is simulated", above=0
    )
    repeats: int = integer(80, "independent training sets at which the bias is simulated", least=2)


class InferenceOrData(Group):
    """Where more samples pay and where more data, in the paper's units."""

    variance: float = real(0.1, "sigma^2 = gamma^2 of the phase maps, at unit |w_T|^2/d and inputs", above=0)
    d_over_n: float = real(0.2, "dimensions per training sample of the map against difficulty", above=0)
    columns: int = integer(17, "columns of the phase maps", least=3)
    rows: int = integer(11, "rows of the phase maps", least=3)
    dimension: int = integer(100, "input dimension at which points of the phase maps are simulated", least=4)
    simulated: tuple[float, ...] = reals([0.02, 0.1, 0.2, 0.5], "d/n at which both doublings are simulated", above=0)
    signal: tuple[float, ...] = reals(
        [0.1, 0.5, 1, 2, 4], "|w_T|^2/d at which both doublings are simulated, up the map against difficulty", above=0
    )
    simulated_k: tuple[int, ...] = integers([2, 16, 64], "k at which both doublings are simulated in the map", least=1)
    repeats: int = integer(20, "independent training sets of the simulated doublings", least=2)
    points: int = integer(2000, "test points per training set of the simulated doublings", least=2)


class BestOfKConfig(RunSettings):
    """Settings of best-of-k; the defaults are the quick preset."""

    alpha: tuple[float, ...] = reals([2], "training samples per dimension, n/d", above=0)
    sigma0: float = real(0.5, "standard deviation of the label noise", least=0)
    sigma: float = real(0.5, "standard deviation of the label noise that the model believes in", above=0)
    gamma: float = real(1, "prior standard deviation of the weights that the model believes in", above=0)
    mis: tuple[float, ...] = reals([0, 0.1, 0.3, 0.6, 1], "misspecification of the judge, w_R = w_T + mis R", least=0)
    temperature: tuple[float, ...] = reals(
        [0, 0.1, 0.5], "selection temperature T; 0: best of k, inf: none", least=0, infinite=True
    )
    k: tuple[int, ...] = integers([1, 2, 4, 8, 16, 32, 64, 128, 256], "numbers of samples", least=1, most=10**9)
    simulation: Simulation = group(Simulation, "size of the simulated regression")
    against_temperature: Temperature = group(Temperature, "error against temperature")
    direction: Direction = group(Direction, "judges along the teacher")
    best_of: BestOf = group(BestOf, "the inverse-square law")
    data: DataAgainstSamples = group(DataAgainstSamples, "data against samples")
    anisotropic: Anisotropic = group(Anisotropic, "power-law inputs")
    paper: PaperRegression = group(PaperRegression, "the regression of the paper's figures")
    extrapolating: Extrapolating = group(Extrapolating, "the paper's judges")
    threshold: SamplingThreshold = group(SamplingThreshold, "the threshold of a finite best number of samples")
    temperature_law: TemperatureLaw = group(TemperatureLaw, "the best temperature in the paper's units")
    best_judge: BestJudge = group(BestJudge, "judges of three families")
    zero_temperature: ZeroTemperature = group(ZeroTemperature, "the paper's figure at T = 0")
    one_point: OnePoint = group(OnePoint, "the paper's one-point equivalent")
    inference_or_data: InferenceOrData = group(InferenceOrData, "more samples or more data")
    language: LanguageSettings = group(LanguageSettings, "the language model")
