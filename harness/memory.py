"""Does memory that was freed go back to the system? Not before there is much of it: a training step asks for it again.

The C library gives large arrays back as soon as they are freed, and each of the next step's costs a page fault for
every four thousand bytes: up to half of a step that makes arrays of some megabytes. Numbers do not change.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of mallopt, as malloc.h of the GNU C library has them
_KEPT, _AT_ONCE, _LARGEST = 1 << 29, 1 << 26, 1 << 25  # bytes; 32 MiB is the most that the library takes for an array


def keep_freed_memory() -> bool:
    """Keep up to 512 MiB of freed memory in this process, arrays of up to 32 MiB among it.

    Returns:
        Whether the C library does so; only that of GNU can be told to.
    """
    tell = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if tell is None:
        return False
    kept = {_TRIM_THRESHOLD: _KEPT, _TOP_PAD: _AT_ONCE, _MMAP_THRESHOLD: _LARGEST}
    return {tell(option, size) for option, size in kept.items()} == {1}
