"""What can be set in the toy?"""

from solv.harness.settings import RunSettings, integer, real, reals


class ToyConfig(RunSettings):
    """Settings of the toy."""

    x: tuple[float, ...] = reals([1, 2, 3], "abscissae")
    slope: float = real(1, "slope")
    offset: float = real(0, "what the measurement adds, and theory does not know")
    cells: int = integer(2, "units of work for each x", least=1)
