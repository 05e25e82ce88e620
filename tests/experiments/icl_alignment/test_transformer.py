"""Part `transformer` of icl-alignment: is every panel filled by the part alone?"""

import pandas as pd
import pytest

from solv.experiments.icl_alignment.transformer import FRESH, TRAINING, TRANSFORMER, Panels
from solv.tracking.claims import Verdict
from tests.experiments.scaffold import smoke
from tests.made_curves import points

SOURCES = {
    Panels.ERROR: {"theory", "trained"},
    Panels.RESOLVENT: {"trained"},
    Panels.INVERSE: {"trained"},
    Panels.CKA: {"trained"},
    Panels.RANKS_WITHIN: {"theory", "trained"},
    Panels.RANKS: {"theory", "trained"},
    Panels.LEARNED: {"theory", "trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("icl-alignment", "transformer").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("icl-alignment", "transformer").sound()


def test_measured_curves_are_called_as_theory_calls_them_but_where_there_is_none():
    assert smoke("icl-alignment", "transformer").unpaired() == set(Panels)


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("icl-alignment", "transformer").claims == (
        "transformer-follows-alignment",
        "encoder-follows-alignment",
        "fixed-contexts-are-learned-by-heart",
    )


def learned(error):
    params = {"architecture": "encoder", "link": "linear", "rho": 0.01}
    rows = [
        points("trained", [value] * 3, 0.001, 4, panel=Panels.LEARNED, **params, of=of)
        for of, value in ((FRESH, error), (TRAINING, 0.2))
    ]
    return pd.concat(rows, ignore_index=True)


@pytest.mark.parametrize(("error", "verdict"), [(1.03, Verdict.HOLDS), (0.98, Verdict.FAILS)])
def test_contexts_are_learned_by_heart_where_fresh_tasks_are_above_the_variance_of_the_labels(error, verdict):
    [claim] = [each for each in TRANSFORMER.claims if each.id == "fixed-contexts-are-learned-by-heart"]
    assert claim.judge(learned(error)).verdict is verdict
