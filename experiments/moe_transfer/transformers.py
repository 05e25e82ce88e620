"""What do small transformers with experts do at many learning rates? Each model is trained once, as a unit of work."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from solv.data.text.sources import folder_bytes, library_bytes
from solv.experiments.moe_transfer.optima import optimum_of
from solv.experiments.moe_transfer.settings import CoordinateSettings, TransferSettings
from solv.experiments.moe_transfer.sizes import Model, base_of, rates_of
from solv.harness.contract import Context
from solv.models.moe_transfer.training import Batches, MoeEnsemble, Recipe, check_coordinates
from solv.models.moe_transfer.transformer import MoeShape
from solv.theory.moe_transfer.parameter_tables import MATRICES, TABLES, numbers

Arrays = dict[str, np.ndarray]


class Laboratory:
    """Trains models, each once, on batches that are the same for all of them.

    Several directions, and several parts, share their smallest model: within a part it is remembered, and what an
    earlier part of the run computed is read from its unit of work.
    """

    def __init__(self, settings: TransferSettings, context: Context, name: str = "") -> None:
        """Remember what is trained, and where; `name` tells trainings under a part's own settings from all others."""
        self.settings = settings
        self._name = f"{name} " if name else ""
        self._context = context
        self._done: dict[str, Arrays] = {}

    @cached_property
    def _text(self) -> Tensor:
        settings = self.settings
        read = library_bytes(settings.text_bytes)
        if settings.folder is not None:
            read = folder_bytes(settings.folder, settings.text_bytes)
        if len(read) <= settings.context + 1:
            raise ValueError(f"the text has {len(read)} bytes; a sequence of context {settings.context} needs more")
        return torch.from_numpy(read.astype(np.int64)).to(self._context.device)

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

    def losses(self, table: str, model: Model, steps: int, seeds: int, *, precise: bool = False) -> Arrays:
        """Return what a model does at every learning rate: those of the settings, and more around the best.

        While the best rate is at an edge of the grid, another is added beyond it, `extend` times at most; then the
        spacing around the best is halved `refine` times. With `precise`, initialisations are added while the standard
        error of the best rate is above the settings' `precision`, unless the table is one whose rate is to move.

        Returns:
            `rates`, their log2, ascending; `scores` (seeds, rates), the mean loss of the last steps, infinite where the
            training diverged; `loads` (seeds, rates, layers, experts); `curves` (seeds, rates, steps), the losses.
        """
        found = self._at(table, model, steps, seeds, [float(rate) for rate in rates_of(self.settings, table)])
        for _ in range(self.settings.extend):
            rates, best = found["rates"], int(np.argmin(found["scores"].mean(axis=0)))
            if 0 < best < len(rates) - 1 or not np.isfinite(found["scores"]).any():
                break
            found = _joined(found, self._at(table, model, steps, seeds, [rates[best] + (1 if best else -1)]))
        for level in range(self.settings.refine):
            rates, middle = found["rates"], float(found["rates"][int(np.argmin(found["scores"].mean(axis=0)))])
            closer = [middle + sign * 0.5 ** (level + 1) for sign in (-1, 1)]
            found = _joined(found, self._at(table, model, steps, seeds, [each for each in closer if each not in rates]))
        if precise and self.settings.precision and table != "standard":
            while (have := len(found["scores"])) < self.settings.most_seeds:
                if not optimum_of(found["rates"], found["scores"]).error > self.settings.precision:
                    break
                count = min(seeds, self.settings.most_seeds - have)
                more = self._at(table, model, steps, count, list(found["rates"]), first=have)
                found = {
                    name: each if name == "rates" else np.concatenate([each, more[name]])
                    for name, each in found.items()
                }
        return found

    def _at(
        self, table: str, model: Model, steps: int, seeds: int, rates: Sequence[float], first: int = 0
    ) -> Arrays:  # fmt: skip
        """Return the same at exactly these rates, of the initialisations from the `first` on, as one unit of work."""

        def compute() -> Arrays:
            ensemble = self._ensemble(table, model, [2.0**rate for rate in rates], range(first, first + seeds))
            trained = ensemble.train(self.batches(), steps)
            scores = trained.losses[:, -self.settings.scored :].mean(1).double()
            shape = (seeds, len(rates))
            return {
                "rates": np.array(rates),
                "scores": scores.view(shape).cpu().numpy(),
                "loads": trained.loads.view(*shape, *trained.loads.shape[1:]).cpu().numpy(),
                "curves": trained.losses.view(*shape, -1).cpu().numpy(),
            }

        at = ",".join(f"{rate:g}" for rate in rates)
        which = f"seeds={seeds}" + (f" from {first}" if first else "")
        return self._once(f"{self._name}{table} {model.name} steps={steps} {which} rates={at}", compute)

    def knob(self, table: str, model: Model, name: str) -> np.ndarray:
        """Return scores (1, factors) of a model at the middle learning rate, another setting being multiplied."""
        settings = self.settings
        rates = rates_of(settings, table)
        middle = 2.0 ** rates[len(rates) // 2]
        factors = [2.0**power for power in sorted(set(settings.knob_powers) - {0})]

        def compute() -> Arrays:
            ensemble = self._ensemble(table, model, [middle] * len(factors), [0], **{name: factors})
            trained = ensemble.train(self.batches(), settings.steps)
            return {"scores": trained.losses[:, -settings.scored :].mean(1).double()[None].cpu().numpy()}

        return self._once(f"{table} {model.name} {name}", compute)["scores"]

    def coordinates(self, table: str, model: Model, check: CoordinateSettings) -> Arrays:
        """Return the size of every coordinate's learned part and change, shape (seeds,), by `part name`."""
        rate = 2.0 ** (check.rate - (3 if table == "standard" else 0))

        def compute() -> Arrays:
            ensemble = self._ensemble(table, model, [rate], range(check.seeds))
            parts = check_coordinates(ensemble, self.batches(1), check.steps)
            parts["change"]["residual stream"] = parts["change"][f"residual stream {model.layers - 1}"]
            return {f"{part} {name}": size.cpu().numpy() for part in parts for name, size in parts[part].items()}

        return self._once(f"coordinates {table} {model.name}", compute)

    def at_rate(
        self, table: str, model: Model, steps: int, seeds: int, rate: float, *, precise: bool = False
    ) -> Arrays:  # fmt: skip
        """Return `scores` (seeds,) and `curves` (seeds, steps) at the one of a model's rates closest to `rate`."""
        found = self.losses(table, model, steps, seeds, precise=precise)
        place = int(np.argmin(np.abs(found["rates"] - rate)))
        return {name: found[name][:, place] for name in ("scores", "curves")}

    def _once(self, name: str, compute: Callable[[], Mapping[str, np.ndarray]]) -> Arrays:
        if name not in self._done:
            self._done[name] = self._context.unit(name, compute)
        return self._done[name]

    def _ensemble(
        self,
        table: str,
        model: Model,
        rates: Sequence[float],
        seeds: Sequence[int],
        init: Sequence[float] = (1.0,),
        router: Sequence[float] = (1.0,),
        balance: Sequence[float] = (1.0,),
    ) -> MoeEnsemble:
        """Return fresh copies of these initialisations, rates fastest; others: a factor a rate, or one."""
        settings, device = self.settings, self._context.device
        scaled = numbers(TABLES[table], model.shape, base_of(settings, table))
        shape = MoeShape(
            model.width,
            model.layers,
            model.experts,
            model.active,
            model.hidden,
            context=settings.context,
            head_width=settings.head_width,
            gate=settings.gate,
            select=settings.select,
            model=settings.model,
            branch=scaled.branch,
            logit_scale=scaled.logit_scale,
        )
        factors: dict[str, float | Tensor] = dict(scaled.factors)

        def by_copy(values: Sequence[float]) -> Tensor:
            return torch.tensor(list(values) * (len(rates) // len(values)) * len(seeds), device=device)

        factors["router"] = scaled.factors["router"] * by_copy(router)
        recipe = Recipe(scaled.stds, factors, settings.balance * by_copy(balance))
        streams = [
            self._context.seeds.torch("model", model.stream, seed, device=device) for seed in seeds for _ in rates
        ]
        ensemble = MoeEnsemble(shape, recipe, by_copy(rates), streams)
        if len(init) > 1:
            ensemble.scale(MATRICES, by_copy(init))  # the matrices of the blocks
        return ensemble


def _joined(one: Arrays, other: Arrays) -> Arrays:
    """Return trainings at two lists of rates as one, ascending."""
    order = np.argsort(np.concatenate([one["rates"], other["rates"]]))
    return {
        name: np.take(np.concatenate([one[name], other[name]], axis=0 if name == "rates" else 1), order, -1)
        if name in ("rates", "scores")
        else np.take(np.concatenate([one[name], other[name]], axis=1), order, 1)
        for name in one
    }
