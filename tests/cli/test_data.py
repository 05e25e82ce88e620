"""Does `solv data pita` write, resume, check, count, show and export, and refuse in one line?"""

import re
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from cli.main import app
from data.pita.splits import SplitSpec
from data.pita.writer import Plan, write


def call(*arguments):
    done = CliRunner().invoke(app, ["data", "pita", *map(str, arguments)])
    return done.exit_code, done.output


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "set"
    status, _ = call("make", "--leaves", 3, "--count", 2250, "--shard-rows", 500, "--simplest", "--out", folder)
    assert status == 0
    return folder


def test_a_whole_split_is_written_checked_and_counted(made):
    assert call("check", made) == (0, "all checked: 724 proved, 1526 refuted\n")
    status, said = call("stats", made)
    assert status == 0
    assert "2250 statements, 0 given up\ntrue: 0.3218" in said
    assert sum(int(line.split()[1]) for line in said.splitlines()[3:]) == 2250


def test_a_lost_and_a_cut_shard_come_back_the_same(made):
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    (made / "shard-000001.parquet").unlink()
    (made / "shard-000003.parquet").write_bytes(before["shard-000003.parquet"][:100])
    assert call("stats", made)[0] == 2
    again = ("make", "--leaves", 3, "--count", 2250, "--shard-rows", 500, "--simplest", "--out", made)
    assert call(*again)[0] == 2
    status, said = call(*again, "--resume")
    assert status == 0
    assert "2 made now" in said
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before


def test_the_files_do_not_depend_on_the_number_of_processes(tmp_path):
    plan = Plan(SplitSpec("full", 4), 300, shard_rows=100)
    for processes in (1, 2):
        write(plan, tmp_path / str(processes), processes=processes)
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / n).iterdir()} for n in "12")
    assert one == two


def test_exported_proofs_have_the_form_of_lean(made, tmp_path):
    target = tmp_path / "proofs.lean"
    assert call("export", made, "--lean", target)[0] == 0
    tactic = (
        r"intro h\d+|exact h\d+|apply (And\.intro|True\.intro|Or\.inl|Or\.inr|False\.elim h\d+)"
        r"|cases h\d+|case in[lr] h\d+ =>"
        r"|have h\d+ := h\d+\.(left|right)|have h\d+ := h\d+ h\d+|have h\d+ : .+ := by"
    )
    theorems = target.read_text().split("\n\n")
    assert len(theorems) == 724
    for lines in (each.splitlines() for each in theorems):
        assert re.fullmatch(r"theorem statement_\d+( \((p\d+ ?)+ : Prop\))? : .+ := by", lines[0])
        assert all(re.fullmatch(tactic, line.strip()) for line in lines[1:])
        for line, following in pairwise(lines):
            deeper = len(following) - len(following.lstrip()) - len(line) + len(line.lstrip())
            assert deeper == 2 if line.endswith(("by", "=>")) else deeper <= 0


def test_a_proof_is_shown_step_by_step():
    status, said = call("show", 0, "--split", "php")
    assert status == 0
    assert said.startswith(
        '<state id="0"><then>p00 ∧ p10 → p00 ∧ p10 ∨ p10 ∧ p00</then></state>|\n<tactic>intro h1</tactic>'
    )
    assert said.endswith("<success/>\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", 5, "--leaves", 1), "index = 5 is out of range"),
        (("show", 0, "--split", "half"), "split = 'half' is unknown"),
        (("make", "--leaves", 0, "--out", "x"), "leaves = 0 is out of range"),
        (("make", "--leaves", 1, "--count", 6, "--out", "x"), "count = 6 is out of range"),
        (("check", "nowhere"), "nowhere holds no data set"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments, said):
    status, output = call(*arguments)
    assert status == 2
    assert said in output
    assert len(output.strip().splitlines()) == 1
