"""Does one damaged run among many cost that run alone, and is it named?"""

import json
import shutil

import pytest

NOT_OURS = ("toy/notes", "my-own-folder", "toy/20260101-000000-zzzzzzzzzzzz")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Where the four runs are kept that each test damages its own copy of."""
    return tmp_path_factory.mktemp("sound") / "runs"


@pytest.fixture
def runs(toy_here, work, sound):
    """The folder of four runs, of which the first three are damaged, each in another file; and things not ours."""
    if not sound.exists():
        for seed in range(4):
            assert toy_here("run", "toy", "x=[1]", f"seed={seed}", "--runs-dir", str(sound)).returncode == 0
    shutil.copytree(sound, work / "runs")
    made = sorted((work / "runs" / "toy").glob("2*"), key=lambda run: run.stat().st_mtime_ns)
    (made[0] / "manifest.json").write_text("")
    (made[1] / "claims.json").write_text((made[1] / "claims.json").read_text()[:20])
    (made[2] / "curves.parquet").write_bytes((made[2] / "curves.parquet").read_bytes()[:100])
    (made[3] / "started.json").write_text("{}")
    for name in NOT_OURS:
        (work / "runs" / name).mkdir(parents=True)
    (work / "runs" / ".DS_Store").touch()
    (work / "runs" / "toy" / "Thumbs.db").touch()
    (work / "runs" / "toy" / "20260101-000000-0123456789ab").symlink_to("/nowhere")
    return made


def assert_named_once(done, runs):
    lines = done.stderr.splitlines()
    for run, file in zip(runs, ("manifest.json", "claims.json", "curves.parquet"), strict=True):
        [line] = [line for line in lines if run.name in line]
        assert f"is damaged: {file}" in line
    assert len(lines) == 3


def strict(text):
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"not JSON: {name}"))


def test_lists_show_what_is_sound_and_name_what_is_not_once_each(toy_here, runs, work):
    listed = toy_here("runs")
    assert listed.returncode == 0
    assert_named_once(listed, runs[:3])
    assert listed.stdout.count("damaged") == 3
    rows = strict(toy_here("runs", "--format", "json").stdout)
    assert [bool(row["fault"]) for row in sorted(rows, key=lambda row: runs_order(row, runs))] == [True] * 3 + [False]
    judged = toy_here("claims", "--all")
    assert judged.returncode == 1
    assert_named_once(judged, runs[:3])
    assert "1 claims of 1 run: 1 holds" in judged.stdout
    assert len(strict(toy_here("claims", "--all", "--format", "json").stdout)) == 1
    page = toy_here("report", "--all", "-o", "r.html")
    assert page.returncode == 1
    assert_named_once(page, runs[:3])
    assert "1 run," in page.stdout
    compared = toy_here("compare", runs[1].name, runs[3].name)
    assert compared.returncode == 2
    assert compared.stderr.count("\n") == 1
    assert "claims.json" in compared.stderr


def runs_order(row, runs):
    return [run.name for run in runs].index(row["directory"].rpartition("/")[2])


def test_cleaning_leaves_alone_what_is_damaged_and_what_is_not_ours(toy_here, runs, work):
    before = {path for path in (work / "runs").rglob("*") if ".locks" not in path.parts}
    (runs[3] / "manifest.json").unlink()
    assert "deleted 1 unfinished run" in toy_here("runs", "--clean", "--yes").stdout
    after = {path for path in (work / "runs").rglob("*") if ".locks" not in path.parts}
    assert {path for path in before - after if path.parent == runs[3].parent} == {runs[3]}


def test_a_run_or_a_point_that_is_damaged_is_made_again(toy_here, runs, work):
    again = toy_here("run", "toy", "x=[1]", "seed=0")
    assert again.returncode == 0
    assert "it is made again now" in again.stderr
    assert toy_here("run", "toy", "x=[1]", "seed=0").stdout.count("already run") == 1
    swept = toy_here("sweep", "toy", "x=1", "seed=2,3", "threads=null")
    assert swept.returncode == 0, swept.stderr
    assert "1 of 2 points are done" in swept.stderr
    assert len(list((work / "runs" / "toy").glob(f"2*-{runs[2].name.split('-')[2]}*/manifest.json"))) == 2


def test_a_run_of_a_later_solv_is_named_and_made_again_beside_it(toy_here, work):
    toy_here("run", "toy", "x=[1]")
    [manifest] = work.glob("runs/toy/2*/manifest.json")
    manifest.write_text('{"manifest_version": 99}')
    again = toy_here("run", "toy", "x=[1]")
    assert again.returncode == 0
    assert "later solv" in again.stderr
    assert manifest.read_text() == '{"manifest_version": 99}'


def test_a_damaged_sweep_costs_that_sweep_alone(toy_here, work):
    for axis in ("x=1,2", "x=1,3"):
        assert toy_here("sweep", "toy", axis).returncode == 0
    newest = max((work / "runs" / "toy").glob("sweep-*"), key=lambda path: (path / "manifest.json").stat().st_mtime_ns)
    (newest / "sweep.json").write_text("{")
    judged = toy_here("claims", "--sweeps", "--all")
    assert judged.returncode == 1
    assert "of 1 sweep" in judged.stdout
    assert newest.name in judged.stderr
