"""How do rules learn the digits at other settings? Networks of any depth and width, trained for a few epochs."""

import numpy as np
from jaxtyping import Float

from solv.experiments.sbd.arenas import Problem, digits
from solv.experiments.sbd.rules import Plan
from solv.experiments.sbd.settings import SbdConfig
from solv.experiments.sbd.training import Course, train_rules
from solv.harness.contract import Context
from solv.models.sbd.broadcast_layers import Linear
from solv.models.sbd.score_broadcast import Network


class Ladder:
    """Trainings on the digits at settings other than those of the arenas."""

    def __init__(self, config: SbdConfig, context: Context) -> None:
        """Load the digits."""
        self._training, self._context, self._data = config.training, context, digits(context)
        self._epochs = config.ladders.epochs

    def course(self, epochs: int | None = None) -> Course:
        """Return how a training goes; None: the ladders' passes over the digits."""
        return Course(epochs or self._epochs, self._training.batch, self._training.learning_rate)

    def steps(self, epochs: int) -> int:
        """Return the steps of a training."""
        return self.course(epochs).steps(len(self._data.x))

    def train(
        self, name: str, depth: int, width: int, plan: Plan, *, epochs: int | None = None, stream: str | None = None
    ) -> Float[np.ndarray, "rules seeds"]:
        """Return the test accuracy of every rule and seed of a plan.

        Args:
            name: of the training: of its random streams, and of its checkpoint.
            depth: layers, the output included.
            width: units of each hidden layer.
            plan: the rules.
            epochs: passes over the digits; None: the ladders'.
            stream: name of the random streams, if it is not the training's: trainings that share it are paired.
        """
        layers = *[Linear(width)] * (depth - 1), Linear(self._data.classes)
        problem = Problem(Network(tuple(self._data.x.shape[1:]), layers), self._data)
        course = self.course(epochs)
        return train_rules(name, problem, plan, course, self._training, self._context, stream=stream)
