"""Does an entry lead to its code without importing any before?"""

import subprocess
import sys
from fractions import Fraction

import pytest

from solv.harness.catalog import entry, names
from solv.harness.entry import Entry, Paper, load_object


def test_a_place_is_a_module_and_a_name():
    assert load_object("fractions:Fraction") is Fraction
    made = Entry("toy", Paper("T", "A", "0000.00000"), "?", (), {}, "fractions:Fraction", "-")
    assert made.load_settings() is Fraction
    assert made.configs == "solv.configs"
    with pytest.raises(AttributeError):
        load_object("fractions:Fractions")
    with pytest.raises(ModuleNotFoundError):
        load_object("no_such_module:X")


@pytest.mark.parametrize("name", names())
def test_the_ten_entries_say_what_the_list_shows(name):
    found = entry(name)
    assert found.question.endswith("?")
    assert found.paper.title
    assert len(found.paper.arxiv.split(".")) == 2
    assert {"smoke", "quick", "paper"} <= set(found.expected)
    assert found.axes


def test_settings_are_loaded_without_what_computes():
    code = (
        "import sys; from solv.harness.catalog import entry, names; "
        "[entry(name).load_settings() for name in names()]; "
        "print([name for name in ('numpy', 'torch', 'pandas', 'hydra') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
