"""Is every command line, however it is drawn, answered without a traceback and without a stray file?"""

import subprocess
import sys

from tests.end_to_end.cli.conftest import ROOT


def test_a_dozen_command_lines_drawn_at_random_are_answered():
    """The short version of the benchmark, which draws two hundred and takes files of one's own."""
    command = [sys.executable, str(ROOT / "benchmarks" / "fuzz_commands.py"), "--commands", "12", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "; 0 faults" in done.stdout
