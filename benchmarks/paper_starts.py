"""Does every part of every preset `paper` begin at its full shapes on this machine?

    python -m benchmarks.paper_starts [--seconds 20] [NAME...]

Each part is run by itself and stopped after so many seconds. It has finished, or is at work, with the memory that it
holds by then, or it has ended with a line that says what it lacks; `FAULT` is anything else.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from solv.harness.catalog import load, names

FINISHED, AT_WORK, LACKS, FAULT = "finished", "at work", "lacks", "FAULT"
REFUSED = 2  # exit status of what is said in one line
SHARE = 0.9  # of the memory, from which on a part is stopped
SOLV = "from solv.cli.main import main; main()"
PAGE, PAGES = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES")


@dataclass(frozen=True)
class Start:
    """How a part began: what became of it, after how many seconds, with how many bytes, and its last words."""

    state: str
    seconds: float
    held: int
    said: str


def start(name: str, part: str, seconds: float, folder: Path) -> Start:
    """Run a part of the preset `paper` for so many seconds."""
    command = [sys.executable, "-c", SOLV, "run", name, "--preset", "paper", "--part", part, f"runs_dir={folder}"]
    log, began, held = folder / "log", time.monotonic(), 0
    with log.open("w") as out:
        process = subprocess.Popen([*command, "wandb=disabled"], stdout=out, stderr=subprocess.STDOUT)
        while process.poll() is None and time.monotonic() - began < seconds:
            time.sleep(0.2)
            held = max(held, _memory(process.pid))
            if held > SHARE * PAGE * PAGES:
                break
        ended = process.poll()
        process.kill()
        process.wait()
    lines = [line for line in re.split(r"[\r\n]+", log.read_text(errors="replace")) if line.strip()]
    said, taken = lines[-1].strip() if lines else "", time.monotonic() - began
    if ended is None:
        over = held > SHARE * PAGE * PAGES
        return Start(FAULT if over else AT_WORK, taken, held, "more memory than there is" if over else said)
    if ended in (0, 1):  # 1: a claim fails
        return Start(FINISHED, taken, held, "")
    one_line = ended == REFUSED and not any("Traceback" in line for line in lines)
    return Start(LACKS if one_line else FAULT, taken, held, said)


def _memory(process: int) -> int:
    """Return the bytes that a process holds; 0 once it has ended, or where there is no /proc."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def main() -> None:
    """Print a line for each part; exit 1 if one does not begin."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help="experiments; all by default")
    parser.add_argument("--seconds", type=float, default=20, help="after which a part is stopped")
    asked = parser.parse_args()
    faults = 0
    for name in asked.names or names():
        for part in load(name).parts:
            with TemporaryDirectory() as folder:
                found = start(name, part.name, asked.seconds, Path(folder))
            faults += found.state == FAULT
            what = f"{name:14} {part.name:24} {found.state:9} {found.seconds:5.1f} s {found.held / 2**30:5.1f} GiB"
            print(f"{what}  {found.said[:100]}", flush=True)
    raise SystemExit(faults > 0)


if __name__ == "__main__":
    main()
