"""How is moe-transfer drawn, and what does theory say in its panels? Panels, their names, and the predicted rows."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.experiments.moe_transfer.parameterizations import TABLES, exponents, predicted_shift
from solv.experiments.moe_transfer.settings import AXES, DIRECTIONS, KNOBS, MoeTransferConfig, models, rates_of, trained
from solv.tracking.curves import Curves, curve
from solv.tracking.figures import Panel, Slope

NAME = "moe-transfer"
SCALED = "transfer"  # the parameterization whose other settings are scanned
SHIFT, BALANCE, HORIZON = "shift", "balance", "horizon"
COORDINATES: Mapping[str, tuple[str, ...]] = {
    "learned": ("logits", "router0", "up0", "query0", "out0"),
    "change": ("logits", "router0", "moe output 0", "out0", "residual stream"),
}
GROUPS_OF = {"logits": "unembedding", "router0": "router", "up0": "up", "query0": "attention", "out0": "attention"}
PARTS = {"learned": "Learned parts", "change": "Total changes"}
SHOWN = {"standard": "standard", "transfer": "transferring", "paper": "paper's"}


def points(
    panel: str, series: str, source: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one curve of this experiment; `rest` as in `solv.tracking.curves.curve`."""
    return curve(
        experiment=NAME, panel=panel, series=series, source=source, x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )


def rates_panel(table: str, direction: str) -> str:
    """Name the panel of loss against learning rate."""
    return f"{table} {direction}"


def optimum_panel(direction: str) -> str:
    """Name the panel of the best learning rate against size."""
    return f"optimum {direction}"


def best_panel(direction: str) -> str:
    """Name the panel of the best loss against size."""
    return f"best {direction}"


def coordinates_panel(part: str, direction: str) -> str:
    """Name the panel of the coordinates' slopes."""
    return f"{part} {direction}"


def knob_panel(name: str) -> str:
    """Name the panel of another setting."""
    return f"setting {name}"


def optimum_of(rates: ArrayLike, scores: Float[np.ndarray, "seeds rates"]) -> tuple[float, float]:
    """Return log2 of the best learning rate, and its standard error over seeds (NaN for one seed).

    The optimum is that of the parabola through the lowest point of the mean curve and its neighbours. NaN if the lowest
    point is at an edge of the grid, or beside a divergence.
    """
    x = np.asarray(rates, dtype=float)
    by_seed = np.array([_parabola(x, row) for row in scores])
    known = by_seed[np.isfinite(by_seed)]
    error = float(np.std(known, ddof=1) / np.sqrt(len(known))) if len(known) > 1 else float("nan")
    return _parabola(x, scores.mean(axis=0)), error


def _parabola(x: np.ndarray, y: np.ndarray) -> float:
    low = int(np.argmin(y))
    if low in (0, len(x) - 1) or not np.isfinite(y[low - 1 : low + 2]).all():
        return float("nan")
    a, b, _ = np.polyfit(x[low - 1 : low + 2] - x[low], y[low - 1 : low + 2], 2)
    return float(x[low] - b / (2 * a))


def shift_per_doubling(optima: Mapping[float, tuple[float, float]]) -> tuple[float, float]:
    """Return the slope of the line through (log2 size, optimum), and its standard error from those of the optima.

    An optimum of one seed counts with the scatter of a single seed at the other sizes; NaN if that is unknown too.
    """
    x = np.log2(list(optima))
    y, error = np.array(list(optima.values())).T
    if np.isnan(error).any() and not np.isnan(error).all():
        error = np.where(np.isnan(error), np.sqrt(2 * np.nanmean(error**2)), error)
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    return float(weights @ y), float(np.sqrt((weights**2) @ error**2))


# -- panels ---------------------------------------------------------------------------------------------------------


def draw_panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the panels in the order of the questions; one without rows is not drawn."""
    return [*_limit(config), *_rates(config), *_coordinates(config), *_settings(config)]


def _limit(config: MoeTransferConfig) -> list[Panel]:
    settings = config.limit
    top, last = max(settings.size), settings.activation[-1]
    middle = sorted(settings.size)[len(settings.size) // 2]
    time, loss = "steps t", "mean squared error"
    where = f"κ = {settings.active_fraction:g}, α = {settings.hidden_ratio:g}"
    return [
        *(
            Panel(
                f"limit {name}", f"E0  Exact limit and networks N = E, {name} ({where})", time, loss, y_scale="log",
                ordered=True, main=True,
            )
            for name in settings.activation
        ),
        Panel(
            "limit deviation", "E0  How far single networks are from the limit", "size that grows",
            "relative deviation of a run", x_scale="log", y_scale="log",
            slopes=(Slope(-0.5, 0.28, min(settings.experts), max(settings.experts), "slope -1/2"),),
        ),
        Panel(
            "limit mean", "E0  ... and the mean over networks", "N = E", "relative deviation of the mean",
            x_scale="log", y_scale="log", note="bars: what the scatter of runs alone would give",
        ),
        Panel("limit outputs", f"E0  Outputs f on the training points, {last}, N = E = {top}", time, "f", main=True),
        Panel("limit depth", f"E0  Depth, {last}, N = E = {middle}", "layers L", "mean squared error at t = 5"),
        Panel("limit router", f"E0  Router logits, {last}, N = E = {top}", time, "standard deviation over experts"),
        Panel("limit load", f"E0  Loads, {last}, N = E = {top}", time, "standard deviation over experts"),
        Panel(
            "limit rates", f"E0  Learning rate, {last}, after {settings.rate_steps} steps", "log2 η (all η equal)",
            loss, y_scale="log", ordered=True, note="beyond the last point: divergence", main=True,
        ),
    ]  # fmt: skip


def _rates(config: MoeTransferConfig) -> list[Panel]:
    settings = config.transfer
    panels = []
    for direction in settings.directions:
        grown = models(settings, direction)
        for table in trained(config.work):
            panels.append(
                Panel(
                    rates_panel(table, direction), f"E2  {direction.capitalize()}: {SHOWN[table]} parameterization",
                    "log2 learning rate", "training loss (nats)", ordered=True, y_limits=(None, 3.5), main=True,
                )
            )  # fmt: skip
        slopes = []
        for table in trained(config.work):
            exponent, rates = predicted_shift(TABLES[table], direction), rates_of(settings, table)
            start, stop = grown[0].along, grown[-1].along
            amplitude = 2.0 ** rates[len(rates) // 2] / start**exponent
            slopes.append(Slope(exponent, amplitude, start, stop, f"{SHOWN[table]}: predicted {exponent:+g}"))
        panels.append(
            Panel(
                optimum_panel(direction), f"E2  {direction.capitalize()}: where the optimum lies", AXES[direction],
                "best learning rate", x_scale="log", y_scale="log", slopes=tuple(slopes), main=True,
                note="lines: predicted slopes for large sizes, of any height",
            )
        )  # fmt: skip
    shift = "octaves per doubling of the size"
    panels.append(Panel(SHIFT, "E2  Shift of the optimum", "", shift, categories=DIRECTIONS, main=True))
    panels += [
        Panel(best_panel(direction), f"E5  Best loss, {direction}", AXES[direction], "training loss", x_scale="log")
        for direction in settings.directions
    ]
    panels.append(Panel(BALANCE, "E4  Load of the busiest expert", "doublings", "load / mean load"))
    return panels


def _coordinates(config: MoeTransferConfig) -> list[Panel]:
    return [
        Panel(
            coordinates_panel(part, direction), f"E1  {PARTS[part]} against {direction}", "",
            f"slope of log size in log {direction}", categories=names,
            note="learned: input times (W - W(0))" if part == "learned" else "crosses over from the initial part",
        )
        for direction in config.coordinates.directions
        for part, names in COORDINATES.items()
    ]  # fmt: skip


def _settings(config: MoeTransferConfig) -> list[Panel]:
    titles = {
        "init": "deviation of all matrices",
        "router": "rate of the router",
        "balance": "rate of the balance bias",
    }
    return [
        *(
            Panel(knob_panel(name), f"E3  {titles[name].capitalize()}", "log2 of its factor", "training loss")
            for name in KNOBS
        ),
        Panel(HORIZON, "E6  Longer training at the same rates", "log2 learning rate", "training loss", ordered=True),
        Panel(
            optimum_panel(HORIZON),
            "E6  ... and where the optimum lies",
            "steps",
            "best learning rate",
            x_scale="log",
            y_scale="log",
        ),
    ]


# -- theory ---------------------------------------------------------------------------------------------------------


def predict_exponents(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield what the exponent calculus says: slopes of learned parts, and the shift of the optimum."""
    names = COORDINATES["learned"]
    if "coordinates" in config.work:
        for table in config.coordinates.tables:
            for direction in config.coordinates.directions:
                found = exponents(TABLES[table], direction)
                slopes = [found[GROUPS_OF[name]].learned for name in names]
                place = coordinates_panel("learned", direction), table, "theory"
                yield points(*place, "coordinate", range(len(names)), "slope", slopes)
    for table in trained(config.work):
        directions = config.transfer.directions
        shifts = [predicted_shift(TABLES[table], direction) for direction in directions]
        x = [DIRECTIONS.index(direction) for direction in directions]
        yield points(SHIFT, table, "theory", "direction", x, "octaves per doubling", shifts)
