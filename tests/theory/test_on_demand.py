"""Does a paper's folder offer every public function of its modules, and import one module only when it is asked for?"""

import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from solv.theory.on_demand import offering

THEORY = Path(__file__).parents[2] / "theory"
PAPERS = sorted(path.parent.name for path in THEORY.glob("*/__init__.py") if path.parent.name != "fits")


def test_there_is_a_folder_for_each_paper():
    assert len(PAPERS) == 10


@pytest.mark.parametrize("paper", PAPERS)
def test_a_paper_offers_what_is_public_in_its_modules(paper):
    package = import_module(f"solv.theory.{paper}")
    public = {}
    for path in (THEORY / paper).glob("[!_]*.py"):
        module = import_module(f"solv.theory.{paper}.{path.stem}")
        for name, found in vars(module).items():
            made_here = getattr(found, "__module__", None) == module.__name__
            if made_here and (inspect.isfunction(found) or inspect.isclass(found)) and not name.startswith("_"):
                public[name] = found
    offered = {name: found for name, found in public.items() if not name.startswith("require_")}
    assert set(package.__all__) == set(offered)
    assert {name: getattr(package, name) for name in package.__all__} == offered


def test_asking_for_one_function_imports_its_module_alone():
    program = (
        "import sys; from solv.theory.anytime import risk_exponent; "
        "print(sorted(name for name in sys.modules if name.startswith('solv.theory.anytime.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['solv.theory.anytime.rates']"


def test_a_name_that_is_not_offered_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"module .solv\.theory. has no attribute .nothing."):
        offering("solv.theory", {"schedules": "constant"})("nothing")
