"""Does doctor fail only where solv cannot work, and name experiments that are broken?"""

import json

import pytest
import typer
from typer.testing import CliRunner

from solv.cli import doctor as module
from solv.harness import catalog
from solv.harness.catalog import Broken, Catalog, UnknownExperimentError
from solv.tracking import environment
from solv.tracking.environment import Check, State

APP = typer.Typer()
APP.command()(module.doctor)


@pytest.mark.parametrize(("state", "status"), [(State.WORKS, 0), (State.MISSING, 0), (State.BROKEN, 1)])
def test_the_status_tells_of_what_is_broken_alone(monkeypatch, state, status):
    monkeypatch.setattr(environment, "checks", lambda root: [Check("torch", state, "found", "mend")])
    done = CliRunner().invoke(APP, ["--format", "json"])
    assert done.exit_code == status
    assert json.loads(done.output)[0] == {"name": "torch", "state": state.value, "found": "found", "fix": "mend"}
    assert "mend" in CliRunner().invoke(APP, []).output


def test_experiments_of_other_packages_are_counted_and_broken_ones_named(monkeypatch):
    real = catalog.catalog()
    entries = {**real.entries, "my-law": next(iter(real.entries.values()))}
    origins = {**real.origins, "my-law": "my-dist"}
    broken = (Broken("their-law", "their-dist", "ImportError: no x"),)
    monkeypatch.setattr(catalog, "catalog", lambda: Catalog(entries, origins, broken))

    def fail(name):
        raise UnknownExperimentError("cannot be used")

    monkeypatch.setattr(catalog, "load", fail)
    papers, own, theirs = module._experiments()
    assert papers.found == f"{len(real.entries)} papers, 1 of other packages: my-law"
    assert (own.name, own.fix) == ("experiment my-law", "pip uninstall my-dist")
    assert theirs.found == "broken, of their-dist: ImportError: no x"
