"""Are curves named from their params, as late as possible, and so that no two are called alike?"""

import math

import pytest

from solv.tracking.curves import join_curves
from solv.tracking.labels import lay_out, name_curves, named_agreement, spell
from solv.tracking.panels import Panel
from tests.made_curves import Panels, points


def panel(**changes):
    return Panel(**{"name": Panels.P, "title": "Title", "x_label": "x", "y_label": "y", **changes})


def names(curves, **changes):
    return [list(dict.fromkeys(facet.curves["series"])) for facet in lay_out(curves, [panel(**changes)])]


def of_alpha_and_tau(source="theory"):
    return join_curves([points(source, [1.0], alpha=alpha, tau=tau) for alpha in (2, 4) for tau in (1.5, math.inf)])


def test_a_panel_has_a_picture_for_each_value_of_its_facets():
    facets = lay_out(of_alpha_and_tau(), [panel(title="α = {alpha}", facets=("alpha",), series="τ={tau}")])
    assert [facet.panel.title for facet in facets] == ["α = 2", "α = 4"]
    assert [facet.key for facet in facets] == ["p alpha=2", "p alpha=4"]
    assert [list(facet.curves["series"]) for facet in facets] == [["τ=1.5", "τ=∞"]] * 2


def test_a_facet_that_the_title_leaves_out_is_added_to_it():
    assert lay_out(of_alpha_and_tau(), [panel(facets=("alpha",))])[0].panel.title == "Title [alpha=2]"


def test_without_a_template_a_curve_is_named_by_what_differs():
    assert names(of_alpha_and_tau(), facets=("alpha",)) == [["tau=1.5", "tau=∞"]] * 2
    assert names(points("theory", [1.0], alpha=2)) == [[""]]


def test_a_function_of_the_params_can_name_a_curve():
    assert names(of_alpha_and_tau(), facets=("alpha",), series=lambda params: f"<{params['tau']}>")[0] == [
        "<1.5>",
        "<inf>",
    ]


def test_what_a_curve_does_not_have_is_shown_as_absent():
    curves = join_curves([points("theory", [1.0], tau=2), points("theory", [1.0])])
    assert names(curves, series="τ={tau}") == [["τ=2", "τ=–"]]


def test_curves_that_a_template_would_call_alike_are_told_apart():
    assert names(of_alpha_and_tau(), series="τ={tau}") == [
        ["τ=1.5 [alpha=2]", "τ=∞ [alpha=2]", "τ=1.5 [alpha=4]", "τ=∞ [alpha=4]"]
    ]


@pytest.mark.parametrize(
    ("value", "among", "text"),
    [
        (1.5, (), "1.5"),
        (1.5, (1.5000001,), "1.5"),
        (1.5000001, (1.5,), "1.5000001"),
        (1 / 3, (), "0.3333"),
        (1000, (), "1000"),
        (-math.inf, (), "−∞"),
        (True, (), "yes"),
        (None, (), "–"),
        ([1, 2.5], (), "1, 2.5"),
        ("text", (), "text"),
    ],
)
def test_a_number_has_as_many_digits_as_tell_it_from_the_others(value, among, text):
    assert spell(value, among) == text


def test_a_category_is_the_abscissa_in_order_of_appearance():
    parts = [
        points(source, [y], x=[0], rule=rule, size=size)
        for source in ("theory", "simulation")
        for size in (8, 9)
        for rule, y in (("sgd", 1.0), ("adam", 2.0))
    ]
    [facet] = lay_out(join_curves(parts), [panel(category=("rule",), series="{size}")])
    assert facet.panel.categories == ("sgd", "adam")
    theory = facet.curves[facet.curves["source"] == "theory"]
    assert list(theory["series"]) == ["8", "8", "9", "9"]
    assert list(theory["x"]) == [0, 1, 0, 1]
    named = name_curves(join_curves(parts), [panel(category=("rule",), series="{size}")])
    assert list(named[named["source"] == "theory"]["series"]) == ["8, sgd", "8, adam", "9, sgd", "9, adam"]


def test_a_panel_that_is_not_drawn_has_no_picture_but_a_name_in_tables():
    curves = points("theory", [1.0], tau=2)
    assert lay_out(curves, [panel(drawn=False)]) == []
    assert list(name_curves(curves, [panel(drawn=False)])["facet"]) == ["p"]


def test_curves_of_no_declared_panel_get_a_plain_one():
    [facet] = lay_out(points("theory", [1.0], panel=Panels.Z), [panel()])
    assert (facet.panel.title, facet.panel.x_label) == ("z", "t")


def test_agreement_is_named_and_in_the_order_of_drawing():
    curves = join_curves(
        [
            points(source, [1.0], *error, panel=place, tau=tau)
            for place in (Panels.A, Panels.P)
            for source, *error in (("theory",), ("simulation", 0.1, 4))
            for tau in (2, 1)
        ]
    )
    table = named_agreement(curves, [panel(), panel(name=Panels.A)])
    assert list(zip(table["facet"], table["series"], strict=True)) == [
        ("p", "tau=2"),
        ("p", "tau=1"),
        ("a", "tau=2"),
        ("a", "tau=1"),
    ]
