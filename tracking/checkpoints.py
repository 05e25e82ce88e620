"""How does a training survive a kill? Its whole state, written atomically and read back without running any code."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solv.tracking.files import replacing


@dataclass(frozen=True)
class TrainingCheckpoint:
    """The place of one training's state: model, optimiser, generators and data position, as tensors and numbers."""

    path: Path

    def save(self, state: Mapping[str, Any]) -> None:
        """Write the state, replacing the former one in a single step."""
        import torch

        with replacing(self.path) as temporary:
            torch.save(dict(state), temporary)

    def load(self) -> dict[str, Any] | None:
        """Return the last state saved; None if there is none or it cannot be read whole."""
        import torch

        try:
            state: dict[str, Any] = torch.load(self.path, weights_only=True, map_location="cpu")
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
            return None
        return state
