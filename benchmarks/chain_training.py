"""How much does training on single positions save over training on whole sequences, on the chain task?

    python -m benchmarks.chain_training [--arms 8] [--depth 8] [--width 64] [--steps 400] [--answers 180]

Both ways see the same number of answers a step, with the same optimiser: whole sequences compute every position of
every sequence, as a decoder usually does; single positions, bags with their last token first, are 7 in 10 answers.
Prints CPU seconds on one thread, their ratio, and the accuracy that each has reached on the longest trained hops.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from solv.data.pita.chain import ChainTask
from solv.models.ensemble import Ensemble, Loss, Parameters, cosine_decay
from solv.models.pita.chain import ChainModel

COPIES, PART = 2, 0.7


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("arms", 8), ("depth", 8), ("width", 64), ("steps", 400), ("answers", 180)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    task, count = ChainTask(asked.arms, asked.depth), COPIES * asked.answers
    hops, rng = asked.depth // 2, np.random.default_rng(0)
    model = ChainModel(task.vocabulary, (asked.width,) * COPIES, task.vocabulary)

    def deal(rows: np.ndarray) -> Tensor:
        """Give every copy as many questions on an arm as off; `questions` has those on an arm first."""
        return torch.from_numpy(rows).view(-1, COPIES, *rows.shape[1:]).transpose(0, 1)

    def sequences() -> Tensor:
        return deal(task.traced(task.questions(count, 1, hops, rng)[0]))

    def positions() -> tuple[Tensor, ...]:
        drawn = task.positions(COPIES * round(asked.answers / PART), hops, rng, answers=PART)
        contexts, targets, weights = map(deal, drawn)
        return contexts, targets, weights.float()

    seconds = []
    for name, draw, loss in (
        ("whole sequences", sequences, lambda embeddings: _whole(model, embeddings, task.pad)),
        ("single positions", positions, model.loss),
    ):
        spent, right = _train(task, model, draw, loss, asked.steps, hops)
        seconds.append(spent)
        print(f"{name:18} {spent:7.2f} s for {asked.steps} steps of {COPIES} copies, accuracy {right:.3f}", flush=True)
    print(f"ratio {seconds[0] / seconds[1]:.1f}")


def _train(
    task: ChainTask,
    model: ChainModel,
    draw: Callable[[], object],
    loss: Callable[[Tensor], Loss],
    steps: int,
    hops: int,
) -> tuple[float, float]:
    embeddings, parameters = model.initial([torch.Generator().manual_seed(copy) for copy in range(COPIES)])
    rule = model.optimizer(0.4, "cpu", betas=(0.8, 0.9), schedule=cosine_decay(steps))
    ensemble, of = Ensemble(parameters, rule), loss(embeddings)
    started = time.process_time()
    for _ in range(steps):
        ensemble.update(of, draw())
    spent = time.process_time() - started
    questions, on = task.questions(400, hops, hops, np.random.default_rng(1))
    shown = torch.from_numpy(questions).expand(COPIES, -1, -1)
    _, answers = model.answers(embeddings, ensemble.parameters, shown, task.no, task.depth)
    return spent, float((answers == torch.from_numpy(on).long()).double().mean())


def _whole(model: ChainModel, embeddings: Tensor, pad: int) -> Loss:
    """Return the mean loss of all tokens after a and b, from the logits at every position (softmax attention)."""
    width = max(model.widths)

    def of(parameters: Parameters, tokens: Tensor) -> Tensor:
        query, key, value, out, first, second = parameters["matrices"].unbind(1)
        copies, count, time_ = tokens[:, :, :-1].shape
        x = embeddings.gather(1, tokens[:, :, :-1].flatten(1)[..., None].expand(-1, -1, width))
        q, k, v = (torch.bmm(x, matrix).view(copies * count, time_, width) for matrix in (query, key, value))
        past = torch.ones(time_, time_, dtype=torch.bool).tril()
        weights = (torch.bmm(q, k.transpose(1, 2)) / width).masked_fill(~past, -torch.inf).softmax(-1)
        h = torch.bmm(torch.bmm(torch.bmm(weights, v).view(copies, count * time_, width), out), first)
        logits = torch.bmm(torch.bmm(h.relu(), second), parameters["head"]).view(copies, count, time_, -1)
        guesses, wanted = logits[:, :, 1:].flatten(0, 2), tokens[:, :, 2:]
        each = functional.cross_entropy(guesses, wanted.flatten(), reduction="none", ignore_index=pad)
        return each.view(copies, -1).sum(1) / (wanted != pad).sum((1, 2))

    return of


if __name__ == "__main__":
    main()
