"""Does nothing finished get lost, and no bit change, when runs and sweeps are killed at random moments?"""

import subprocess
import sys

from tests.end_to_end.sweep.conftest import ROOT


def test_a_few_kills_at_random_moments_lose_nothing():
    """The short version of the benchmark, which kills a hundred times."""
    command = [sys.executable, str(ROOT / "benchmarks" / "random_kills.py"), "--kills", "3", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 kills: 0 finished things lost, 0 results that differ" in done.stdout
