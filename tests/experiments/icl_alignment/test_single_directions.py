"""Part `single-directions` of icl-alignment: are its panels filled by it alone, its claims judged on both sides?"""

import pandas as pd
import pytest

from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.experiments.icl_alignment.single_directions import Panels
from solv.harness.settings import ConfigurationError
from solv.tracking.claims import Verdict
from tests.experiments.scaffold import on_theory, smoke, spoilt, verdicts

CLAIM = "weaker-directions-are-harder"
SOURCES = {
    Panels.ERROR: {"simulation", "theory"},
    Panels.MISALIGNMENT: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("icl-alignment", "single-directions").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("icl-alignment", "single-directions").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("icl-alignment", "single-directions").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("icl-alignment", "single-directions").claims == ("weaker-directions-are-harder",)


def ideal():
    sizes = IclAlignmentConfig(parts=["single-directions"])
    theory = EXPERIMENT.predict(sizes)
    return sizes, pd.concat([theory, on_theory(theory, error=0.01, n=6)], ignore_index=True)


def test_the_claim_holds_on_theory_and_fails_where_the_strongest_direction_is_the_hardest():
    sizes, curves = ideal()
    assert verdicts(EXPERIMENT, curves, sizes)[CLAIM] is Verdict.HOLDS
    turned = spoilt(curves, lambda rows: rows.assign(y=2.0), panel=Panels.ERROR, index=1)
    assert verdicts(EXPERIMENT, turned, sizes)[CLAIM] is Verdict.FAILS


def test_a_direction_beyond_the_dimension_is_refused():
    sizes = IclAlignmentConfig(directions={"dimension": 10, "index": [11]}, parts=["single-directions"])
    with pytest.raises(ConfigurationError, match="beyond"):
        EXPERIMENT.predict(sizes)
