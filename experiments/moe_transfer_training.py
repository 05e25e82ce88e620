"""What does the transformer part of moe-transfer measure? Losses against learning rate, loads, and coordinates."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from data.text import folder_bytes, library_bytes
from experiments.moe_parameterizations import TABLES, numbers
from experiments.moe_transfer_panels import (
    COORDINATES,
    best_panel,
    coordinates_panel,
    optimum_of,
    optimum_panel,
    points,
    rates_panel,
)
from experiments.moe_transfer_settings import (
    CoordinateSettings,
    Model,
    TransferSettings,
    base_shape,
    coordinate_models,
    models,
    rates_of,
    seeds_of,
)
from experiments.protocol import Context
from models.moe_training import Batches, MoeEnsemble, Recipe, check_coordinates
from models.moe_transformer import GROUPS, MoeShape
from tracking.curves import Curves, standard_error
from tracking.progress import Step

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
        factors = [2.0**power for power in sorted(settings.knob_powers)]

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
        factors["router"] = said.factors["router"] * torch.tensor(list(router) * seeds, device=device)
        recipe = Recipe(said.stds, factors, settings.balance * torch.tensor(list(balance) * seeds, device=device))
        streams = [
            self._context.seeds.torch("model", model.label, seed, device=device) for seed in range(seeds) for _ in rates
        ]
        ensemble = MoeEnsemble(shape, recipe, torch.tensor(list(rates) * seeds, device=device), streams)
        if len(init) > 1:
            ensemble.scale(INIT, torch.tensor(list(init) * seeds, device=device))
        return ensemble


def measure_transfer(
    settings: TransferSettings, check: CoordinateSettings, context: Context, tables: Mapping[str, object] = TABLES
) -> Iterator[Curves]:
    """Yield every curve of E1 to E6."""
    laboratory = Laboratory(settings, context)
    jobs = sum(len(_sizes(settings, direction)) for direction in settings.directions) * len(settings.tables)
    with context.progress.task("train transformers with experts", jobs) as step:
        for table in settings.tables:
            for direction in settings.directions:
                yield from _transfer(laboratory, table, direction, step)
    if settings.knobs and "ladder" in settings.directions:
        yield from _knobs(laboratory, context)
    if settings.horizon > 1 and "ladder" in settings.directions and 0 in settings.sizes:
        yield from _horizon(laboratory, context)
    if check.enabled:
        yield from _coordinates(laboratory, check, context)


def _sizes(settings: TransferSettings, direction: str) -> list[tuple[int, Model]]:
    """Return the models of a direction that are trained, with their numbers."""
    return [(i, model) for i, model in enumerate(models(settings, direction)) if i in settings.sizes]


def _transfer(laboratory: Laboratory, table: str, direction: str, step: Step) -> Iterator[Curves]:
    """E2, E4, E5: loss against the learning rate of every size; its optimum; the best loss; the loads there."""
    settings = laboratory.settings
    rates = rates_of(settings, table)
    for index, model in _sizes(settings, direction):
        seeds = seeds_of(settings, model)
        found = laboratory.losses(table, model, settings.steps, seeds)
        scores = found["scores"]
        parameters = {"table": table, "direction": direction, "size": model.along, "steps": settings.steps}
        y, y_err, n = standard_error(scores)
        place = rates_panel(table, direction), model.label, "trained"
        yield points(*place, "log2 rate", rates, "loss", y, y_err=y_err, n=n, params=parameters)
        best = int(np.argmin(y))
        place = best_panel(table), direction, "trained"
        yield points(*place, "doublings", index, "loss", y[best], y_err=_at(y_err, best), n=n, params=parameters)
        optimum, error = optimum_of(rates, scores)
        if np.isfinite(optimum):
            place = optimum_panel(table), direction, "trained"
            yield points(*place, "doublings", index, "log2 rate", optimum, y_err=error, n=n, params=parameters)
        loads = found["loads"][:, best]
        peak = (loads.max(-1) / loads.mean(-1)).max(-1)
        y, y_err, n = standard_error(peak)
        dead = {**parameters, "dead": int((loads == 0).sum())}
        yield points("balance", f"{table} {direction}", "trained", "doublings", index, "largest load", y, y_err=y_err, n=n, params=dead)  # fmt: skip
        step.advance(note=f"{table} {model.label}")


def _knobs(laboratory: Laboratory, context: Context) -> Iterator[Curves]:
    """E3: other settings at the middle rate of the ladder's first two sizes, under the tables that should transfer."""
    settings = laboratory.settings
    tables = [table for table in settings.tables if table != "standard"]
    small = [(index, model) for index, model in _sizes(settings, "ladder") if index < 2]
    powers = sorted(settings.knob_powers)
    with context.progress.task("scan other settings", len(tables) * len(small) * len(settings.knobs)) as step:
        for table in tables:
            for name in settings.knobs:
                for _, model in small:
                    y, y_err, n = standard_error(laboratory.knob(table, model, name))
                    place = f"knob {name}", f"{table} {model.label}", "trained"
                    yield points(*place, "log2 factor", powers, "loss", y, y_err=y_err, n=n, params={"table": table})
                    step.advance(note=f"{name} {model.label}")


def _horizon(laboratory: Laboratory, context: Context) -> Iterator[Curves]:
    """E6: the smallest model, trained longer at every rate."""
    settings = laboratory.settings
    model = models(settings, "ladder")[0]
    tables = [table for table in settings.tables if table != "standard"]
    with context.progress.task("train longer", len(tables)) as step:
        for table in tables:
            rates = rates_of(settings, table)
            for steps in (settings.steps, settings.horizon * settings.steps):
                scores = laboratory.losses(table, model, steps, seeds_of(settings, model))["scores"]
                y, y_err, n = standard_error(scores)
                place = "horizon", f"{table}, {steps} steps", "trained"
                parameters = {"table": table, "steps": steps}
                yield points(*place, "log2 rate", rates, "loss", y, y_err=y_err, n=n, params=parameters)
            step.advance(note=table)


def _coordinates(laboratory: Laboratory, check: CoordinateSettings, context: Context) -> Iterator[Curves]:
    """E1: the slope of the learned parts against size, in log-log."""
    settings = laboratory.settings
    grown = {direction: coordinate_models(settings, check, direction) for direction in check.directions}
    jobs = len(settings.tables) * sum(map(len, grown.values()))
    with context.progress.task("check coordinates", jobs) as step:
        for table in settings.tables:
            for direction, found in grown.items():
                sizes = np.log([model.along for model in found])
                by_size = []
                for model in found:
                    by_size.append(laboratory.coordinates(table, model, check))
                    step.advance(note=f"{table} {model.label}")
                for part in ("learned", "change"):
                    slopes = []
                    for name in COORDINATES[part]:
                        logs = np.log([each[f"{part} {name}"] for each in by_size])
                        slopes.append(np.polyfit(sizes, logs, 1)[0])
                    y, y_err, n = standard_error(np.array(slopes), axis=1)
                    place = coordinates_panel(part, direction), table, "trained"
                    yield points(*place, "coordinate", range(len(y)), "slope", y, y_err=y_err, n=n, params={"table": table})  # fmt: skip


def _at(errors: np.ndarray, index: int) -> float:
    return float(errors[index])


assert set(INIT) <= set(GROUPS)
