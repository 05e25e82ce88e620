"""Is every kind of bad input one line that names the fault and the way out, with exit status 2 and no traceback?"""

import sys
from pathlib import Path

import pytest

from tests.end_to_end.cli.conftest import call_process

SMOKE = ("cot-depth", "--preset", "smoke")


def assert_one_line(done, *words, status=2):
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cot-dept"], ["unknown experiment 'cot-dept'", "did you mean 'cot-depth'?"]),
        (["zzz"], ["unknown experiment", "valid: cot-depth"]),
        ([""], ["unknown experiment"]),
        (["cot-depth", "alpah=2"], ["unknown key alpah", "did you mean alpha?", "solv show cot-depth"]),
        (["cot-depth", "simulation.repeat=2"], ["unknown key simulation.repeat", "simulation.repeats"]),
        (["cot-depth", "+beta=2"], ["unknown key beta"]),
        (["cot-depth", "~alpha"], ["alpha", "missing"]),
        (["cot-depth", "alpha=many"], ["alpha = 'many' is not a number"]),
        (["cot-depth", "alpha=true"], ["alpha = True is not a number"]),
        (["cot-depth", "alpha=-1"], ["alpha = -1 is out of range", "> 0"]),
        (["cot-depth", "tau=1"], ["tau = 1 is out of range", "> 1, or inf"]),
        (["cot-depth", "tau=nan"], ["tau = nan is out of range"]),
        (["cot-depth", "rho=inf"], ["rho = inf is out of range"]),
        (["cot-depth", "depth=1.5"], ["depth = 1.5 is not an integer"]),
        (["cot-depth", "depth=-1"], ["depth = -1 is out of range"]),
        (["cot-depth", "alpha=[]"], ["alpha = [] is empty"]),
        (["cot-depth", "alpha=[1,1]"], ["holds a value twice"]),
        (["cot-depth", "alpha={a:1}"], ["alpha={a:1}", "wrong kind"]),
        (["cot-depth", "simulation=3"], ["simulation"]),
        (["cot-depth", "simulation.repeats=0"], ["simulation.repeats = 0 is out of range", ">= 2"]),
        (["cot-depth", "seed=-1"], ["seed = -1 is out of range"]),
        (["cot-depth", "alpha=1,2"], ["gives several values", "alpha=[1,2]"]),
        (["cot-depth", "alpha"], ["cannot read the override 'alpha'", "KEY=VALUE"]),
        (["cot-depth", "alpha=[1"], ["cannot read the override"]),
        (["cot-depth", "--preset", "huge"], ["unknown preset 'huge'", "smoke, quick, reference, paper"]),
        (["cot-depth", "tau=1.001"], ["tau = 1.001 is too close to 1"]),
        (["cot-depth", "device=quantum"], ["device = quantum cannot be used here", "cpu"]),
        (["cot-depth", "--device", "cuda:99"], ["device = cuda:99 cannot be used here"]),
        (["cot-depth", "threads=0"], ["threads = 0 is out of range"]),
    ],
)
def test_bad_input_to_run_is_one_line(solv_here, arguments, words):
    name, *rest = arguments
    smoke = [] if "--preset" in rest else ["--preset", "smoke"]
    assert_one_line(solv_here("run", name, *smoke, *rest), *words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["theory", "cot-depth", "--plot", "curve.gif"], ["curve.gif", ".png, .svg or .pdf"]),
        (["theory", "cot-depth", "--plot", "nowhere/curve.png"], ["does not exist"]),
        (["theory", "cot-depht"], ["did you mean 'cot-depth'?"]),
        (["theory", "cot-depth", "tau=[1.5,x]"], ["tau = 'x' is not a number"]),
        (["show", "cot-depth", "alphas=1"], ["unknown key alphas"]),
        (["runs", "cot-dept"], ["did you mean 'cot-depth'?"]),
    ],
)
def test_bad_input_to_the_other_commands_is_one_line(solv_here, arguments, words):
    assert_one_line(solv_here(*arguments), *words)


def test_bad_input_is_one_line_for_a_process_too(solv):
    assert_one_line(solv("run", "cot-depth", "tau=1", "--preset", "smoke"), "tau = 1 is out of range")


@pytest.mark.parametrize("line", ["run", "fly", "theory cot-depth --format xml", "run cot-depth --fast"])
def test_a_command_line_that_typer_refuses_exits_with_2(solv_here, line):
    done = solv_here(*line.split())
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_runs_directory_that_is_a_file_is_one_line(solv_here, work):
    (work / "blocked").write_text("")
    assert_one_line(
        solv_here("run", *SMOKE, "runs_dir=blocked"), "cannot write to the runs directory blocked", "SOLV_RUNS_DIR"
    )
    assert_one_line(solv_here("run", *SMOKE, SOLV_RUNS_DIR="blocked/deeper"), "cannot write to the runs directory")


def test_bad_lines_of_questions_are_named_and_left_out_only_on_request(solv_here, work):
    # The fault that remains with --skip-bad is that no model is there: the lines were passed.
    (work / "q.jsonl").write_text('{"question": "1 + 1?", "answer": "#### 2"}\nbroken\n')
    asked = (
        *("run", "best-of-k", "--preset", "smoke", "language.pretrained.generator=./nowhere"),
        "language.pretrained.questions=q.jsonl",
    )
    assert_one_line(solv_here(*asked), "line 2", "skip_bad=true")
    assert_one_line(solv_here(*asked, "--skip-bad"), "./nowhere: no such folder")
    assert_one_line(solv_here("run", "cot-depth", "--skip-bad"), "--skip-bad: cot-depth reads no file of yours")


def test_an_unwritable_runs_directory_is_one_line(solv_here, work):
    # /proc refuses a new folder to everybody, the superuser included.
    assert_one_line(solv_here("run", *SMOKE, "runs_dir=/proc/runs"), "cannot write to the runs directory /proc/runs")


def test_a_full_disk_is_one_line_and_leaves_the_run_resumable(environment, work):
    """Every write of more than 8 kB fails as on a full disk: a limit on file sizes with its signal ignored."""
    code = (
        "import errno, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY));"
        "sys.argv = ['solv', 'run', 'cot-depth', '--preset', 'smoke', 'runs_dir=runs'];"
        "from solv.cli.main import main; main()"
    )
    done = call_process([sys.executable, "-c", code], work, environment)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("solv: File too large")
    assert not list(work.glob("runs/cot-depth/*/manifest.json"))
    assert not list(work.rglob("*.partial*"))


def test_a_user_preset_that_is_broken_is_one_line(solv_here, environment):
    folder = Path(environment["XDG_CONFIG_HOME"]) / "solv" / "experiment" / "cot-depth"
    folder.mkdir(parents=True)
    mine = folder / "mine.yaml"
    mine.write_text("# @package _global_\ndefaults: [{/schema: cot-depth}, _self_]\nalpah: 3\n")
    done = solv_here("run", "cot-depth", "--preset", "mine")
    assert_one_line(done, "unknown key alpah", "did you mean alpha?")
    mine.write_text("alpha: [1\n")
    assert_one_line(solv_here("run", "cot-depth", "--preset", "mine"), "mine.yaml")


def test_debug_shows_the_traceback(solv):
    done = solv("run", "cot-depth", "alpha=-1", "--debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr
