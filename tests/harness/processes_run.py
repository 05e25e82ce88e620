"""Run a toy that trains a model, in however many processes there are; it dies in the second unit if it is told to."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solv.harness.catalog import Entry, Paper
from solv.harness.processes import follows
from solv.harness.runner import follow_experiment, run_experiment
from solv.harness.settings import RunSettings, integer
from solv.tracking.claims import Claim, exceeds
from solv.tracking.curves import curve
from solv.tracking.figures import Panel


@dataclass(frozen=True)
class Config(RunSettings):
    """Settings of the toy."""

    steps: int = integer(6, "steps of each of two trainings", least=1)


class Toy:
    """Measures the losses of two trainings, each a unit of work."""

    entry = Entry("toy", Paper("A toy", "nobody", "0000.00000"), "Does it run?", ("x",), {})
    Config = Config

    def panels(self, config):
        """Return its one panel."""
        return [Panel("p", "toy", "step", "loss")]

    def predict(self, config):
        """Predict a line."""
        return _curve("theory", np.arange(config.steps), np.zeros(config.steps))

    def measure(self, config, context):
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
        return _curve("trained", np.arange(config.steps), np.mean(losses, axis=0))

    def claims(self, curves):
        """Claim that there is a loss."""
        last = curves.iloc[-1]["y"]
        return [Claim("positive", "loss > 0", "> 0", last, exceeds(last, 0, 0.1), error=0.1, needs="-")]


def _curve(source, x, y):
    return curve(experiment="toy", panel="p", series="s", source=source, x_name="x", x=x, y_name="y", y=y)


def main(runs: Path) -> None:
    """Run the toy, or follow the process that does."""
    settings = Config(runs_dir=str(runs), wandb="disabled", device="cpu")
    if follows():
        follow_experiment(Toy(), settings)
        return
    outcome = run_experiment(Toy(), settings, preset="quick")
    os.write(1, f"reused {outcome.reused} resumed {outcome.resumed}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
