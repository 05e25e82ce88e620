"""What can be typed next? Experiment names, presets, override keys and values, without importing anything heavy.

The keys come from the module of the experiment's settings, which stands apart from what computes: completion answers
without torch, NumPy, pandas or Hydra.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from solv.harness.settings import Key


def names(incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield experiment names with their question."""
    from solv.harness.catalog import entries

    for entry in entries():
        if entry.name.startswith(incomplete):
            yield entry.name, entry.question


def parts(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the parts of the experiment that was typed, behind those that are named already."""
    name = _name(context)
    if not _is_known(name):
        return []
    from solv.harness.catalog import load

    head, comma, last = incomplete.rpartition(",")
    named = head.split(",")
    return [
        (f"{head}{comma}{part.name}", part.question)
        for part in load(name).parts
        if part.name.startswith(last) and part.name not in named
    ]


def more_names(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield the experiment names that have not been typed yet."""
    typed = context.params.get("names") or []
    yield from (pair for pair in names(incomplete) if pair[0] not in typed)


def presets_of_experiment(context: typer.Context, incomplete: str) -> list[str]:
    """Return the presets of the experiment that was typed, or those that every experiment has."""
    from solv.harness.presets import presets

    name = _name(context)
    known = presets(name) if _is_known(name) else ["smoke", "quick", "reference", "paper"]
    return [preset for preset in known if preset.startswith(incomplete)]


def overrides(context: typer.Context, incomplete: str) -> list[str] | list[tuple[str, str]]:
    """Return what completes an override: keys as `key=`, then the valid or default values of that key.

    Bash takes `key=value` for three words and wants the third alone; other shells pass and want the whole. A key that
    is the only one left comes with its values, since a shell puts a space behind a single answer.
    """
    name = _name(context)
    if not _is_known(name):
        return []
    found = {key.name: key for key in keys(name)}
    typed = [str(text) for text in context.params.get("overrides") or []]
    if not incomplete and typed and typed[-1] in found:  # Typer hands on a last word `=` as an empty one
        return _values_of(found, typed[-1], "")
    if typed and typed[-1] == "=":
        return _values_of(found, typed[-2] if len(typed) > 1 else "", incomplete)
    stem, equals, value = incomplete.partition("=")
    if equals:
        return [f"{stem}={choice}" for choice in _values_of(found, stem, value)]
    given = {text.partition("=")[0] for text in typed}
    left = [key for key in found.values() if key.name.startswith(incomplete) and key.name not in given]
    offered = [(f"{key.name}=", key.meaning) for key in left]
    if len(left) == 1:
        offered += [(f"{left[0].name}={value}", left[0].meaning) for value in left[0].values]
    return offered


def _values_of(found: "dict[str, Key]", name: str, value: str) -> list[str]:
    return [choice for choice in (found[name].values if name in found else ()) if choice.startswith(value)]


def runs(incomplete: str) -> list[str]:
    """Return the names of the run directories in the folder that holds them, newest first."""
    folder = Path(os.environ.get("SOLV_RUNS_DIR") or "runs").expanduser()
    found = [path.name for path in folder.glob("*/[0-9]*-[0-9]*-*") if path.name.startswith(incomplete)]
    return sorted(found, reverse=True) + [name for name, _ in names(incomplete)]


def panels_of_run(context: typer.Context, incomplete: str) -> list[str]:
    """Return the parts and panels of the experiment whose run was typed, and `all`."""
    typed = str(context.params.get("chosen") or "")
    name = typed if _is_known(typed) else Path(typed).expanduser().resolve().parent.name
    if not _is_known(name):
        return []
    from solv.harness.catalog import load

    words = [word for part in load(name).parts for word in (part.name, *(panel.value for panel in part.names))]
    named = context.params.get("pictures") or []
    return [word for word in dict.fromkeys([*words, "all"]) if word.startswith(incomplete) and word not in named]


def keys(name: str) -> "list[Key]":
    """Return the override keys of an experiment, its own first."""
    from solv.harness import settings
    from solv.harness.catalog import entry

    return settings.keys(entry(name).load_settings())


def _name(context: typer.Context) -> str:
    """Return the experiment that was typed; behind an option that still lacks its value it is a word like any other."""
    return str(context.params.get("name") or next(iter(context.args), ""))


def _is_known(name: object) -> bool:
    from solv.harness.catalog import names as known

    return name in known()
