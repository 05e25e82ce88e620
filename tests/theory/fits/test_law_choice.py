"""Is the law that made a curve the one that is chosen?"""

import numpy as np
import pytest

from solv.theory.fits.correlated_noise import in_blocks
from solv.theory.fits.law_choice import NO_SUPPORT, TOLD_APART, compare_laws

X = np.arange(1.0, 101) * 10
LAWS = {
    "power law to a limit": 2 + 8 / np.sqrt(X),
    "power law": 8 * X**-0.3,
    "exponential": 2 + 3 * np.exp(-X / 200),
    "logarithm": 8 - 0.7 * np.log(X),
    "constant": 0 * X + 3,
}


@pytest.mark.parametrize("name", LAWS)
def test_the_law_that_made_a_curve_is_the_best_or_as_good_as_it(name):
    y = LAWS[name] + 0.02 * np.random.default_rng(1).standard_normal(len(X))
    found = compare_laws(in_blocks(X, y))
    by_name = {law.name: law.criterion for law in found}
    assert by_name[name] < TOLD_APART
    assert found[0].criterion == 0
    assert list(by_name.values()) == sorted(by_name.values())
    if name in ("power law to a limit", "exponential"):
        others = {"exponential", "logarithm", "constant", "power law to a limit"} - {name}
        assert min(by_name[each] for each in others) > NO_SUPPORT


def test_parameters_are_those_of_the_formula():
    laws = {law.name: law.parameters for law in compare_laws(in_blocks(X, LAWS["exponential"]))}
    assert laws["exponential"] == pytest.approx({"E": 2, "A": 3, "T": 200}, rel=1e-3)
    laws = {law.name: law.parameters for law in compare_laws(in_blocks(X, LAWS["logarithm"]))}
    assert laws["logarithm"] == pytest.approx({"E": 8, "B": -0.7}, rel=1e-9)
    laws = {law.name: law.parameters for law in compare_laws(in_blocks(X, LAWS["power law"]))}
    assert laws["power law"] == pytest.approx({"A": 8, "nu": 0.3}, rel=1e-4)
