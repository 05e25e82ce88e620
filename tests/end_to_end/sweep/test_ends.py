"""Does a run or sweep that is told to end do so at once, leave nothing running, and go on later with the same bits?

All of it is recorded offline on W&B, with a login and a server that would count connections: there is none.
"""

import os
import signal
import subprocess

import pytest

from tests.end_to_end.left_over import MARK, ends, running
from tests.end_to_end.listening import listening
from tests.end_to_end.sweep.conftest import SOLV, finished, results, sweep, toy_environment, wait_for

COMMANDS = {
    "run": ("run", "toy"),
    "local": ("sweep", "toy"),
    "joblib": ("sweep", "toy", "--launcher", "joblib", "--jobs", "2"),
    "ray": ("sweep", "toy", "--launcher", "ray", "--jobs", "2"),
    "submitit": ("sweep", "toy", "x=1,2", "hydra/launcher=submitit_local"),
}
ENDS = [("run", "HUP"), ("local", "TERM"), ("joblib", "INT"), ("joblib", "HUP"), ("ray", "TERM"), ("submitit", "HUP")]


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
    busy = 2 if command in ("joblib", "ray", "submitit") else 1
    wait_for(lambda: len(list(folder.glob("runs/toy/2*/wandb/offline-run-*"))) >= busy or process.poll() is not None)
    assert process.poll() is None, process.communicate()[1]
    try:
        wait_for(lambda: any("wandb-core" in line for line in running(mark).values()), seconds=10)
    except AssertionError:
        process.kill()
        raise
    return process


@pytest.mark.parametrize(("command", "name"), ENDS)
def test_a_signal_ends_it_with_its_status_and_leaves_nothing_running(tmp_path, undisturbed, recorded, command, name):
    """The signal goes to the process that was started alone, as that of `kill` and of a scheduler does."""
    mark = f"{command} {name} {tmp_path}"  # of this test alone, whatever else runs on the machine
    process = begin(tmp_path, mark, command, recorded)
    number = signal.Signals[f"SIG{name}"]
    os.kill(process.pid, number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    said = "interrupted" if name == "INT" else f"ended by SIG{name}"
    assert errors.splitlines()[-1] == f"solv: {said}; the same command goes on where this one stopped"
    assert "Traceback" not in errors
    assert ends(mark) == {}
    (tmp_path / "go").touch()
    if command == "run":
        again = subprocess.run([*SOLV, *COMMANDS[command]], cwd=tmp_path, env=recorded, check=False,
                               capture_output=True, text=True)  # fmt: skip
        assert "resuming" in again.stderr
        assert len(finished(tmp_path)) == 1
    elif name != "INT" and command != "submitit":
        again = sweep(tmp_path)
        assert results(tmp_path) == undisturbed
    else:
        return
    assert again.returncode == 0, again.stderr
