"""Do the three fits of figure 2b read what is there, and does the constrained one hide a fall?"""

import numpy as np

from solv.experiments.jailbreak.definitions import FREE, MONOTONE, PLAIN, K, Panels, _fitted, measure
from solv.experiments.jailbreak.settings import Definitions, JailbreakConfig
from solv.tracking.curves import join_curves, parameter, select
from tests.experiments.scaffold import context

FIELDS = np.array([0.0, 0.1, 0.2])


def test_free_fits_see_a_fall_that_the_constrained_one_draws_as_a_plateau():
    nu, mu = np.array([0.9, 1.4, 1.0]), np.array([0.0, 0.1, 0.3])
    gaps = 0.05 * np.exp(-nu[:, None] * np.log(K) - mu[:, None] * K)
    found = _fitted(gaps, np.full(gaps.shape, 0.05), FIELDS)
    np.testing.assert_allclose(found[FREE], [nu, mu], atol=0.01)
    np.testing.assert_allclose(found[PLAIN], [nu, mu], atol=0.02)
    assert (np.diff(found[MONOTONE], axis=1) >= 0).all()
    assert found[MONOTONE][0, 1] == found[MONOTONE][0, 2]
    assert found[MONOTONE][1, 0] == 0


def test_glasses_of_both_kinds_and_both_flips_are_measured_and_basins_are_fitted(tmp_path):
    sizes = JailbreakConfig(definitions=Definitions(spins=6, disorders=40, picks=2, field=(0.0, 0.1)))
    curves = join_curves(measure(sizes, context(tmp_path)))
    x = select(curves, panel=Panels.X)
    assert set(zip(parameter(x, "clusters"), parameter(x, "flip_breaking"), strict=True)) == {
        (clusters, flip) for clusters in ("overlap", "basins") for flip in (0, 1)
    }
    assert set(parameter(select(curves, panel=Panels.NU), "clusters")) == {"basins"}
    twins = select(curves, panel=Panels.TWIN, source="simulation", clusters="basins", law="with")
    assert twins.set_index("x")["y"][1.0] >= 0.5  # the twin of an unsafe basin is safe
