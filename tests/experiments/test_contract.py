"""Do all experiments of the catalogue keep the contract?"""

import pytest

from solv.harness.catalog import load, names
from solv.testing import check_experiment


@pytest.mark.parametrize("name", names())
def test_an_experiment_keeps_the_contract(name):
    check_experiment(load(name))
