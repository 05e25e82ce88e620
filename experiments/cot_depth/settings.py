"""What can be set in cot-depth? The axes of its theory at the root, sizes of its parts in groups; defaults: `quick`."""

import math

from solv.harness.settings import (
    Group,
    RunSettings,
    group,
    integer,
    integers,
    real,
    reals,
)


class Simulation(Group):
    """Size of the simulated model."""

    dimension: int = integer(256, "input dimension d", least=2)
    repeats: int = integer(16, "independent pretraining sets, each with test contexts of its own", least=2)
    contexts: int = integer(16, "test contexts per repeat", least=1)


class Phase(Group):
    """The phase diagram (E3), at rho = 0."""

    columns: int = integer(48, "values of alpha in the map, from 0.5 to 6", least=2)
    rows: int = integer(48, "values of tau in the map, from 1.05 to 5", least=2)
    max_depth: int = integer(60, "largest depth considered when the best one is sought", least=2)
    alpha: tuple[float, ...] = reals([1.5, 2.5, 4, 5.5], "alpha of the simulated points", above=0)
    tau: tuple[float, ...] = reals([1.2, 2, 4], "tau of the simulated points", above=1)


class Transition(Group):
    """The late-time growth of the error across the critical amount of pretraining, at rho = 0."""

    alpha: tuple[float, ...] = reals([3, 4, 9], "context length per input dimension", above=1)
    ratio: tuple[float, ...] = reals([0.8, 0.9, 1.2, 1.5], "tau / tau_c of the simulated points", above=0)


class FiniteSize(Group):
    """How the simulated mean approaches theory near the critical line."""

    alpha: float = real(2, "context length per input dimension", above=0)
    tau: float = real(3, "pretraining contexts per input dimension", above=1)
    dimension: tuple[int, ...] = integers([32, 64, 128, 256], "input dimensions d", least=2)
    depth: tuple[int, ...] = integers([2, 6, 12], "depths at which the error is read", least=0)


class Fates(Group):
    """Long chains without label noise: one improves for ever, two overthink in the end, one from the first step."""

    max_depth: int = integer(100, "depth of theory", least=60)
    simulated_depth: int = integer(40, "depth of the simulated chains", least=15)


class Endless(Group):
    """Infinite pretraining: the chain with Gamma = c I, run for very long."""

    alpha: tuple[float, ...] = reals([0.7, 1, 2], "context length per input dimension", above=0)
    max_depth: int = integer(300, "depth of the longest chain", least=20)


class Reduced(Group):
    """The step Gamma alone, found by gradient descent instead of least squares, at rho = 0."""

    alpha: float = real(4, "context length per input dimension", above=0)
    tau: tuple[float, ...] = reals([1.5, 3, 6], "pretraining contexts per input dimension", above=1)
    dimension: int = integer(128, "input dimension d", least=2)
    repeats: int = integer(8, "independent pretraining sets", least=2)
    contexts: int = integer(16, "test contexts per repeat", least=1)
    steps: int = integer(300, "steps of gradient descent with momentum", least=1)
    depth: int = integer(8, "largest depth tested", least=1)


class LinearAttention(Group):
    """Linear attention with all of its matrices learned (E4), at rho = 0."""

    alpha: float = real(4, "context length per input dimension", above=0)
    tau: tuple[float, ...] = reals([1.5, 2, 3, 6], "pretraining contexts per input dimension", above=1)
    dimension: int = integer(16, "input dimension d", least=2)
    seeds: int = integer(4, "independent trainings per amount of pretraining", least=2)
    contexts: int = integer(512, "test contexts per training", least=1)
    exact_repeats: int = integer(32, "repeats of the exact model at the same dimension", least=2)
    steps: int = integer(1500, "training steps", least=1)
    learning_rate: float = real(3e-3, "of Adam; decays along a cosine to 2 %", above=0)
    teacher_states: int = integer(2, "noisy fractions of the true weights shown per context and step", least=0)
    teacher_noise: float = real(0.3, "their noise", least=0)
    chain_states: int = integer(3, "states of the block's own chain shown per context and step", least=0)
    pool: int = integer(64, "teacher states drawn in advance, gone through step by step", least=1)
    depth: int = integer(8, "largest depth tested", least=1)


class SoftmaxAttention(Group):
    """Softmax attention with all of its matrices learned (E5), at rho = 0."""

    alpha: float = real(4, "context length per input dimension", above=0)
    tau: tuple[float, ...] = reals([1.5, 3, 12], "pretraining contexts per input dimension", above=1)
    dimension: int = integer(8, "input dimension d", least=2)
    heads: int = integer(1, "attention heads", least=1)
    mlp_width: int = integer(0, "hidden units of an MLP behind the attention; 0 for none", least=0)
    seeds: int = integer(4, "independent trainings per amount of pretraining", least=2)
    contexts: int = integer(512, "test contexts per training", least=1)
    steps: int = integer(1000, "training steps", least=1)
    learning_rate: float = real(1e-2, "of Adam; decays along a cosine to 2 %", above=0)
    teacher_states: int = integer(2, "step by step: noisy fractions of the true weights shown", least=0)
    teacher_noise: float = real(0.3, "step by step: their noise", least=0)
    chain_states: int = integer(3, "step by step: states of the block's own chain shown", least=0)
    pool: int = integer(32, "step by step: teacher states drawn in advance", least=1)
    trained_depth: int = integer(12, "through the chain: depths 1.. over which the loss is averaged", least=1)
    depth: int = integer(16, "largest depth tested", least=1)


class CotDepthConfig(RunSettings):
    """Settings of cot-depth; the defaults are the quick preset."""

    alpha: tuple[float, ...] = reals([0.7, 2, 4], "context length per input dimension, l/d", above=0)
    tau: tuple[float, ...] = reals(
        [1.2, 1.5, 2, 3, 5, math.inf], "pretraining contexts per input dimension, n/d", above=1, infinite=True
    )
    rho: tuple[float, ...] = reals([0, 0.1], "label-noise variance relative to the signal", least=0)
    depth: tuple[int, ...] = integers(range(21), "reasoning depths T at which the error is drawn", least=0, most=2000)
    simulation: Simulation = group(Simulation, "size of the simulated model")
    phase: Phase = group(Phase, "the phase diagram")
    transition: Transition = group(Transition, "growth across the critical line")
    fates: Fates = group(Fates, "long chains")
    finite_size: FiniteSize = group(FiniteSize, "the finite-size panel")
    endless: Endless = group(Endless, "infinite pretraining")
    reduced: Reduced = group(Reduced, "the step alone by gradient descent")
    linear: LinearAttention = group(LinearAttention, "trained linear attention")
    softmax: SoftmaxAttention = group(SoftmaxAttention, "trained softmax attention")
