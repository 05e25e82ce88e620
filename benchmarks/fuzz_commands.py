"""Does any command line end in a traceback, hang, or write where nobody told it to?

    python benchmarks/fuzz_commands.py --commands 200 --seed 0 --files FOLDER

Draws command lines from the grammar of the commands - options, overrides, names and files, some as they should be,
some not; the files, and those of finished runs, whole, truncated or with bytes changed. Each runs in a process of its
own (a fork of one that has imported everything: a command takes a fraction of a second), in a folder of its own with an
empty home. It must end within 60 s with exit status 0, 1, 2 or 130, say nothing of a traceback or an internal error,
leave its input files as they were, and write nothing but what it was told to. Prints each command that does not; exits
1 if one does not.
"""

import argparse
import hashlib
import os
import random
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "end_to_end" / "sweep" / "toy")]

SECONDS = 60.0
STATUSES = (0, 1, 2, 130)
WRITTEN = ("runs", "out", "out.png", "out.html", "out.lean")  # what a command is told to write
NAMES = ("toy", "toy", "toy", "cot-depth", "cot-depht", "", "--", "Ü")
WORDS = (
    *("2", "-1", "0", "1e400", "nan", "inf", ".inf", "[1,2]", "[]", "[1,[2]]", "1,2", "1,,2", "range(0,1,0.3)", "null"),
    *(
        "true",
        "''",
        "'a b'",
        "a=b",
        "${seed}",
        "${",
        "}",
        "\\",
        "ü",
        "~",
        "#",
        "{a: 1}",
        "{",
        "(",
        "choice(1,1)",
        "interval(0,1)",
    ),
    *("glob(*)", "1e3", "007", "0x10", " ", "\n", "\t", "x" * 300, "-", "--", "%s", "../..", "\udcff"),
)
KEYS = (
    *(
        "x",
        "slope",
        "cells",
        "seed",
        "offset",
        "threads",
        "device",
        "parts",
        "wandb",
        "alpha",
        "tau",
        "depth",
        "nothing",
    ),
    *(
        "simulation.repeats",
        "simulation",
        "sweep.axes",
        "hydra.run.dir",
        "+new",
        "~x",
        "++x",
        "experiment",
        "hydra/launcher",
    ),
)
GOOD = ("x=[1,2]", "slope=2", "cells=3", "seed=5", "offset=-0.5", "threads=1")
FIT = ("--skip-bad", "--format json", "--seed 1", "--seed")
TEXT = ("--most-tokens 100", "--end x", "--resume", "--validation 0", "--shard-documents 1")
RUNS = ("toy", "--unfinished", "--since 3d", "--key 0", "--clean --yes", "--format json", "--verdict fails", "Ü")
CLAIMS = ("toy", "--all", "--sweeps", "--format json", "--verdict holds", "cot-depht", "--preset quick")
DATA = ("text", "pita", "cifar10")
MADE = {
    "rows.csv": "prompt,sample,unsafe\n" + "".join(f"p{i % 5},{i // 5},{int(i % 3 == 0)}\n" for i in range(60)),
    "counts.csv": "prompt,samples,unsafe\na,10,3\nb,20,0\nc,5,5\n",
    "words.csv": "prompt;sample;unsafe\r\na;0;yes\r\na;1;no\r\nb;0;JA\r\n",
    "lines.jsonl": '{"prompt": "a", "unsafe": true}\n{"prompt": "b", "unsafe": 0}\n',
    "loss.log": "step 10 | loss 3.2\nstep 20 | loss nan\nstep 30 | loss 2.9\n",
    "text.txt": "A short text.\n\nAnother one, with ü and α.\n" * 20,
    "net.py": "import torch\n\ndef build(width):\n    return torch.nn.Linear(4, width)\n",
    "empty": "",
}


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status (None: it hung), and what it printed."""

    status: int | None
    printed: str


def main() -> int:
    """Draw, run and judge the commands; print those that are at fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=200, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="seed of the commands")
    parser.add_argument("--files", type=Path, help="folder of files to give to the commands, besides those made here")
    parser.add_argument("--show", action="store_true", help="print every command, not only those at fault")
    asked = parser.parse_args()
    drawn = random.Random(asked.seed)
    _import_everything()
    faults, counts, started = 0, dict.fromkeys(STATUSES, 0), time.monotonic()
    with tempfile.TemporaryDirectory() as root:
        inputs = _inputs(Path(root) / "inputs", asked.files)
        made = _finished_runs(Path(root) / "made")
        names = sorted(path.name for path in made.glob("toy/2*"))
        for index in range(asked.commands):
            place = Path(root) / f"{index}"
            (place / "work").mkdir(parents=True)
            (place / "home").mkdir()
            file = _mutated(drawn, drawn.choice(inputs), place)
            if drawn.random() < 0.7:
                _copy_runs(drawn, made, place / "work" / "runs")
            command = _command(drawn, str(file), names)
            before = _digest(file)
            ended = _run(command, place)
            for fault in _faults(ended, place, file, before):
                faults += 1
                print(f"{index}: solv {shlex.join(command)}\n    {fault}\n    {ended.printed.strip()[-600:]}")
            if asked.show:
                print(f"{ended.status}: solv {shlex.join(command)[:150]}\n    {ended.printed.strip()[-150:]!r}")
            if ended.status in counts:
                counts[ended.status] += 1
            shutil.rmtree(place)
    statuses = ", ".join(f"{count} with {status}" for status, count in counts.items())
    print(f"{asked.commands} commands in {time.monotonic() - started:.0f} s: {statuses}; {faults} faults")
    return 1 if faults else 0


def _command(drawn: random.Random, file: str, runs: list[str]) -> list[str]:
    stem = Path(file).stem
    kinds = [
        lambda: ["list", *_some(drawn, NAMES, 1)],
        lambda: ["show", drawn.choice(NAMES), *_overrides(drawn), *_preset(drawn)],
        lambda: ["theory", drawn.choice(NAMES), *_overrides(drawn), *_format(drawn), *_plot(drawn, file)],
        lambda: ["run", "toy", *_overrides(drawn), *_preset(drawn), *_options(drawn, file)],
        lambda: ["sweep", "toy", *_overrides(drawn), *_some(drawn, ("--status", "--fresh", "x=1,2", "seed=0,1"), 3)],
        lambda: ["runs", *_some(drawn, RUNS, 3)],
        lambda: ["claims", *_some(drawn, CLAIMS, 3), *drawn.choice(([], ["--runs-dir", file]))],
        lambda: ["compare", *drawn.sample(runs, 2), *_some(drawn, ("--format json", "--plot out.png", "/"), 1)],
        lambda: ["compare", *_some(drawn, (*NAMES, *runs, "/", "0", "*"), 3), file],
        lambda: ["report", "-o", "out.html", *_some(drawn, ("--all", "toy", "--sweeps", *runs), 2)],
        lambda: ["fit", "asr", file, *_plot(drawn, file), *_some(drawn, FIT, 2)],
        lambda: ["fit", drawn.choice(("laws", "asr", "loss", "")), file],
        lambda: ["coordinate-check", f"{stem}:{drawn.choice(('build', 'make', ''))}", "--widths", _widths(drawn)],
        lambda: ["data", "text", "make", "--source", "folder", "--from", file, "--out", "out", *_some(drawn, TEXT, 2)],
        lambda: ["data", drawn.choice(DATA), drawn.choice(("show", "check", "stats")), file, *_some(drawn, WORDS, 1)],
        lambda: ["doctor", *_format(drawn), *_some(drawn, ("--runs-dir", file, "/proc/none"), 2)],
        lambda: [*_some(drawn, ("run", "--help", "fly", "--version", file, "-x", "data", "fit", "text"), 3)],
    ]  # fmt: skip
    return [word for word in drawn.choice(kinds)() if "\0" not in word]


def _overrides(drawn: random.Random) -> list[str]:
    bad = [f"{drawn.choice(KEYS)}={drawn.choice(WORDS)}" for _ in range(drawn.choice((0, 0, 1, 2)))]
    return [*_some(drawn, GOOD, 2), *bad]


def _widths(drawn: random.Random) -> str:
    return drawn.choice(("4,8", "4,8", "4", "a,b", "8,4,-1"))


def _preset(drawn: random.Random) -> list[str]:
    return drawn.choice(([], [], ["--preset", "smoke"], ["--preset", drawn.choice(WORDS)]))


def _format(drawn: random.Random) -> list[str]:
    return drawn.choice(([], ["--format", "json"], ["--format", "xml"], ["--format"]))


def _plot(drawn: random.Random, file: str) -> list[str]:
    return drawn.choice(([], [], ["--plot", "out.png"], ["--plot", f"{file}/out.png"], ["--plot", "out.gif"]))


def _options(drawn: random.Random, file: str) -> list[str]:
    folder = drawn.choice(("out", file, "/proc/none", "out/ü = 1, (2)"))
    choices = (["--runs-dir", folder], ["--part", drawn.choice(WORDS)], ["--wandb", drawn.choice(("disabled", "off"))])
    return [word for option in choices if drawn.random() < 0.3 for word in option]


def _some(drawn: random.Random, words: tuple[str, ...], most: int) -> list[str]:
    return [part for _ in range(drawn.randrange(most + 1)) for part in _parts(drawn.choice(words))]


def _parts(word: str) -> list[str]:
    """Return an option and its value as two words."""
    return word.split(" ") if word.startswith("--") else [word]


def _finished_runs(place: Path) -> Path:
    """Return the folder of three runs and a sweep of two points."""
    (place / "work").mkdir(parents=True)
    (place / "given").mkdir()
    (place / "home").mkdir()
    for command in (["run", "toy", "x=[1,2]"], ["sweep", "toy", "x=1,2"], ["run", "toy", "seed=7"]):
        assert _run(command, place).status == 0
    return place / "work" / "runs"


def _copy_runs(drawn: random.Random, made: Path, runs: Path) -> None:
    """Copy the runs, one file of them damaged or none."""
    shutil.copytree(made, runs)
    file = drawn.choice(sorted(path for path in runs.rglob("*") if path.is_file()))
    kind = drawn.choice(("whole", "truncated", "changed", "absent"))
    if kind == "absent":
        file.unlink()
    else:
        file.write_bytes(_changed(drawn, file.read_bytes(), kind))


def _changed(drawn: random.Random, content: bytes, kind: str) -> bytes:
    if kind == "truncated":
        return content[: drawn.randrange(len(content) + 1)]
    if kind == "changed" and content:
        changed = bytearray(content)
        for _ in range(drawn.randrange(1, 6)):
            changed[drawn.randrange(len(changed))] = drawn.randrange(256)
        return bytes(changed)
    return content * 2 if kind == "doubled" else content


def _inputs(folder: Path, given: Path | None) -> list[Path]:
    folder.mkdir()
    for name, text in MADE.items():
        (folder / name).write_text(text, encoding="utf-8")
    found = sorted(path for path in folder.iterdir() if path.is_file())
    if given is not None:
        found += sorted(path for path in given.rglob("*") if path.is_file() and path.stat().st_size < 10**7)
    return found


def _mutated(drawn: random.Random, file: Path, place: Path) -> Path:
    """Return a copy of a file as it is, truncated, with bytes changed, doubled, or the folder that it stands in."""
    kind = drawn.choice(("whole", "whole", "truncated", "changed", "doubled", "folder", "absent"))
    content = _changed(drawn, file.read_bytes(), kind)
    copy = place / "given" / file.name
    copy.parent.mkdir()
    if kind != "absent":
        copy.write_bytes(content)
    return copy.parent if kind == "folder" else copy


def _digest(path: Path) -> str:
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    content = b"".join(each.read_bytes() for each in files if each.exists() and not {*WRITTEN, "toy"} & set(each.parts))
    return hashlib.sha256(content).hexdigest()


def _faults(ended: Ended, place: Path, file: Path, before: str) -> list[str]:
    found = []
    if ended.status is None:
        found.append(f"it did not end within {SECONDS:.0f} s")
    elif ended.status not in STATUSES:
        found.append(f"exit status {ended.status}")
    for word in ("Traceback (most recent call last)", "internal error"):
        if word in ended.printed:
            found.append(f"it says: {word}")
    if _digest(file) != before:
        found.append("it changed its input")
    left = [path for path in (place / "work").iterdir() if path.name not in WRITTEN]
    left += [path for path in (place / "home").glob("*/*") if path.name != "matplotlib"]
    left += [
        path
        for path in (place / "given").iterdir()
        if path.name not in (file.name, "__pycache__") and path.parent != file
    ]
    return found + [f"it wrote {path.relative_to(place)}" for path in left]


def _import_everything() -> None:
    for name in [name for name in os.environ if name.startswith(("SOLV_", "WANDB_", "HYDRA_", "XDG_"))]:
        del os.environ[name]
    os.environ |= {"WANDB_MODE": "disabled", "OMP_NUM_THREADS": "1", "COLUMNS": "120", "PYTHONDONTWRITEBYTECODE": "1"}
    import torch

    from solv.cli import main as _main  # noqa: F401
    from solv.harness import catalog, compose, runner  # noqa: F401
    from solv.harness.sweep import engine  # noqa: F401

    torch.set_num_threads(1)
    for name in ("toy", "cot-depth"):
        catalog.load(name)


def _run(command: list[str], place: Path) -> Ended:
    """Run a command in a fork of this process."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _become(command, place)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            printed = (place / "printed").read_text(encoding="utf-8", errors="replace")
            return Ended(os.waitstatus_to_exitcode(status), printed)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Ended(None, (place / "printed").read_text(encoding="utf-8", errors="replace"))


def _become(command: list[str], place: Path) -> None:
    status: object = 99
    try:
        os.setsid()
        printed = os.open(place / "printed", os.O_WRONLY | os.O_CREAT)
        for number, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, printed), (2, printed)):
            os.dup2(source, number)
        os.chdir(place / "work")
        os.environ["HOME"] = str(place / "home")
        sys.path.insert(0, str(place / "given"))
        sys.argv = ["solv", *command]
        from solv.cli.main import main as solv

        solv()
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status if isinstance(status, int) else 0 if status is None else 1)


if __name__ == "__main__":
    sys.exit(main())
