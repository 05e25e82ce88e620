"""What does a person see of `solv coordinate-check`?"""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from solv.cli.main import app

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


@pytest.fixture
def check(monkeypatch):
    monkeypatch.chdir(EXAMPLES)
    return lambda *arguments: CliRunner().invoke(app, ["coordinate-check", *arguments])


def test_a_drifting_model_is_named_and_drawn(check, tmp_path):
    figure = tmp_path / "check.png"
    done = check("two_perceptrons:standard", "--widths", "64,256,1024", "--plot", str(figure))
    assert done.exit_code == 1
    assert "grows" in done.stdout
    assert "modules drift with width" in done.stdout
    assert figure.stat().st_size > 1000


def test_a_transferring_model_passes(check):
    done = check("two_perceptrons:transferring", "--widths", "64,256,1024")
    assert done.exit_code == 0
    assert "0 of 3 modules drift" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["two_perceptrons"], "MODULE:FACTORY"),
        (["no_such_module:f"], "cannot import"),
        (["two_perceptrons:nothing"], "has no nothing"),
        (["two_perceptrons:INPUTS"], "not a function"),
        (["two_perceptrons:perceptron"], "returned Sequential"),
        (["two_perceptrons:standard", "--widths", "64"], "two different"),
        (["two_perceptrons:standard", "--widths", "wide"], "list of integers"),
    ],
)
def test_wrong_input_is_one_line(check, arguments, said):
    done = check(*arguments)
    assert done.exit_code not in (0, 1)
    assert said in done.output
    assert "Traceback" not in done.output
