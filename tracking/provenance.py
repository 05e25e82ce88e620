"""What made this run? Versions, commit, machine and a fingerprint of the code - never a credential."""

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib import metadata, util
from pathlib import Path

DISTRIBUTION = "solvable-learning"  # on PyPI the name `solv` is another project's
_LIBRARIES = ("numpy", "scipy", "pandas", "torch", "hydra-core")
_SOLV = Path(__file__).parents[1]  # the folder of the package; its rooms may be links
_SHARED = ("harness", "theory", "models", "data")  # rooms whose folders of other papers decide nothing
_ROOT = Path(__file__).resolve().parents[1]


@cache
def code_fingerprint(experiment: str) -> str:
    """Return a hash of the source that decides a run's numbers: only under the same one is a run resumed.

    It covers the shared rooms and the paper's own folders, not those of the other papers; of an experiment from
    elsewhere, the package that it stands in.

    Args:
        experiment: module of the experiment, e.g. `solv.experiments.cot_depth.experiment`.
    """
    digest = hashlib.sha256()
    papers = {path.name for path in (_SOLV / "experiments").iterdir() if path.is_dir()}
    parts = experiment.split(".")
    own = parts[2] if parts[:2] == ["solv", "experiments"] and len(parts) > 2 else ""
    folders = [*_SHARED, *([f"experiments/{own}"] if own else [])]
    files = [(path.relative_to(_SOLV), path) for folder in folders for path in _source(_SOLV / folder)]
    files = [(name, path) for name, path in files if not (papers - {own}) & set(name.parts[1:-1])]
    if not own:
        files += _files_of(parts[0])
    for name, path in files:
        digest.update(name.as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _files_of(package: str) -> list[tuple[Path, Path]]:
    """Return the source files of a package or module that is not solv's, with the names that they are hashed by."""
    try:
        spec = util.find_spec(package) if package else None
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        return []
    if spec.submodule_search_locations is None:
        return [(Path(package), Path(spec.origin))]
    roots = [Path(place) for place in spec.submodule_search_locations]
    return [(path.relative_to(root.parent), path) for root in roots for path in _source(root)]


def _source(folder: Path) -> list[Path]:
    """Return the code in a folder, and the authors' numbers that are drawn beside ours."""
    return sorted([*folder.rglob("*.py"), *folder.rglob("published.csv")])


@cache
def versions() -> Mapping[str, str]:
    """Return the versions of Python, solv and the libraries that compute."""
    found = {"python": platform.python_version(), "platform": platform.platform(terse=True)}
    for name in (DISTRIBUTION, *_LIBRARIES):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def how_to_install(extra: str) -> str:
    """Return the command that adds an optional part to this installation."""
    if (_ROOT / "pyproject.toml").is_file():
        return f"pip install -e '{_ROOT}[{extra}]'"
    return f"pip install '{DISTRIBUTION}[{extra}]' from where {DISTRIBUTION} was installed from"


def other_owners() -> list[str]:
    """Return the other distributions whose top-level package is called `solv` as well."""
    owners = set(metadata.packages_distributions().get("solv", [])) - {DISTRIBUTION}
    return sorted(name for name in owners if not _is_checkout(name))


def _is_checkout(distribution: str) -> bool:
    """Return whether it is a folder of the person's own that was installed in place, under whatever name."""
    origin = metadata.distribution(distribution).read_text("direct_url.json")
    return bool(origin and json.loads(origin).get("dir_info", {}).get("editable"))


def git_commit() -> str | None:
    """Return the commit of the checkout that this code lies in ("-dirty" if changed), None outside a checkout."""
    if not (_ROOT / ".git").exists():
        return None
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty", "--exclude=*"],  # noqa: S607 - the user's git
            cwd=_ROOT,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None
