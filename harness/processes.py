"""How do the processes of `torchrun` make one run? The first one leads and keeps the record, the others follow.

Leader and followers run the same `measure`. A unit of work that the leader reads from disk is handed to the followers;
one that it has to compute is computed by all at the same time, so that a trainer inside it finds the others. Only the
leader writes. Across machines the runs directory has to be one that all of them see.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from solv.tracking.checkpoints import TrainingCheckpoint

if TYPE_CHECKING:
    from solv.tracking.runs import RunDirectory

Unit: TypeAlias = Callable[[str, Callable[[], Mapping[str, np.ndarray]]], dict[str, np.ndarray]]


def launched() -> int:
    """Return the number of processes that `torchrun` started; 1 without it, whatever another launcher left behind."""
    return int(os.environ["WORLD_SIZE"]) if "TORCHELASTIC_RUN_ID" in os.environ else 1


def follows() -> bool:
    """Return whether this process is one of several and not the first."""
    return launched() > 1 and int(os.environ["RANK"]) > 0


@dataclass(frozen=True)
class Lead:
    """The first process of a run, or its only one.

    Attributes:
        processes: how many there are.
        device: torch device of this one; None if it is the only one and takes any.
    """

    processes: int = 1
    device: str | None = None

    def begin(self, run: "RunDirectory") -> None:
        """Let the followers begin to measure."""
        if self.processes > 1:
            _say(("measure", str(run.path)))

    def unit(self, unit: Unit) -> Unit:
        """Return a unit of work whose arrays, and whose computation, the followers share."""
        if self.processes == 1:
            return unit

        def shared(name: str, compute: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
            def with_the_others() -> Mapping[str, np.ndarray]:
                _say(("compute", name))
                return compute()

            arrays = unit(name, with_the_others)
            _say(("arrays", arrays))
            return arrays

        return shared


@contextmanager
def leading(device: Callable[[], str]) -> Iterator[Lead]:
    """Join the group as its first process, if there are several, and let the others go at the end.

    Args:
        device: finds the torch device, "cpu" or "cuda"; of several cards a process takes that of its local rank.
    """
    if launched() == 1:
        yield Lead()
        return
    from solv.models.language.sharding import process_group

    with process_group(device()) as own:
        yield Lead(launched(), own)
        _say(("over", None))


@dataclass(frozen=True)
class Follower:
    """A process that computes along and records nothing.

    Attributes:
        device: torch device of this process.
        path: directory of the run.
    """

    device: str
    path: Path

    def unit(self, name: str, compute: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Compute a unit of work along with the leader, if it does; return its arrays."""
        kind, content = _hear()
        if kind == "compute":
            compute()
            kind, content = _hear()
        arrays: dict[str, np.ndarray] = content
        return arrays

    def checkpoint(self, path: Path) -> TrainingCheckpoint:
        """Return the leader's training state, which a follower reads and never writes."""
        return _ReadOnly(path)


@contextmanager
def following(device: str) -> Iterator[Follower | None]:
    """Join the group as one of the others; yields None where there is nothing to measure.

    Args:
        device: "cpu" or "cuda".
    """
    from solv.models.language.sharding import process_group

    with process_group(device) as own:
        kind, content = _hear()
        yield Follower(own, Path(content)) if kind == "measure" else None
        while kind != "over":
            kind, _ = _hear()


class _ReadOnly(TrainingCheckpoint):
    def save(self, state: Mapping[str, Any]) -> None:
        """Leave that to the leader."""


def _say(message: tuple[str, object]) -> None:
    import torch.distributed as dist

    dist.broadcast_object_list([message], src=0)


def _hear() -> tuple[str, Any]:
    import torch.distributed as dist

    heard: list[Any] = [None]
    dist.broadcast_object_list(heard, src=0)
    kind, content = heard[0]
    return kind, content
