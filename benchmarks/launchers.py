"""How long does each launcher take for 32 trivial jobs, beyond what the jobs themselves take?

    python benchmarks/launchers.py [--points 32] [local joblib ray slurm]

Jobs are points of the toy experiment of the tests, some 0.05 s of work each once their process is up; 2 at a time.
Prints seconds of wall time for the whole command, and what the same command takes again, when every point is done.
Slurm needs SLURM_CONF, e.g. of tests/engines/slurm_one_node.sh.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOY = ROOT / "tests" / "end_to_end" / "sweep" / "toy"


def main() -> int:
    """Print a line per launcher."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("launchers", nargs="*", default=["local", "joblib"])
    parser.add_argument("--points", type=int, default=32)
    asked = parser.parse_args()
    own = {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(TOY)]),
        "OMP_NUM_THREADS": "1",
        "WANDB_MODE": "disabled",
    }
    status = 0
    for launcher in asked.launchers:
        jobs = [] if launcher == "local" else ["--jobs", "2"]
        command = [sys.executable, "-m", "solv.cli.main", "sweep", "toy", f"slope=range(1,{asked.points + 1})", "x=[1]"]
        seconds = []
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(2):
                started = time.monotonic()
                done = subprocess.run(
                    [*command, "--launcher", launcher, *jobs],
                    cwd=folder,
                    env={**os.environ, **own},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                seconds.append(time.monotonic() - started)
        status |= done.returncode
        first, again = seconds
        print(f"{launcher}: {asked.points} jobs in {first:.1f} s, again {again:.1f} s", flush=True)
        if done.returncode:
            print(done.stderr[-500:])
    return status


if __name__ == "__main__":
    sys.exit(main())
