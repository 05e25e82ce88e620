"""Does the check of the contract refuse what breaks it, with a sentence that says what and where?"""

import subprocess
import sys
from dataclasses import replace
from enum import StrEnum
from itertools import count
from pathlib import Path

import pytest

from solv.harness.catalog import load
from solv.harness.contract import ContractError, Experiment
from solv.testing import check_experiment, check_statics
from solv.tracking.claims import Claim, Judgement, Verdict
from solv.tracking.curves import Recorder
from solv.tracking.panels import Panel
from tests.own_experiment import Panels, own_experiment

ROOT = Path(__file__).resolve().parents[1]
TOY = ROOT / "tests" / "end_to_end" / "sweep" / "toy"
RECORD = Recorder("own-law", "law")
DRAWN = count()


class Misspelt(StrEnum):
    LAW = "lwa"


def measured(panel=Panels.LAW, y=1.0, **params):
    return RECORD.simulation(panel, params, x=("x", 1.0), y=("y", y), y_err=0.1, n=2)


def claim(reads=(Panels.LAW,), needs=None, judge=lambda curves: Judgement(Verdict.HOLDS, 1.0, 1.0), name="positive"):
    return Claim(name, "y is positive", reads, judge, needs=needs or {"size.repeats": 2})


def theory_that_imports_torch(config):
    import torch

    yield RECORD.theory(Panels.LAW, {"a": 1.0}, x=("x", 1.0), y=("y", float(torch.ones(()))))


def other_in_each_attempt(config, context):
    yield measured(a=1.0, y=float(next(DRAWN)))


def with_a_result_in_its_params(config, context):
    found = context.unit("noise", lambda: {"y": context.seeds.numpy("noise").standard_normal(1)})["y"]
    yield measured(a=1.0, found=float(found[0]))


def test_an_experiment_of_a_notebook_keeps_the_contract():
    check_experiment(own_experiment())


def test_the_toy_keeps_the_contract():
    program = (
        "from solv.testing import check_experiment; from solv_toy.experiment import EXPERIMENT; "
        "check_experiment(EXPERIMENT)"
    )
    environment = {"PYTHONPATH": f"{ROOT / 'src'}:{TOY}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"measure": lambda config, context: [measured(Misspelt.LAW, a=1.0)]}, "part law .* has no panel 'lwa'"),
        ({"panels": lambda config: [Panel(Misspelt.LAW, "T", "x", "y")]}, "reads law, which quick leaves out"),
        ({"predict": theory_that_imports_torch}, "predict imports torch"),
        ({"measure": other_in_each_attempt}, "stopped and resumed"),
        ({"measure": with_a_result_in_its_params}, "is called .* with one seed and .* a result is no param"),
        ({"predict": lambda config: [], "measure": lambda config, context: []}, "MissingCurves|has no curve"),
        ({"claims": (claim(needs={"size.repeat": 4}),)}, "needs size.repeat, which is no setting"),
        ({"claims": (claim(needs={"size.repeats": 10_001}),)}, "needs size.repeats >= 10001, which is not valid"),
        ({"claims": (claim(reads=(Misspelt.LAW,)),)}, "reads lwa, which is a panel of no part"),
        ({"claims": (claim(), claim())}, "claim positive stands twice"),
        ({"claims": (claim(reads=()),)}, "claim positive reads no panel"),
    ],
)
def test_what_breaks_the_contract_is_said(broken, said):
    own = own_experiment(**broken)
    with pytest.raises((AssertionError, ContractError), match=said):
        check_experiment(own)


def test_every_panel_of_every_paper_misspelt_is_noticed():
    """A claim that reads a panel under another name is refused before anything is computed."""
    paper = load("cot-depth")
    for part in paper.parts:
        for own in part.claims:
            misspelt = replace(own, reads=(*own.reads[1:], Misspelt.LAW))
            others = tuple(each for each in part.claims if each is not own)
            changed = replace(part, claims=(*others, misspelt))
            copy = Experiment(
                paper.entry, paper.Config, tuple(changed if each is part else each for each in paper.parts)
            )
            with pytest.raises(AssertionError, match=f"claim {own.id} reads lwa"):
                check_statics(copy)
