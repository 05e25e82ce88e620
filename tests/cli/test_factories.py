"""Is a factory found by module, file and dotted name, and is it said whose fault it is if not?"""

import sys

import pytest

from solv.cli.factories import load_factory
from solv.harness.settings import ConfigurationError

ZOO = """
def build(width):
    return width

class Factory:
    @staticmethod
    def build(width):
        return 2 * width

WIDTH = 3
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with modules of a person's own; what they import is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = set(sys.modules)
    (tmp_path / "their_zoo.py").write_text(ZOO)
    yield tmp_path
    for name in set(sys.modules) - known:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize(
    "module", ["their_zoo", "their_zoo.py", "./their_zoo", "./their_zoo.py", "{folder}/their_zoo.py"]
)
def test_by_module_and_by_file(project, module):
    assert load_factory(f"{module.format(folder=project)}:build")(4) == 4
    assert load_factory(f"{module.format(folder=project)}:Factory.build")(4) == 8


def test_a_file_inside_a_package_is_imported_with_it(project):
    (project / "their_package" / "inner").mkdir(parents=True)
    for folder in ("their_package", "their_package/inner"):
        (project / folder / "__init__.py").write_text("")
    (project / "their_package" / "sizes.py").write_text("FACTOR = 5\n")
    (project / "their_package" / "inner" / "net.py").write_text(
        "from ..sizes import FACTOR\n\ndef build(width):\n    return FACTOR * width\n"
    )
    assert load_factory("their_package/inner/net.py:build")(2) == 10
    assert load_factory("their_package.inner.net:build")(2) == 10


def test_a_module_that_reads_the_command_line_finds_none(project, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["solv", "coordinate-check", "--widths", "3"])
    (project / "their_script.py").write_text(
        "import argparse\nargparse.ArgumentParser().parse_args()\ndef build(w): pass\n"
    )
    load_factory("their_script:build")
    assert sys.argv[0] == "solv"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def build(width)\n    return 1\n", r"is not Python: expected ':' \(their_fault.py:1\)"),
        ("import sys\nsys.exit(3)\n", r"SystemExit: 3 \(their_fault.py:2, in <module>\).*__main__"),
        ("1 / 0\n", r"ZeroDivisionError: division by zero \(their_fault.py:1, in <module>\)"),
        ("import no_such_library\n", r"No module named 'no_such_library' \(their_fault.py:1"),
        ("from models.nothing_here import Subject\n", r"imported as solv\.models"),
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('--config', required=True)\np.parse_args()\n",
         r"required: --config; put what runs under"),
        ("build = 3\n", "not a function of the size but a int"),
        ("def bild(width): pass\n", "has no build; callable there: bild"),
    ],
)  # fmt: skip
def test_a_fault_of_the_module_is_one_line_that_says_where(project, code, said, capsys):
    (project / "their_fault.py").write_text(code)
    with pytest.raises(ConfigurationError, match=said) as caught:
        load_factory("their_fault:build")
    assert "\n" not in str(caught.value)
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("their_zoo", "is not MODULE:FACTORY"),
        (":build", "is not MODULE:FACTORY"),
        ("nothing_there:build", "there is no nothing_there in"),
        ("no/such/file.py:build", "there is no file"),
        ("a-b.py:build", "rename the file"),
        ("./types.py:build", "already the name of"),
    ],
)
def test_what_is_not_there_is_named(project, named, said):
    for name in ("a-b.py", "types.py"):
        (project / name).write_text(ZOO)
    with pytest.raises(ConfigurationError, match=said):
        load_factory(named)
