"""How many CPU threads does torch take? One, where products are so small that threads wait longer than they compute."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread(device: str = "cpu") -> Iterator[None]:
    """Keep torch to one thread inside the block; on another device than the CPU change nothing."""
    threads = torch.get_num_threads()
    if device == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
