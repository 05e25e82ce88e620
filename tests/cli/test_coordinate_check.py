"""Are widths and the factory read from the command line, and what cannot be said in one sentence?"""

import sys

import pytest

from solv.cli.coordinate_check import _load, _sizes
from solv.harness.settings import ConfigurationError


def test_widths_are_sorted_and_each_once():
    assert _sizes("128,64, 64") == [64, 128]


@pytest.mark.parametrize("widths", ["64", "64,64", "0,64", "a,b", "", "64,1.5"])
def test_widths_that_make_no_slope_are_refused(widths):
    with pytest.raises(ConfigurationError, match=f"--widths {widths}"):
        _sizes(widths)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of the user's in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield lambda text: (tmp_path / "widths_model.py").write_text(text)
    sys.modules.pop("widths_model", None)


def test_a_factory_is_found_in_the_current_folder(module):
    module("def build(width):\n    return width + 1\n")
    assert _load("widths_model:build")(3) == 4


@pytest.mark.parametrize(
    ("text", "factory", "said"),
    [
        ("", "widths_model", "is not MODULE:FACTORY"),
        ("", ":build", "is not MODULE:FACTORY"),
        ("", "no_such_model:build", "cannot import no_such_model"),
        ("def build(:", "widths_model:build", "is not Python"),
        ("build = 3", "widths_model:build", "is not a function of the width"),
        ("", "widths_model:build", "has no build"),
        ("import no_such_library", "widths_model:build", "cannot import"),
    ],
)
def test_a_factory_that_cannot_be_is_named(module, text, factory, said):
    module(text)
    with pytest.raises(ConfigurationError, match=said):
        _load(factory)
