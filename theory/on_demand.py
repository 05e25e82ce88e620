"""How does a paper's folder offer the functions of its modules without importing them? Each when it is asked for."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def offering(package: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package that imports a module of it when a name of that module is asked for.

    Args:
        package: its `__name__`.
        names: module of the package -> the names that it brings, with spaces between.
    """
    places = {name: module for module, brought in names.items() for name in brought.split()}

    def ask(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(f"{package}.{places[name]}"), name)
        setattr(sys.modules[package], name, found)
        return found

    return ask
