"""Are the times that solv promises kept? What it does most often, each beside its goal and what it took when last kept.

    python -m benchmarks.budgets [--keep] [NAME ...]

| measured | goal |
| --- | --- |
| CPU seconds of `solv run NAME --preset smoke` | 10 |
| CPU seconds of the default preset, by `results/times.json`: two minutes of two cores | 240 |
| CPU seconds of the theory of a whole experiment, and of its slowest part, in a fresh process | 5 and 3 |
| seconds of `solv list` | 0.3 |

Exit 1 where one takes over 1.5 times what `budgets.json` keeps, both in the time of the same product of matrices on the
machine at hand; goals are reported. `--keep` writes the file anew. Run it on a core that nothing else uses.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from solv.harness.catalog import names
from solv.harness.cost import measure
from solv.harness.times import cpu_seconds

KEPT = Path(__file__).with_name("budgets.json")
REGRESSION = 1.5
LEAST = 0.3  # seconds below which a ratio says nothing
SOLV = [sys.executable, "-c", "from solv.cli.main import main; main()"]
THEORY = """
import sys, time
from solv.harness.catalog import load
experiment = load(sys.argv[1])
settings, taken = experiment.Config(), []
for part in experiment.parts:
    began = time.process_time()
    experiment.predict_part(part, settings)
    taken.append(time.process_time() - began)
print(sum(taken), max(taken))
"""


def measured(asked: Sequence[str]) -> Iterator[tuple[str, float, float]]:
    """Yield what was measured, its seconds, and its goal."""
    for name in asked:
        with TemporaryDirectory() as folder:
            yield f"smoke {name}", _cpu([*SOLV, "run", name, "--preset", "smoke", f"runs_dir={folder}"])[0], 10
        yield f"quick {name}", sum(cpu_seconds(name, "quick").values()), 240
        whole, slowest = map(float, _cpu([sys.executable, "-c", THEORY, name])[1].split())
        yield f"theory {name}", whole, 5
        yield f"slowest part's theory {name}", slowest, 3
    walls = []
    for _ in range(5):
        began = time.perf_counter()
        _cpu([*SOLV, "list"])
        walls.append(time.perf_counter() - began)
    yield "solv list", min(walls), 0.3


def _cpu(command: Sequence[str]) -> tuple[float, str]:
    """Return the CPU seconds of a command, on one thread, and what it printed."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode not in (0, 1):  # 1: a claim fails
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def main() -> None:
    """Print a line for each; exit 1 if one has become slower."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help="experiments; all by default")
    parser.add_argument("--keep", action="store_true", help="keep what is measured as what it takes")
    asked = parser.parse_args()
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    rate = measure("cpu").rate
    slower = 0
    for what, seconds, goal in measured(asked.names or names()):
        then = kept.get(what)
        over = f"{seconds / goal:.1f} times the goal" if seconds > goal else ""
        ratio = seconds * rate / then if then and not what.startswith("quick") else 1.0
        if ratio > REGRESSION and seconds > LEAST:
            slower += 1
            over += f"  {ratio:.1f} times as slow as kept"
        print(f"{what:40} {seconds:6.2f} s, goal {goal:g}  {over}", flush=True)
        kept[what] = seconds * rate
    if asked.keep:
        KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    raise SystemExit(slower > 0)


if __name__ == "__main__":
    main()
