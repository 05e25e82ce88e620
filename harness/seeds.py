"""Where does randomness come from? One seed per run, spawned by name for each stream.

A stream depends on the run's seed and on its own name alone, so that adding a repeat, an axis value or a new stream
changes no other one.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Seeds:
    """The seed source of one run.

    Attributes:
        entropy: the run's seed, a non-negative integer.
    """

    entropy: int

    def sequence(self, *name: object) -> np.random.SeedSequence:
        """Return the seed sequence of the stream called `name`, e.g. `sequence("contexts", alpha, repeat)`."""
        digest = hashlib.sha256("/".join(map(_spell, name)).encode()).digest()
        return np.random.SeedSequence(self.entropy, spawn_key=tuple(np.frombuffer(digest, dtype="<u4").tolist()))

    def numpy(self, *name: object) -> np.random.Generator:
        """Return a NumPy generator at the start of the stream called `name`."""
        return np.random.default_rng(self.sequence(*name))

    def integer(self, *name: object) -> int:
        """Return the 63-bit integer that seeds the stream called `name` in a library with its own generator."""
        return int(self.sequence(*name).generate_state(1, np.uint64)[0] >> np.uint64(1))

    def torch(self, *name: object, device: "torch.device | str" = "cpu") -> "torch.Generator":
        """Return a torch generator at the start of the stream called `name`."""
        import torch

        return torch.Generator(device=device).manual_seed(self.integer(*name))


def _spell(part: object) -> str:
    """Spell numbers by value, so that 2 and 2.0 name the same stream."""
    return repr(float(part)) if isinstance(part, int | float) and not isinstance(part, bool) else str(part)
