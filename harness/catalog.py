"""Which experiments are there? The ten papers, and those of installed packages that name one as an entry point."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

from solv.harness.entry import Entry, load_object

if TYPE_CHECKING:
    from solv.harness.contract import Experiment

GROUP = "solv.experiments"
BUILT_BY = "solv"
BUILT_IN = (
    "cot_depth",
    "icl_alignment",
    "softmax_law",
    "best_of_k",
    "dmft",
    "moe_transfer",
    "jailbreak",
    "sbd",
    "pita",
    "anytime",
)


class UnknownExperimentError(Exception):
    """No experiment of that name; the message names the nearest."""


_GUESTS: ContextVar[Mapping[str, "Experiment[Any]"]] = ContextVar("guests")


@contextmanager
def present(experiment: "Experiment[Any]") -> Iterator[None]:
    """Let an experiment that is an object of this process be found by its name within the block, installed or not."""
    token = _GUESTS.set({**_GUESTS.get({}), experiment.entry.name: experiment})
    try:
        yield
    finally:
        _GUESTS.reset(token)


@dataclass(frozen=True)
class Broken:
    """An experiment of an installed package that cannot be used.

    Attributes:
        name: its entry point.
        distribution: the package that brings it.
        fault: why, in one line.
    """

    name: str
    distribution: str
    fault: str


@dataclass(frozen=True)
class Catalog:
    """All experiments that were found.

    Attributes:
        entries: those that can be used, by name; the ten papers first.
        origins: the distribution that brings each.
        broken: those that cannot, which stop no other.
    """

    entries: Mapping[str, Entry]
    origins: Mapping[str, str]
    broken: tuple[Broken, ...]


@cache
def catalog() -> Catalog:
    """Return what is there. The ten papers need no installation; others are entry points of the group `GROUP`."""
    entries: dict[str, Entry] = {}
    for module in BUILT_IN:
        entry: Entry = import_module(f"solv.experiments.{module}").ENTRY
        entries[entry.name] = entry
    origins = dict.fromkeys(entries, BUILT_BY)
    broken = []
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name):
        distribution = point.dist.name if point.dist else "?"
        try:
            entry = point.load()
            if not isinstance(entry, Entry):
                raise TypeError(f"{point.value} is not a solv.harness.entry.Entry")
            if entry.name in entries:
                raise ValueError(f"{entry.name} is there already, from {origins[entry.name]}; one of the two must go")
        except Exception as error:
            broken.append(Broken(point.name, distribution, _line(error)))
        else:
            entries[entry.name], origins[entry.name] = entry, distribution
    return Catalog(entries, origins, tuple(broken))


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def entries() -> tuple[Entry, ...]:
    """Return the entries of all experiments that can be used."""
    return tuple(catalog().entries.values())


def names() -> list[str]:
    """Return the names of all experiments."""
    return list(catalog().entries)


def entry(name: str) -> Entry:
    """Return the entry called `name`.

    Raises:
        UnknownExperimentError: there is none, or it is broken.
    """
    guest = _GUESTS.get({}).get(name)
    return guest.entry if guest else _installed_entry(name)


def _installed_entry(name: str) -> Entry:
    found = catalog().entries.get(name)
    if found is not None:
        return found
    for broken in catalog().broken:
        if broken.name == name:
            raise UnknownExperimentError(f"experiment {name!r} of {broken.distribution} is broken: {broken.fault}")
    near = get_close_matches(name, names(), n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"valid: {', '.join(names())}"
    raise UnknownExperimentError(f"unknown experiment {name!r}; {hint} (`solv list` shows all)")


def load(name: str) -> "Experiment[Any]":
    """Import and return the experiment called `name`.

    Raises:
        UnknownExperimentError: there is none.
    """
    return _GUESTS.get({}).get(name) or load_installed(name)


def load_installed(name: str) -> "Experiment[Any]":
    """Import and return the experiment called `name` that is installed, whatever object of that name is present.

    Raises:
        UnknownExperimentError: there is none, or it cannot be imported.
    """
    place = _installed_entry(name).experiment
    try:
        experiment: Experiment[Any] = load_object(place)
    except Exception as error:
        origin = catalog().origins[name]
        if origin == BUILT_BY:
            raise
        raise UnknownExperimentError(f"experiment {name!r} of {origin} is broken: {_line(error)}") from error
    return experiment
