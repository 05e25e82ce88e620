"""Does solv work, or say what it needs, where there is no home, no name, no right to write, or no UTF-8?"""

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from solv.cli.caches import place_for_fonts
from solv.cli.errors import call
from solv.tracking import runs
from solv.tracking.environment import checks
from tests.end_to_end.cli.conftest import SOLV
from tests.end_to_end.sweep.conftest import toy_environment

ASCII = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
nobody = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv")


def ask(folder, *arguments, **options):
    """Run `solv ARGUMENTS` in a folder, in a process of its own."""
    given = {"env": toy_environment(), "capture_output": True, "text": True, "timeout": 120, "check": False, **options}
    return subprocess.run([*SOLV, *arguments], cwd=folder, **given)


def as_nobody(folder, *arguments, **variables):
    """Run `solv ARGUMENTS` as a user without name, home and rights, but for that to read."""
    who = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
    who += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    kept = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {**kept, "PYTHONPATH": toy_environment()["PYTHONPATH"], **variables}
    return subprocess.run(
        [*who, *SOLV, *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


@pytest.fixture
def for_all():
    """A folder that everybody reaches, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def read_only(for_all):
    folder = for_all / "ro"
    folder.mkdir()
    folder.chmod(0o555)
    return folder


@nobody
def test_without_a_home_a_name_and_the_right_to_write_a_run_needs_a_folder_and_nothing_else(read_only, for_all):
    refused = as_nobody(read_only, "run", "toy", "x=[1]", WANDB_MODE="disabled")
    assert refused.returncode == 2
    assert "cannot write to the runs directory runs" in refused.stderr.splitlines()[-1]
    assert "SOLV_RUNS_DIR" in refused.stderr.splitlines()[-1]
    given = for_all / "given"
    given.mkdir()
    given.chmod(0o777)
    ran = as_nobody(read_only, "run", "toy", "x=[1]", SOLV_RUNS_DIR=str(given), WANDB_MODE="offline")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(list(given.glob("toy/2*/wandb/offline-run-*"))) == 1
    assert not list(read_only.iterdir())


@nobody
@pytest.mark.parametrize("arguments", [("theory", "toy", "x=[1]"), ("doctor",)])
def test_what_only_reads_works_anywhere(read_only, arguments):
    done = as_nobody(read_only, *arguments)
    assert done.returncode == (1 if arguments == ("doctor",) else 0), done.stderr
    assert "Traceback" not in done.stderr
    if arguments == ("doctor",):
        assert "cannot be written" in done.stdout


def test_fonts_have_a_place_of_ones_own_where_the_home_has_none(monkeypatch, tmp_path):
    """One that somebody else laid there, or may write to, is not taken."""
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    place_for_fonts()
    assert "MPLCONFIGDIR" not in os.environ
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/none")
    own = tmp_path / f"solv-fonts-{os.getuid()}"
    for mode, taken in ((None, True), (0o700, True), (0o777, False)):
        monkeypatch.delenv("MPLCONFIGDIR", raising=False)
        if mode is not None:
            own.chmod(mode)
        place_for_fonts()
        assert (os.environ["MPLCONFIGDIR"] == str(own)) is taken
        assert Path(os.environ["MPLCONFIGDIR"]).parent == tmp_path


def test_a_home_that_is_not_known_is_one_line_where_it_was_asked_for(toy_here, monkeypatch):
    def unknown(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.expanduser", unknown)
    done = toy_here("runs", "--runs-dir", "~/runs")
    assert done.returncode == 2
    assert "~ cannot be used" in done.stderr


@pytest.mark.parametrize("command", [("list",), ("run", "toy", "x=[1]")])
def test_in_a_folder_that_was_deleted_there_is_one_line(tmp_path, command):
    gone = tmp_path / "gone"
    gone.mkdir()
    inside = f"rmdir '{gone}'; exec \"$@\""
    done = subprocess.run(
        ["sh", "-c", inside, "sh", *SOLV, *command],
        cwd=gone, env=toy_environment(), capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    if command != ("list",):
        assert done.returncode == 2
        assert "the current folder does not exist" in done.stderr.splitlines()[-1]


def test_a_terminal_without_greek_letters_gets_replacements_and_the_same_status(tmp_path):
    environment = {**toy_environment(), **ASCII}
    ran = ask(tmp_path, "run", "toy", "x=[1]", env=environment)
    assert ran.returncode == 0, ran.stderr
    assert "?" in ran.stdout  # of "0.9 ± 0.1"
    latin = ask(tmp_path, "theory", "cot-depth", "depth=[1]", env={**environment, "PYTHONIOENCODING": "latin-1"})
    assert latin.returncode == 0
    assert "?=" in latin.stdout  # of "τ=1.5"


@pytest.mark.parametrize(
    ("command", "changes"),
    [
        (("list",), {}),
        (("theory", "toy"), {}),
        (("--help",), {}),
        (("list",), {"PYTHONIOENCODING": "ascii"}),
        (("theory", "toy"), {"PYTHONUNBUFFERED": "1"}),
        (("list",), {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "ascii"}),
    ],
)
def test_output_that_cannot_be_written_is_one_sentence_about_the_output(tmp_path, command, changes):
    environment = {**toy_environment(), **changes}
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = ask(tmp_path, *command, capture_output=False, stdout=full, stderr=subprocess.PIPE, env=environment)
    assert done.returncode == 2
    assert done.stderr == "solv: the output cannot be written: No space left on device\n"


def test_messages_that_cannot_be_written_stop_nothing(tmp_path):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = ask(tmp_path, "run", "toy", "x=[1]", capture_output=False, stdout=subprocess.PIPE, stderr=full)
    assert done.returncode == 0
    assert "run:" in done.stdout


def test_closed_pipes_are_nobodys_fault(tmp_path):
    piped = " ".join([*SOLV, "list", "|", "head", "-1"])
    script = f"set -o pipefail; {piped}; echo $?; {' '.join([*SOLV, 'list'])} >&-; echo $?"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=toy_environment(), capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["cot-depth", "0", "0"]
    assert done.stderr == ""


def test_a_full_disk_still_says_what_to_do_about_the_runs(capsys):
    def fail():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/x")

    assert call(fail) == 2
    assert "--runs-dir" in capsys.readouterr().err


@pytest.fixture
def refusing(request, monkeypatch):
    """A file system that refuses every lock, in one way or another."""
    number = getattr(request, "param", errno.ENOLCK)

    def refuse(file, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    monkeypatch.setattr(runs, "ENOLCK_SECONDS", 0.2)


def test_where_locks_are_refused_a_file_stands_for_one(refusing, toy_here, work):
    ran = toy_here("run", "toy", "x=[1]")
    assert (ran.returncode, ran.stderr.count("\n")) == (0, 0), ran.stderr
    assert "already run" in toy_here("run", "toy", "x=[1]").stdout
    assert not list(work.glob("runs/toy/.locks/*"))
    [locks] = [check for check in checks(work / "runs") if check.name == "locks"]
    assert "refuses locks" in locks.found


@pytest.mark.parametrize("refusing", [errno.ENOSYS, errno.EOPNOTSUPP, errno.EACCES], indirect=True)
def test_a_file_that_stands_for_a_lock_is_waited_for_and_then_named(refusing, tmp_path):
    store, waited = runs.RunStore(tmp_path), []
    with store.lock("toy", "0" * 12, on_wait=lambda: None):
        begun = time.monotonic()
        second = store.lock("toy", "0" * 12, on_wait=lambda: waited.append(1), seconds=0.5)
        with pytest.raises(runs.RunDirectoryError, match=r"\.taken stands for.*delete that file"), second:
            pass
    assert waited == [1]
    assert time.monotonic() - begun < 5
    with store.lock("toy", "0" * 12, on_wait=lambda: waited.append(2)):
        assert waited == [1]


def test_a_file_that_a_killed_process_left_is_taken_over(refusing, tmp_path):
    place = tmp_path / "toy" / ".locks" / f"{'0' * 12}.taken"
    place.parent.mkdir(parents=True)
    code = f"import filelock, os; it = filelock.SoftFileLock({str(place)!r}); it.acquire(); os.kill(os.getpid(), 9)"
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert place.exists()
    with runs.RunStore(tmp_path).lock("toy", "0" * 12, on_wait=lambda: None, seconds=5):
        pass
    assert not place.exists()
