"""How do the tests call the command line? As a person does: a process of its own, in a folder of its own."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from matplotlib import get_cachedir

from tests.end_to_end.solv_process import solv_process

ROOT = Path(__file__).resolve().parents[3]
SOLV = (sys.executable, "-m", "solv.cli.main")


def call_process(command, folder, environment, timeout=600):
    """Run a command to its end and return it with what it printed."""
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )


@pytest.fixture
def environment(tmp_path):
    """The environment of a person with this source, an empty home and no runs."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SOLV_", "WANDB_", "HYDRA_"))}
    home = tmp_path / "home"
    home.mkdir()
    own = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "PYTHONPATH": str(ROOT / "src"),
        "COLUMNS": "160",
    }
    fonts = {"MPLCONFIGDIR": get_cachedir()}  # where matplotlib keeps what it takes a second to find
    return {**kept, **own, **fonts, "OMP_NUM_THREADS": "1"}  # the tests themselves run side by side


@pytest.fixture
def work(tmp_path):
    """An empty working directory."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def solv(environment, work):
    """Run `solv ARGUMENTS` and return the finished process."""

    def call(*arguments, timeout=600, **changes):
        return solv_process(arguments, work, {**environment, **changes}, timeout)

    return call


@pytest.fixture
def solv_here(environment, work, monkeypatch, capsys):
    """Call `solv ARGUMENTS` within this process, which is faster where nothing is computed."""

    def call(*arguments, **changes):
        from solv.cli.main import main

        with monkeypatch.context() as patch:
            for key in [key for key in os.environ if key.startswith(("SOLV_", "WANDB_", "HYDRA_"))]:
                patch.delenv(key)
            for key, value in {**environment, **changes}.items():
                patch.setenv(key, value)
            patch.chdir(work)
            patch.setattr(sys, "argv", ["solv", *arguments])
            capsys.readouterr()
            with pytest.raises(SystemExit) as stop:
                main()
        output = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, stop.value.code, output.out, output.err)

    return call


@pytest.fixture
def toy_here(solv_here, monkeypatch):
    """Call `solv ARGUMENTS` within this process, where the toy of the sweeps is installed and nothing is recorded."""
    from solv.harness.catalog import catalog

    monkeypatch.syspath_prepend(str(ROOT / "tests" / "end_to_end" / "sweep" / "toy"))
    catalog.cache_clear()
    yield lambda *arguments, **changes: solv_here(*arguments, **{"WANDB_MODE": "disabled", **changes})
    catalog.cache_clear()


@pytest.fixture
def start(environment, work):
    """Start `solv ARGUMENTS` and return the running process."""
    started = []

    def call(*arguments, **changes):
        process = subprocess.Popen(
            [*SOLV, *arguments],
            cwd=work,
            env={**environment, **changes},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield call
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def start_and_hold(start, environment, tmp_path):
    """Start `solv ARGUMENTS` and return the process once it stays where that many units of work are on disk."""

    def call(units, *arguments):
        held = tmp_path / "held"
        path = os.pathsep.join([str(Path(__file__).parent / "held"), environment["PYTHONPATH"]])
        process = start(*arguments, PYTHONPATH=path, HOLD_AFTER_UNITS=str(units), HELD=str(held))
        deadline = time.monotonic() + 600
        while not held.exists():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return process

    return call
