"""Is a part's cost estimated from its settings, near what runs took?"""

import math
import re
from dataclasses import replace as with_

import pytest

from benchmarks.cost_estimates import estimates
from solv.harness.catalog import load, names
from solv.harness.cost import LEAST, MEASURED, Cost, Speed, estimate, measure, memory_of
from solv.harness.presets import presets
from solv.harness.reference import reference
from solv.harness.times import cpu_seconds
from solv.harness.work import Work
from tests.experiments.scaffold import preset_of

LONG = 5.0  # CPU seconds from which on a part's time is more than loading and chance
FACTOR = 2.0


def costs(experiment, settings, **keywords):
    return {cost.part: cost for cost in estimate(experiment, settings, **keywords)}


@pytest.mark.parametrize("name", names())
def test_the_quick_run_costs_what_it_took(name):
    experiment = load(name)
    found = costs(experiment, experiment.Config())
    for part, seconds in cpu_seconds(name, "quick").items():
        if seconds >= LEAST:
            assert found[part].seconds == pytest.approx(seconds), part


@pytest.mark.parametrize("name", names())
def test_the_reference_run_took_what_is_estimated_from_the_quick_one(name):
    far = {}
    for part, measured, estimated in estimates(reference(name), LONG):
        if not 1 / FACTOR <= estimated / measured <= FACTOR:
            far[part] = measured, estimated
    assert not far, "measured and estimated seconds"


@pytest.mark.parametrize("name", names())
def test_parts_that_take_long_say_how_much_work_they_are_at_every_preset(name):
    experiment = load(name)
    for preset in presets(name):
        settings = preset_of(name, preset)
        for cost in estimate(experiment, settings):
            if cost.work is None:
                assert cpu_seconds(name, "quick")[cost.part] < LONG, f"{preset} {cost.part}"
            else:
                assert cost.work.flops + cost.work.calls > 0, f"{preset} {cost.part}"
                assert math.isfinite(cost.seconds), f"{preset} {cost.part}"


def made(work):
    """An experiment of one part of that work, whose quick run was measured: dmft's first part, in disguise."""
    experiment = load("dmft")
    part = next(part for part in experiment.parts if cpu_seconds("dmft", "quick")[part.name] > LONG)
    return with_(experiment, parts=(with_(part, work=work),)), cpu_seconds("dmft", "quick")[part.name]


def test_a_part_that_does_not_say_its_work_costs_what_the_quick_run_took():
    experiment, seconds = made(None)
    [cost] = estimate(experiment, experiment.Config())
    assert cost == Cost(experiment.parts[0].name, None, seconds)


def test_twice_the_work_takes_twice_the_time_and_a_faster_device_less():
    experiment, seconds = made(lambda settings: Work(1e9 * settings.seed, 0, 1))
    usual = experiment.Config(seed=1)
    experiment = with_(experiment, Config=lambda: usual)
    [cost] = estimate(experiment, experiment.Config.__call__().__class__(seed=2))
    assert cost.seconds == pytest.approx(2 * seconds)
    [fast] = estimate(experiment, usual, Speed(10 * MEASURED.rate, MEASURED.latency))
    assert fast.seconds == pytest.approx(seconds / 10)


def test_a_part_that_took_no_time_is_estimated_as_all_parts_are():
    experiment = load("dmft")
    long, short = experiment.parts[0], next(part for part in experiment.parts if part.name == "time-grid")
    work = {"work": lambda settings: Work(1e9)}
    experiment = with_(experiment, parts=(with_(long, **work), with_(short, **work)))
    taken = cpu_seconds("dmft", "quick")
    assert taken[short.name] < LEAST
    found = costs(experiment, experiment.Config())
    assert found[short.name].seconds == pytest.approx((taken[long.name] + taken[short.name]) / 2)


def test_a_device_that_is_slow_to_start_work_gains_nothing_on_small_arrays():
    experiment, seconds = made(lambda settings: Work(0, 1e6, 1))
    [cost] = estimate(experiment, experiment.Config(), Speed(1e15, 10 * MEASURED.latency))
    assert cost.seconds == pytest.approx(10 * seconds)


def test_the_speed_of_this_machine_is_measured_on_one_core_and_leaves_the_threads():
    import torch

    before = torch.get_num_threads()
    speed = measure("cpu")
    assert torch.get_num_threads() == before
    assert 1e8 < speed.rate < 1e14
    assert 1e-8 < speed.latency < 1e-2


def test_the_memory_of_this_machine_is_known():
    assert 2**28 < memory_of("cpu") < 2**46


@pytest.mark.parametrize("name", names())
def test_the_map_of_the_papers_figures_says_what_is_estimated(name):
    experiment, settings = load(name), preset_of(name, "paper")
    found = costs(experiment, settings)
    units = {"s": 1, "min": 60, "h": 3600, "P": 1e15, "E": 1e18, "Z": 1e21}
    said = re.compile(
        r"1 core, ([\d.]+) (s|min|h)(?:, ([\d.]+) GiB)?, estimated|([\d.]+) ([PEZ])FLOP(?:, ([\d.]+) GiB)?"
    )
    read = 0
    for figure in experiment.figures:
        if (match := said.search(figure.cost)) is None:
            continue
        time, unit, there, flops, prefix, on_gpu = match.groups()
        cost = found[figure.part]
        assert cost.work is not None, figure.figure
        value, estimated = (time, cost.seconds) if time else (flops, cost.work.flops)
        assert 1 / FACTOR < float(value) * units[unit or prefix] / estimated < FACTOR, figure.figure
        memory = float(there or on_gpu or 0) * 2**30
        assert 1 / FACTOR < max(memory, 2**30) / max(cost.work.memory, 2**30) < FACTOR, figure.figure
        read += 1
    assert read, "no estimate of this paper is in its map"


def test_work_that_was_never_measured_takes_what_its_count_says():
    experiment, _ = made(lambda settings: Work(7e9))
    experiment = with_(experiment, entry=with_(experiment.entry, name="my-law"))
    [cost] = estimate(experiment, experiment.Config())
    assert cost.seconds == pytest.approx(7e9 / MEASURED.rate)
