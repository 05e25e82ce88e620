"""What does the catalogue know of an experiment? Name, paper and where its code is, without importing any of it."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Paper:
    """The paper that an experiment reproduces.

    Attributes:
        title, authors: as on its first page.
        arxiv: its number there, e.g. `2606.03217`.
    """

    title: str
    authors: str
    arxiv: str


@dataclass(frozen=True)
class Entry:
    """One line of `solv list`.

    Attributes:
        name: the one name of the experiment on the command line, in configurations and in run directories.
        paper: what it reproduces.
        question: what it asks, in one sentence.
        axes: settings that it is natural to sweep over.
        expected: preset -> expected time of one CPU core (paper: on a GPU), in words.
        settings: `module:Class` of its settings; the module imports neither numpy nor torch.
        experiment: `module:OBJECT`, its `solv.harness.contract.Experiment`.
        configs: package whose folder `experiment/<name>` holds its presets; None: `quick` is the defaults.
        docs: address of a page about it.
    """

    name: str
    paper: Paper
    question: str
    axes: tuple[str, ...]
    expected: dict[str, str]
    settings: str
    experiment: str
    configs: str | None = "solv.configs"
    docs: str = ""

    def load_settings(self) -> type[Any]:
        """Import and return the class of its settings."""
        found: type[Any] = load_object(self.settings)
        return found


def load_object(place: str) -> Any:
    """Import and return what `module:NAME` names."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
