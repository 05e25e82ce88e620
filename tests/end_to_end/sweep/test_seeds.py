"""Does a sweep over seeds make repeats of every experiment, judged as a single run is?"""

import pytest

from solv.harness.catalog import names
from solv.harness.sweep.aggregate import aggregate
from solv.tracking.claims import Verdict
from solv.tracking.curves import CURVE

PLACE = [*CURVE, "source", "x"]


@pytest.mark.parametrize("name", names())
def test_a_sweep_over_seeds_pools_repeats_and_judges_every_claim(name, swept):
    asked = swept(name)
    assert set(asked.directory.states().values()) == {"done"}
    joined = aggregate(asked.experiment, asked.directory)
    runs = list(asked.directory.finished().values())
    single = runs[0]
    assert {str(panel.name) for panel in joined.panels} >= set(single.curves()["panel"])
    assert [finding.id for finding in joined.findings] == [finding.id for finding in single.findings()]
    assert {finding.at for finding in joined.findings} == {""}
    not_run = {finding.id for finding in single.findings() if finding.verdict is Verdict.NOT_RUN}
    assert {finding.id for finding in joined.findings if finding.verdict is Verdict.NOT_RUN} == not_run
    tables = [run.curves().set_index(PLACE) for run in runs]
    pooled = joined.curves.set_index(PLACE)
    common = tables[0].index.intersection(tables[1].index)
    measured = common[common.get_level_values("source") != "theory"]
    assert len(measured)
    own = measured[measured.get_level_values("source") != "published"]
    assert (pooled.loc[own, "n"] == tables[0].loc[own, "n"] + tables[1].loc[own, "n"]).all()
