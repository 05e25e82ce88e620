"""Are the chain models of a cell trained as one unit, each copy tested at every number of hops?"""

import numpy as np

from solv.experiments.pita import chain
from solv.experiments.pita.answers import TRACE
from solv.experiments.pita.chain_training import accuracies
from tests.experiments.scaffold import Units, context, preset_of


def test_every_width_and_seed_is_tested_at_every_hop(tmp_path):
    config = preset_of("pita", "smoke")
    cell, units = chain.plane_cells(config, TRACE)[0], Units()
    hops = chain.tested_hops(cell.depth)
    own = context(tmp_path, unit=units)
    found = accuracies(config.training, own, cell, hops)
    assert set(found) >= {"accuracy", "step", "answer", "token"}
    for name, values in found.items():
        assert values.shape[1:] == (config.training.seeds, len(hops)), name
        assert np.all((values >= 0) & (values <= 1)), name
    accuracies(config.training, own, cell, hops)
    assert len(units.computed) == 1
