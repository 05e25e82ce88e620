"""How long does each part of each experiment take? CPU seconds of one core, written where `solv list NAME` reads them.

    python -m benchmarks.part_times [--preset smoke --preset quick] [--runs-dir DIR] [NAME ...]

Runs the presets (a run that is finished under DIR is read, not run again) and puts the CPU seconds of theory and
measurement of every part into `results/times.json`. One thread: several wait for each other, which counts as CPU time
too. Run it on a core that nothing else uses.
"""

import argparse
import json
from pathlib import Path

from solv.harness.catalog import load, names
from solv.harness.compose import settings_for
from solv.harness.runner import run_experiment
from solv.harness.settings import replace

TIMES = Path(__file__).resolve().parents[1] / "results" / "times.json"


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="experiments; all if none is named")
    parser.add_argument("--preset", action="append", choices=("smoke", "quick"), help="presets; both if none is named")
    parser.add_argument("--runs-dir", default="runs", help="folder of the runs")
    asked = parser.parse_args()
    times = json.loads(TIMES.read_text(encoding="utf-8"))
    for name in asked.names or names():
        for preset in asked.preset or ("smoke", "quick"):
            _, settings = settings_for(name, preset, [])
            settings = replace(settings, runs_dir=asked.runs_dir, wandb="disabled", threads=1)
            outcome = run_experiment(load(name), settings, preset=preset, figure=False)
            parts = outcome.run.manifest()["parts"]
            assert isinstance(parts, dict)
            found = {part: round(seconds["cpu"], 1) for part, seconds in parts.items()}
            times.setdefault(name, {})[preset] = found
            print(f"{name} {preset}: {sum(found.values()):.0f} s of CPU", flush=True)
            TIMES.write_text(json.dumps(times, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
