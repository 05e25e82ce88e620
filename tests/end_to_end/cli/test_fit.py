"""What does a person see of `solv fit asr`?"""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from solv.cli.main import app


def log(path, mu, prompts=120, samples=80):
    rng = np.random.default_rng(1)
    safe = np.exp(-mu) * rng.beta(1.0, 0.6, prompts)
    rows = [f"prompt {i},{j},{int(rng.random() > p)}" for i, p in enumerate(safe) for j in range(samples)]
    path.write_text("prompt,sample,unsafe\n" + "\n".join(rows) + "\n")
    return str(path)


def solv_fit(*arguments):
    return CliRunner().invoke(app, ["fit", "asr", *arguments])


def test_a_polynomial_log_gets_its_regime_a_table_and_a_figure(tmp_path):
    figure = tmp_path / "fit.png"
    done = solv_fit(log(tmp_path / "log.csv", 0.0), "--plot", str(figure))
    assert done.exit_code == 0, done.output
    assert "120 prompts, 80 answers each" in done.stdout
    assert "regime: polynomial" in done.stdout
    assert "samples for a success rate of 0.99:" in done.stdout
    assert "8000" in done.stdout  # the curve goes on to a hundred times the samples that were taken
    assert "prompt 1" not in done.stdout
    assert figure.stat().st_size > 10_000


def test_an_exponential_log_is_told_and_costs_fewer_samples(tmp_path):
    found = {}
    for name, mu in (("polynomial", 0.0), ("exponential", 0.1)):
        done = solv_fit(log(tmp_path / f"{name}.csv", mu), "--format", "json")
        found[name] = json.loads(done.stdout)
        assert found[name]["regime"] == name
    fit = found["exponential"]["exponential"]
    assert fit["mu_interval"][0] < 0.1 < fit["mu_interval"][1]
    assert fit["nu_interval"][0] < 0.6 < fit["nu_interval"][1]
    prices = [found[name]["samples_for"]["0.99"] for name in ("exponential", "polynomial")]
    assert 5 * prices[0] < prices[1]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("", "no row holds"),
        ("a,0,maybe\n", "line 2"),
        ("a,0,1\na,1,0\n", "1 prompts are too few"),
        ("".join(f"{i},0,0\n" for i in range(9)), "same verdict"),
    ],
)
def test_wrong_input_is_one_line(tmp_path, rows, said):
    path = tmp_path / "log.csv"
    path.write_text("prompt,sample,unsafe\n" + rows)
    done = solv_fit(str(path))
    assert done.exit_code == 2
    assert said in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_few_answers_lose_the_edge_law_alone(tmp_path):
    done = solv_fit(log(tmp_path / "log.csv", 0.0, samples=4))
    assert done.exit_code == 0
    assert "no fit of the edge law" in done.output
    assert "edge law, large k" not in done.output
