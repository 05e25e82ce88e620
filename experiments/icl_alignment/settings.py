"""What can be set in icl-alignment? Covariances and axes at the root, sizes of parts in groups; defaults: `quick`."""

import math
from collections.abc import Sequence

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
    texts,
)

FAMILIES = ("half", "power-law", "exponential", "spikes", "isotropic")


class Simulation(Group):
    """Size of the simulated linear attention; d itself is `dimension`."""

    repeats: int = integer(6, "independent pretraining sets per simulated point, each with its own tasks", least=2)


class Descent(Group):
    """Error against the number of pretraining contexts, and against their length."""

    tau: tuple[float, ...] = reals(
        [0.2, 0.4, 0.6, 0.8, 1.2, 1.5, 2, 4],
        "pretraining contexts per squared dimension of the simulated points, none at the peak tau = 1",
        above=0,
    )
    alpha: tuple[float, ...] = reals(
        [0.5, 1, 2, 4, 8],
        "context lengths per dimension of the simulated points, the same at pretraining and test",
        above=0,
    )
    kappa: float = real(2, "task diversity of the panels against pretraining and context length", above=0)


class FiniteSize(Group):
    """How simulation approaches theory as d grows."""

    dimension: tuple[int, ...] = integers(
        [20, 40, 80], "dimensions of the finite-size panel; repeats grow as 1/d below the largest", least=4
    )
    tau: tuple[float, ...] = reals(
        [0.5, 2], "pretraining contexts per squared dimension of the finite-size panel", above=0
    )
    alpha: float = real(2, "context length per dimension of the finite-size panel", above=0)
    kappa: float = real(2, "task diversity of the finite-size panel", above=0)
    rho: float = real(0.05, "label-noise variance of the finite-size panel", least=0)
    p: float = real(0.8, "exponent of the pretraining spectrum c_i ~ i^-p of the finite-size panel")
    repeats: int = integer(6, "independent pretraining sets at the largest dimension of the finite-size panel", least=2)


class Scatter(Group):
    """Errors of many pairs of pretraining and test covariance against what should predict them."""

    dimension: int = integer(40, "token dimension d of the pairs of covariances", least=10)
    train: tuple[str, ...] = texts(
        ["power-law", "exponential", "spikes"], "pretraining covariances of the pairs", choices=FAMILIES[:-1]
    )
    kappa: tuple[float, ...] = reals([0.2, 0.5, 2, 10], "task diversities of the pairs", above=0)
    tau: tuple[float, ...] = reals(
        [4, 0.5],
        "pretraining contexts per squared dimension; errors are drawn at the first, those above 1 are judged",
        above=0,
    )
    p: tuple[float, ...] = reals(
        [0.4, 0.65, 0.9, 1.15, 1.4], "exponents of the power laws among the tests of the pairs"
    )
    rate: tuple[float, ...] = reals([1, 2, 4], "rates of the exponential spectra among the tests of the pairs", above=0)
    share: tuple[float, ...] = reals(
        [0.3, 0.7],
        "shares of variance on the spiked directions, for the spikes among the tests of the pairs",
        above=0,
        below=1,
    )
    angle: tuple[float, ...] = reals(
        [0.5, 1.5, math.inf],
        "largest angles of the rotated pretraining covariances among the tests of the pairs",
        above=0,
        infinite=True,
    )


class Diversity(Group):
    """Where diversity helps and hurts: halves C_tr = (2f, 2(1-f)), C_te = (2s, 2(1-s))."""

    columns: int = integer(41, "values of 1 - f in the maps, from 0.001 to 0.5", least=2)
    rows: int = integer(41, "values of s in the maps, from 0 to 1", least=2)
    kappas: int = integer(241, "values of kappa, from 0.1 to 100, among which the maps seek the best", least=10)
    few: float = real(0.5, "kappa of little diversity in the map of the gain", above=0)
    many: float = real(10, "kappa of much diversity in the map of the gain", above=0)
    unseen: tuple[float, ...] = reals(
        [0.001, 0.02, 0.2],
        "share 1 - f of pretraining on the second half, at the simulated points of the map",
        above=0,
        most=0.5,
    )
    s: tuple[float, ...] = reals(
        [0.1, 0.3, 0.5, 0.7, 0.9],
        "share s of the test on the first half, at the simulated points of the map",
        least=0,
        most=1,
    )


class Pretraining(Group):
    """Which power law is best to pretrain on, for a power law at test; at the first rho."""

    test_p: float = real(0.9, "exponent of the test spectrum for which the best pretraining is sought")
    p: tuple[float, ...] = reals(
        [0.3, 0.6, 0.9, 1.3, 1.7], "exponents of the pretraining spectra that are simulated, in search of the best"
    )
    tau: float = real(4, "pretraining contexts per squared dimension, in search of the best pretraining", above=0)
    alpha: tuple[float, ...] = reals(
        [10, 2], "context lengths per dimension of the cases of the best pretraining, one each", above=0
    )
    kappa: tuple[float, ...] = reals(
        [2, 0.5], "task diversities of the cases of the best pretraining, one each", above=0
    )


class Directions(Group):
    """Tests on single directions of pretraining with the eigenvalues d, d - 1, ..., 1 (figure 1 of the paper)."""

    dimension: int = integer(40, "token dimension d of the tests on single directions", least=4)
    index: tuple[int, ...] = integers(
        [1, 26, 33, 36, 40], "directions, from the strongest of pretraining on, that carry the whole test", least=1
    )
    alpha: float = real(2, "context length per dimension of the tests on single directions", above=0)
    tau: float = real(4, "pretraining contexts per squared dimension of the tests on single directions", above=0)
    rho: float = real(0.01, "label-noise variance of the tests on single directions", least=0)
    kappa: tuple[float, ...] = reals(
        [0.1, 0.3, 0.5, 0.9, 1.3, 2.1], "simulated task diversities of the tests on single directions", above=0
    )
    repeats: int = integer(6, "pretraining sets per simulated point of the tests on single directions", least=2)


class LinearMeasures(Group):
    """Theory's error against four measures of alignment (figure 2 of the paper)."""

    dimension: int = integer(40, "token dimension d of theory's errors against four measures", least=4)
    alpha: float = real(2, "context length per dimension of theory's errors against four measures", above=0)
    tau: float = real(4, "pretraining contexts per squared dimension of the errors against four measures", above=0)
    rho: float = real(0.01, "label-noise variance of theory's errors against four measures", least=0)
    kappa: tuple[float, ...] = reals(
        [0.2, 0.5, 1, 2, 10], "task diversities of the errors against four measures", above=0
    )
    p: tuple[float, ...] = reals(
        [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4],
        "exponents of the power laws at test in the errors against four measures",
    )


class Subspace(Group):
    """Pretraining on half of the directions with plenty of data (figure 6 of the paper)."""

    dimension: int = integer(20, "token dimension d of pretraining on half of the directions", least=4)
    alpha: float = real(80, "context length per dimension of pretraining on half of the directions", above=0)
    tau: float = real(80, "contexts per squared dimension of pretraining on half of the directions", above=0)
    rho: float = real(0.01, "label-noise variance of pretraining on half of the directions", least=0)
    p: float = real(0.5, "exponent of the power laws that pretraining on half of the directions is tested on")
    kappa: tuple[float, ...] = reals(
        [0.2, 0.3, 0.4, 0.5, 0.6, 1, 2], "simulated task diversities of pretraining on half of the directions", above=0
    )
    repeats: int = integer(4, "pretraining sets per simulated point on half of the directions", least=2)


class Improvement(Group):
    """How much steeper pretraining improves on the test's own power law (figure 4 of the paper)."""

    dimension: int = integer(100, "token dimension d of theory's map of the improvement", least=4)
    columns: int = integer(81, "task diversities in the map of the improvement, from 0.1 to 2.1", least=2)
    rows: int = integer(51, "values of p_train - p_test in the map of the improvement, from -0.5 to 2", least=2)
    test_p: float = real(0.9, "exponent of the test spectrum of the improvement")
    alpha: float = real(1, "context length per dimension of the improvement", above=0)
    tau: float = real(4, "pretraining contexts per squared dimension of the improvement", above=0)
    rho: float = real(0.01, "label-noise variance of the improvement", least=0)
    simulated: int = integer(24, "token dimension d at which the improvement is simulated", least=4)
    kappa: tuple[float, ...] = reals([0.2, 0.6, 2.1], "task diversities of the simulated improvement", above=0)
    repeats: int = integer(32, "pretraining sets per point of the simulated improvement", least=2)
    gap: tuple[float, ...] = reals([-0.5, 0.6, 1.2, 2], "values of p_train - p_test of the simulated improvement")


class LongTests(Group):
    """Contexts at the test that are far longer than those of pretraining (test-time scaling)."""

    dimension: int = integer(40, "token dimension d of the far longer test contexts", least=4)
    alpha: float = real(2, "context length per dimension of the pretraining before far longer tests", above=0)
    tau: float = real(4, "contexts per squared dimension of the pretraining before far longer tests", above=0)
    kappa: float = real(1, "task diversity of the pretraining before far longer tests", above=0)
    rho: float = real(0.01, "label-noise variance of the far longer test contexts", least=0)
    p: tuple[float, ...] = reals(
        [0, 1, 1.5], "exponents of the spectra, pretraining's and the test's, of the far longer test contexts"
    )
    test_alpha: tuple[float, ...] = reals(
        [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000],
        "context lengths per dimension of the far longer test contexts",
        above=0,
    )


class OwnTasks(Group):
    """The tasks of pretraining themselves against fresh ones, on the power law of exponent `p`."""

    alpha: float = real(2, "context length per dimension where pretraining tasks are tested", above=0)
    tau: float = real(4, "pretraining contexts per squared dimension where pretraining tasks are tested", above=0)
    rho: float = real(0.01, "label-noise variance where pretraining tasks are tested", least=0)
    kappa: tuple[float, ...] = reals(
        [0.2, 0.5, 1, 2, 5, 20], "task diversities where pretraining tasks are tested", above=0
    )


class Order(Group):
    """Which single direction of pretraining is the easiest test: cases (tau, alpha, kappa, rho), one each."""

    dimension: int = integer(40, "token dimension d of the order of the kernel", least=4)
    tau: tuple[float, ...] = reals(
        [4, 0.5, 0.2], "pretraining contexts per squared dimension of the cases of the order of the kernel", above=0
    )
    alpha: tuple[float, ...] = reals(
        [2, 3, 30], "context lengths per dimension of the cases of the order of the kernel", above=0
    )
    kappa: tuple[float, ...] = reals([0.5, 1, 3], "task diversities of the cases of the order of the kernel", above=0)
    rho: tuple[float, ...] = reals([0.01, 0, 10], "label-noise variances of the cases of the order", least=0)
    directions: int = integer(9, "directions that are simulated in the order of the kernel", least=2)
    p: tuple[float, ...] = reals([-1, -0.5, 0, 0.5, 1, 1.5, 2], "exponents of the tests beside isotropic pretraining")
    repeats: int = integer(12, "pretraining sets per simulated point of the order of the kernel", least=2)


class Transformer(Group):
    """The nonlinear transformers, pretrained on the power law of exponent `p`."""

    enabled: bool = flag(True, "whether transformers are trained at all")
    architecture: tuple[str, ...] = texts(
        ["encoder", "decoder"],
        "transformers that are trained: the encoder of the ICLR version of the paper, the decoder of its preprint",
        choices=("encoder", "decoder"),
    )
    dimension: int = integer(8, "token dimension d of the transformers' contexts; their width is d + 1", least=4)
    alpha: float = real(1, "context length per dimension of the transformers' contexts", above=0)
    tau: float = real(
        4, "contexts per squared dimension in the encoder's training set; the decoder sees fresh ones", above=0
    )
    rho: float = real(0.01, "label-noise variance of the transformers' contexts", least=0)
    kappa: tuple[float, ...] = reals(
        [0.2, 0.5, 1, 2, 10], "task diversities that transformers are pretrained on", above=0
    )
    link: tuple[str, ...] = texts(
        ["linear"],
        "label as a function of w.x that the transformers learn",
        choices=("linear", "tanh", "square", "cube"),
    )
    p: float = real(0.9, "exponent of the spectrum that the transformers are pretrained on")
    test_p: tuple[float, ...] = reals(
        [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4],
        "exponents of the power laws that the transformers are tested on",
    )
    test_rank: tuple[float, ...] = reals(
        [0.2, 0.4, 0.6, 0.8, 1],
        "shares of the directions, largest variances of pretraining first, that the tests of low rank lie in",
        above=0,
        most=1,
    )
    seeds: int = integer(2, "independent trainings of a transformer per task diversity and link", least=2)
    layers: int = integer(2, "layers of the transformers", least=1)
    multiplier: int = integer(2, "hidden units of the encoder's MLP per unit of its width", least=1)
    dropout: float = real(0.2, "probability that the encoder drops a unit in training", least=0, below=1)
    learning_rate: float = real(
        1e-3, "learning rate of AdamW, constant; weight decay 0.01, gradients clipped at 1", above=0
    )
    steps: int = integer(800, "training steps of the encoder", least=1)
    batch: int = integer(64, "contexts per training step of the encoder, at most its training set", least=1)
    decoder_steps: int = integer(600, "training steps of the decoder", least=1)
    decoder_batch: int = integer(64, "fresh contexts per training step of the decoder", least=1)
    contexts: int = integer(2048, "test contexts per trained transformer and test covariance", least=1)


class IclAlignmentConfig(RunSettings):
    """Settings of icl-alignment; the defaults are the quick preset."""

    dimension: int = integer(40, "token dimension d of spectra and simulations; theory at any d is quick", least=4)
    train: tuple[str, ...] = texts(
        ["half", "power-law"], "pretraining covariances: half of the directions (2, 0), i^-p, ...", choices=FAMILIES
    )
    test: tuple[str, ...] = texts(
        ["same", "isotropic", "reversed", "power-law", "spikes"],
        "test covariances; reversed: pretraining's eigenvalues in reverse order (of half: its complement)",
        choices=("same", "reversed", *FAMILIES),
    )
    p: float = real(0.9, "exponent of the spectrum called power-law, c_i ~ i^-p")
    alpha: tuple[float, ...] = reals([2], "context length per dimension, l/d", above=0)
    tau: tuple[float, ...] = reals(
        [4], "pretraining contexts per squared dimension, n/d^2; 1 (the peak) and inf in theory alone", above=0,
        infinite=True,
    )  # fmt: skip
    kappa: tuple[float, ...] = reals(
        [0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 5, 20, 50], "distinct pretraining tasks per dimension, k/d", above=0
    )
    rho: tuple[float, ...] = reals([0.01], "label-noise variance", least=0)
    test_alpha: tuple[float, ...] = reals(
        [0.5, 1, 2, 4, 8, 32], "context lengths per dimension at the test alone", above=0
    )
    simulation: Simulation = group(Simulation, "size of the simulated model")
    descent: Descent = group(Descent, "error against pretraining and context")
    finite_size: FiniteSize = group(FiniteSize, "the finite-size panel")
    scatter: Scatter = group(Scatter, "alignment against its rivals")
    diversity: Diversity = group(Diversity, "the maps of best diversity")
    pretraining: Pretraining = group(Pretraining, "the best pretraining covariance")
    directions: Directions = group(Directions, "tests on single directions")
    linear_measures: LinearMeasures = group(LinearMeasures, "theory's error against four measures")
    subspace: Subspace = group(Subspace, "pretraining on half of the directions")
    improvement: Improvement = group(Improvement, "the improvement by steeper pretraining")
    long_tests: LongTests = group(LongTests, "far longer test contexts")
    own_tasks: OwnTasks = group(OwnTasks, "the tasks of pretraining themselves")
    order: Order = group(Order, "the order of the kernel")
    transformer: Transformer = group(Transformer, "the nonlinear transformer")


def require_tasks(key: str, kappas: Sequence[float], d: int) -> None:
    """Refuse task diversities of less than one task.

    Args:
        key: of the settings that hold them.
        kappas: distinct pretraining tasks per dimension.
        d: least dimension that they are used at.

    Raises:
        ConfigurationError: names the key.
    """
    if min(kappas) * d < 1:
        raise ConfigurationError(f"{key} = {min(kappas):g} is less than one task at d = {d}; valid: >= {1 / d:g}")
