"""Part `saturation` of cot-depth: is every panel filled by the part alone?"""

import numpy as np
import pytest

from solv.experiments.cot_depth.saturation import ARRIVED, SATURATION, Panels
from solv.harness.settings import replace
from solv.theory.cot_depth.error import error_vs_depth
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import context, preset_of, smoke

SOURCES = {
    Panels.END: {"simulation", "theory"},
    Panels.CHAIN: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("cot-depth", "saturation").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("cot-depth", "saturation").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("cot-depth", "saturation").unpaired() & {Panels.END, Panels.CHAIN}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"saturation-level"} <= set(smoke("cot-depth", "saturation").claims)


@pytest.mark.parametrize(("depth", "read_at"), [(30, 10), (6, 6)])
def test_an_end_is_read_where_theory_comes_to_it_and_not_where_chains_leave_it_again(depth, read_at, tmp_path):
    config = preset_of("cot-depth", "smoke")
    config = replace(config, saturation=replace(config.saturation, tau=(12.0,), depth=depth))
    curves = join_curves(SATURATION.measure(config, context(tmp_path)))
    chain = select(curves, panel=Panels.CHAIN).set_index("x")
    end = select(curves, panel=Panels.END).iloc[0]
    assert (end["y"], end["y_err"]) == tuple(chain.loc[read_at, ["y", "y_err"]])
    off = np.abs(error_vs_depth(0.5, 12.0, 0.0, 30) / 0.55 - 1) > ARRIVED  # (1 - alpha)(tau - 1)/(tau - 2)
    assert off[9]
    assert not off[10:].any()
