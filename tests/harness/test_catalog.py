"""Are the ten papers found without installation, and do other packages' experiments stop nothing if they are broken?"""

import importlib
import sys

import pytest

from solv.harness import catalog as module
from solv.harness.catalog import UnknownExperimentError, catalog, entry, load, names
from solv.harness.contract import Experiment
from solv.harness.settings import RunSettings

GOOD = """
from solv.harness.entry import Entry, Paper
ENTRY = Entry({name!r}, Paper("T", "A", "0000.00000"), "?", ("x",), {{}}, "-", "-", configs=None)
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install distributions that bring experiments: their name, entry point and source."""
    monkeypatch.syspath_prepend(str(tmp_path))
    catalog.cache_clear()

    def install(name, point, source):
        (tmp_path / f"{name}.py").write_text(source)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[solv.experiments]\n{point} = {name}:ENTRY\n")
        importlib.invalidate_caches()
        catalog.cache_clear()

    yield install
    catalog.cache_clear()
    for name in ("mine", "other"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", names())
def test_an_entry_leads_to_settings_and_an_experiment_of_that_name(name):
    experiment = load(name)
    assert isinstance(experiment, Experiment)
    assert experiment.entry is entry(name)
    assert issubclass(entry(name).load_settings(), RunSettings)
    assert entry(name).load_settings() is experiment.Config


def test_the_ten_papers_are_there_and_each_has_a_folder():
    assert len(names()) == len(module.BUILT_IN) == 10
    assert [name.replace("-", "_") for name in names()] == list(module.BUILT_IN)


def test_an_experiment_of_another_package_is_found_by_its_entry_point(installed):
    installed("mine", "my-law", GOOD.format(name="my-law"))
    assert names()[-1] == "my-law"
    assert catalog().origins["my-law"] == "mine"


def test_a_name_that_is_taken_is_an_error_that_names_both_packages(installed):
    installed("mine", "cot-depth", GOOD.format(name="cot-depth"))
    [broken] = catalog().broken
    assert broken.distribution == "mine"
    assert "cot-depth is there already, from solv" in broken.fault
    assert len(names()) == 10


@pytest.mark.parametrize(
    ("source", "fault"),
    [("raise RuntimeError('no disk')", "RuntimeError: no disk"), ("ENTRY = 3", "is not a solv.harness.entry.Entry")],
)
def test_one_that_cannot_be_imported_is_listed_as_broken_and_stops_no_other(installed, source, fault):
    installed("mine", "my-law", source)
    assert len(names()) == 10
    assert fault in catalog().broken[0].fault
    with pytest.raises(UnknownExperimentError, match="'my-law' of mine is broken"):
        entry("my-law")


def test_a_mistyped_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownExperimentError, match="did you mean 'cot-depth'"):
        entry("cot-dept")
