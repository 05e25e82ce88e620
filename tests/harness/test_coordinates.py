"""Does the coordinate check of Python say what the modules do, with a table and a figure?"""

import numpy as np
import torch
from matplotlib.figure import Figure

import solv
from solv.models.coordinate_check import Subject, check_coordinates


def build(width):
    model = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.Linear(width, 1))
    batch = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    return Subject(model, optimizer, lambda step: (model(batch) - 1).square().mean())


def test_the_check_is_a_sequence_of_modules_with_a_table_and_a_figure():
    found = solv.coordinate_check(build, [64, 16, 32], steps=3, size="width")
    assert found.sizes == (16, 32, 64)
    bare = check_coordinates(build, [16, 32, 64], steps=3)
    assert [(each.module, each.slope) for each in found] == [(each.module, each.slope) for each in bare.modules]
    assert list(found.drifting) == [each for each in found if each.verdict in ("grows", "shrinks")]
    assert list(found.undecided) == [each for each in found if each.verdict == "undecided"]
    assert found.not_measured == ()
    assert list(found.frame()["module"]) == ["0", "1"]
    assert "learned at 64" in found.frame()
    [axes] = found.plot().axes
    assert axes.get_xlabel() == "width"
    assert isinstance(found.plot(), Figure)
    assert "verdict" in found._repr_html_()


def test_a_model_that_diverges_is_drawn_where_it_is_finite():
    def steep(width):
        made = build(width)
        rate = 1e-2 if width < 32 else 1e30
        return Subject(made.model, torch.optim.SGD(made.model.parameters(), rate), made.loss)

    found = solv.coordinate_check(steep, [8, 16, 32], steps=3, size="width")
    assert [each.verdict for each in found.drifting] == ["diverges", "diverges"]
    [axes] = found.plot().axes
    assert all(max(line.get_xdata()) <= 16 for line in axes.get_lines() if len(line.get_xdata()))


def test_a_scan_of_rates_has_a_row_a_size_and_a_curve_each():
    found = solv.rate_scan(build, [8, 16], list(2.0 ** np.arange(-9, 0)), steps=4, seeds=2, size="width")
    assert list(found.frame()["width"]) == [8, 16]
    [axes] = found.plot().axes
    assert axes.get_xlabel() == "learning rate"
    assert "best_rate" in found._repr_html_()
