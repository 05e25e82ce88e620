"""What do the tests of sweeps stand on? A toy experiment in a folder of its own, and engines that are real."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from matplotlib import get_cachedir

from tests.end_to_end.solv_process import solv_process
from tests.system_packages import require

ROOT = Path(__file__).resolve().parents[3]
TOY = Path(__file__).parent / "toy"
SOLV = (sys.executable, "-m", "solv.cli.main")
HANGS = 900  # seconds; a busy machine may take minutes, so only what hangs takes longer
RESULTS = ("curves.parquet", "agreement.csv", "claims.json", "figure.png", "figure.svg")


def toy_environment():
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("SOLV_", "WANDB_", "HYDRA_", "TOY_"))
    }
    path = os.pathsep.join([str(ROOT / "src"), str(TOY)])
    nobody = str(Path(tempfile.gettempdir()) / "solv-tests-without-configuration")
    own = {"PYTHONPATH": path, "XDG_CONFIG_HOME": nobody, "MPLCONFIGDIR": get_cachedir()}
    own |= {"COLUMNS": "160", "OMP_NUM_THREADS": "1"}
    return {**kept, **own, "RAY_USAGE_STATS_ENABLED": "0", "WANDB_MODE": "disabled"}


def sweep(folder, *arguments, timeout=HANGS, **environment):
    """Run `solv sweep toy ARGUMENTS` in a folder to its end."""
    return solv(folder, "sweep", "toy", *arguments, timeout=timeout, **environment)


def solv(folder, *arguments, timeout=HANGS, **environment):
    """Run `solv ARGUMENTS` in a folder to its end; as a person does where a launcher starts processes of its own."""
    if "--launcher" in arguments:
        return call(folder, *SOLV, *arguments, timeout=timeout, **environment)
    return solv_process(arguments, folder, {**toy_environment(), **environment}, timeout)


def call(folder, *command, timeout=HANGS, **environment):
    """Run a command in a folder where the toy is installed, to its end."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**toy_environment(), **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def start(folder, *arguments, stderr=subprocess.DEVNULL, **environment):
    """Start `solv sweep toy ARGUMENTS` as the leader of a process group of its own."""
    return subprocess.Popen(
        [*SOLV, "sweep", "toy", *arguments],
        cwd=folder,
        env={**toy_environment(), **environment},
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,
    )


def wait_for(what, seconds=HANGS / 3, pause=0.02):
    """Wait until `what()` is true."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(pause)


def results(folder):
    [directory] = folder.glob("runs/toy/sweep-*")
    assert (directory / "manifest.json").exists()
    return {name: (directory / name).read_bytes() for name in RESULTS}


def finished(folder):
    return sorted(path.parent.name for path in folder.glob("runs/toy/2*/manifest.json"))


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """The files of a sweep that nothing happened to, on the local launcher."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = sweep(folder)
    assert done.returncode == 0, done.stderr
    return results(folder)


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """The environment of a one-node Slurm: the one that is already up, or one of our own."""
    programs = ("sbatch", "slurmctld", "slurmd", "munged")
    where = f"{os.environ['PATH']}:/usr/sbin"
    require(all(shutil.which(program, path=where) for program in programs), "Slurm", "slurm-wlm munge")
    folder = tmp_path_factory.mktemp("slurm")
    script = [str(ROOT / "tests/engines/slurm_one_node.sh")]
    started = subprocess.run([*script, "start", str(folder)], capture_output=True, text=True, timeout=600, check=False)
    assert started.returncode == 0, started.stderr
    yield {"SLURM_CONF": str(folder / "slurm.conf")}
    subprocess.run([*script, "stop", str(folder)], timeout=600, check=False)
