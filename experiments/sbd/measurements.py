"""What does sbd measure? Scores of a known teacher, and networks trained by every rule."""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional

from solv.experiments.sbd.experiment import (
    ALIGNMENT,
    ALONG,
    DEPTH,
    DESCENT,
    EXPANDED,
    EXPANSIONS,
    FEATURES,
    FROZEN_IS_DFA,
    MEMORY,
    START,
    TEACHER,
    WIDTH,
    gain_panel,
    points,
    teacher,
)
from solv.experiments.sbd.settings import (
    BP,
    BP_SQUARED,
    CONVOLUTION,
    DFA,
    DIGITS,
    EBD,
    LOCAL,
    PUBLISHED,
    RULES,
    SBD,
    SBD_RANDOM,
    SbdConfig,
)
from solv.experiments.sbd.training import Data, Plan, broadcast_rule, digits, images, network, train_rules
from solv.harness.contract import Context
from solv.models.ensemble import Parameters
from solv.models.sbd.broadcast_layers import Linear
from solv.models.sbd.score_broadcast import (
    BroadcastRule,
    BroadcastState,
    Network,
    backpropagated_gradients,
    broadcast_gradients,
    local_update,
    score,
)
from solv.theory.sbd.score_orthogonality import LOSSES, draw_scores, expand, normalized_correlation
from solv.tracking.curves import Curves, join_curves, standard_error
from solv.tracking.progress import Step

BROADCAST = tuple(rule for rule in RULES if rule not in (BP, BP_SQUARED))
DESCENT_RATE = 0.05  # of the layer's weights' norm, along the normalised update


def measure(config: SbdConfig, context: Context) -> Curves:
    """Return every measured curve.

    Raises:
        ConfigurationError: the images are not there.
    """
    small = digits(context)
    large = images(config, context) if set(config.arenas) - {DIGITS} else None
    ladders = config.ladders
    units = 1 + len(config.arenas) + 1 + len(ladders.depth) + len(ladders.width) + 3
    with context.progress.task("train by broadcast", units) as step:
        parts = [*_teacher(config, context, step)]
        for arena in config.arenas:
            data = small if arena == DIGITS else large
            assert data is not None
            parts += _arena(config, context, arena, data, step)
        parts += [*_along(config, context, small, step), *_ladders(config, context, small, step)]
    return join_curves(parts)


def _teacher(config: SbdConfig, context: Context, step: Step) -> Iterator[Curves]:
    """T1: each measurement has inputs and labels of its own."""
    setting = config.orthogonality
    random = np.random.default_rng(2).normal(size=(setting.features, setting.classes))
    by_name = {loss.name: loss for loss in LOSSES}
    expansions = dict(
        zip(EXPANSIONS, (("cross-entropy", False), ("cross-entropy", True), ("Brier", False)), strict=True)
    )

    def draw() -> dict[str, np.ndarray]:
        found = {name: np.zeros((setting.repeats, len(setting.examples))) for name in (*by_name, *EXPANSIONS)}
        for repeat in range(setting.repeats):
            for place, n in enumerate(setting.examples):
                rng = context.seeds.numpy("teacher", n, repeat)
                h, chances = teacher(setting, n, rng)
                labels = np.minimum((rng.random((n, 1)) > chances.cumsum(1)).sum(1), setting.classes - 1)
                for name, loss in by_name.items():
                    found[name][repeat, place] = normalized_correlation(h, draw_scores(loss, chances, labels))
                for name, (loss_name, at_random) in expansions.items():
                    phi = np.tanh(h @ random) if at_random else chances
                    scores = expand(draw_scores(by_name[loss_name], chances, labels), phi)
                    found[name][repeat, place] = normalized_correlation(h, scores)
        return found

    found = context.unit("teacher", draw)
    for name, values in found.items():
        y, y_err, n = standard_error(values)
        place = EXPANDED if name in EXPANSIONS else TEACHER, name, "simulation", "n", setting.examples, "c"
        kind = {} if name in EXPANSIONS else {"loss": "admissible" if by_name[name].admissible else "not"}
        yield points(*place, y, y_err=y_err, n=n, params=kind)
    step.advance()


def _arena(config: SbdConfig, context: Context, arena: str, data: Data, step: Step) -> Iterator[Curves]:
    """E1: all rules in one arena."""
    training, architecture = config.training, network(config, arena, data)
    epochs, batch = (
        (training.epochs, training.batch) if arena == DIGITS else (training.image_epochs, training.image_batch)
    )
    rate = training.image_rate if arena in (CONVOLUTION, LOCAL) else training.learning_rate

    def train() -> dict[str, np.ndarray]:
        made = [
            train_rules(
                config,
                context,
                f"{arena} {kind}",
                architecture,
                data,
                Plan(rules),
                epochs=epochs,
                batch=batch,
                rate=rate,
            )
            for kind, rules in (("broadcast", BROADCAST), ("backward", (BP, BP_SQUARED)))
        ]
        return {"accuracy": np.concatenate(made)}

    found = context.unit(f"train {arena}", train)["accuracy"]
    y, y_err, n = standard_error(found.T)
    yield points(arena, "accuracy", "trained", "rule", np.arange(len(RULES)), "accuracy", y, y_err=y_err, n=n)
    against = found - found[RULES.index(SBD)]  # paired: the seeds share starts and batches
    y, y_err, n = standard_error(against.T)
    place = gain_panel(arena), "minus SBD", "trained", "rule", np.arange(len(RULES))
    yield points(*place, "difference", y, y_err=y_err, n=n)
    if config.images.source == "cifar10" and config.images.size == "paper" and arena in PUBLISHED:
        rules = [RULES.index(rule) for rule in PUBLISHED[arena]]
        y, y_err = np.array(list(PUBLISHED[arena].values())).T / 100
        yield points(arena, "published (EBD, 5 runs)", "trained", "rule", rules, "accuracy", y, y_err=y_err, n=5)
    step.advance(note=arena)


# -- T2, T3, T4 ----------------------------------------------------------------------------------------------------


def _moments(last: int, looks: int) -> list[int]:
    return sorted({0, *np.geomspace(1, last, looks - 1).round().astype(int).tolist()})


def _along(config: SbdConfig, context: Context, data: Data, step: Step) -> Iterator[Curves]:
    """T2 and T3 on the digits' training examples, for SBD and BP; T4 from the start."""
    training, seeds = config.training, config.training.seeds
    architecture = network(config, DIGITS, data)
    steps = training.epochs * max(len(data.x) // training.batch, 1)
    moments = _moments(steps, config.probes.looks)
    queries = torch.zeros(data.x[0].numel(), 1, device=data.x.device)
    rule = broadcast_rule(training, Plan((SBD,)), seeds, data.classes, queries)
    x, labels = data.x.expand(seeds, *data.x.shape), data.labels.expand(seeds, -1)

    def follow() -> dict[str, np.ndarray]:
        found: dict[str, list[np.ndarray]] = {"SBD": [], "BP": [], "cosine": [], "frozen": []}
        for name, kind in ((SBD, SBD), (BP, BP)):

            def look(now: int, parameters: Parameters, state: BroadcastState | None, name: str = name) -> None:
                if now in moments:
                    found[name].append(_correlations(architecture, parameters, rule, x, labels))
                    if state is not None:
                        found["cosine"].append(_cosines(architecture, parameters, state, rule, x, labels))
                        found["frozen"].append(_frozen_against_dfa(architecture, parameters, state, rule, x, labels))

            train_rules(
                config,
                context,
                f"along {kind}",
                architecture,
                data,
                Plan((kind,)),
                epochs=training.epochs,
                batch=training.batch,
                rate=training.learning_rate,
                look=look,
            )
        return {name: np.stack(values) for name, values in found.items()}

    found = context.unit("along training", follow)
    for number in architecture.hidden:
        for name in (SBD, BP):
            y, y_err, n = standard_error(found[name][:, number].T)
            place = ALONG, f"{name}, layer {number + 1}", "trained", "step", moments, "c"
            yield points(*place, y, y_err=y_err, n=n, params={"rule": name, "layer": number + 1})
        y, y_err, n = standard_error(found["cosine"][:, number].T)
        place = ALIGNMENT, f"layer {number + 1}", "trained", "step", moments, "cosine"
        yield points(*place, y, y_err=y_err, n=n, params={"layer": number + 1})
    worst = found["frozen"].max(axis=1)
    y, y_err, n = standard_error(worst.T)
    yield points(FROZEN_IS_DFA, "largest difference", "trained", "step", moments, "difference", y, y_err=y_err, n=n)
    yield from _descent(config, context, architecture, rule, data)
    step.advance(note="along training")


def _correlations(
    architecture: Network, parameters: Parameters, rule: BroadcastRule, x: torch.Tensor, labels: torch.Tensor
) -> np.ndarray:
    """Return the normalised correlation of every hidden layer with the score, shape (layers, seeds)."""
    with torch.no_grad():
        z, _, activations = architecture.run(parameters, x)
        s, _ = score(z, labels, rule.squared)

    def of(h: torch.Tensor) -> list[float]:
        pairs = zip(h.double().cpu().numpy(), s.double().cpu().numpy(), strict=True)
        return [normalized_correlation(own, scores) for own, scores in pairs]

    return np.array([of(h) for h in activations])


def _cosines(
    architecture: Network,
    parameters: Parameters,
    state: BroadcastState,
    rule: BroadcastRule,
    x: torch.Tensor,
    labels: torch.Tensor,
) -> np.ndarray:
    """Return the cosine between the broadcast and the backpropagated update of every hidden layer, (layers, seeds)."""
    kept = BroadcastState([r.clone() for r in state.correlations], [inverse.clone() for inverse in state.inverses])
    own = broadcast_gradients(architecture, parameters, kept, rule, x, labels)
    backward = backpropagated_gradients(architecture, parameters, rule.squared, x, labels)
    pairs = [(own[f"weight {number}"], backward[f"weight {number}"]) for number in architecture.hidden]
    return np.array([functional.cosine_similarity(a.flatten(1), b.flatten(1)).cpu().numpy() for a, b in pairs])


def _frozen_against_dfa(
    architecture: Network,
    parameters: Parameters,
    state: BroadcastState,
    rule: BroadcastRule,
    x: torch.Tensor,
    labels: torch.Tensor,
) -> np.ndarray:
    """Return how far SBD's update with a frozen R is from direct feedback alignment with R as feedback, relative.

    The latter is written down anew: h_in^T (f'(u) * (p - y) B^T) / n. Shape (layers, seeds).
    """
    frozen = BroadcastRule(rule.squared, torch.ones_like(rule.memory))
    kept = BroadcastState([r.clone() for r in state.correlations])
    own = broadcast_gradients(architecture, parameters, kept, frozen, x, labels)
    with torch.no_grad():
        z, inputs, activations = architecture.run(parameters, x)
        error = z.softmax(-1) - functional.one_hot(labels, z.shape[-1])
        found = []
        for number in architecture.hidden:
            told = (error @ state.correlations[number].transpose(1, 2)) * (activations[number] > 0)
            direct = inputs[number].transpose(1, 2) @ told / x.shape[1]
            off = (own[f"weight {number}"] - direct).flatten(1).norm(dim=1) / direct.flatten(1).norm(dim=1)
            found.append(off.cpu().numpy())
    return np.array(found)


def _descent(
    config: SbdConfig, context: Context, architecture: Network, rule: BroadcastRule, data: Data
) -> Iterator[Curves]:
    """T4: J of a layer along its own update, everything else and the score held fixed, no memory."""
    seeds, probes = config.training.seeds, config.probes
    forgetful = BroadcastRule(rule.squared, torch.full_like(rule.memory, 1e-9), 1e-9)

    def descend() -> dict[str, np.ndarray]:
        generator = context.seeds.torch("descent", device=context.device)
        parameters = architecture.initial(seeds, generator)
        x, labels = data.x.expand(seeds, *data.x.shape), data.labels.expand(seeds, -1)
        z, inputs, _ = architecture.run(parameters, x)
        s, _ = score(z, labels, rule.squared)
        found = np.zeros((len(architecture.hidden), seeds, probes.descent_steps))
        for number in architecture.hidden:
            layer, _ = architecture.layers[number]
            weight, bias = parameters[f"weight {number}"].clone(), parameters[f"bias {number}"]
            length = weight.flatten(1).norm(dim=1)
            for now in range(probes.descent_steps):
                h = layer.forward(weight, bias, inputs[number]).relu()
                none = torch.zeros(seeds, h.shape[2], s.shape[2], device=h.device)
                r, gradient, _ = local_update(layer, inputs[number], h, s, none, forgetful)
                found[number, :, now] = 0.5 * r.square().sum((1, 2)).cpu().numpy()
                size = gradient.flatten(1).norm(dim=1).clamp(min=1e-30)
                rate = DESCENT_RATE * length / size * (1 - now / probes.descent_steps)
                weight = weight - rate[:, None, None] * gradient
        return {"objective": found / found[..., :1]}

    found = context.unit("descent", descend)["objective"]
    for number, values in enumerate(found):
        y, y_err, n = standard_error(values)
        place = DESCENT, f"layer {number + 1}", "trained", "step", np.arange(values.shape[1]), "ratio"
        yield points(*place, y, y_err=y_err, n=n, params={"layer": number + 1})


# -- E2, E3 --------------------------------------------------------------------------------------------------------


def _ladders(config: SbdConfig, context: Context, data: Data, step: Step) -> Iterator[Curves]:
    ladders, shape = config.ladders, tuple(data.x.shape[1:])
    compared = (DFA, EBD, SBD)

    def narrow(depth: int, width: int) -> Network:
        return Network(shape, (*[Linear(width)] * (depth - 1), Linear(data.classes)))

    def train(name: str, architecture: Network, plan: Plan) -> np.ndarray:
        training = config.training
        return train_rules(
            config,
            context,
            name,
            architecture,
            data,
            plan,
            epochs=ladders.epochs,
            batch=training.batch,
            rate=training.learning_rate,
        )

    for panel, x_name, values in ((DEPTH, "layers", ladders.depth), (WIDTH, "units", ladders.width)):
        by_value = []
        for value in sorted(set(values)):
            architecture = narrow(value, 64) if panel == DEPTH else narrow(3, value)
            name = f"{panel} {value}"

            def both(name: str = name, architecture: Network = architecture) -> dict[str, np.ndarray]:
                made = [train(f"{name} broadcast", architecture, Plan(compared))]
                return {"accuracy": np.concatenate([*made, train(f"{name} BP", architecture, Plan((BP,)))])}

            by_value.append(context.unit(name, both)["accuracy"])
            step.advance(note=name)
        for place, rule in enumerate((*compared, BP)):
            y, y_err, n = standard_error(np.stack([found[place] for found in by_value], axis=1))
            yield points(panel, rule, "trained", x_name, sorted(set(values)), "accuracy", y, y_err=y_err, n=n)

    def sweep(panel: str, x_name: str, x: list[float], plan: Plan, series: str) -> Curves:
        found = context.unit(panel, lambda: {"accuracy": train(panel, narrow(3, 128), plan)})["accuracy"]
        y, y_err, n = standard_error(found.T)
        step.advance(note=panel)
        return points(panel, series, "trained", x_name, x, "accuracy", y, y_err=y_err, n=n)

    count = len(ladders.memory)
    forgetting = [1 - value for value in ladders.memory]
    yield sweep(MEMORY, "1 - lambda", forgetting, Plan([SBD] * count, memory=ladders.memory), SBD)
    starts = list(ladders.start)
    yield sweep(START, "start", starts, Plan([SBD] * len(starts), start=starts), SBD)
    sizes = list(ladders.features)
    plan = Plan([SBD_RANDOM] * len(sizes), features=sizes)
    yield sweep(FEATURES, "features", [float(size) for size in sizes], plan, SBD_RANDOM)
