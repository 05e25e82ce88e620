"""What does this machine have of what solv needs? Checks, each with what it found and the command that mends it."""

import os
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from solv.tracking.provenance import how_to_install, other_owners
from solv.tracking.wandb_mode import ModeError, decide, has_login

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow", "hydra-core", "matplotlib", "plotly")
_LAUNCHERS = (
    ("joblib", "hydra_plugins.hydra_joblib_launcher"),
    ("ray", "ray"),
    ("slurm", "hydra_plugins.hydra_submitit_launcher"),
    ("optuna", "hydra_plugins.hydra_optuna_sweeper"),
)
_ENOUGH_DISK = 2e9  # bytes: a paper run with its checkpoints, and room to write


class State(StrEnum):
    """What a check found."""

    WORKS = "works"
    MISSING = "missing"  # something optional
    BROKEN = "broken"  # something that solv cannot do without


@dataclass(frozen=True)
class Check:
    """One line of `solv doctor`: what was looked at, what was found, and the command that mends it."""

    name: str
    state: State
    found: str
    fix: str = ""


def checks(runs_root: Path) -> list[Check]:
    """Return all checks. A check that fails in an unforeseen way is a broken one, not an error.

    Args:
        runs_root: the folder of the run directories, which need not exist yet.

    Cost: a second or two, to import torch.
    """
    found: list[Check] = []
    parts: list[tuple[str, Callable[[], Sequence[Check]]]] = [
        ("python", _python),
        ("libraries", _libraries),
        ("torch", _torch),
        ("threads", _threads),
        ("W&B", _wandb),
        ("datasets", _datasets),
        ("launchers", _launchers),
        ("runs", lambda: _runs(runs_root)),
    ]
    for name, look in parts:
        try:
            found += look()
        except Exception as error:
            found.append(Check(name, State.BROKEN, " ".join(f"{type(error).__name__}: {error}".split())[:200]))
    return found


def _python() -> list[Check]:
    found = [Check("python", State.WORKS, f"{platform.python_version()} at {sys.executable}")]
    for other in other_owners():
        fault = f"the distribution {other} installs a package `solv`, too: which of the two is imported is chance"
        found.append(Check("solv", State.BROKEN, fault, f"pip uninstall {other}"))
    return found


def _libraries() -> list[Check]:
    versions, absent = [], []
    for name in _LIBRARIES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            absent.append(name)
    if absent:
        mend = f"pip install {' '.join(absent)}"
        return [Check("libraries", State.BROKEN, f"not installed: {', '.join(absent)}", mend)]
    return [Check("libraries", State.WORKS, ", ".join(versions))]


def _torch() -> list[Check]:
    if util.find_spec("torch") is None:
        return [Check("torch", State.BROKEN, "not installed", "pip install torch (https://pytorch.org/get-started)")]
    import torch

    checked = [Check("torch", State.WORKS, torch.__version__)]
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
        return [*checked, Check("device", State.WORKS, f"cuda: {', '.join(names)}")]
    if torch.backends.mps.is_available():
        return [*checked, Check("device", State.WORKS, "mps, and cpu")]
    why = "this torch is built without CUDA" if torch.version.cuda is None else "no GPU is found"
    return [*checked, Check("device", State.WORKS, f"cpu alone: {why} (quick presets need no GPU)")]


def cores_at_hand() -> int:
    """Return how many cores of the CPU this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _threads() -> list[Check]:
    import torch

    cores = cores_at_hand()
    threads = torch.get_num_threads()
    found = f"{threads} of {cores} cores"
    if threads > cores:
        slow = f"{found}: more threads than cores slow each other"
        return [Check("threads", State.MISSING, slow, f"solv run NAME threads={cores}")]
    limit = os.environ.get("OMP_NUM_THREADS")
    if threads < cores and limit:
        return [Check("threads", State.WORKS, f"{found} (OMP_NUM_THREADS={limit}; threads={cores} uses all)")]
    return [Check("threads", State.WORKS, found)]


def _wandb() -> list[Check]:
    if util.find_spec("wandb") is None:
        return [Check("W&B", State.MISSING, "not installed: runs are not tracked", "pip install wandb")]
    version = metadata.version("wandb")
    host = urlparse(os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai").hostname or "api.wandb.ai"
    try:
        decision = decide("auto")
    except ModeError as error:
        return [Check("W&B", State.BROKEN, str(error), "export WANDB_MODE=offline")]
    if not has_login():
        found = f"wandb {version}, not logged in: runs are recorded {decision.mode}"
        return [Check("W&B", State.MISSING, found, "wandb login")]
    key = f"key for {host} in WANDB_API_KEY" if os.environ.get("WANDB_API_KEY") else f"logged in to {host}"
    said = "" if decision.mode == "online" else f"; runs are {decision.mode}, as the environment or W&B's settings say"
    return [Check("W&B", State.WORKS, f"wandb {version}, {key}{said}")]


def _datasets() -> list[Check]:
    if util.find_spec("datasets") is None or util.find_spec("transformers") is None:
        text = "drawn by solv itself; hub data and pretrained models are not installed"
        return [Check("datasets", State.MISSING, text, how_to_install("hf"))]
    cache = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    return [Check("datasets", State.WORKS, f"drawn by solv itself; hub data in {cache}")]


def _launchers() -> list[Check]:
    checked = [Check("launcher local", State.WORKS, "always there")]
    for name, module in _LAUNCHERS:
        label = "sweeper optuna" if name == "optuna" else f"launcher {name}"
        if not _is_there(module):
            checked.append(Check(label, State.MISSING, "not installed", how_to_install(name)))
        elif name == "slurm" and shutil.which("sbatch") is None:
            checked.append(
                Check(label, State.MISSING, "the plugin is there, sbatch is not", "run it on a Slurm login node")
            )
        else:
            checked.append(Check(label, State.WORKS, module))
    return checked


def _is_there(module: str) -> bool:
    try:
        return util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _runs(root: Path) -> list[Check]:
    from solv.tracking.runs import RunStore, refuses_locks

    existing = next(folder for folder in (root.absolute(), *root.absolute().parents) if folder.exists())
    other = "export SOLV_RUNS_DIR=/a/folder/you/can/write"
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return [Check("runs", State.BROKEN, f"{root.absolute()} cannot be written: {error.strerror}", other)]
    runs = RunStore(root).runs()
    unfinished = sum(not run.finished for run in runs)
    found = f"{root.absolute()}: {len(runs) - unfinished} finished, {unfinished} unfinished"
    checked = [Check("runs", State.WORKS, found, "solv runs --clean" if unfinished else "")]
    if refuses_locks(existing):
        weaker = f"the file system of {existing} refuses locks: files stand for them, which a kill may leave behind"
        checked.append(Check("locks", State.MISSING, weaker, other))
    usage = shutil.disk_usage(existing)
    text = f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.1f}"
    if usage.free < _ENOUGH_DISK:
        return [*checked, Check("disk", State.BROKEN, f"{text}: too little to finish a run", other)]
    return [*checked, Check("disk", State.WORKS, text)]
