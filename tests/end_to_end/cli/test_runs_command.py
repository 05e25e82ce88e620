"""Does `solv runs` find the runs that are asked for, and clean away only what no process works on?"""

import json
from datetime import datetime, timedelta

import pytest

from solv.tracking.runs import RunStore
from tests.end_to_end.cli.made_runs import CLAIMS, make_run
from tests.end_to_end.cli.test_errors import assert_one_line


@pytest.fixture
def root(work):
    """A folder with an old finished run, a newer one whose claims hold, and an unfinished one."""
    folder = work / "runs"
    recent = f"{datetime.now() - timedelta(minutes=30):%Y%m%d-%H%M%S}"
    make_run(folder, at="20260102-030405")
    make_run(folder, "seed=1", at=recent, preset="quick", claims=CLAIMS[:1])
    make_run(folder, "seed=2", at="20260304-050607", finished=False)
    return folder


def listed(done):
    assert done.returncode == 0, done.stderr
    return [(row["key"], row["finished"]) for row in json.loads(done.stdout)]


@pytest.mark.parametrize(
    ("options", "seeds"),
    [
        ([], {0, 1, 2}),
        (["cot-depth"], {0, 1, 2}),
        (["--preset", "smoke"], {0}),
        (["--verdict", "fails"], {0}),
        (["--verdict", "holds"], {0, 1}),
        (["--since", "2026-03-01"], {1, 2}),
        (["--since", "1h"], {1}),
        (["--since", "20m"], set()),
        (["--unfinished"], {2}),
    ],
)
def test_a_filter_keeps_the_runs_it_names(solv_here, root, options, seeds):
    keys = {run.config()["seed"]: run.key for run in RunStore(root).runs()}
    assert {key for key, _ in listed(solv_here("runs", *options, "--format", "json"))} == {keys[seed] for seed in seeds}


def test_the_start_of_a_key_is_a_filter(solv_here, root):
    [key] = {run.key for run in RunStore(root).runs() if not run.finished}
    assert listed(solv_here("runs", "--key", key[:5], "--format", "json")) == [(key, False)]


def test_the_table_says_what_each_run_found(solv_here, root):
    printed = solv_here("runs").stdout
    assert "1 holds, 1 fails, 1 undecided" in printed
    assert "unfinished" in printed
    assert "quick" in printed


def test_clean_removes_unfinished_runs_alone(solv_here, root):
    done = solv_here("runs", "--clean", "--yes")
    assert "deleted 1 unfinished run\n" in done.stdout
    assert [run.finished for run in RunStore(root).runs()] == [True, True]
    assert "no unfinished runs" in solv_here("runs", "--clean", "--yes").stdout


def test_clean_keeps_to_the_filters(solv_here, root):
    make_run(root, "seed=3", at="20260405-060708", finished=False)
    assert "deleted 1" in solv_here("runs", "--clean", "--yes", "--since", "2026-04-01").stdout
    assert sum(not run.finished for run in RunStore(root).runs()) == 1


def test_clean_never_takes_a_run_that_a_process_is_working_on(solv_here, root):
    [unfinished] = [run for run in RunStore(root).runs() if not run.finished]
    with RunStore(root).lock("cot-depth", unfinished.key, on_wait=lambda: None):
        done = solv_here("runs", "--clean", "--yes")
    assert "kept" in done.stdout
    assert "deleted 0" in done.stdout
    assert unfinished.path.is_dir()


def test_clean_asks_first(solv, root):
    done = solv("runs", "--clean")
    assert done.returncode == 2
    assert "add --yes" in done.stderr
    assert len(RunStore(root).runs()) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cot-dept"], ["did you mean 'cot-depth'?"]),
        (["--since", "yesterday"], ["--since yesterday", "2026-11-23", "2h"]),
        (["--since", "99999999999w"], ["--since 99999999999w"]),
        (["--verdict", "maybe"], ["maybe", "holds", "undecided"]),
        (["--nope"], ["No such option: --nope", "runs --help"]),
    ],
)
def test_wrong_input_is_one_line(solv_here, root, arguments, words):
    assert_one_line(solv_here("runs", *arguments), *words)


def test_a_damaged_manifest_is_listed_as_such(solv_here, root):
    run = RunStore(root).runs()[0]
    (run.path / "manifest.json").write_text("{")
    assert "damaged" in solv_here("runs").stdout
