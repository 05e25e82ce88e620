"""How do the objects of the Python API show themselves in a notebook? As a figure inside HTML."""

import base64
import html
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def picture(figure: "Figure") -> str:
    """Return a figure as an image that stands in the page itself."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    return f'<img src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'


def cell(value: object) -> str:
    """Return a value as a cell of a table shows it."""
    if value is None:
        return ""
    return html.escape(f"{value:.5g}" if isinstance(value, float) else str(value))
