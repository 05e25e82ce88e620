"""Which text is there without a network? The source of Python's standard library, or a folder of the user's."""

import sysconfig
from pathlib import Path

import numpy as np
from jaxtyping import UInt8


def library_bytes(most: int) -> UInt8[np.ndarray, "bytes"]:
    """Return the first `most` bytes of the standard library's top-level modules, in the order of their names."""
    return folder_bytes(sysconfig.get_paths()["stdlib"], most, "*.py")


def folder_bytes(folder: str, most: int, pattern: str = "*") -> UInt8[np.ndarray, "bytes"]:
    """Return the first `most` bytes of a folder's files, in the order of their names.

    Raises:
        ValueError: the folder holds no such file.
    """
    files = [path for path in sorted(Path(folder).expanduser().glob(pattern)) if path.is_file()]
    if not files:
        raise ValueError(f"no file {pattern} in {folder}")
    found = bytearray()
    for path in files:
        found += path.read_bytes()
        if len(found) >= most:
            break
    return np.frombuffer(bytes(found[:most]), dtype=np.uint8)
