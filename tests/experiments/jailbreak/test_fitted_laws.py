"""Are the sampled laws the ones that are fitted, and gaps below the floor left out where they should be?"""

import numpy as np
import pytest

from solv.experiments.jailbreak.fitted_laws import (
    ABOVE,
    ALL,
    LANGUAGE_K,
    K,
    Panels,
    _floored,
    _powers,
    measure,
    predict,
)
from solv.experiments.jailbreak.settings import Clusters, FittedLaws, JailbreakConfig
from solv.theory.jailbreak.clusters import edge_gap
from solv.tracking.curves import join_curves, pair, select
from tests.experiments.scaffold import context

SIZES = JailbreakConfig(
    clusters=Clusters(samples=40_000, groups=20, least_seen=100),
    fits=FittedLaws(x=(0.3,), field=(0, 1), prompts=(200, 1040), repeats=10, large_nu=(0.1, 0.5), large_prompts=2000),
)


def test_powers_are_those_of_figure_2():
    safe = np.random.default_rng(0).random((2, 5))
    np.testing.assert_allclose(_powers(safe), (safe[:, None, :] ** K[:, None]).mean(axis=2), rtol=1e-12)


def test_a_floor_hides_the_rate_and_what_is_above_it_shows_it():
    gaps = edge_gap(1.0, 0.5, 0.105, LANGUAGE_K)
    assert _floored(gaps, 1000, ALL) == (pytest.approx(1.83, abs=5e-3), pytest.approx(6e-4, abs=5e-5))
    assert _floored(gaps, 1000, ABOVE)[1] == pytest.approx(0.103, abs=1e-3)
    assert np.isnan(_floored(gaps, 3, ABOVE)).all()  # too few k are left


def test_samples_are_fitted_as_the_exact_law_is(tmp_path):
    curves = join_curves([*predict(SIZES), *measure(SIZES, context(tmp_path))])
    for panel in (Panels.LAW_NU, Panels.LARGE):
        paired = pair(select(curves, panel=panel))
        assert len(paired) >= 2
        assert paired["deviation"].abs().max() < 4


def test_the_authors_smallest_gap_is_one_over_their_prompts(tmp_path):
    curves = join_curves([*predict(SIZES), *measure(SIZES, context(tmp_path))])
    [point] = pair(select(curves, panel=Panels.SMALLEST)).to_dict(orient="records")
    assert point["y"] == pytest.approx(point["theory"], rel=0.05)
    assert select(curves, panel=Panels.CATEGORY)["y"].sum() == 520 + 200  # AdvBench and HarmBench
