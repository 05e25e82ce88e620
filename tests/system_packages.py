"""What do tests need that pip cannot give? Programs of the system: one is asked for by the package that has it."""

import os

import pytest


class Absent(pytest.skip.Exception):
    """A program of the system is absent; the message says how to get it."""


def require(present: object, what: str, package: str) -> None:
    """Skip with the command that installs what is absent, but fail where SOLV_REQUIRE_ENGINES=1 promises it."""
    if present:
        return
    absent = f"{what} is not installed: apt-get install {package}"
    if os.environ.get("SOLV_REQUIRE_ENGINES") == "1":
        pytest.fail(absent)
    raise Absent(absent)
