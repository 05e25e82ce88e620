"""Does the fingerprint of the code cover what decides a run's numbers, and nothing else?"""

import shutil
import sys

import pytest

import solv
from solv.tracking import provenance

COT = "solv.experiments.cot_depth.experiment"


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A copy of the rooms, whose files can be changed, and the fingerprint of its code."""
    from pathlib import Path

    source = Path(next(iter(solv.__path__)))
    for room in ("experiments", "harness", "theory", "models", "data"):
        shutil.copytree(source / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "_SOLV", tmp_path)

    def fingerprint(experiment=COT):
        provenance.code_fingerprint.cache_clear()
        return provenance.code_fingerprint(experiment)

    yield tmp_path, fingerprint
    provenance.code_fingerprint.cache_clear()


@pytest.mark.parametrize(
    "file",
    [
        "experiments/cot_depth/depth.py",
        "experiments/cot_depth/published.csv",
        "theory/cot_depth/error.py",
        "models/cot_depth/simulation.py",
        "data/cot_depth/in_context_regression.py",
        "theory/random_matrix.py",
        "models/ensemble.py",
        "harness/runner.py",
    ],
)
def test_a_change_of_the_papers_own_or_of_shared_code_counts(house, file):
    folder, fingerprint = house
    before = fingerprint()
    with (folder / file).open("a") as handle:
        handle.write("# changed\n")
    assert fingerprint() != before


@pytest.mark.parametrize("file", ["experiments/pita/proofs.py", "theory/pita/critical_width.py", "data/pita/search.py"])
def test_a_change_of_another_paper_does_not(house, file):
    folder, fingerprint = house
    before = fingerprint()
    with (folder / file).open("a") as handle:
        handle.write("# changed\n")
    assert fingerprint() == before
    assert fingerprint("solv.experiments.pita.experiment") != before


def test_the_package_of_an_experiment_from_elsewhere_counts(house, tmp_path, monkeypatch):
    _, fingerprint = house
    package = tmp_path / "elsewhere" / "my_law_of_tests"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "theory.py").write_text("")
    monkeypatch.syspath_prepend(str(package.parent))
    before = fingerprint("my_law_of_tests.experiment")
    (package / "theory.py").write_text("# changed\n")
    assert fingerprint("my_law_of_tests.experiment") != before
    sys.modules.pop("my_law_of_tests", None)


def test_versions_name_what_computes_and_no_credential():
    found = provenance.versions()
    assert {"python", "numpy", "torch"} <= set(found)
