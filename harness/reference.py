"""What did a long run find, once and for all? The reference results that are shipped, read as the runs they are."""

import shutil
from importlib import resources
from pathlib import Path

from solv.harness.catalog import entry
from solv.tracking.runs import RunDirectory, RunDirectoryError, RunStore

PRESET = "reference"
_KEPT = ("config.yaml", "started.json", "curves.parquet", "claims.json", "agreement.csv", "figure.png", "manifest.json")
MOST = 1_000_000  # bytes of one experiment's results


def shipped() -> RunStore:
    """Return the folder of the results that come with this version."""
    return RunStore(Path(str(resources.files("solv.results"))))


def reference(name: str, store: RunStore | None = None) -> RunDirectory:
    """Return the reference run of an experiment.

    Args:
        name: the experiment.
        store: where the results are; those that are shipped by default.

    Raises:
        UnknownExperimentError: there is no such experiment.
        RunDirectoryError: none is shipped.
    """
    found = (store or shipped()).finished(entry(name).name)
    if not found:
        made = f"`solv run {name} --preset {PRESET}` makes it"
        raise RunDirectoryError(f"no reference run of {name} is shipped with this version; {made}")
    return found[0]


def keep(run: RunDirectory, store: RunStore) -> RunDirectory:
    """Copy a finished run into the folder of the results, in the place of the one that is there; return the copy.

    Raises:
        RunDirectoryError: the run cannot be read, is not of the preset `reference`, or is too large to be shipped.
    """
    if fault := run.fault():
        raise RunDirectoryError(fault)
    if run.preset != PRESET:
        raise RunDirectoryError(f"{run.path} is of the preset {run.preset}, not {PRESET}")
    files = [run.path / name for name in _KEPT if (run.path / name).is_file()]
    if (size := sum(path.stat().st_size for path in files)) > MOST:
        raise RunDirectoryError(f"{run.path} holds {size} bytes of results; what is shipped has at most {MOST}")
    earlier = store.runs(run.experiment)
    target = store.root / run.experiment / run.path.name
    target.mkdir(parents=True, exist_ok=True)
    for path in files:
        shutil.copyfile(path, target / path.name)
    for old in earlier:
        if old.path.resolve() != target.resolve():
            shutil.rmtree(old.path)
    return RunDirectory(target)
