"""Is a change of a notebook's cell another code, and the same cell the same code in every process?"""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import solv
from solv.harness.catalog import load
from solv.harness.own_code import code_of
from solv.tracking.provenance import code_fingerprint
from tests.own_experiment import own_experiment

ROOT = Path(__file__).parents[2]
CELL = """
from solv.harness.own_code import code_of
from tests.own_experiment import own_experiment
WORDS = {"of", "which", "the", "order", "changes"}
def helper(a):
    return FACTOR * a if str(a) in {"x", "y", "z"} else WORDS
FACTOR = %s
print(code_of(own_experiment(on_unit=lambda a: helper(a))))
"""


def test_an_installed_experiment_has_the_code_of_its_files():
    assert code_of(load("cot-depth")) == code_fingerprint("solv.experiments.cot_depth.experiment")


def test_a_changed_copy_of_an_installed_experiment_is_other_code():
    copy = replace(load("cot-depth"), parts=load("cot-depth").parts[:1])
    assert code_of(copy) != code_of(load("cot-depth"))


@pytest.mark.parametrize(
    "changes",
    [
        {"offset": 1.0},
        {"on_unit": lambda a: a + 1},
        {"measure": lambda config, context: ()},
        {"claims": ()},
    ],
)
def test_what_a_function_does_closes_over_or_calls_is_code(changes):
    assert code_of(own_experiment(**changes)) != code_of(own_experiment())


def test_the_same_cell_is_the_same_code_and_what_it_calls_belongs_to_it():
    def in_a_process_of_its_own(factor, seed):
        return subprocess.run(
            [sys.executable, "-c", CELL % factor],
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", "PYTHONHASHSEED": str(seed)},
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    first = in_a_process_of_its_own(2, 0)
    assert in_a_process_of_its_own(2, 1) == first
    assert in_a_process_of_its_own(3, 1) != first


def test_a_cell_that_is_run_again_unchanged_is_the_same_code_also_after_its_experiment_has_run(tmp_path):
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    [cell] = [
        block for block in re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE) if "FALLING" in block
    ]
    cell = "import numpy as np\n" + cell.partition("solv.testing.check_experiment")[0]

    def run_cell(text):
        namespace = {"__name__": "__main__"}
        exec(text, namespace)
        return namespace["FALLING"]

    first = run_cell(cell)
    before = code_of(first)
    solv.run(first, runs_dir=tmp_path)
    assert code_of(first) == before
    assert code_of(run_cell(cell)) == before
    assert code_of(run_cell(cell.replace("9.81 * t**2", "9.8 * t**2"))) != before
    assert code_of(run_cell(cell.replace('"y"], 0,', '"y"], 1,'))) != before
