"""Train in the processes that `torchrun` started: the losses of every step and a checkpoint go into a file."""

import json
import sys
from pathlib import Path

import torch

from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.sharding import place, process_group
from solv.models.language.training import Trainer, TrainingSettings
from solv.models.language.weight_average import Averaging

CONFIG = DecoderConfig(vocabulary=13, context=8, width=16, layers=2, heads=2, tied=True, init_std=0.2)


def batch(step: int) -> torch.Tensor:
    return torch.randint(0, 13, (8, 9), generator=torch.Generator().manual_seed(step))


def trainer(parallel: str | None, device: str = "cpu", accumulation: int = 2) -> Trainer:
    model = Decoder(CONFIG, generator=torch.Generator().manual_seed(0))
    averages = {"ema": Averaging("ema", 6.25), "uniform": Averaging()}
    settings = TrainingSettings(
        1e-2, clip=0.5, accumulation=accumulation, averages=averages, weight_decay=0.1, parallel=parallel
    )
    return Trainer(model, settings, device=device)


def run(trained: Trainer, until: int) -> list[float]:
    losses: list[float] = []
    trained.train(batch, until, after_step=lambda step, loss: losses.append(float(loss)))
    return losses


def held_out(trained: Trainer) -> list[float]:
    return [trained.evaluate([batch(1000), batch(1001)], average) for average in (None, "ema", "uniform", None)]


def main(folder: Path, parallel: str, halfway: int, steps: int) -> None:
    with process_group("cpu") as device:
        trained = trainer(parallel, device)
        losses = run(trained, halfway)
        validation = [held_out(trained)]
        state = trained.state_dict()
        losses += run(trained, steps)
        validation.append(held_out(trained))
        branch = trainer(parallel, device)
        branch.load_state_dict(state)
        branched = run(branch, steps)
        each_alone = run(trainer(None, device), 5)
        if place().rank == 0:
            torch.save(state, folder / "state.pt")
            (folder / "losses.json").write_text(json.dumps([losses, *validation, branched, each_alone]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
