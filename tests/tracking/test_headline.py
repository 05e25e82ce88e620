"""Which pictures are a run's headline, and which verdict stands in their corners?"""

from dataclasses import replace

import pytest

from solv.tracking.claims import Finding, Verdict
from solv.tracking.curves import join_curves
from solv.tracking.headline import MOST, headline
from solv.tracking.labels import lay_out
from solv.tracking.panels import Highlight, Panel
from tests.made_curves import Panels, points

FINDING = Finding("first", "It is so.", Verdict.HOLDS, 1.0, 1.0, error=0.1, tolerance="0.2")


@pytest.fixture
def facets():
    curves = [points("theory", [1.0], panel=Panels.P, alpha=alpha) for alpha in (1.0, 2.0)]
    curves += [points("theory", [1.0], panel=Panels.A)]
    panels = [Panel(Panels.P, "", "x", "y", facets=("alpha",)), Panel(Panels.A, "", "x", "y")]
    return lay_out(join_curves(curves), panels)


def shown(facets, *highlights, findings=()):
    return [(picture.facet.key, picture.verdict) for picture in headline(facets, highlights, findings)]


def test_the_pictures_that_are_named_come_with_the_verdict_of_their_claim(facets):
    names = (Highlight(Panels.A.value, "first"), Highlight(Panels.P.value, "second", {"alpha": 2.0}))
    found = shown(facets, *names, findings=[FINDING])
    assert found == [(str(Panels.A), Verdict.HOLDS), (f"{Panels.P} alpha=2", None)]


def test_where_the_value_is_not_there_the_next_picture_of_the_panel_is_taken(facets):
    twice = [Highlight(Panels.P.value, where={"alpha": 7.0})] * 2
    assert [key for key, _ in shown(facets, *twice)] == [f"{Panels.P} alpha=1", f"{Panels.P} alpha=2"]


def test_a_claim_that_is_judged_differently_at_several_points_has_no_verdict(facets):
    judged = [replace(FINDING, at="seed=0"), replace(FINDING, at="seed=1", verdict=Verdict.FAILS)]
    assert shown(facets, Highlight(Panels.A.value, "first"), findings=judged) == [(str(Panels.A), None)]


def test_without_names_it_is_the_main_panels_and_else_the_first_pictures(facets):
    assert len(shown(facets)) == 3
    main = [replace(facet, panel=replace(facet.panel, main=facet.panel.name == Panels.P)) for facet in facets]
    assert [key for key, _ in shown(main)] == [f"{Panels.P} alpha=1"]
    assert len(shown(facets * 3)) == MOST
