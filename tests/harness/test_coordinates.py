"""Does the coordinate check of Python say what the modules do, with a table and a figure?"""

import torch
from matplotlib.figure import Figure

import solv
from solv.models.coordinate_check import Subject, check_coordinates


def build(width):
    model = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.Linear(width, 1))
    batch = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    return Subject(model, optimizer, lambda step: (model(batch) - 1).square().mean())


def test_the_check_is_a_sequence_of_modules_with_a_table_and_a_figure():
    found = solv.coordinate_check(build, [64, 16, 32], steps=3, size="width")
    assert found.sizes == (16, 32, 64)
    bare = check_coordinates(build, [16, 32, 64], steps=3)
    assert [(each.module, each.slope) for each in found] == [(each.module, each.slope) for each in bare]
    assert list(found.drifting) == [each for each in found if each.verdict in ("grows", "shrinks")]
    assert list(found.frame()["module"]) == ["0", "1"]
    assert "learned at 64" in found.frame()
    [axes] = found.plot().axes
    assert axes.get_xlabel() == "width"
    assert isinstance(found.plot(), Figure)
    assert "verdict" in found._repr_html_()
