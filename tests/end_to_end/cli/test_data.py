"""Does `solv data pita` write, resume, check, count, show and export, and refuse in one line?"""

import re

import pytest
from typer.testing import CliRunner

from solv.cli.main import app
from solv.data.pita.splits import SplitSpec
from solv.data.pita.spread import Workers
from solv.data.pita.writer import Plan, write


def call(*arguments):
    done = CliRunner().invoke(app, ["data", "pita", *map(str, arguments)])
    return done.exit_code, done.stderr if done.exit_code else done.stdout  # progress is on stderr as well


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "set"
    status, _ = call("make", "--leaves", 3, "--count", 2250, "--shard-rows", 500, "--simplest", "--out", folder)
    assert status == 0
    return folder


def test_a_whole_split_is_written_checked_and_counted(made):
    assert call("check", made) == (
        0,
        "all checked: 724 proved, 1526 refuted (1526 by a counter-model as well), 0 given up\n",
    )
    status, said = call("stats", made)
    assert status == 0
    assert said.startswith("2250 statements, 0 given up\ntrue: 0.3218")
    assert re.search(r"\nlength: median \d, 90th percentile \d, longest \d+\n", said)
    table = [line.split() for line in said.splitlines()[4:]]
    assert sum(int(number) for _, number, _ in table) == 2250
    assert sum(int(number) * float(true) for _, number, true in table) == pytest.approx(724, abs=0.5)


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
        write(plan, tmp_path / str(processes), workers=Workers(processes))
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / n).iterdir()} for n in "12")
    assert one == two


def test_the_published_mixture_is_made_resumed_and_checked_as_one(tmp_path):
    folder = tmp_path / "paper"
    make = ("make", "--split", "paper", "--count", 400, "--out", folder)
    assert call(*make) == (0, f"400 statements in 4 shards (4 made now): {folder}\n")
    assert sorted(path.name for path in folder.iterdir()) == ["full", "imply", "or", "php"]
    (folder / "or" / "shard-000000.parquet").unlink()
    assert call(*make, "--resume") == (0, f"400 statements in 4 shards (1 made now): {folder}\n")
    status, said = call("check", folder)
    assert status == 0
    proved, refuted = (int(number) for number in re.findall(r"(\d+) (?:proved|refuted)", said))
    assert proved + refuted == 400
    assert call("stats", folder)[1].startswith("400 statements, 0 given up\n")


def test_a_copy_of_the_public_layout_is_checked_and_counted(tmp_path):
    write(Plan(SplitSpec("imply", 4), 300), tmp_path / "made")
    (tmp_path / "data").mkdir()
    (tmp_path / "made" / "shard-000000.parquet").rename(tmp_path / "data" / "imply-00000-of-00001.parquet")
    status, said = call("check", tmp_path / "data")
    assert status == 0
    assert "as long as our own search: 300 of 300" in said
    assert call("stats", tmp_path / "data")[1].startswith("300 statements, 0 given up\n")


def test_the_pruned_search_is_shorter(tmp_path):
    places = ("show", 3, "--split", "php")
    paper, pruned = call(*places)[1], call(*places, "--search", "pruned")[1]
    assert len(pruned) < len(paper)
    assert call(*places, "--search", "short")[0] == 2


def test_proofs_are_exported_as_theorems(made, tmp_path):
    target = tmp_path / "proofs.lean"
    assert call("export", made, "--lean", target) == (0, f"724 theorems: {target}\n")
    theorems = target.read_text(encoding="utf-8").split("\n\n")
    assert len(theorems) == 724
    assert all(each.startswith("theorem statement_") for each in theorems)


def test_a_proof_is_shown_step_by_step():
    status, said = call("show", 0, "--split", "php")
    assert status == 0
    assert said.startswith(
        '<state id="0"><then>p00 ∧ p10 → p00 ∧ p10 ∨ p10 ∧ p00</then></state>|\n<tactic>intro h1</tactic>'
    )
    assert said.endswith("<success />\n")


def test_an_unprovable_statement_is_shown_with_a_model_in_which_it_fails():
    status, said = call("show", 159, "--leaves", 3, "--atoms", 1, "--canonical")
    assert status == 0
    assert said.endswith("<failure />\nfails in: 2 worlds, 0 < 1; forced: p1 in {1}\n")


def test_a_statement_is_asked_and_answered():
    peirce = "((p -> q) -> p) -> p"
    assert call("prove", peirce) == (
        0,
        "not provable: ((p → q) → p) → p\nfails in: 2 worlds, 0 < 1; forced: p in {1}\nIt holds in classical logic.\n",
    )
    status, said = call("prove", "a and b -> b and a")
    assert status == 0
    assert said.splitlines()[0] == "provable: a ∧ b → b ∧ a"
    assert said.splitlines()[1].split() == ["1", "intro", "h1", "h1", ":", *"a∧b⊢b∧a"]
    assert call("prove", "a -> a", "--lean") == (
        0,
        "theorem statement (a : Prop) : a → a := by\n  intro h1\n  exact h1\n",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("prove", "a -> "), "is not a formula"),
        (("prove", "a", "--lean"), "a is not provable"),
        (("show", 5, "--leaves", 1), "index = 5 is out of range"),
        (("show", 0, "--split", "half"), "split = 'half' is unknown"),
        (("make", "--leaves", 0, "--out", "x"), "leaves = 0 is out of range"),
        (("make", "--leaves", 1, "--count", 6, "--out", "x"), "count = 6 is out of range"),
        (("make", "--atoms", 0, "--out", "x"), "atoms = 0 is out of range"),
        (("make", "--count", 1.5, "--out", "x"), "count = 1.5 is no whole number"),
        (("make", "--split", "paper", "--leaves", 4, "--out", "x"), "leaves = 4 does not apply to split paper"),
        (("make", "--split", "paper", "--count", 1, "--out", "x"), "count = 1 is out of range"),
        (("make", "--search", "all", "--out", "x"), "search = 'all' is unknown"),
        (("make", "--count", "inf", "--out", "x"), "count = inf is no whole number"),
        (("make", "--processes", 0, "--out", "x"), "processes = 0 is out of range"),
        (("make", "--launcher", "slurm", "--out", "x"), "launcher = 'slurm' is unknown"),
        (("make", "--state-limit", 0, "--out", "x"), "state_limit = 0 is out of range"),
        (("make", "--out", __file__), "is a file; valid: a folder"),
        (("show", 0, "--state-limit", 0), "state_limit = 0 is out of range"),
        (("show", 0, "--split", "or", "--leaves", 3, "--atoms", 3), "atoms = 3 is out of range"),
        (("show", 0, "--split", "php", "--leaves", 3), "leaves = 3 does not apply to split php"),
        (("check", "nowhere"), "nowhere holds no data set"),
        (("stats", "nowhere"), "nowhere holds no data set"),
        (("export", "nowhere", "--lean", "x.lean"), "nowhere holds no data set"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments, said):
    status, output = call(*arguments)
    assert status == 2
    assert said in output
    assert len(output.strip().splitlines()) == 1


def test_an_interrupted_make_names_the_option_that_goes_on(monkeypatch, tmp_path):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("solv.data.pita.writer.write", interrupt)
    status, said = call("make", "--leaves", 3, "--count", 10, "--out", tmp_path / "set")
    assert status == 130
    assert "the same command with --resume goes on" in said
