"""Has every row of the map a part that is there, or a reason why there is none?"""

from solv.experiments.jailbreak.experiment import EXPERIMENT
from solv.experiments.jailbreak.figures import FIGURES


def test_every_figure_has_a_part_or_a_reason():
    parts = {part.name for part in EXPERIMENT.parts}
    assert all(figure.part in parts if figure.part else figure.found for figure in FIGURES)
    assert len({figure.figure for figure in FIGURES}) == len(FIGURES)
