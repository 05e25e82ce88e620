"""Part `chain-hops` of pita: is every panel filled by the part alone?"""

from solv.experiments.pita.answers import ANSWERS, DIRECT, TRACE
from solv.experiments.pita.chain_hops import Panels, measure
from solv.experiments.pita.settings import Generalisation, PitaConfig, Training
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import context, smoke

SOURCES = {
    Panels.HOPS: {"trained"},
    Panels.BREADTH: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("pita", "chain-hops").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("pita", "chain-hops").sound()


def test_curves_say_how_many_models_they_are_of(tmp_path):
    sizes = Generalisation(depth=(4, 8), arms=(2, 4), trace_seeds=2, direct_seeds=3, tests=10, width=8)
    curves = join_curves(measure(PitaConfig(training=Training(steps=3), generalisation=sizes), context(tmp_path)))
    far = select(curves, panel=Panels.BREADTH)
    assert set(far["n"]) == {3}
    assert {answer: set(select(curves, panel=Panels.HOPS, answer=answer)["n"]) for answer in ANSWERS} == {
        TRACE: {2},
        DIRECT: {3},
    }
