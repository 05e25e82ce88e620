"""Are measured times there for the ten papers, and none for what was never measured?"""

import pytest

from solv.harness.catalog import entry, names
from solv.harness.reference import reference
from solv.harness.times import cpu_seconds

UNITS = {"s": 1, "min": 60, "h": 3600}


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


@pytest.mark.parametrize("name", names())
def test_times_in_words_are_those_measured(name):
    parts = reference(name).manifest()["parts"].values()
    took = {"quick": sum(cpu_seconds(name, "quick").values()), "reference": sum(part["cpu"] for part in parts)}
    for preset, seconds in took.items():
        number, unit = entry(name).expected[preset].split()
        assert 1 / 1.5 < float(number) * UNITS[unit] / seconds < 1.5, (preset, seconds)
