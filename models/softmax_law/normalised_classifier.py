"""How does a small classifier with batch normalisation learn a whole training set by Adam? Many trainings as one batch.

The network of 2602.03685, App. D.8: batch normalisation, a hidden ReLU layer, batch normalisation, and a last layer
without bias that starts at zero, so that it sees inputs of a fixed size and alone sets the scale of the logits.
"""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from solv.models.ensemble import Ensemble, Optimizer, Parameters

EPSILON = 1e-5  # beside a variance, as in torch


def train_classifier(
    x: Float[Tensor, "samples inputs"],
    labels: Int[Tensor, "samples"],
    read_at: Sequence[int],
    streams: Sequence[torch.Generator],
    *,
    hidden: int,
    rate: float,
    told: Callable[[int], None] = lambda step: None,
) -> dict[str, Float[Tensor, "trainings times"]]:
    """Train one classifier a stream on all samples at once, by Adam.

    Args:
        x: inputs.
        labels: classes, counted from 0.
        read_at: numbers of steps, increasing, after which it is read; the last ends the training.
        streams: draw the initial weights, as `nn.Linear` draws them.
        hidden: units, >= 1.
        rate: learning rate, > 0.
        told: told each step, counted from 1.

    Returns:
        Each of shape (trainings, times): loss, the mean cross-entropy; scale, standard deviation of the logits over
        classes, mean over samples; error, share of samples that are misclassified.

    Raises:
        ValueError: an argument out of range.
    """
    times = list(read_at)
    if hidden < 1 or not rate > 0 or not streams or not times or times[0] < 0 or times != sorted(set(times)):
        raise ValueError(
            f"hidden = {hidden}, rate = {rate}, {len(streams)} streams, read_at = {times}; valid: >= 1, > 0, at least "
            "one stream, increasing numbers of steps >= 0"
        )
    whitened, classes = _normalised(x[None])[0], int(labels.max()) + 1
    ensemble = Ensemble(_start(x.shape[1], hidden, classes, streams), Optimizer("adam", rate))
    readings: list[Tensor] = []

    def loss(parameters: Parameters, batch: Tensor) -> Tensor:
        return _loss(_logits(parameters, batch), labels)

    while True:
        if ensemble.step == times[len(readings)]:
            with torch.no_grad():
                logits = _logits(ensemble.parameters, whitened)
                wrong = (logits.argmax(-1) != labels).double().mean(-1)
                scale = logits.std(-1, correction=0).double().mean(-1)
                readings.append(torch.stack([_loss(logits.double(), labels), scale, wrong]))
        if ensemble.step == times[-1]:
            return dict(zip(("loss", "scale", "error"), torch.stack(readings, -1), strict=True))
        ensemble.update(loss, whitened)
        told(ensemble.step)


def _start(inputs: int, hidden: int, classes: int, streams: Sequence[torch.Generator]) -> Parameters:
    def uniform(*shape: int) -> Tensor:
        drawn = [torch.rand(*shape, generator=stream, device=stream.device) for stream in streams]
        return (2 * torch.stack(drawn) - 1) / math.sqrt(inputs)

    first, bias = uniform(hidden, inputs), uniform(hidden)
    copies = first.new_zeros(len(streams), 1)
    return {
        "gain": copies.expand(-1, inputs) + 1,
        "shift": copies.expand(-1, inputs),
        "first": first,
        "bias": bias,
        "hidden_gain": copies.expand(-1, hidden) + 1,
        "hidden_shift": copies.expand(-1, hidden),
        "last": first.new_zeros(len(streams), classes, hidden),
    }


def _normalised(x: Float[Tensor, "copies samples features"]) -> Float[Tensor, "copies samples features"]:
    centred = x - x.mean(1, keepdim=True)
    found: Tensor = centred * (centred.square().mean(1, keepdim=True) + EPSILON).rsqrt()
    return found


def _logits(parameters: Parameters, whitened: Tensor) -> Float[Tensor, "copies samples classes"]:
    # All images are read once for all trainings; gain and shift of the inputs are taken to the first layer's weights,
    # which are fewer than the pixels.
    first = parameters["first"] * parameters["gain"][:, None]
    bias = parameters["bias"] + (parameters["first"] @ parameters["shift"][..., None])[..., 0]
    inner = (whitened @ first.flatten(0, 1).mT).view(-1, *bias.shape).movedim(1, 0)
    inner = torch.relu(inner + bias[:, None])
    inner = _normalised(inner) * parameters["hidden_gain"][:, None] + parameters["hidden_shift"][:, None]
    found: Tensor = inner @ parameters["last"].mT
    return found


def _loss(logits: Tensor, labels: Tensor) -> Float[Tensor, "copies"]:
    wanted = labels.expand(logits.shape[:2])[..., None]
    return -logits.log_softmax(-1).gather(-1, wanted)[..., 0].mean(-1)
