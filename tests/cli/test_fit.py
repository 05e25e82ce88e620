"""Does a fit from a file print the same numbers to a person and to a program, and name what it cannot read?"""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from solv.cli.fit import fit

ANSWERS = 40


@pytest.fixture
def file(tmp_path):
    """Verdicts on 60 prompts whose chances of an unsafe answer are uniform: 1 - success falls as 1 / (k + 1)."""
    rng = np.random.default_rng(0)
    unsafe = rng.random((60, ANSWERS)) < rng.random((60, 1))
    rows = [f"{prompt},{sample},{int(unsafe[prompt, sample])}" for prompt in range(60) for sample in range(ANSWERS)]
    path = tmp_path / "verdicts.csv"
    path.write_text("prompt,sample,unsafe\n" + "\n".join(rows))
    return path


def call(*arguments):
    return CliRunner().invoke(fit, ["asr", *map(str, arguments)])


def test_the_law_of_uniform_chances_is_found(file):
    done = call(file, "--format", "json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["prompts"], found["answers"]) == (60, 60 * ANSWERS)
    low, high = found["polynomial"]["nu_interval"]
    assert low < 1 < high
    one = found["measured"][0]
    assert one["k"] == 1
    assert one["success"] == pytest.approx(found["unsafe"] / found["answers"])


def test_a_person_reads_the_same(file):
    shown, found = call(file).output, json.loads(call(file, "--format", "json").stdout)
    assert f"60 prompts, {ANSWERS} answers each, {found['unsafe']} of {60 * ANSWERS} unsafe" in shown
    assert f"regime: {found['regime']}" in shown


def test_a_file_that_is_none_is_one_line(tmp_path):
    done = call(tmp_path / "none.csv")
    assert done.exit_code == 2
    assert len(done.output.strip().splitlines()) == 1
