"""Do several processes make the run that one makes, killed or not, and is it recorded once?"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from solv.harness.processes import follows, launched
from solv.models.language.sharding import process_group
from solv.tracking.runs import RunStore
from tests.harness.processes_run import main

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests/harness/processes_run.py"
TWO = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def call(runs: Path, *launcher: str, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1", **changes}
    command = [sys.executable, *launcher, str(SCRIPT), str(runs)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)


def losses(runs: Path) -> np.ndarray:
    (run,) = RunStore(runs).finished("toy")
    curves = run.curves()
    return curves[curves["source"] == "trained"]["y"].to_numpy()


def test_two_processes_make_one_run_resumed_after_a_kill_and_equal_to_that_of_one(tmp_path: Path) -> None:
    main(tmp_path / "alone")  # here: a process of its own would take seconds to start
    killed = call(tmp_path / "two", *TWO, TOY_DIE="1")
    assert killed.returncode != 0
    assert sorted(line for line in killed.stdout.splitlines() if line.startswith("first")) == [
        "first computed by 0",
        "first computed by 1",
    ]
    again = call(tmp_path / "two", *TWO)
    assert again.returncode == 0, again.stderr
    assert sorted(again.stdout.splitlines()) == [
        "reused False resumed True",
        "second computed by 0",
        "second computed by 1",
    ]
    np.testing.assert_allclose(losses(tmp_path / "two"), losses(tmp_path / "alone"), rtol=0, atol=1e-5)

    reused = call(tmp_path / "two", *TWO)
    assert reused.returncode == 0, reused.stderr
    assert reused.stdout.splitlines() == ["reused True resumed False"]
    assert len(RunStore(tmp_path / "two").runs("toy")) == 1


@pytest.mark.parametrize("left_over", [{}, {"WORLD_SIZE": "8"}, {"WORLD_SIZE": "2", "RANK": "1"}, {"WORLD_SIZE": ""}])
def test_a_process_without_torchrun_is_alone(monkeypatch, left_over: dict[str, str]) -> None:
    """Also where variables of torchrun's name are left over from another job."""
    for name in ("TORCHELASTIC_RUN_ID", "WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in left_over.items():
        monkeypatch.setenv(name, value)
    with process_group("cpu") as device:
        assert device == "cpu"
    assert launched() == 1
    assert not follows()
