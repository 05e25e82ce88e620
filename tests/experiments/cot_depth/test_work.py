"""Does the count of the work of cot-depth grow as its arrays and loops do?"""

import math

import pytest

from solv.data.cot_depth.in_context_regression import PAIRS_PER_DRAW
from solv.experiments.cot_depth import work
from solv.experiments.cot_depth.experiment import EXPERIMENT
from solv.experiments.cot_depth.settings import (
    AttentionFloors,
    AttentionGrid,
    AttentionLines,
    CotDepthConfig,
    LinearAttention,
    Simulation,
)
from solv.harness.compose import settings_for
from solv.harness.settings import replace
from solv.models.cot_depth import one_step

OF = {part.name: part.work for part in EXPERIMENT.parts}


def test_constants_are_those_of_the_modules_that_need_torch():
    assert work.MEETINGS == one_step.MEETINGS
    assert work.PAIRS == PAIRS_PER_DRAW


def test_twice_the_repeats_are_twice_the_chains_but_no_more_memory_once_it_is_full():
    one, two = (
        work.chains(Simulation(dimension=512, repeats=repeats, contexts=512), 2, [3, math.inf], 20)
        for repeats in (4, 8)
    )
    assert two.flops == pytest.approx(2 * one.flops)
    assert two.calls == pytest.approx(2 * one.calls)
    assert two.memory == one.memory


def test_the_memory_of_chains_is_three_times_the_covariances_that_are_held_at_once_where_they_are_most_of_it():
    counted = work.chains(Simulation(dimension=500, repeats=5, contexts=2000), 3, [1.5], 40)
    assert counted.memory == pytest.approx(3 * work.HELD, rel=0.1)


def test_a_chain_with_a_perfect_step_needs_no_pretraining():
    sizes = Simulation(dimension=64, repeats=4, contexts=4)
    perfect, fitted = (work.chains(sizes, 2, [tau], 20) for tau in (math.inf, 3))
    assert perfect.flops < fitted.flops
    assert perfect.calls < fitted.calls


@pytest.mark.parametrize("kind", ["linear", "softmax"])
def test_twice_the_steps_are_twice_the_training(kind):
    one, two, three = (work.one_step(kind, AttentionLines(steps=steps), 80, 1000) for steps in (100, 200, 300))
    assert two.flops - one.flops == pytest.approx(three.flops - two.flops)
    assert two.calls - one.calls == pytest.approx(one.calls, rel=0.1)


def test_softmax_attention_reads_its_contexts_and_linear_attention_only_their_moments():
    short, long = (
        {kind: work.one_step(kind, AttentionGrid(), n, 1000) for kind in ("linear", "softmax")} for n in (80, 160)
    )
    assert long["softmax"].flops > 1.8 * short["softmax"].flops
    assert long["linear"].flops == pytest.approx(short["linear"].flops)


def test_the_largest_grid_of_the_paper_holds_its_contexts():
    _, config = settings_for("cot-depth", "paper", [])
    grid = config.softmax_grid
    contexts = max(grid.pretraining) * max(grid.context) * grid.dimension * 4
    assert contexts <= OF["softmax-grid"](config).memory < 1.1 * contexts


def test_trainings_that_the_grid_has_done_are_counted_there():
    grid, floors = AttentionGrid(context=(60,), pretraining=(60,), seeds=3), AttentionFloors(size=(60,), steps=1500)
    config = CotDepthConfig(attention_grid=grid, attention_floors=floors)
    alone = replace(config, parts=("attention-floors",))
    assert OF["attention-floors"](config).flops == pytest.approx(5 / 8 * OF["attention-floors"](alone).flops)


def test_blocks_that_are_trained_through_a_chain_keep_their_copies_of_every_step():
    sizes = LinearAttention(dimension=32, tau=(2.0,), seeds=2, contexts=1, teacher_states=0)
    shallow, deep = (work.attention(sizes, forwards=depth, backwards=depth, states=1).memory for depth in (1, 5))
    copies, contexts, numbers = 2, 64, 2 * 32 * 33 + 33
    assert deep - shallow == pytest.approx(4 * copies * contexts * 4 * numbers)
