"""Is a figure an image inside the page, and a value in a cell no markup?"""

import base64

import pytest
from matplotlib.figure import Figure

from solv.harness.pictures import cell, picture


def test_a_figure_is_a_png_in_the_page_itself():
    head, _, rest = picture(Figure(figsize=(1, 1))).partition("base64,")
    assert head == '<img src="data:image/png;'
    assert base64.b64decode(rest.removesuffix('">')).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (1 / 3, "0.33333"), (float("inf"), "inf"), (12345678, "12345678"), ("<b>&", "&lt;b&gt;&amp;")],
)
def test_a_cell_shows_its_value(value, shown):
    assert cell(value) == shown
