"""With which settings did EBD's authors train? Their tables 13 to 19 (arXiv:2504.11558, appendix I) as data.

A line of a table is a field of a `Recipe`. SBD's own settings (arXiv:2605.30638) are not public; SBD takes EBD's here,
with the score of cross-entropy in the place of the error.

What the copies of the paper that can be read do not show, and what is put in its place:

* the exponents of the entropy and l1 rates of the convolutional networks on MNIST and CIFAR-10: 1e-8 and 1e-10;
* how lambda tends to 1 over epochs (equations 61 and 62): 1 - lambda shrinks as exp(-lambda_R epoch);
* whether the momentum of the perceptrons' update is a running mean or a sum: a running mean;
* rates of entropy, power and l1 of the output layer, 0 or 1e-10: 0;
* in which units the perceptrons' rates of power and l1 are: of the number of inputs of a unit, pixels being in [0, 1].
  Without that division every unit of MNIST's perceptron is silent after one step (l1); with it, sixty steps on a
  thousand digits classify about half of others right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import TYPE_CHECKING, Literal

from solv.experiments.sbd.settings import (
    BP,
    BP_SQUARED,
    CIFAR10,
    CIFAR100,
    CONVOLUTION,
    DFA,
    DFA_ENTROPY,
    FROZEN,
    LOCAL,
    MNIST,
    PERCEPTRON,
)
from solv.harness.settings import ConfigurationError

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from solv.models.ensemble import Schedule
    from solv.models.sbd.score_broadcast import BroadcastRule

BASE = 1e-4  # alpha at epoch 0 of the networks of maps
THIRD = (1 / 3) ** 0.5  # sigma_W sqrt(2) = sqrt(1/6) sqrt(2)


@dataclass(frozen=True)
class Recipe:
    """How one rule trains one network on one set of images.

    Attributes:
        epochs, batch: passes over the images, and images a step.
        base: rate alpha at the start.
        factors: of alpha, a layer, the output's last: the rates of decorrelation and, last, of the output's gradient.
        decay: factor of alpha an epoch; perceptrons have 1 / (1.5 floor(m / 10) + 1) at step m instead.
        momentum: memory of the running mean of the update, by which perceptrons descend; 0: Adam.
        memory, convergence: lambda, and lambda_R, by which it tends to 1.
        entropy_memory, entropy_floor: lambda_E, and eps of the weight entropy.
        entropy, power, power_target, sparsity: rates in units of alpha, a hidden layer.
        l2: of all weights.
        forward: rate of forward projections in units of alpha.
        fixed_zeros: fraction of the weights that stay at zero.
        gain, uniform: deviation of a weight times sqrt(fan in), and whether weights are uniform or normal.
        start, start_of_maps, glorot: deviation or gain of R, that of local connections, and where it is Glorot's.
        dropout: probability, before the last hidden layer.
        translation: most pixels by which an image is moved, alternately flipped too and tested in six views; 0: never.
    """

    epochs: int
    batch: int = 16
    base: float = BASE
    factors: tuple[float, ...] = ()
    decay: float = 0.97
    momentum: float = 0.0
    memory: float = 0.99999
    convergence: float = 2e-2
    entropy_memory: float = 0.99999
    entropy_floor: float = 1e-8
    entropy: tuple[float, ...] = ()
    power: tuple[float, ...] = ()
    power_target: tuple[float, ...] = ()
    sparsity: tuple[float, ...] = ()
    l2: float = 1e-5
    forward: float = 0.0
    fixed_zeros: float = 0.0
    gain: float = THIRD
    uniform: bool = False
    start: float = 1e-2
    start_of_maps: float | None = None
    glorot: Literal["none", "units", "maps", "all"] = "none"
    dropout: float = 0.0
    translation: int = 0

    @property
    def augmented(self) -> bool:
        """Whether images are varied in training, and looked at six times in tests."""
        return self.translation > 0

    def schedule(self, per_epoch: int) -> "Schedule":
        """Return alpha over its start as a function of the step."""
        if self.momentum:
            return lambda step: 1 / (1.5 * (step // 10) + 1)
        return lambda step: self.decay ** (step // per_epoch)

    def boost(self, step: int) -> float:
        """Return alpha_2, by which the perceptrons' decorrelation outlives the other rates."""
        return step // 10 / 3e4 + 1 if self.momentum else 1.0

    def converged(self, memory: "Float[Tensor, 'copies']", epoch: int) -> "Float[Tensor, 'copies']":
        """Return lambda at an epoch, counted from 0."""
        return 1 - (1 - memory) * exp(-self.convergence * epoch)

    def adam_rates(self, layers: int) -> tuple[float, ...]:
        """Return the rate of every layer at the start: of Adam, or 1 where `applied` has put it into the update."""
        if self.momentum:
            return (1.0,) * layers
        factors = self.factors or (1.0,) * layers
        return tuple(self.base * factor for factor in factors)

    def applied(self, rule: "BroadcastRule", inputs: Sequence[int]) -> "BroadcastRule":
        """Return a rule with these settings: its score and its expansion stay.

        With Adam a layer has one rate, and what regularises is added in units of it.

        Args:
            rule: of the copies.
            inputs: of a unit of every layer.
        """

        def strengths(rates: tuple[float, ...]) -> tuple[float, ...] | float:
            if self.momentum or not rates:
                return rates or 0.0
            return tuple(rate / factor for rate, factor in zip(rates, self.factors, strict=False))

        def by_input(rates: tuple[float, ...]) -> tuple[float, ...] | float:
            if not self.momentum or not rates:
                return strengths(rates)
            return tuple(rate / count for rate, count in zip(rates, inputs, strict=False))

        return replace(
            rule,
            memory=rule.memory.where(rule.memory == 1, rule.memory.new_tensor(self.memory)),
            start=self.start,
            start_of_maps=self.start_of_maps,
            glorot=self.glorot,
            entropy=strengths(self.entropy),
            entropy_memory=self.entropy_memory,
            entropy_floor=self.entropy_floor,
            power=by_input(self.power),
            power_target=self.power_target or 1.0,
            sparsity=by_input(self.sparsity),
            forward=self.forward / self.factors[-1] if self.forward else 0.0,
            rates=self.factors if self.momentum else None,
            momentum=self.momentum,
        )


_PERCEPTRON = Recipe(
    epochs=120,
    batch=20,
    base=1.0,
    momentum=0.9999,
    memory=0.999999,
    convergence=0.0,
    l2=1.6e-4,
    forward=0.005,
    gain=0.75,
    uniform=True,
    glorot="all",
)
_MAPS = Recipe(epochs=200, entropy_floor=1e-5)

# (images, network) -> EBD's own recipe: tables 13, 15 and 16
EBD_RECIPES: dict[tuple[str, str], Recipe] = {
    (MNIST, PERCEPTRON): replace(
        _PERCEPTRON,
        factors=(18000.0, 18000.0, 20000.0),
        entropy=(2.5e-4, 1.5e-3),
        power=(4e-3, 6e-3),
        power_target=(0.25, 0.25),
        sparsity=(0.8, 0.3),
        fixed_zeros=0.55,
    ),
    (CIFAR10, PERCEPTRON): replace(
        _PERCEPTRON,
        factors=(4000.0, 2000.0, 2000.0, 3500.0),
        entropy=(2.5e-4, 1.5e-3, 1.5e-3),
        power=(4e-3, 6e-3, 6e-3),
        power_target=(0.25, 0.25, 0.25),
        sparsity=(0.8, 0.3, 0.3),
        fixed_zeros=0.4,
    ),
    (MNIST, CONVOLUTION): replace(
        _MAPS,
        epochs=100,
        factors=(0.1, 0.1, 0.1, 10.0),
        entropy=(1e-8, 1e-8, 1e-8),
        sparsity=(1e-10, 1e-10, 1e-9),
        entropy_floor=1e-8,
    ),
    (CIFAR10, CONVOLUTION): replace(
        _MAPS,
        factors=(0.1, 0.1, 0.1, 0.1, 10.0),
        entropy=(1e-8, 1e-8, 1e-8, 1e-8),
        sparsity=(1e-10, 1e-10, 1e-10, 1e-8),
    ),
    (CIFAR100, CONVOLUTION): replace(
        _MAPS,
        epochs=300,
        factors=(0.1, 0.1, 0.1, 0.1, 10.0),
        entropy=(0.0, 0.0, 0.0, 5e-7),
        sparsity=(0.0, 0.0, 0.0, 1e-7),
        dropout=0.075,
        translation=2,
    ),
    (MNIST, LOCAL): replace(
        _MAPS,
        epochs=100,
        decay=0.96,
        factors=(0.1, 0.1, 0.1, 10.0),
        entropy=(1e-9, 1e-9, 1e-9),
        sparsity=(1e-11, 1e-11, 1e-11),
        l2=1e-8,
        uniform=True,
        start=1.0,
        start_of_maps=1.0,
        glorot="maps",
    ),
    (CIFAR10, LOCAL): replace(
        _MAPS,
        decay=0.98,
        factors=(0.5, 0.5, 0.5, 0.5, 5.0),
        entropy=(1e-11, 1e-11, 1e-11, 1e-10),
        sparsity=(1e-13, 1e-13, 1e-13, 1e-12),
        l2=1e-6,
        uniform=True,
        start=1e-3,
        start_of_maps=1e-1,
        glorot="maps",
    ),
}

# (images, network) -> rate, decay an epoch and l2 of backpropagation by Adam: tables 17 to 19
BACKPROPAGATED: dict[tuple[str, str], tuple[float, float, float]] = {
    (MNIST, PERCEPTRON): (5e-5, 0.96, 1e-5),
    (MNIST, CONVOLUTION): (5e-5, 0.97, 1e-8),
    (MNIST, LOCAL): (5e-5, 0.96, 1e-8),
    (CIFAR10, PERCEPTRON): (5e-5, 0.85, 1e-5),
    (CIFAR10, CONVOLUTION): (5e-5, 0.92, 1e-5),
    (CIFAR10, LOCAL): (1e-4, 0.90, 1e-6),
    (CIFAR100, CONVOLUTION): (5e-5, 0.97, 1e-5),
}
DFA_L2 = {(CIFAR10, PERCEPTRON): 0.0, (CIFAR100, CONVOLUTION): 0.0, (MNIST, CONVOLUTION): 1e-8}
DFA_DECAY = {(CIFAR10, LOCAL): 0.96, (CIFAR100, CONVOLUTION): 0.95}  # elsewhere both are EBD's


def recipe(images: str, network: str, rule: str) -> Recipe:
    """Return with which settings a rule trains a network on images.

    Args:
        images, network: of the tables.
        rule: a name of `RULES`; SBD trains as EBD does, frozen hidden layers as DFA.

    Raises:
        ConfigurationError: EBD's tables have no such network on these images.
    """
    place = images, network
    if place not in EBD_RECIPES:
        known = "; ".join(f"{network} on {images}" for images, network in EBD_RECIPES)
        raise ConfigurationError(f"training.recipe=EBD: its tables have no {network} on {images}; they have {known}")
    own = EBD_RECIPES[place]
    if rule in (BP, BP_SQUARED):
        rate, decay, l2 = BACKPROPAGATED[place]
        dropout = 0.5 if own.dropout else 0.0
        epochs = 200 if images == CIFAR100 else own.epochs
        return Recipe(
            epochs, own.batch, rate, decay=decay, l2=l2, gain=own.gain, uniform=own.uniform, dropout=dropout,
            translation=own.translation,
        )  # fmt: skip
    if rule in (DFA, DFA_ENTROPY, FROZEN):
        decay = DFA_DECAY.get(place, own.decay)
        l2 = DFA_L2.get(place, own.l2)
        direct = replace(own, sparsity=(), decay=decay, l2=l2)
        if place == (CIFAR100, CONVOLUTION):
            direct = replace(direct, base=0.25 * BASE, factors=(0.1, 0.1, 0.1, 1.0, 50.0))
        return direct if rule == DFA_ENTROPY else replace(direct, entropy=())
    return own
