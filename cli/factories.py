"""Where is the function that a person names as MODULE:FACTORY, and what if their file does not work?"""

import importlib
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

from solv.harness.settings import ConfigurationError

ROOMS = ("cli", "configs", "data", "experiments", "harness", "models", "theory", "tracking")


def load_factory(named: str) -> Callable[..., Any]:
    """Return the callable that MODULE:FACTORY names.

    Args:
        named: a module as it is imported, or a file (`zoo.py`, `./zoo`), from the current folder; after the colon a
            name in it, or a dotted one such as `Factory.build`.

    Raises:
        ConfigurationError: there is none; the module does not import; or its code raises an error.
    """
    module, _, name = named.rpartition(":")
    if not module or not name:
        raise ConfigurationError(f"{named!r} is not MODULE:FACTORY, such as my_model:build")
    found = _import(module, named)
    for part in name.split("."):
        if not hasattr(found, part):
            near = [each for each, value in vars(found).items() if callable(value) and not each.startswith("_")]
            has = f"; callable there: {', '.join(near[:8])}" if near else ""
            raise ConfigurationError(
                f"{named}: {module} ({getattr(found, '__file__', None) or 'built in'}) has no {name}{has}"
            )
        found = getattr(found, part)
    if not callable(found):
        raise ConfigurationError(f"{named} is not a function of the size but a {type(found).__name__}")
    factory: Callable[..., Any] = found
    return factory


def _import(module: str, named: str) -> Any:
    folder, dotted = _place(module, named)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    said = io.StringIO()
    try:
        with _arguments_of_nobody(dotted), redirect_stderr(said):
            found = importlib.import_module(dotted)
    except ModuleNotFoundError as error:
        if error.name is not None and (dotted == error.name or dotted.startswith(f"{error.name}.")):
            raise ConfigurationError(
                f"{named}: cannot import {dotted}: there is no {error.name} in {folder}"
            ) from error
        from solv.models.coordinate_check.subject import fault_of_theirs

        ours = (error.name or "").split(".")[0] in ROOMS
        way_out = f"; solv's own modules are imported as solv.{error.name}" if ours else ""
        raise ConfigurationError(f"{named}: cannot import {dotted}: {fault_of_theirs(error)}{way_out}") from error
    except SyntaxError as error:
        where = f"{Path(error.filename or dotted).name}:{error.lineno}"
        raise ConfigurationError(f"{named}: {dotted} is not Python: {error.msg} ({where})") from error
    except (Exception, SystemExit) as error:
        from solv.models.coordinate_check.subject import fault_of_theirs

        way_out = ""
        if isinstance(error, SystemExit):
            last = said.getvalue().strip().rpartition("\n")[2]
            way_out = f": {last}" * bool(last) + '; put what runs under if __name__ == "__main__":'
        raise ConfigurationError(f"{named}: importing {dotted} fails: {fault_of_theirs(error)}{way_out}") from error
    print(said.getvalue(), end="", file=sys.stderr)
    file = getattr(found, "__file__", None)
    if _is_file(module) and not (file and Path(file).is_relative_to(folder)):
        raise ConfigurationError(
            f"{named}: {dotted} is already the name of {file or 'a module of Python'}: rename yours"
        )
    return found


def _place(module: str, named: str) -> tuple[Path, str]:
    """Return the folder to import from, and the name there: of a file in a package with the package's name."""
    if not _is_file(module):
        return Path.cwd(), module
    path = Path(module).expanduser()
    path = path if path.suffix == ".py" or path.is_dir() else path.with_name(f"{path.name}.py")
    path = path.absolute()
    if not path.exists():
        raise ConfigurationError(f"{named}: there is no file {path}")
    names, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    if not all(each.isidentifier() for each in names):
        raise ConfigurationError(f"{named}: {'.'.join(names)} cannot be imported: rename the file to letters and _")
    return folder, ".".join(names)


def _is_file(module: str) -> bool:
    return module.endswith(".py") or "/" in module or "\\" in module


@contextmanager
def _arguments_of_nobody(module: str) -> Iterator[None]:
    """Let a module that reads the command line find none: what stands there is for solv."""
    kept, sys.argv = sys.argv, [module]
    try:
        yield
    finally:
        sys.argv = kept
