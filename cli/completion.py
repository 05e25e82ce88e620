"""What can be typed next? Experiment names, presets, override keys and values, without importing anything heavy.

The keys come from the text of the experiment's module (an AST, not an import): completion answers before torch,
pandas or Hydra could be loaded.
"""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

_ROOT = Path(__file__).resolve().parent.parent
_SIMPLE = {"real", "reals", "integer", "integers", "text", "texts", "flag"}


@dataclass(frozen=True)
class Key:
    """One override key.

    Attributes:
        name: as typed, `group.key` for a nested one.
        meaning: one line.
        values: what completes after `=`: the choices, true and false, or the default as it is written.
    """

    name: str
    meaning: str
    values: tuple[str, ...]


def names(incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield experiment names with their question."""
    from solv.harness.catalog import CATALOG

    for entry in CATALOG:
        if entry.name.startswith(incomplete):
            yield entry.name, entry.question


def more_names(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield the experiment names that have not been typed yet."""
    typed = context.params.get("names") or []
    yield from (pair for pair in names(incomplete) if pair[0] not in typed)


def presets_of_experiment(context: typer.Context, incomplete: str) -> list[str]:
    """Return the presets of the experiment that was typed, or those that every experiment has."""
    from solv.harness.presets import presets

    name = str(context.params.get("name"))
    known = presets(name) if _is_known(name) else ["smoke", "quick", "paper"]
    return [preset for preset in known if preset.startswith(incomplete)]


def overrides(context: typer.Context, incomplete: str) -> list[str] | list[tuple[str, str]]:
    """Return what completes an override: keys as `key=`, then the valid or default values of that key.

    Bash takes `key=value` for three words and wants the third alone; other shells pass and want the whole. A key that
    is the only one left comes with its values, since a shell puts a space behind a single answer.
    """
    name = context.params.get("name")
    if not _is_known(name):
        return []
    found = {key.name: key for key in keys(str(name))}
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


def _values_of(found: dict[str, Key], name: str, value: str) -> list[str]:
    return [choice for choice in (found[name].values if name in found else ()) if choice.startswith(value)]


def runs(incomplete: str) -> list[str]:
    """Return the names of the run directories in the folder that holds them, newest first."""
    folder = Path(os.environ.get("SOLV_RUNS_DIR") or "runs").expanduser()
    found = [path.name for path in folder.glob("*/[0-9]*-[0-9]*-*") if path.name.startswith(incomplete)]
    return sorted(found, reverse=True) + [name for name, _ in names(incomplete)]


def keys(name: str) -> list[Key]:
    """Return the override keys of an experiment, its own first, read from the source of its settings."""
    classes, config = _settings(f"solv.experiments.{name.replace('-', '_')}.experiment", set())
    found = list(_fields(classes[config], classes)) if config else []
    return [*found, *_fields(classes["RunSettings"], classes)]


def _is_known(name: object) -> bool:
    from solv.harness.catalog import names as known

    return name in known()


def _settings(module: str, seen: set[str]) -> tuple[dict[str, ast.ClassDef], str]:
    """Return the classes of a module and of the modules of `experiments` it imports from, and which is the settings."""
    seen.add(module)
    tree = ast.parse((_ROOT / f"{module.removeprefix('solv.').replace('.', '/')}.py").read_text(encoding="utf-8"))
    classes: dict[str, ast.ClassDef] = {}
    config = ""
    for node in tree.body:
        if (
            isinstance(node, ast.ImportFrom)
            and str(node.module).startswith(("solv.experiments.", "solv.harness."))
            and node.module not in seen
        ):
            others, found = _settings(str(node.module), seen)
            classes, config = {**others, **classes}, config or found
        elif isinstance(node, ast.ClassDef):
            classes[node.name] = node
            config = node.name if any(_called(base) == "RunSettings" for base in node.bases) else config
    return classes, config


def _fields(node: ast.ClassDef, classes: dict[str, ast.ClassDef], prefix: str = "") -> Iterator[Key]:
    for statement in node.body:
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            continue
        call, name = statement.value, f"{prefix}{statement.target.id}"
        if not isinstance(call, ast.Call):
            continue
        kind = _called(call.func)
        if kind == "group" and _called(call.args[0]) in classes:
            yield from _fields(classes[_called(call.args[0])], classes, f"{name}.")
        elif kind in _SIMPLE:
            yield Key(name, _text(call.args[1]), _values(kind, call))


def _values(kind: str, call: ast.Call) -> tuple[str, ...]:
    if kind == "flag":
        return ("true", "false")
    for keyword in call.keywords:
        if keyword.arg == "choices" and isinstance(keyword.value, ast.Tuple | ast.List):
            return tuple(_text(item) for item in keyword.value.elts)
    default = call.args[0]
    if isinstance(default, ast.List | ast.Tuple) and all(isinstance(item, ast.Constant) for item in default.elts):
        return ("[" + ",".join(_text(item) for item in default.elts) + "]",)
    return (_text(default),) if isinstance(default, ast.Constant) and "$" not in _text(default) else ()


def _called(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr) -> str:
    if not isinstance(node, ast.Constant):
        return ""
    return "null" if node.value is None else str(node.value)
