"""Is the work of the chain models counted from what they do?"""

import pytest

from solv.experiments.pita.answers import ANSWERS, DIRECT, TRACE
from solv.experiments.pita.chain import Cell
from solv.experiments.pita.chain_work import FLOAT, KEPT, UPDATED, cell_work
from solv.experiments.pita.experiment import EXPERIMENT
from solv.experiments.pita.settings import PitaConfig
from solv.harness.compose import settings_for
from solv.harness.settings import replace

WORK = {part.name: part.work for part in EXPERIMENT.parts}


@pytest.mark.parametrize("part", ["chain-widths", "chain-attention", "chain-hops"])
def test_twice_the_steps_are_nearly_twice_the_work_as_tests_stay(part):
    once, twice = (WORK[part](settings_for("pita", "reference", [f"training.steps={n}"])[1]) for n in (10_000, 20_000))
    assert twice.flops == pytest.approx(2 * once.flops, rel=0.02)
    assert twice.calls == pytest.approx(2 * once.calls, rel=0.02)
    assert twice.memory == once.memory


@pytest.mark.parametrize("answer", ANSWERS)
def test_as_many_copies_as_seeds_and_widths_one_step_for_all(answer):
    training = PitaConfig().training
    one = cell_work(replace(training, seeds=2), Cell(answer, 8, 4, 2, (32,)), 1)
    four = cell_work(replace(training, seeds=4), Cell(answer, 8, 4, 2, (16, 32)), 1)
    assert four.flops == pytest.approx(4 * one.flops)
    assert four.memory == pytest.approx(4 * one.memory)
    assert four.calls == one.calls


def test_the_plane_at_the_papers_size_holds_direct_models_of_width_4096():
    config = settings_for("pita", "paper", [])[1]
    copies, width, positions = config.generalisation.direct_seeds, config.generalisation.width, 512
    weights, nodes = 6 * width**2 + 2 * width, 30 * 30
    batch = positions * 2 * width + positions * 2
    expected = FLOAT * copies * (UPDATED * weights + KEPT * batch + (nodes + 4) * width)
    assert WORK["chain-hops"](config).memory == pytest.approx(expected)


@pytest.mark.parametrize(("nodes", "batch", "more"), [(256, 64, 1.3), (64, 256, 1.0)])
def test_more_levels_are_more_work_for_a_trace_unless_all_tokens_are_computed_once(nodes, batch, more):
    training = replace(PitaConfig().training, batch=batch)
    work = {
        (answer, depth): cell_work(training, Cell(answer, nodes // depth, depth, 2, (32,)), 1)
        for answer in ANSWERS
        for depth in (4, 16)
    }
    ratio = work[TRACE, 16].flops / work[TRACE, 4].flops
    assert ratio > more if more > 1 else ratio == pytest.approx(1, rel=0.02)
    assert work[DIRECT, 16] == work[DIRECT, 4]
