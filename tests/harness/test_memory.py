"""Is freed memory kept, so that the next array of its size costs no page faults?"""

import subprocess
import sys

import pytest

from solv.harness.memory import keep_freed_memory

FAULTS = """
import resource
import numpy as np
from solv.harness.memory import keep_freed_memory

if {kept}:
    assert keep_freed_memory()


def step():
    arrays = [np.full(500_000, float(number)) for number in range(8)]  # 32 MB
    return sum(float(array[-1]) for array in arrays)


step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*, kept: bool) -> int:
    script = FAULTS.format(kept=kept)
    return int(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="another C library")
def test_arrays_of_the_next_step_take_the_pages_of_the_last():
    pages = 10 * 8 * 500_000 * 8 // 4096
    assert faults(kept=False) > pages / 2
    assert faults(kept=True) < pages / 10


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
