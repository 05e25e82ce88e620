"""How does a figure show itself in a notebook, also in one that never imported pyplot?"""

import io

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A matplotlib figure that is shown where it is the value of a cell."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=80)
        return buffer.getvalue()
