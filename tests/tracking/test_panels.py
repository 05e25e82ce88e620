"""Are panels data that need no library, and do those of all experiments say only what can be drawn?"""

import string
import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest

from solv.harness.catalog import load, names
from solv.harness.settings import defaults, resolve
from solv.tracking.panels import Panel


def test_a_panel_needs_no_library():
    code = (
        "import sys, solv.tracking.panels; "
        "print([name for name in ('numpy', 'pandas', 'matplotlib', 'plotly') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_panel_that_says_no_more_is_plain_and_cannot_be_changed():
    panel = Panel("p", "title", "x", "y")
    assert (panel.x_scale, panel.y_scale, panel.facets, panel.heat, panel.ridge) == ("linear", "linear", (), None, None)
    assert panel.drawn
    assert panel == Panel("p", "title", "x", "y")
    with pytest.raises(FrozenInstanceError):
        panel.title = "other"


@pytest.mark.parametrize("name", names())
def test_panels_of_an_experiment_can_be_drawn(name):
    experiment = load(name)
    for panel in experiment.panels(resolve(experiment.Config, defaults(experiment.Config))):
        assert panel.title, panel.name
        if panel.facets:  # else the title is no template
            keys = {key for _, key, _, _ in string.Formatter().parse(panel.title) if key}
            assert keys <= set(panel.facets), f"{panel.name}: {keys} of the title are no facets"
        assert not (panel.heat and panel.ridge), panel.name
        assert panel.categories == (), f"{panel.name}: categories are made when it is laid out"
        for low, high in (panel.x_limits, panel.y_limits):
            assert None in (low, high) or low < high, panel.name
        for scale, (low, _) in ((panel.x_scale, panel.x_limits), (panel.y_scale, panel.y_limits)):
            assert scale != "log" or low is None or low > 0, f"{panel.name}: a log axis from {low}"
        for slope in panel.slopes:
            assert slope.start < slope.stop, panel.name
