"""Is each kind of failure its line and its exit status?"""

import errno

import pytest

from solv.cli.errors import DEBUG_VARIABLE, OutputError, call
from solv.harness.catalog import UnknownExperimentError
from solv.harness.settings import ConfigurationError
from solv.tracking.runs import RunDirectoryError


@pytest.fixture(autouse=True)
def _no_debug(monkeypatch):
    monkeypatch.delenv(DEBUG_VARIABLE, raising=False)


def failing(error):
    def body():
        raise error

    return body


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (1, 1)])
def test_a_success_has_its_own_status(returned, status):
    assert call(lambda: returned) == status


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (ConfigurationError("alpha = -1\nis wrong"), 2, "alpha = -1 is wrong"),
        (UnknownExperimentError("unknown"), 2, "unknown"),
        (RunDirectoryError("damaged"), 2, "damaged"),
        (ValueError("x = 3"), 2, "x = 3"),
        (ValueError(), 2, "ValueError"),
        (OSError(errno.EACCES, "Permission denied", "/a"), 2, "Permission denied (/a)"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            2,
            "No space left on device; free some space, or choose another folder with --runs-dir",
        ),
        (
            OutputError(errno.ENOSPC, "No space left on device"),
            2,
            "the output cannot be written: No space left on device",
        ),
        (RuntimeError("Could not determine home directory."), 2, "~ cannot be used"),
        (RuntimeError("odd"), 1, "internal error: RuntimeError: odd (--debug shows where)"),
        (KeyboardInterrupt(), 130, "interrupted; the same command goes on where this one stopped"),
    ],
)
def test_a_failure_is_one_line_and_its_status(capfd, error, status, line):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("solv.cli.errors._give_up_output", lambda: None)  # which would close the stdout of the tests
        assert call(failing(error)) == status
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith(f"solv: {line}")


def test_a_reader_that_went_away_is_no_failure(monkeypatch, capfd):
    monkeypatch.setattr("solv.cli.errors._give_up_output", lambda: None)
    assert call(failing(BrokenPipeError())) == 0
    assert capfd.readouterr().err == ""


def test_debug_shows_where(monkeypatch, capfd):
    monkeypatch.setenv(DEBUG_VARIABLE, "1")
    assert call(failing(RuntimeError("odd"))) == 1
    assert call(failing(ValueError("x"))) == 2
    assert capfd.readouterr().err.count("Traceback") == 2


def test_what_goes_on_is_named_after_an_interruption(capfd):
    call(failing(KeyboardInterrupt()), again="the same command with --resume")
    assert "the same command with --resume goes on" in capfd.readouterr().err
