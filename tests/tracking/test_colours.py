"""Has a curve one colour wherever its name appears, and do curves of one picture have different ones?"""

import numpy as np

from solv.tracking.colours import ON_BLACK, ON_WHITE, colours_of
from solv.tracking.curves import join_curves
from solv.tracking.labels import lay_out
from solv.tracking.panels import Map, Panel
from tests.made_curves import Panels, points


def theory(panel, **params):
    return points("theory", [1.0, 2.0], panel=panel, x=[1.0, 2.0], **params)


def coloured(curves, *panels, **options):
    return colours_of(lay_out(join_curves(curves), panels), **options)


def test_a_name_keeps_its_colour_in_the_next_picture():
    panels = [Panel(panel, "", "x", "y", series="{name}") for panel in (Panels.P, Panels.A)]
    first = [theory(Panels.P, name=name) for name in ("mean", "median")]
    second = [theory(Panels.A, name=name) for name in ("median", "mode")]
    one, other = coloured([*first, *second], *panels)
    assert one["median"] == other["median"]
    assert len({*one.values(), *other.values()}) == 3


def test_where_two_names_of_one_colour_meet_one_steps_aside():
    panels = [Panel(panel, "", "x", "y", series="{name}") for panel in (Panels.P, Panels.A, Panels.Z)]
    curves = [theory(Panels.P, name=f"n{place}") for place in range(7)]
    curves += [theory(Panels.A, name="late"), theory(Panels.Z, name="n0"), theory(Panels.Z, name="late")]
    one, other, both = coloured(curves, *panels)
    assert one["n0"] == other["late"] == ON_WHITE.palette[0]
    assert both["n0"] != both["late"]


def test_steps_of_one_quantity_have_one_scale_over_all_pictures_in_the_order_of_their_numbers():
    panels = [Panel(panel, "", "x", "y", series="τ={tau}", ordered=True) for panel in (Panels.P, Panels.A)]
    curves = [theory(Panels.P, tau=tau) for tau in (9.0, 1.5)]
    curves += [theory(Panels.A, tau=tau) for tau in (1.5, 3.0, np.inf)]
    one, other = coloured(curves, *panels)
    assert one["τ=1.5"] == other["τ=1.5"]
    brightness = {name: sum(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for name, colour in (one | other).items()}
    assert sorted(brightness, key=brightness.__getitem__) == ["τ=1.5", "τ=3", "τ=9", "τ=∞"]


def test_pictures_whose_curves_one_function_names_share_their_steps():
    def name(params):
        return f"rate {params['rate']:g}"

    panels = [Panel(panel, "", "x", "y", series=name, ordered=True) for panel in (Panels.P, Panels.A)]
    curves = [theory(Panels.P, rate=rate) for rate in (0.1, 0.2)] + [theory(Panels.A, rate=rate) for rate in (0.2, 0.4)]
    one, other = coloured(curves, *panels)
    assert one["rate 0.2"] == other["rate 0.2"]
    assert len({*one.values(), *other.values()}) == 3


def test_more_names_than_colours_begin_again():
    [colours] = coloured(
        [theory(Panels.P, name=f"n{place}") for place in range(9)], Panel(Panels.P, "", "x", "y", series="{name}")
    )
    assert [colours[f"n{place}"] for place in (7, 8)] == list(ON_WHITE.palette[:2])


def test_the_dark_has_lighter_colours_and_a_map_none():
    panel = Panel(Panels.P, "", "x", "y", series="{name}")
    [colours] = coloured([theory(Panels.P, name="a")], panel, scheme=ON_BLACK)
    assert colours == {"a": ON_BLACK.palette[0]}
    heat = Panel(Panels.P, "", "x", "y", heat=Map("tau", "y", "label"))
    assert coloured([theory(Panels.P, tau=1.5)], heat) == [{}]
