"""Where does matplotlib keep its fonts where there is no home to write to? In a folder of one's own below /tmp."""

import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path


def place_for_fonts() -> None:
    """Set MPLCONFIGDIR where matplotlib's own folders cannot be written: it would say so and look for fonts each time.

    The workers of a sweep inherit it.
    """
    if os.environ.get("MPLCONFIGDIR") or not sys.platform.startswith("linux"):
        return
    if all(map(_writable, ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"), ("~/.config", "~/.cache"))):
        return
    with suppress(OSError):  # no temporary folder either: matplotlib says what it needs
        folder = Path(tempfile.gettempdir()) / f"solv-fonts-{os.getuid()}"
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
        os.environ["MPLCONFIGDIR"] = str(folder) if own else tempfile.mkdtemp(prefix="solv-fonts-")


def _writable(variable: str, usual: str) -> bool:
    """Return whether matplotlib can write, or make, its folder below the one of a variable."""
    try:
        folder = Path(os.environ.get(variable) or usual).expanduser() / "matplotlib"
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        return folder.is_dir() and os.access(folder, os.W_OK)
    except (OSError, RuntimeError):  # not to be looked at, or nobody's home
        return False
