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
    error_cells: int = integer(40, "values of alpha and of tau in the map of the error", least=2)
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
    """The step Gamma alone, found by gradient descent instead of least squares; test contexts are clean."""

    alpha: float = real(4, "context length per input dimension", above=0)
    rho: float = real(0, "label-noise variance in pretraining relative to the signal", least=0)
    tau: tuple[float, ...] = reals([1.5, 3, 6], "pretraining contexts per input dimension", above=1)
    dimension: int = integer(128, "input dimension d", least=2)
    repeats: int = integer(8, "independent pretraining sets", least=2)
    contexts: int = integer(16, "test contexts per repeat", least=1)
    steps: int = integer(300, "steps of gradient descent with momentum", least=1)
    depth: int = integer(8, "largest depth tested", least=1)


class LinearAttention(Group):
    """Linear attention with all of its matrices learned step by step (ours); test contexts are clean."""

    alpha: float = real(4, "context length per input dimension", above=0)
    rho: float = real(0, "label-noise variance in pretraining relative to the signal", least=0)
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
    """Softmax attention learned step by step or through the chain (ours); test contexts are clean."""

    alpha: float = real(4, "context length per input dimension", above=0)
    rho: float = real(0, "label-noise variance in pretraining relative to the signal", least=0)
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


class PhaseLines(Simulation):
    """The simulated lines of the phase diagram."""

    dimension: int = integer(128, "input dimension D", least=2)
    repeats: int = integer(5, "independent pretraining sets", least=2)
    contexts: int = integer(16, "test contexts per pretraining set", least=1)


class TheoryExperiment(Group):
    """Theory against simulation at finite dimension."""

    dimension: tuple[int, ...] = integers([50, 100], "input dimensions D", least=2)
    repeats: int = integer(5, "independent pretraining sets", least=2)
    contexts: int = integer(16, "test contexts per pretraining set", least=1)


class HeavyTails(Group):
    """Single chains on the critical line."""

    dimension: tuple[int, ...] = integers([64, 128, 256], "input dimensions D, increasing", least=2)
    repeats: int = integer(24, "independent pretraining sets", least=2)
    contexts: int = integer(16, "test contexts per pretraining set", least=1)
    depth: int = integer(14, "depth at which the error of a chain is read", least=1)


class NoisyTests(Group):
    """Label noise in the test contexts as in pretraining."""

    alpha: float = real(4, "context length per input dimension", above=1)
    tau: tuple[float, ...] = reals([3, math.inf], "pretraining contexts per input dimension", above=1, infinite=True)
    rho: float = real(0.1, "label-noise variance of pretraining, and of the noisy test contexts", above=0)
    depth: int = integer(30, "depth of the chains", least=1)


class Saturation(Simulation):
    """Chains whose context does not span the space, at rho = 0; pretraining below tau_c is left out."""

    alpha: tuple[float, ...] = reals([0.1, 0.5], "context length per input dimension", above=0, below=1)
    tau: tuple[float, ...] = reals([6, 12, 20], "pretraining contexts per input dimension", above=1)
    depth: int = integer(40, "depth of the chains", least=1)


class LateLaw(Simulation):
    """The law of the error at large depth, at rho = 0."""

    depth: int = integer(20, "depth of the simulated chains", least=1)


class AttentionLines(Group):
    """Linear attention trained on one step from a random estimate, as in the paper."""

    dimension: int = integer(20, "input dimension D", least=2)
    context: tuple[int, ...] = integers([4, 12, 40, 80, 160], "context lengths L at rich pretraining", least=1)
    pretraining: int = integer(1000, "number M of pretraining contexts, where rich", least=1)
    scarce_context: int = integer(12, "context length L of the line with scarce pretraining", least=1)
    scarce_pretraining: int = integer(80, "number M of its pretraining contexts", least=1)
    seeds: int = integer(2, "independent trainings of every line", least=2)
    steps: int = integer(1500, "training steps", least=1)
    batch: int = integer(300, "contexts of a minibatch, drawn with replacement", least=1)
    penalty: float = real(1e-4, "L2 penalty on V and W", least=0)
    test_contexts: int = integer(1024, "test contexts of a training", least=1)
    depth: int = integer(21, "depth of the chains tested", least=1)


class AttentionGrid(Group):
    """Linear attention trained on one step from a random estimate, as in the paper, on a grid of sizes."""

    dimension: int = integer(20, "input dimension D", least=2)
    context: tuple[int, ...] = integers([4, 20, 60, 160], "context lengths L", least=1)
    pretraining: tuple[int, ...] = integers([4, 20, 60, 160], "numbers M of pretraining contexts", least=1)
    seeds: int = integer(1, "independent trainings of every size", least=1)
    steps: int = integer(1500, "training steps", least=1)
    batch: int = integer(300, "contexts of a minibatch, drawn with replacement", least=1)
    penalty: float = real(1e-3, "L2 penalty on V and W", least=0)
    test_contexts: int = integer(1024, "test contexts of a training", least=1)
    depth: int = integer(30, "depth of the chains tested", least=1)


class SoftmaxGrid(AttentionGrid):
    """Softmax attention trained on one step from a random estimate, as in the paper, on a grid of sizes."""

    dimension: int = integer(8, "input dimension D", least=2)
    context: tuple[int, ...] = integers([5, 20, 80], "context lengths L", least=1)
    pretraining: tuple[int, ...] = integers([20, 80, 320], "numbers M of pretraining contexts", least=1)
    steps: int = integer(1000, "training steps", least=1)
    test_contexts: int = integer(256, "test contexts of a training", least=1)


class LearnedMatrices(Group):
    """Linear attention trained as in the paper, whose matrices are shown."""

    dimension: int = integer(10, "input dimension D", least=2)
    context: tuple[int, ...] = integers([200], "context lengths L", least=1)
    pretraining: tuple[int, ...] = integers([20, 200], "numbers M of pretraining contexts", least=1)
    seeds: int = integer(6, "independent trainings; the one with the fewest reflections is shown", least=2)
    steps: int = integer(4000, "training steps", least=1)
    batch: int = integer(300, "contexts of a minibatch, drawn with replacement", least=1)
    penalty: float = real(1e-3, "L2 penalty on V and W", least=0)


class AttentionFloors(Group):
    """Many trainings of linear attention as in the paper, at contexts as long as pretraining is rich."""

    dimension: int = integer(20, "input dimension D", least=2)
    size: tuple[int, ...] = integers([400], "context lengths L and numbers M of pretraining contexts, equal", least=1)
    seeds: int = integer(8, "independent trainings of every size", least=2)
    steps: int = integer(3000, "training steps", least=1)
    batch: int = integer(300, "contexts of a minibatch, drawn with replacement", least=1)
    penalty: float = real(1e-3, "L2 penalty on V and W", least=0)
    test_contexts: int = integer(1024, "test contexts of a training", least=1)
    depth: int = integer(30, "depth of the chains tested", least=1)


class CotDepthConfig(RunSettings):
    """Settings of cot-depth; the defaults are the quick preset."""

    alpha: tuple[float, ...] = reals([0.7, 2, 4], "context length per input dimension, l/d", above=0)
    tau: tuple[float, ...] = reals(
        [1.2, 1.5, 2, 3, 5, math.inf], "pretraining contexts per input dimension, n/d", above=1, infinite=True
    )
    rho: tuple[float, ...] = reals([0, 0.1], "label-noise variance in pretraining relative to the signal", least=0)
    rho_test: tuple[float, ...] = reals(
        [0], "label-noise variance in test contexts relative to the signal; the paper's are clean", least=0
    )
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
    phase_lines: PhaseLines = group(PhaseLines, "lines of the phase diagram")
    theory_experiment: TheoryExperiment = group(TheoryExperiment, "theory against experiment")
    heavy_tails: HeavyTails = group(HeavyTails, "single chains on the critical line")
    noisy_tests: NoisyTests = group(NoisyTests, "noise in test contexts")
    saturation: Saturation = group(Saturation, "chains that saturate")
    late_law: LateLaw = group(LateLaw, "the late law")
    attention_lines: AttentionLines = group(AttentionLines, "the paper's training of linear attention, some sizes")
    attention_grid: AttentionGrid = group(AttentionGrid, "the paper's training of linear attention on a grid")
    softmax_grid: SoftmaxGrid = group(SoftmaxGrid, "the paper's training of softmax attention on a grid")
    attention_floors: AttentionFloors = group(AttentionFloors, "many trainings of linear attention")
    learned_matrices: LearnedMatrices = group(LearnedMatrices, "what linear attention has learned")
