"""Does a run or sweep that is told to end do so at once, leave nothing running, and go on later?

All of it is recorded offline on W&B, with a login and a server that would count connections: there is none.
"""

import os
import signal
import subprocess

import pytest

from tests.end_to_end.left_over import MARK, ends, running
from tests.end_to_end.listening import listening
from tests.end_to_end.sweep.conftest import SOLV, finished, toy_environment, wait_for

COMMANDS = {
    "local": ("sweep", "toy", "x=1,2"),
    "joblib": ("sweep", "toy", "x=1,2", "--launcher", "joblib", "--jobs", "2"),
    "ray": ("sweep", "toy", "x=1,2", "--launcher", "ray", "--jobs", "2"),
    "submitit": ("sweep", "toy", "x=1,2", "hydra/launcher=submitit_local"),
}
PLACE = {"submitit": 'a=1, b(2) it\'s #3 "q" {4} [5] ü ~ $x; echo'}  # jobs that are started through a file and a shell
ENDS = [("local", "TERM"), ("joblib", "INT"), ("joblib", "HUP"), ("ray", "TERM"), ("submitit", "HUP")]


@pytest.fixture
def recorded():
    """An environment in which runs are recorded offline although they could go online; no connection is made."""
    with listening() as server:
        yield {**toy_environment(), **server.environment, "WANDB_MODE": "offline"}
    assert server.count == 0


def begin(folder, mark, command, recorded):
    """Start a command that is recorded on W&B, and wait until its measurements wait for the file `go`."""
    environment = {**recorded, "TOY_UNTIL": str(folder / "go"), MARK: mark}
    process = subprocess.Popen(
        [*SOLV, *COMMANDS[command]],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    busy = 1 if command == "local" else 2
    try:
        wait_for(
            lambda: len(list(folder.glob("runs/toy/2*/wandb/offline-run-*"))) >= busy or process.poll() is not None
        )
        assert process.poll() is None, process.communicate()[1]
        wait_for(lambda: any("wandb-core" in line for line in running(mark).values()), seconds=10)
    except AssertionError:
        process.terminate()  # nothing of it may stay, whatever went wrong
        raise
    return process


@pytest.mark.parametrize(("command", "name"), ENDS)
def test_a_signal_ends_it_with_its_status_and_leaves_nothing_running(tmp_path, recorded, command, name):
    """The signal goes to the process that was started alone, as that of `kill` and of a scheduler does."""
    mark = f"{command} {name} {tmp_path}"  # of this test alone, whatever else runs on the machine
    folder = tmp_path / PLACE.get(command, "work")
    folder.mkdir()
    process = begin(folder, mark, command, recorded)
    number = signal.Signals[f"SIG{name}"]
    os.kill(process.pid, number)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 128 + number
    said = "interrupted" if name == "INT" else f"ended by SIG{name}"
    assert errors.splitlines()[-1] == f"solv: {said}; the same command goes on where this one stopped"
    assert "Traceback" not in errors
    assert ends(mark) == {}
    assert [*tmp_path.iterdir(), *folder.iterdir()] == [folder, folder / "runs"]
    if command == "local":  # one of them is enough to see that it goes on
        (folder / "go").touch()
        again = subprocess.run(
            [*SOLV, *COMMANDS[command]], cwd=folder, env=recorded, capture_output=True, text=True, check=False
        )
        assert again.returncode == 0, again.stderr
        assert "resuming" in again.stderr
        assert len(finished(folder)) == 2
