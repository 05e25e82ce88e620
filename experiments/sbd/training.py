"""How are the rules of sbd trained side by side? Networks, data, and all broadcast rules and seeds as one batch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from solv.experiments.sbd.settings import (
    BP,
    BP_SQUARED,
    CONVOLUTION,
    DFA,
    DIGITS,
    EBD,
    FROZEN,
    PERCEPTRON,
    SBD_P,
    SBD_RANDOM,
    SbdConfig,
    Training,
)
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.ensemble import Ensemble, Optimizer, Parameters, cosine_decay
from solv.models.sbd.broadcast_layers import Convolution, Linear, LocallyConnected, Pool
from solv.models.sbd.score_broadcast import (
    BroadcastRule,
    BroadcastState,
    Network,
    accuracy,
    backpropagated_gradients,
    broadcast_gradients,
    start_state,
)

SAVE_EVERY = 500
Look = Callable[[int, Parameters, BroadcastState | None], None]


@dataclass(frozen=True)
class Data:
    """Examples to learn from and to test on."""

    x: Tensor
    labels: Tensor
    test_x: Tensor
    test_labels: Tensor

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(torch.cat([self.labels, self.test_labels]).max()) + 1


@dataclass(frozen=True)
class Plan:
    """What one batch of copies trains: `rules` x seeds, rule by rule.

    Attributes:
        rules: a name of `RULES` for each block of seeds.
        memory, start, features: override the training's for single blocks, as long as `rules`; features: how many of
            the random ones a block uses.
    """

    rules: Sequence[str]
    memory: Sequence[float] | None = None
    start: Sequence[float] | None = None
    features: Sequence[int] | None = None


def digits(context: Context) -> Data:
    """Return scikit-learn's digits, 1400 to learn from and 397 to test on."""
    from sklearn.datasets import load_digits

    found = load_digits()
    order = context.seeds.numpy("digits").permutation(len(found.target))
    x = torch.from_numpy(found.data[order] / 8 - 1).float().to(context.device)
    labels = torch.from_numpy(found.target[order]).long().to(context.device)
    return Data(x[:1400], labels[:1400], x[1400:], labels[1400:])


def images(config: SbdConfig, context: Context) -> Data:
    """Return the images of the settings.

    Raises:
        ConfigurationError: a fetched set is not there, or is damaged.
    """
    setting = config.images
    if setting.source == "synthetic":
        from solv.data.sbd.synthetic_images import draw_images

        made = draw_images(
            setting.train + setting.test,
            context.seeds.numpy("images"),
            side=setting.side,
            classes=setting.classes,
            filters=16,
            sharpness=setting.sharpness,
        )
        x, labels = torch.from_numpy(made.x), torch.from_numpy(made.labels)
        x, labels = x.to(context.device), labels.to(context.device)
        return Data(x[: setting.train], labels[: setting.train], x[setting.train :], labels[setting.train :])
    from solv.data.sbd.image_sets import ImageSetError, load_image_set

    try:
        found = load_image_set(setting.source, setting.folder, setting.train, setting.test)
    except ImageSetError as error:
        raise ConfigurationError(f"images: {error}; images.source=synthetic needs no file") from None
    parts = [
        torch.from_numpy(np.ascontiguousarray(part))
        for part in (found.train, found.train_labels, found.test, found.test_labels)
    ]
    mean, std = found.train.mean((0, 2, 3), keepdims=True), found.train.std((0, 2, 3), keepdims=True)
    scaled = [(part.float() - torch.from_numpy(mean)) / torch.from_numpy(std) for part in (parts[0], parts[2])]
    most, tests = setting.train, setting.test
    x, test_x = scaled[0][:most].float().to(context.device), scaled[1][:tests].float().to(context.device)
    return Data(x, parts[1][:most].long().to(context.device), test_x, parts[3][:tests].long().to(context.device))


def network(config: SbdConfig, arena: str, data: Data) -> Network:
    """Return the architecture of an arena; the paper's (spec section 1) or a small one of the same kind."""
    shape, paper, output = tuple(data.x.shape[1:]), config.images.size == "paper", Linear(data.classes)
    if arena == DIGITS:
        return Network(shape, (Linear(128), Linear(128), output))
    if arena == PERCEPTRON:
        widths = (1024, 512, 512) if paper else (256, 128)
        return Network(shape, (*(Linear(width) for width in widths), output))
    kind: type[Convolution] | type[LocallyConnected] = Convolution if arena == CONVOLUTION else LocallyConnected
    if not paper:
        first, second = (16, 16) if arena == CONVOLUTION else (4, 8)
        return Network(shape, (kind(first, 5, 1, 2), Pool(2), kind(second, 3, 1, 1), Pool(2), Linear(64), output))
    if config.images.source == "tiny-imagenet":
        channels, width = (96, 128, 256), 2048
    else:
        channels, width = ((128, 64, 64), 1024) if arena == CONVOLUTION else ((64, 32, 32), 512)
    pool = Pool(2, "maximum" if config.images.source == "tiny-imagenet" else "average")
    first, second, third = channels
    parts = kind(first, 5, 1, 2), pool, kind(second, 5, 1, 2), pool, kind(third, 2, 2, 0), Linear(width), output
    return Network(shape, parts)


def broadcast_rule(training: Training, plan: Plan, seeds: int, classes: int, queries: Tensor) -> BroadcastRule:
    """Return the rule of every copy; phi is p and then tanh(Q x), each copy using what its rule says."""
    device, blocks = queries.device, len(plan.rules)
    count = queries.shape[1]
    scales = torch.zeros(blocks, classes + count, device=device)
    memory = torch.tensor(plan.memory or [training.memory] * blocks, device=device)
    for block, rule in enumerate(plan.rules):
        if rule == SBD_P:
            scales[block, :classes] = training.expansion
        if rule == SBD_RANDOM:
            used = plan.features[block] if plan.features else count
            scales[block, classes : classes + used] = training.expansion
        if rule in (FROZEN, DFA):
            memory[block] = 1.0
    squared = torch.tensor([float(rule == EBD) for rule in plan.rules], device=device)
    start = torch.tensor(plan.start or [training.start] * blocks, device=device)

    def features(x: Tensor, p: Tensor) -> Tensor:
        return torch.cat([p, torch.tanh(x.flatten(2) @ queries)], dim=-1)

    expands = bool(scales.any())
    return BroadcastRule(
        squared.repeat_interleave(seeds),
        memory.repeat_interleave(seeds),
        start.repeat_interleave(seeds),
        scales.repeat_interleave(seeds, dim=0) if expands else None,
        features if expands else None,
        power=training.power,
        power_target=training.power_target,
        entropy=training.entropy,
        sparsity=training.sparsity,
        forward=training.forward,
    )


def train_rules(
    config: SbdConfig,
    context: Context,
    name: str,
    architecture: Network,
    data: Data,
    plan: Plan,
    *,
    epochs: int,
    batch: int,
    rate: float,
    look: Look | None = None,
) -> np.ndarray:
    """Train every copy and return its test accuracy, shape (rules, seeds).

    Copies of one seed start from the same weights and see the same batches. All rules of a plan are either broadcast
    rules or backpropagation, and one batch of copies; `look(step, parameters, state)` is called before every step.
    """
    training, seeds = config.training, config.training.seeds
    generator = context.seeds.torch(name, "start", device=context.device)
    start = architecture.initial(seeds, generator)
    last = len(architecture.layers) - 1
    start[f"weight {last}"] *= training.output_scale
    blocks = len(plan.rules)
    steps = epochs * max(len(data.x) // batch, 1)
    moves = torch.tensor([float(rule != FROZEN) for rule in plan.rules], device=context.device)
    factors = {
        f"{kind} {number}": moves.repeat_interleave(seeds)
        for number in architecture.hidden
        for kind in ("weight", "bias")
    }
    ensemble = Ensemble(
        {key: value.repeat(blocks, *[1] * (value.dim() - 1)) for key, value in start.items()},
        Optimizer(
            learning_rate=rate, weight_decay=training.weight_decay, schedule=cosine_decay(steps), factors=factors
        ),
    )
    backward = plan.rules[0] in (BP, BP_SQUARED)
    squared = torch.tensor([float(rule == BP_SQUARED) for rule in plan.rules], device=context.device)
    squared = squared.repeat_interleave(seeds)
    most = max(plan.features) if plan.features else training.random_features
    size = int(np.prod(architecture.input_shape))
    queries = torch.randn(size, most, generator=generator, device=context.device) / size**0.5
    rule = broadcast_rule(training, plan, seeds, data.classes, queries)
    state = None if backward else start_state(architecture, rule, data.classes, generator)
    checkpoint = context.checkpoint(name)
    if (saved := checkpoint.load()) is not None:
        ensemble.load_state_dict(saved["ensemble"])
        if state is not None:
            state.load_state_dict(saved["state"])
    for step in range(ensemble.step, steps):
        if look is not None:
            look(step, ensemble.parameters, state)
        which = context.seeds.numpy(name, "batch", step).integers(len(data.x), size=(seeds, batch))
        at = torch.from_numpy(which).to(context.device).repeat(blocks, 1)
        if state is None:
            gradients = backpropagated_gradients(
                architecture, ensemble.parameters, squared, data.x[at], data.labels[at]
            )
        else:
            gradients = broadcast_gradients(architecture, ensemble.parameters, state, rule, data.x[at], data.labels[at])
        ensemble.apply(gradients)
        if look is None and (step + 1) % SAVE_EVERY == 0 and step + 1 < steps:
            kept: Mapping[str, object] = {"state": state.state_dict()} if state is not None else {}
            checkpoint.save({"ensemble": ensemble.state_dict(), **kept})
    if look is not None:
        look(steps, ensemble.parameters, state)
    right = accuracy(architecture, ensemble.parameters, data.test_x, data.test_labels)
    return right.cpu().numpy().reshape(blocks, seeds)
