"""What of systems that grow without bound? Their theory is drawn as it is, without the warnings of the solvers."""

import functools
import warnings
from collections.abc import Callable, Iterable

from solv.experiments.dmft.settings import DmftConfig
from solv.tracking.curves import Curves

Predict = Callable[[DmftConfig], Iterable[Curves]]


def unwarned(predict: Predict) -> Callable[[DmftConfig], list[Curves]]:
    """Return `predict` without its warnings: that a system is unstable is seen by its curves, which grow."""

    @functools.wraps(predict)
    def quietly(config: DmftConfig) -> list[Curves]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(predict(config))

    return quietly
