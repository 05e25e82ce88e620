"""Are measured times there for the ten papers, and none for what was never measured?"""

import pytest

from solv.harness.catalog import names
from solv.harness.times import cpu_seconds


@pytest.mark.parametrize("name", names())
def test_times_are_positive_and_smoke_is_the_quickest(name):
    smoke, quick = (cpu_seconds(name, preset) for preset in ("smoke", "quick"))
    assert smoke
    assert quick
    assert all(seconds >= 0 for seconds in [*smoke.values(), *quick.values()])
    assert sum(smoke.values()) < sum(quick.values())


def test_what_was_never_measured_is_empty():
    assert cpu_seconds("my-law", "quick") == {}
    assert cpu_seconds("dmft", "my-preset") == {}
