"""Part `random-energy` of jailbreak: is every panel filled by the part alone?"""

from solv.experiments.jailbreak.random_energy import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.RANDOM_ENERGY: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("jailbreak", "random-energy").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("jailbreak", "random-energy").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("jailbreak", "random-energy").unpaired() & {Panels.RANDOM_ENERGY}
