"""Does any command line end in a traceback, hang, or write where nobody told it to?

    python benchmarks/fuzz_commands.py --commands 200 --seed 0 --files FOLDER

Draws command lines from the grammar that the command line itself has - commands, arguments, options, with overrides,
names and files, some as they should be, some not; the files, and those of finished runs, whole, truncated or with bytes
changed. Each runs in a process of its
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
from typing import Any, TypeAlias

Command: TypeAlias = tuple[list[str], list[Any]]  # its words and its parameters

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "end_to_end" / "sweep" / "toy")]

SECONDS = 60.0
STATUSES = (0, 1, 2, 130)
WRITTEN = ("runs", "out", "out.png", "out.html", "out.lean")  # what a command is told to write
CACHES = ("matplotlib", "solv")  # below ~/.config and ~/.cache
NAMES = ("toy", "toy", "toy", "cot-depth", "cot-depht", "", "--", "Ü")
WORDS = (
    *("2", "-1", "0", "1e400", "nan", "inf", ".inf", "[1,2]", "[]", "[1,[2]]", "1,2", "1,,2", "range(0,1,0.3)", "null"),
    *("true", "''", "'a b'", "a=b", "${seed}", "${", "}", "\\", "ü", "~", "#", "{a: 1}", "{", "(", "choice(1,1)"),
    *("interval(0,1)", "glob(*)", "1e3", "007", "0x10", " ", "\n", "\t", "x" * 300, "-", "--", "%s", "../..", "\udcff"),
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
    *("simulation.repeats", "simulation", "sweep.axes", "hydra.job.name", "+new", "~x", "++x", "experiment"),
    *("hydra/launcher", "nothing"),
)
GOOD = ("x=[1,2]", "slope=2", "cells=3", "seed=5", "offset=-0.5", "threads=1")
AXES = ("x=1,2", "seed=0,1", "x=range(0,1,0.3)", "slope=1,1.0")
NUMBERS = ("1", "0", "2", "3", "5", "100", "-1", "0.5", "nan", "1e3", "x", "")
FILE, RUN, MODULE = "<file>", "<run>", "<module>"  # stand for one drawn for this command
VALUES = {
    "name": NAMES,
    "names": NAMES,
    "overrides": GOOD,
    "preset": ("smoke", "quick", *WORDS),
    "part": ("parabola", *WORDS),
    "device": ("cpu", "cuda:9", "x"),
    "wandb": ("disabled", "off", "onlin", ""),
    "launcher": ("local", "grid", "", "joblib", "slurm"),
    "runs_dir": ("out", "out/ü = 1, (2)", FILE, "/proc/none"),
    "--format": ("table", "json", "csv", "xml"),
    "verdict": ("holds", "fails", "not run", "x"),
    "since": ("3d", "2026-01-01", "99999999999w", "x", ""),
    "key": ("0", "ü", ""),
    "pictures": ("parabola", "all", "x"),
    "other": (RUN, *NAMES),
    "font": ("9", "0", "x"),
    "chosen": (RUN, RUN, RUN, *NAMES, "/", "0", "*", FILE),
    "factory": (MODULE,),
    "widths": ("4,8", "4,8", "4", "a,b", "8,4,-1"),
    "plot": ("out.png", "out.gif", f"{FILE}/out.png", "nowhere/out.svg"),
    "--output": ("out.html", "out.html", f"{FILE}/out.html", "/proc/none.html"),
    "out": ("out", "out", f"{FILE}/out", "/proc/none"),
    "lean": ("out.lean", f"{FILE}/out.lean", "/proc/none.lean"),
    "file": (FILE,),
    "folder": ("out", FILE),
    "place": (FILE, FILE, "/nowhere"),
    "source": ("folder", "folder", "library", "hf", "x"),
    "split": ("full", "imply", "or", "php", "train", "x"),
    "pattern": ("*", "*.csv", "**", "["),
    "tokenizer": ("bytes", FILE, "x"),
}
ANYTHING = (*NUMBERS, *WORDS, "json", FILE)  # for what stands not in the table
WEIGHTS = {"run": 5, "sweep": 5, "compare": 4, "fit": 4, "data": 1}  # others: 2
COSTLY = {"state_limit": "10", "count": "20"}  # always given, as what is usual takes more than a fuzz has
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
        made = _made(Path(root) / "made")
        names, commands = sorted(path.name for path in made.glob("runs/toy/2*")), _commands()
        for index in range(asked.commands):
            place = Path(root) / f"{index}"
            (place / "work").mkdir(parents=True)
            (place / "home").mkdir()
            file = _mutated(drawn, drawn.choice(inputs), place)
            if drawn.random() < 0.7:
                _copy(drawn, made / "runs", place / "work" / "runs")
            if drawn.random() < 0.5:
                _copy(drawn, made / drawn.choice(("shards", "proofs")), place / "work" / "out")
            command = _command(drawn, commands, str(file), names)
            before = _digest(file)
            ended = _run(command, place)
            for fault in _faults(ended, place, file, before, debug="--debug" in command):
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


def _commands() -> list[Command]:
    """Return the words of each command with its parameters, as the command line itself has them."""
    import typer

    from solv.cli.main import app

    def below(command: Any, words: list[str]) -> list[Command]:
        if hasattr(command, "commands"):
            return [found for name, each in command.commands.items() for found in below(each, [*words, name])]
        return [(words, list(command.params))] * WEIGHTS.get(words[0], 2)

    return below(typer.main.get_command(app), [])


def _command(drawn: random.Random, commands: list[Command], file: str, runs: list[str]) -> list[str]:
    if drawn.random() < 0.05:
        chosen = _some(drawn, ("run", "--help", "fly", "--version", file, "-x", "data", "fit", "text"), 3)
    else:
        words, parameters = drawn.choice(commands)
        chosen = [*words, *(part for each in parameters for part in _given(drawn, words, each))]
    stands_for = {FILE: file, RUN: drawn.choice(runs)}
    stands_for[MODULE] = f"{Path(file).stem}:{drawn.choice(('build', 'make', ''))}"
    for sign, text in stands_for.items():
        chosen = [part.replace(sign, text) for part in chosen]
    return [part for part in chosen if "\0" not in part]


def _given(drawn: random.Random, words: list[str], parameter: Any) -> list[str]:
    """Return the words with which a parameter is given, none where it is left out."""
    name, option = parameter.name, parameter.opts[-1]
    if name == "overrides":
        return _overrides(drawn, sweeps=words == ["sweep"])
    if name in ("name", "names") and words[0] in ("run", "sweep"):
        return ["toy"]  # what the others compute takes longer
    if words == ["new"] and name == "name":
        return [drawn.choice(("my-law", "my-law", *NAMES, *WORDS))]
    values = VALUES.get(option if option in VALUES else name, ANYTHING)
    if parameter.param_type_name == "argument":
        most = 3 if parameter.nargs == -1 else 1
        count = most if parameter.required and drawn.random() < 0.9 else drawn.randrange(most + 1)
        return [_value(drawn, values) for _ in range(count)]
    if name in COSTLY and drawn.random() < 0.9:
        return [option, COSTLY[name]]
    if drawn.random() < (0.1 if name == "debug" else 0.95 if parameter.required else 0.15):
        return [option] if parameter.is_flag else [option, _value(drawn, values)]
    return []


def _value(drawn: random.Random, values: tuple[str, ...]) -> str:
    """Return one of the values, half of the time the first of them, which is a good one."""
    return values[0] if drawn.random() < 0.5 else drawn.choice(values)


def _overrides(drawn: random.Random, *, sweeps: bool) -> list[str]:
    bad = [f"{drawn.choice(KEYS)}={drawn.choice(WORDS)}" for _ in range(drawn.choice((0, 0, 0, 1, 2)))]
    return [*_some(drawn, GOOD, 2), *(_some(drawn, AXES, 2) if sweeps else []), *bad]


def _some(drawn: random.Random, words: tuple[str, ...], most: int) -> list[str]:
    return [drawn.choice(words) for _ in range(drawn.randrange(most + 1))]


def _made(place: Path) -> Path:
    """Return a folder with three runs, a sweep of two points, shards of a text and proofs."""
    for name in ("work", "given", "home"):
        (place / name).mkdir(parents=True)
    (place / "work" / "text.txt").write_text(MADE["text.txt"], encoding="utf-8")
    for command in (
        ["run", "toy", "x=[1,2]"],
        ["sweep", "toy", "x=1,2"],
        ["run", "toy", "seed=7"],
        ["data", "text", "make", "--source", "folder", "--from", "text.txt", "--validation", "0.1", "--out", "shards"],
        ["data", "pita", "make", "--leaves", "3", "--count", "20", "--out", "proofs"],
    ):
        ended = _run(command, place)
        assert ended.status == 0, ended
    return place / "work"


def _copy(drawn: random.Random, made: Path, to: Path) -> None:
    """Copy a folder, one file of it damaged or none."""
    shutil.copytree(made, to)
    file = drawn.choice(sorted(path for path in to.rglob("*") if path.is_file()))
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


def _faults(ended: Ended, place: Path, file: Path, before: str, *, debug: bool) -> list[str]:
    found = []
    if ended.status is None:
        found.append(f"it did not end within {SECONDS:.0f} s")
    elif ended.status not in STATUSES:
        found.append(f"exit status {ended.status}")
    for word in ("Traceback (most recent call last)", "internal error"):
        if word in ended.printed and not debug:
            found.append(f"it says: {word}")
    if _digest(file) != before:
        found.append("it changed its input")
    written = [path for path in (place / "work").iterdir() if path.name not in WRITTEN]
    left = [path for path in written if path.name not in ended.printed]  # a file that is named may have any name
    left += [path for path in (place / "home").glob("*/*") if path.name not in CACHES]
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
    os.environ |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
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
