"""Is a figure an image where a notebook asks for one?"""

from solv.tracking.notebook_figure import NotebookFigure


def test_a_figure_gives_a_notebook_its_image():
    figure = NotebookFigure(figsize=(1, 1))
    figure.add_subplot().plot([1, 2])
    assert figure._repr_png_().startswith(b"\x89PNG")
