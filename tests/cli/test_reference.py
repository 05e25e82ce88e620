"""Does `solv reference` show the shipped run, and do `compare` and `claims` take it?"""

import pytest
from typer.testing import CliRunner

from solv.cli.main import app
from solv.harness import reference as module
from solv.tracking.runs import RunStore
from tests.end_to_end.cli.made_runs import make_run
from tests.harness.test_reference import as_reference


@pytest.fixture
def solv(tmp_path, monkeypatch):
    """`solv(*words)`: exit status and output, with one reference run shipped and one run of one's own."""
    kept = module.keep(as_reference(make_run(tmp_path / "made")), RunStore(tmp_path / "results"))
    monkeypatch.setattr(module, "shipped", lambda: RunStore(kept.path.parents[1]))
    own = make_run(tmp_path / "runs", "seed=1", at="20260202-030405", scale=1.3)

    def call(*words):
        done = CliRunner().invoke(app, [own.path.name if word == "OWN" else word for word in words])
        return done.exit_code, done.output

    monkeypatch.setenv("SOLV_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    return call


def test_it_shows_agreement_claims_and_the_command(solv, tmp_path):
    status, printed = solv("reference", "cot-depth", "--plot", "it.png")
    assert status == 0, printed
    assert "Theory and measurement" in printed
    assert "third" in printed
    assert "solv run cot-depth --preset reference seed=0" in printed
    assert (tmp_path / "it.png").stat().st_size > 10_000


def test_a_run_is_compared_with_it(solv):
    status, printed = solv("compare", "OWN", "reference")
    assert status == 0, printed
    assert "seed" in printed


def test_its_claims_are_listed(solv):
    status, printed = solv("claims", "--reference")
    assert status == 1, "one of the made-up claims fails"
    assert "3 claims of 1 run" in printed


def test_where_none_is_shipped_that_is_one_line(solv, capfd):
    status, printed = solv("reference", "pita")
    assert status == 2
    assert "solv run pita --preset reference" in printed + capfd.readouterr().err
