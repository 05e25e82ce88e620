"""What made this run? Versions, commit, machine and a fingerprint of the code - never a credential."""

import hashlib
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGES = ("experiments", "harness", "theory", "models", "data")
_LIBRARIES = ("numpy", "scipy", "pandas", "torch", "hydra-core")
_ROOT = Path(__file__).resolve().parent.parent


@cache
def code_fingerprint() -> str:
    """Return a hash of the source that decides a run's numbers: only under the same one is a run resumed."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((_ROOT / package).rglob("*.py")):
            digest.update(path.relative_to(_ROOT).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def versions() -> Mapping[str, str]:
    """Return the versions of Python, solv and the libraries that compute."""
    found = {"python": platform.python_version(), "platform": platform.platform(terse=True)}
    for name in ("solv", *_LIBRARIES):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


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
