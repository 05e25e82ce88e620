"""Is a system that grows drawn without warnings, and an error still an error?"""

import warnings

import pytest

from solv.experiments.dmft.settings import DmftConfig
from solv.experiments.dmft.unstable import unwarned


def test_warnings_of_a_solver_are_not_shown_and_its_curves_are():
    @unwarned
    def predict(config):
        """What it says."""
        warnings.warn("not stationary", stacklevel=1)
        yield "curves"

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert predict(DmftConfig()) == ["curves"]
    assert (predict.__name__, predict.__doc__) == ("predict", "What it says.")
    with pytest.warns(UserWarning, match="outside"):
        warnings.warn("outside", stacklevel=1)


def test_an_error_is_not_hidden():
    @unwarned
    def predict(config):
        yield from ()
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        predict(DmftConfig())
