"""What does recording a run on W&B cost the run?

    python benchmarks/tracking_overhead.py [NAME] [--preset quick] [--repeats 3] [--threads 1]

Runs the experiment as `solv run` does, without W&B and recorded offline in turn, each in a process of its own, and
prints wall-clock and CPU seconds of every run (CPU: with the recording process and wandb-core) and the ratio of the
medians. What the recording itself uses runs beside the experiment; with an idle core only wall time counts.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default="cot-depth")
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    times: dict[str, list[tuple[float, float]]] = {"disabled": [], "offline": []}
    for repeat in range(options.repeats):
        order = list(times) if repeat % 2 == 0 else list(times)[::-1]
        for mode in order:
            times[mode].append(_timed(options.name, options.preset, options.threads, mode))
            wall, cpu = times[mode][-1]
            print(f"{options.name} {options.preset}, W&B {mode:9} {wall:7.1f} s wall {cpu:7.1f} s CPU", flush=True)
    for index, kind in enumerate(("wall", "CPU")):
        without, recorded = (statistics.median(run[index] for run in runs) for runs in times.values())
        print(f"{kind}: {recorded / without:.3f} times the run without W&B")


def _timed(name: str, preset: str, threads: int, mode: str) -> tuple[float, float]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": str(threads)}
    with tempfile.TemporaryDirectory() as runs:
        command = [sys.executable, "-m", "solv.cli.main", "run", name, "--preset", preset, "--wandb", mode]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [*command, f"threads={threads}", f"runs_dir={runs}"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in (0, 1):  # 1: a claim fails; the time counts all the same
            raise SystemExit(done.stderr)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
