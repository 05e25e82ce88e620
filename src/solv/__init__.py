"""The solvable theory of learning, run: predicted and measured curves side by side.

    import solv

    solv.predict("cot-depth", alpha=3, tau=2.2, rho=0, depth=range(51)).plot("depth")
    run = solv.run("cot-depth", preset="smoke", parts=["depth"])
    run.claims["matches-theory"].verdict

Nothing is imported until it is asked for: `import solv` takes milliseconds and no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solv import fit, testing
    from solv.harness.api import compare, experiments, load, predict, run, runs, settings, sweep
    from solv.harness.coordinates import coordinate_check, rate_scan
    from solv.harness.moe_parameters import parameterize

__all__ = [
    "compare",
    "coordinate_check",
    "experiments",
    "fit",
    "load",
    "parameterize",
    "predict",
    "rate_scan",
    "run",
    "runs",
    "settings",
    "sweep",
    "testing",
]

_MODULES = ("experiments", "fit", "testing")  # `experiments` is the room of the papers, and callable
_PLACES = {
    "coordinate_check": "solv.harness.coordinates",
    "rate_scan": "solv.harness.coordinates",
    "parameterize": "solv.harness.moe_parameters",
}


if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module 'solv' has no attribute {name!r}")
        if name in _MODULES:
            return import_module(f"solv.{name}")
        found = getattr(import_module(_PLACES.get(name, "solv.harness.api")), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
