"""Run a toy that trains a model, in however many processes there are; it dies in the second unit if it is told to."""

import os
import sys
from enum import StrEnum
from pathlib import Path

import numpy as np

from solv.harness.contract import Experiment, Part
from solv.harness.entry import Entry, Paper
from solv.harness.processes import follows
from solv.harness.runner import follow_experiment, run_experiment
from solv.harness.settings import RunSettings, integer
from solv.tracking.claims import Claim, Judgement, exceeds
from solv.tracking.curves import Recorder
from solv.tracking.panels import Panel


class Config(RunSettings):
    """Settings of the toy."""

    steps: int = integer(6, "steps of each of two trainings", least=1)


class Panels(StrEnum):
    """Its one panel."""

    P = "p"


RECORD = Recorder("toy", "losses")


def _predict(config):
    steps = np.arange(config.steps)
    yield RECORD.theory(Panels.P, {}, x=("step", steps), y=("loss", np.zeros(config.steps)))


def _measure(config, context):
    """Train twice, each process on its own rows."""
    from solv.models.language.training import Trainer, TrainingSettings
    from tests.models.language.training_processes import CONFIG, Decoder, batch, torch

    def train(unit):
        # one write: lines of several processes meet in one pipe
        os.write(1, f"{unit} computed by {os.environ.get('RANK', 'one alone')}\n".encode())
        if unit == "second" and os.environ.get("TOY_DIE"):
            sys.exit(3)
        parallel = "ddp" if context.processes > 1 else None
        model = Decoder(CONFIG, generator=torch.Generator().manual_seed(len(unit)))
        trainer, losses = Trainer(model, TrainingSettings(1e-2, parallel=parallel), device=context.device), []
        checkpoint = context.checkpoint(unit)
        if state := checkpoint.load():
            trainer.load_state_dict(state)
        after = lambda step, loss: losses.append(float(loss))  # noqa: E731
        trainer.train(batch, config.steps, after_step=after, save=checkpoint.save, save_every=2)
        return {"loss": np.array(losses)}

    losses = [context.unit(unit, lambda unit=unit: train(unit))["loss"] for unit in ("first", "second")]
    steps = np.arange(config.steps)
    yield RECORD.trained(Panels.P, {}, x=("step", steps), y=("loss", np.mean(losses, axis=0)), y_err=np.nan, n=1)


def _judge(curves):
    last = curves.iloc[-1]["y"]
    return Judgement(exceeds(last, 0, 0.1), "> 0", last, error=0.1)


LOSSES = Part(
    "losses",
    "Do several processes train as one?",
    Panels,
    lambda config: [Panel(Panels.P, "toy", "step", "loss")],
    _predict,
    _measure,
    (Claim("positive", "loss > 0", (Panels.P,), _judge, needs={"steps": 6}),),
)
ENTRY = Entry("toy", Paper("A toy", "nobody", "0000.00000"), "Does it run?", ("x",), {}, "-", "-")
TOY = Experiment(ENTRY, Config, (LOSSES,))


def main(runs: Path) -> None:
    """Run the toy, or follow the process that does."""
    settings = Config(runs_dir=str(runs), wandb="disabled", device="cpu")
    if follows():
        follow_experiment(TOY, settings)
        return
    outcome = run_experiment(TOY, settings, preset="quick")
    os.write(1, f"reused {outcome.reused} resumed {outcome.resumed}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
