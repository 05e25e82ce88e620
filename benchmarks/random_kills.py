"""Does anything finished get lost when `solv run` and `solv sweep` are killed at random moments?

    python benchmarks/random_kills.py --kills 100

SIGKILLs the whole process group of a run (of units alone, of a training that keeps its state, of a whole experiment) or
of a sweep (local, and joblib if it is installed) at a moment drawn uniformly from the time that it takes, starts the
same command again, and so on; after a few kills it lets the command end. Then every unit and every point that was
finished must still be there, unchanged, and the result must have the bits of an undisturbed one. Exits 1 if not.
"""

import argparse
import importlib.util
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: An experiment whose every unit takes no time but what TOY_SECONDS says.
TOY = ROOT / "tests" / "end_to_end" / "sweep" / "toy"
RESULTS = ("curves.parquet", "agreement.csv", "claims.json", "figure.png", "figure.svg")
KILLS_EACH = 4  # kills in one folder before the command may end
MODES = {
    "run": ("run", "toy", "x=[1,2,3,4]", "cells=4"),
    "sweep": ("sweep", "toy", "cells=2"),
    "sweep on joblib": ("sweep", "toy", "cells=2", "--launcher", "joblib", "--jobs", "2"),
    "training": ("run", "icl-alignment", "--preset", "smoke", "--part", "transformer", "transformer.steps=400"),
    "experiment": ("run", "cot-depth", "--preset", "smoke"),
}


def main() -> int:
    """Kill, resume, compare; print a line per mode."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="kills in all")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments")
    asked = parser.parse_args()
    modes = dict(MODES)
    if importlib.util.find_spec("hydra_plugins") is None or not importlib.util.find_spec(
        "hydra_plugins.hydra_joblib_launcher"
    ):
        del modes["sweep on joblib"]
    moments = random.Random(asked.seed)
    lost = differing = done = 0
    kept: dict[str, list[int]] = {mode: [0, 0, 0] for mode in modes}  # kills, finished things seen, folders
    with tempfile.TemporaryDirectory() as root:
        undisturbed: dict[str, dict[str, bytes]] = {}
        seconds: dict[str, float] = {}
        while done < asked.kills:
            mode = min(kept, key=lambda each: kept[each][0])
            if mode not in undisturbed:
                folder = _folder(root, f"undisturbed {mode}")
                started = time.monotonic()
                _start(folder, modes[mode]).wait()
                seconds[mode] = time.monotonic() - started
                undisturbed[mode] = _results(folder, modes[mode])
            folder = _folder(root, f"{done} {mode}")
            for _ in range(min(KILLS_EACH, asked.kills - done)):
                before = _finished(folder)
                process = _start(folder, modes[mode])
                time.sleep(moments.uniform(0.1, seconds[mode]))
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                done += 1
                kept[mode][0] += 1
                kept[mode][1] += len(before)
                lost += sum(_finished(folder).get(path) != stamp for path, stamp in before.items())
            before = _finished(folder)
            _start(folder, modes[mode]).wait()
            lost += sum(_finished(folder).get(path) != stamp for path, stamp in before.items())
            kept[mode][2] += 1
            differing += _results(folder, modes[mode]) != undisturbed[mode]
            print(f"{done} of {asked.kills} kills: {lost} lost, {differing} different", file=sys.stderr, flush=True)
    for mode, (kills, seen, folders) in kept.items():
        print(f"{mode}: {kills} kills in {folders} folders; finished units and points at their time: {seen}")
    print(f"{done} kills: {lost} finished things lost, {differing} results that differ")
    return 1 if lost or differing else 0


def _start(folder: Path, command: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    own = {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(TOY)]),
        "OMP_NUM_THREADS": "1",
        "TOY_SECONDS": "0.15",
        "WANDB_MODE": "disabled",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "solv.cli.main", *command],
        cwd=folder,
        env={**os.environ, **own},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _folder(root: str, name: str) -> Path:
    path = Path(root) / name.replace(" ", "-")
    path.mkdir()
    return path


def _finished(folder: Path) -> dict[str, int]:
    """Return the finished units and points with the time at which they were written."""
    found = [*folder.glob("runs/*/2*/manifest.json"), *folder.glob("runs/*/2*/checkpoints/[!.]*.npz")]
    return {str(path): path.stat().st_mtime_ns for path in found}


def _results(folder: Path, command: tuple[str, ...]) -> dict[str, bytes]:
    pattern = "sweep-*" if command[0] == "sweep" else "2*"
    [manifest] = folder.glob(f"runs/{command[1]}/{pattern}/manifest.json")
    return {name: (manifest.parent / name).read_bytes() for name in RESULTS}


if __name__ == "__main__":
    sys.exit(main())
