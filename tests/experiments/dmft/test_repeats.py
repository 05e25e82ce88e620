"""Is a simulation cut into batches that fit into memory without changing a bit, and averaged with its error?"""

import numpy as np
import pytest
import torch

from solv.experiments.dmft.counting import MEMORY
from solv.experiments.dmft.repeats import averaged, repeat
from tests.experiments.scaffold import Units, context


def simulated(own, repeats, bytes_each, batches=None):
    def simulate(streams):
        if batches is not None:
            batches.append(len(streams))
        return {"x": torch.stack([torch.randn(3, generator=stream) for stream in streams])}

    with own.progress.task("t", 1) as step:
        return repeat(own, step, "name", repeats, bytes_each, simulate)["x"]


def test_batches_that_fit_into_memory_change_no_bit(tmp_path):
    batches = []
    at_once = simulated(context(tmp_path), 5, 1)
    in_parts = simulated(context(tmp_path), 5, MEMORY / 2, batches)
    assert batches == [2, 2, 1]
    np.testing.assert_array_equal(at_once, in_parts)
    alone = []
    simulated(context(tmp_path), 3, 10 * MEMORY, alone)
    assert alone == [1, 1, 1]  # what does not fit is simulated one by one


def test_each_repeat_has_a_stream_of_its_own_and_all_are_one_unit(tmp_path):
    units = Units()
    own = context(tmp_path, unit=units)
    few, more = simulated(own, 2, 1), simulated(context(tmp_path), 4, 1)
    np.testing.assert_array_equal(few, more[:2])
    assert len(np.unique(more)) == more.size
    simulated(own, 2, 1)
    assert units.computed == ["name"]


def test_the_average_has_its_standard_error():
    found = averaged("loss", np.array([[1.0, 2.0], [3.0, 2.0]]))
    assert found["y"][0] == "loss"
    np.testing.assert_allclose(found["y"][1], [2, 2])
    assert found["y_err"][0] == pytest.approx(1)  # deviation sqrt(2) over sqrt(2)
    assert found["n"] == 2
