"""What does the transformer part of moe-transfer measure? Losses against learning rate, loads, and coordinates."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from solv.data.text.sources import folder_bytes, library_bytes
from solv.experiments.moe_transfer.panels import (
    BALANCE,
    COORDINATES,
    HORIZON,
    SCALED,
    SHIFT,
    best_panel,
    coordinates_panel,
    knob_panel,
    optimum_of,
    optimum_panel,
    points,
    rates_panel,
    shift_per_doubling,
)
from solv.experiments.moe_transfer.parameterizations import TABLES, numbers
from solv.experiments.moe_transfer.settings import (
    AXES,
    DIRECTIONS,
    CoordinateSettings,
    Model,
    MoeTransferConfig,
    TransferSettings,
    base_shape,
    coordinate_models,
    models,
    rates_of,
    seeds_of,
    trained,
)
from solv.harness.contract import Context
from solv.models.moe_transfer.training import Batches, MoeEnsemble, Recipe, check_coordinates
from solv.models.moe_transfer.transformer import MoeShape
from solv.tracking.curves import Curves, standard_error

Arrays = dict[str, np.ndarray]
INIT = ("attention", "router", "up", "down")  # groups whose deviation the knob of E3 scales


class Laboratory:
    """Trains models, each once, on batches that are the same for all of them."""

    def __init__(self, settings: TransferSettings, context: Context) -> None:
        """Read the text that is trained on."""
        self.settings = settings
        self._context = context
        read = library_bytes(settings.text_bytes)
        if settings.folder is not None:
            read = folder_bytes(settings.folder, settings.text_bytes)
        if len(read) <= settings.context + 1:
            raise ValueError(f"the text has {len(read)} bytes; a sequence of context {settings.context} needs more")
        self._text = torch.from_numpy(read.astype(np.int64)).to(context.device)

    def batches(self, seed: int = 0) -> Batches:
        """Return the batches as a function of the step: sequences at random places of the text."""
        count, length, last = self.settings.batch, self.settings.context, len(self._text)
        offsets = torch.arange(length + 1, device=self._text.device)

        def batch(step: int) -> tuple[Tensor, Tensor]:
            stream = self._context.seeds.torch("batch", seed, step, device=self._text.device)
            starts = torch.randint(last - length - 1, (count, 1), generator=stream, device=self._text.device)
            tokens = self._text[starts + offsets]
            return tokens[:, :-1], tokens[:, 1:]

        return batch

    def losses(self, table: str, model: Model, steps: int, seeds: int) -> Arrays:
        """Return scores (seeds, rates) and loads (seeds, rates, layers, experts) of a model at every learning rate."""
        rates = rates_of(self.settings, table)

        def compute() -> Arrays:
            ensemble = self._ensemble(table, model, [2.0**rate for rate in rates], seeds)
            trained = ensemble.train(self.batches(), steps)
            scores = trained.losses[:, -self.settings.scored :].mean(1).double()
            shape = (seeds, len(rates))
            return {
                "scores": scores.view(shape).cpu().numpy(),
                "loads": trained.loads.view(*shape, *trained.loads.shape[1:]).cpu().numpy(),
            }

        return self._context.unit(f"{table} {model.label} steps={steps} seeds={seeds}", compute)

    def knob(self, table: str, model: Model, name: str) -> np.ndarray:
        """Return scores (1, factors) of a model at the middle learning rate against another setting's factor (E3)."""
        settings = self.settings
        rates = rates_of(settings, table)
        middle = 2.0 ** rates[len(rates) // 2]
        factors = [2.0**power for power in sorted(set(settings.knob_powers) - {0})]

        def compute() -> Arrays:
            ensemble = self._ensemble(table, model, [middle] * len(factors), 1, **{name: factors})
            trained = ensemble.train(self.batches(), settings.steps)
            return {"scores": trained.losses[:, -settings.scored :].mean(1).double()[None].cpu().numpy()}

        return self._context.unit(f"{table} {model.label} {name}", compute)["scores"]

    def coordinates(self, table: str, model: Model, check: CoordinateSettings) -> Arrays:
        """Return the size of every coordinate's learned part and change, shape (seeds,), by `part name`."""
        rate = 2.0 ** (check.rate - (3 if table == "standard" else 0))

        def compute() -> Arrays:
            ensemble = self._ensemble(table, model, [rate], check.seeds)
            found = check_coordinates(ensemble, self.batches(1), check.steps)
            found["change"]["residual stream"] = found["change"][f"residual stream {model.layers - 1}"]
            return {f"{part} {name}": size.cpu().numpy() for part in found for name, size in found[part].items()}

        return self._context.unit(f"coordinates {table} {model.label}", compute)

    def _ensemble(
        self,
        table: str,
        model: Model,
        rates: Sequence[float],
        seeds: int,
        init: Sequence[float] = (1.0,),
        router: Sequence[float] = (1.0,),
        balance: Sequence[float] = (1.0,),
    ) -> MoeEnsemble:
        """Return fresh copies, rates fastest; the knobs hold a factor for every rate, or one for all."""
        settings, device = self.settings, self._context.device
        said = numbers(TABLES[table], model.shape, base_shape(settings))
        shape = MoeShape(
            model.width, model.layers, model.experts, model.active, model.hidden, context=settings.context,
            head_width=settings.head_width, gate=settings.gate, branch=said.branch, logit_scale=said.logit_scale,
        )  # fmt: skip
        factors: dict[str, float | Tensor] = dict(said.factors)

        def by_copy(values: Sequence[float]) -> Tensor:
            return torch.tensor(list(values) * (len(rates) // len(values)) * seeds, device=device)

        factors["router"] = said.factors["router"] * by_copy(router)
        recipe = Recipe(said.stds, factors, settings.balance * by_copy(balance))
        streams = [
            self._context.seeds.torch("model", model.label, seed, device=device) for seed in range(seeds) for _ in rates
        ]
        ensemble = MoeEnsemble(shape, recipe, by_copy(rates), streams)
        if len(init) > 1:
            ensemble.scale(INIT, by_copy(init))
        return ensemble


def measure_rates(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield E2, E4, E5: loss against the learning rate, its optimum, the best loss, and the loads there."""
    settings = config.transfer
    laboratory = Laboratory(settings, context)
    jobs = [
        (table, direction, model)
        for table, sizes in trained(config.work).items()
        for direction in settings.directions
        for index, model in enumerate(models(settings, direction))
        if sizes is None or index in sizes
    ]
    found: dict[tuple[str, str], dict[float, tuple[float, float]]] = {}
    with context.progress.task("train transformers with experts", len(jobs)) as step:
        for table, direction, model in jobs:
            yield from _rates(laboratory, table, direction, model, found.setdefault((table, direction), {}))
            step.advance(note=f"{table} {model.label}")
    for (table, direction), optima in found.items():
        if len(optima) > 1:
            slope, error = shift_per_doubling(optima)
            parameters = {"table": table, "direction": direction}
            place = SHIFT, table, "trained"
            yield points(
                *place, "direction", DIRECTIONS.index(direction), "octaves per doubling", slope, y_err=error,
                n=1 if np.isnan(error) else settings.seeds, params=parameters,
            )  # fmt: skip


def _rates(
    laboratory: Laboratory, table: str, direction: str, model: Model, optima: dict[float, tuple[float, float]]
) -> Iterator[Curves]:
    settings = laboratory.settings
    rates, seeds = rates_of(settings, table), seeds_of(settings, model)
    found = laboratory.losses(table, model, settings.steps, seeds)
    parameters = {"table": table, "direction": direction, "size": model.along, "steps": settings.steps}
    y, y_err, n = standard_error(found["scores"])
    place = rates_panel(table, direction), model.label, "trained"
    yield points(*place, "log2 rate", rates, "loss", y, y_err=y_err, n=n, params=parameters)
    best = int(np.argmin(y))
    place = best_panel(direction), table, "trained"
    x = AXES[direction]
    yield points(*place, x, model.along, "loss", y[best], y_err=y_err[best], n=n, params=parameters)
    optimum, error = optimum_of(rates, found["scores"])
    if np.isfinite(optimum):
        optima[model.along] = optimum, error
        place = optimum_panel(direction), table, "trained"
        y_err = 2**optimum * np.log(2) * error
        yield points(*place, x, model.along, "rate", 2**optimum, y_err=y_err, n=n, params=parameters)
    if direction == settings.directions[0]:
        doublings = np.log2(model.along / models(settings, direction)[0].along)
        yield _busiest(f"{table} {direction}", doublings, found["loads"][:, best], parameters)


def _busiest(
    series: str, doublings: float, loads: Float[np.ndarray, "seeds layers experts"], parameters: dict[str, object]
) -> Curves:
    """E4: the load of the busiest expert of any layer over the mean load, and how many experts got no token."""
    y, y_err, n = standard_error((loads.max(-1) / loads.mean(-1)).max(-1))
    said = {**parameters, "dead": int((loads == 0).sum())}
    return points(BALANCE, series, "trained", "doublings", doublings, "largest load", y, y_err=y_err, n=n, params=said)


def measure_settings(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield E3 and E6: other settings at the middle rate of the ladder's first two sizes, and longer training."""
    settings = config.transfer
    laboratory = Laboratory(settings, context)
    small = models(settings, "ladder")[:2]
    powers = sorted(set(settings.knob_powers) - {0})
    with context.progress.task("scan other settings", len(small) * len(settings.knobs) + 1) as step:
        for name in settings.knobs:
            for model in small:
                y, y_err, n = standard_error(laboratory.knob(SCALED, model, name))
                place = knob_panel(name), model.label, "trained"
                yield points(*place, "log2 factor", powers, "loss", y, y_err=y_err, n=n, params={"table": SCALED})
                unscaled = laboratory.losses(SCALED, model, settings.steps, seeds_of(settings, model))["scores"]
                middle = unscaled.shape[1] // 2
                y, y_err, n = standard_error(unscaled[:, middle])
                yield points(*place, "log2 factor", 0, "loss", y, y_err=y_err, n=n, params={"table": SCALED})
                step.advance(note=f"{name} {model.label}")
        rates, seeds = rates_of(settings, SCALED), seeds_of(settings, small[0])
        for steps in sorted({settings.steps, settings.horizon * settings.steps}):
            found = laboratory.losses(SCALED, small[0], steps, seeds)
            scores = found["scores"]
            y, y_err, n = standard_error(scores)
            optimum, error = optimum_of(rates, scores)
            place = HORIZON, f"{steps} steps", "trained"
            yield points(*place, "log2 rate", rates, "loss", y, y_err=y_err, n=n, params={"steps": steps})
            if steps > settings.steps:
                loads, parameters = found["loads"][:, int(np.argmin(y))], {"table": SCALED, "steps": steps}
                yield _busiest(f"{SCALED} ladder, {steps} steps", 0.0, loads, parameters)
            if np.isfinite(optimum):
                place, y_err = (optimum_panel(HORIZON), SCALED, "trained"), 2**optimum * np.log(2) * error
                yield points(*place, "steps", steps, "rate", 2**optimum, y_err=y_err, n=n, params={"steps": steps})
        step.advance(note="horizon")


def measure_coordinates(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield E1: the slopes of learned parts and changes against size, in log-log."""
    check = config.coordinates
    laboratory = Laboratory(config.transfer, context)
    grown = {direction: coordinate_models(config.transfer, check, direction) for direction in check.directions}
    jobs = len(check.tables) * sum(map(len, grown.values()))
    with context.progress.task("check coordinates", jobs) as step:
        for table in check.tables:
            for direction, found in grown.items():
                sizes = np.log([model.along for model in found])
                by_size = []
                for model in found:
                    by_size.append(laboratory.coordinates(table, model, check))
                    step.advance(note=f"{table} {model.label}")
                for part, names in COORDINATES.items():
                    logs = np.log([[each[f"{part} {name}"] for name in names] for each in by_size])
                    slopes = np.polyfit(sizes, logs.reshape(len(sizes), -1), 1)[0].reshape(logs.shape[1:])
                    y, y_err, n = standard_error(slopes, axis=1)
                    place = coordinates_panel(part, direction), table, "trained"
                    parameters = {"table": table, "direction": direction, "sizes": len(sizes)}
                    yield points(*place, "coordinate", range(len(y)), "slope", y, y_err=y_err, n=n, params=parameters)
