"""How are the chain models of pita trained and tested? All widths and seeds of a task as one batch of copies."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from torch import Tensor

from solv.data.pita.chain import ChainTask
from solv.experiments.pita.answers import TRACE
from solv.experiments.pita.chain import Cell, batch_size, groups, plane_cells, plane_seeds, tested_hops
from solv.experiments.pita.settings import PitaConfig, Training
from solv.harness.contract import Context
from solv.harness.settings import replace
from solv.models.ensemble import Ensemble, Parameters, cosine_decay, train
from solv.models.pita.chain import ChainModel

Arrays = dict[str, np.ndarray]
Batch = tuple[Tensor, Tensor, Tensor]
DRAWN_AT_ONCE, MOST_AT_ONCE = 2**18, 25  # tokens and batches of one seed that are drawn together
LOOKS = 20  # times that the loss is recorded


@dataclass(frozen=True)
class Trained:
    """Copies of one task after training, widths slowest."""

    task: ChainTask
    model: ChainModel
    embeddings: Tensor
    parameters: Parameters

    @property
    def copies(self) -> int:
        """Number of copies."""
        return len(self.model.widths)


def learn_plane(config: PitaConfig, context: Context, *answers: str) -> dict[Cell, Arrays]:
    """Train the tasks of the plane and return what `accuracies` gives of each, at all of its `tested_hops`."""
    cells = [cell for answer in answers for cell in plane_cells(config, answer)]
    learned = {}
    with context.progress.task("train chain models for longer questions", len(cells)) as step:
        for cell in cells:
            training = replace(config.training, seeds=plane_seeds(config, cell), tests=config.generalisation.tests)
            learned[cell] = accuracies(training, context, cell, tested_hops(cell.depth))
            step.advance(note=cell.name)
    return learned


def accuracies(training: Training, context: Context, cell: Cell, hops: tuple[int, ...], *, note: str = "") -> Arrays:
    """Train the models of a cell and test each of them at some numbers of hops.

    Returns:
        `accuracy`; `from_uniform`, the total variation between attention and equal weights before the answer; and of
        traces the errors of single tokens, each after a true trace so far: of a `step` (a node), of the `answer`, and
        of any `token` alike; shape (widths, seeds, hops). `note` tells trainings of one cell apart.
    """
    unit = f"{cell.name} at {hops}{note}"

    def compute() -> Arrays:
        parts = [
            _test(training, context, cell, _train(training, context, cell, f"{unit} d={widths}", widths), hops)
            for widths in groups(cell)
        ]
        return {
            key: np.concatenate([part[key] for part in parts]).reshape(len(cell.widths), training.seeds, len(hops))
            for key in parts[0]
        }

    return context.unit(unit, compute)


def _train(training: Training, context: Context, cell: Cell, name: str, widths: tuple[int, ...]) -> Trained:
    device = context.device
    task = ChainTask(cell.arms, cell.depth, training.trace)
    copies = tuple(width for width in widths for _ in range(training.seeds))
    model = ChainModel(
        task.vocabulary,
        copies,
        task.vocabulary if cell.answer == TRACE else 2,
        training.attention,  # type: ignore[arg-type]
    )
    starts = [
        context.seeds.torch(*_names(cell), "start", width, seed, device=device)
        for width in widths
        for seed in range(training.seeds)
    ]
    embeddings, parameters = model.initial(starts)
    ensemble = Ensemble(
        parameters,
        model.optimizer(
            training.learning_rate,
            device,
            betas=(training.momentum, training.memory),
            schedule=cosine_decay(training.steps),
        ),
    )
    checkpoint = context.checkpoint(name)
    if (saved := checkpoint.load()) is not None:
        ensemble.load_state_dict(saved)
    every = max(training.steps // LOOKS, 1)

    def look(step: int, losses: Tensor) -> None:
        if step % every == 0:
            context.log_metrics(name, step, {"loss": float(losses.mean())})

    batches = _Batches(training, context, cell, task, len(widths))
    train(ensemble, model.loss(embeddings), batches, training.steps, after_step=look, save=checkpoint.save)
    return Trained(task, model, embeddings, {key: value.detach() for key, value in ensemble.parameters.items()})


@dataclass
class _Batches:
    """The batch as a function of the step, one for every seed, the same for all widths.

    Several steps are drawn at once: one block from one stream.
    """

    training: Training
    context: Context
    cell: Cell
    task: ChainTask
    widths: int
    _block: tuple[int, Batch] | None = field(default=None, init=False)

    def __call__(self, step: int) -> Batch:
        batch = batch_size(self.training, self.task.nodes)
        tokens = self.task.depth + 1 if self.cell.answer == TRACE else 2
        steps = min(max(DRAWN_AT_ONCE // (batch * tokens), 1), MOST_AT_ONCE)
        number, place = divmod(step, steps)
        if self._block is None or self._block[0] != number:
            by_seed = [self._draw(number, seed, steps, batch) for seed in range(self.training.seeds)]
            contexts, targets, weights = (torch.stack(parts, dim=1) for parts in zip(*by_seed, strict=True))
            self._block = number, (contexts, targets, weights)
        contexts, targets, weights = (
            part[place].repeat(self.widths, *[1] * (part.dim() - 2)) for part in self._block[1]
        )
        return contexts, targets, weights

    def _draw(self, number: int, seed: int, steps: int, batch: int) -> Batch:
        rng = self.context.seeds.numpy(*_names(self.cell), "block", number, seed)
        count = steps * batch
        if self.cell.answer == TRACE:
            contexts, targets, weights = self.task.positions(count, self.cell.hops, rng, answers=self.training.answers)
        else:
            questions, on = self.task.questions(count, 1, self.cell.hops, rng)
            contexts, targets, weights = questions[:, ::-1], on.astype(np.int64), np.ones(count)

        def deal(values: np.ndarray) -> Tensor:
            """Deal the questions out to the steps: every batch has as many on an arm as off."""
            dealt = np.swapaxes(values.reshape(batch, steps, *values.shape[1:]), 0, 1)
            return torch.from_numpy(np.ascontiguousarray(dealt)).to(self.context.device)

        return deal(contexts), deal(targets), deal(weights.astype(np.float32))


def _names(cell: Cell) -> tuple[object, ...]:
    """Return what the streams of a task and kind of model are called."""
    return "chain", cell.answer, cell.arms, cell.depth, cell.hops


def _test(training: Training, context: Context, cell: Cell, trained: Trained, hops: tuple[int, ...]) -> Arrays:
    """Return accuracies and errors of all copies, shape (copies, hops); copies of one seed see the same questions."""
    by_hop = [_test_at(training, context, cell, trained, hop) for hop in hops]
    return {key: np.stack([results[key] for results in by_hop], axis=1) for key in by_hop[0]}


def _test_at(training: Training, context: Context, cell: Cell, trained: Trained, hop: int) -> Arrays:
    task, seeds, tests = trained.task, training.seeds, training.tests
    widths = trained.copies // seeds
    drawn = [
        task.questions(tests, hop, hop, context.seeds.numpy("test", task.arms, task.depth, hop, seed))
        for seed in range(seeds)
    ]
    questions, on = (np.stack(parts) for parts in zip(*drawn, strict=True))

    def on_device(values: np.ndarray) -> Tensor:
        return (
            torch.from_numpy(np.ascontiguousarray(values)).to(context.device).repeat(widths, *[1] * (values.ndim - 1))
        )

    wrong = partial(trained.model.wrong, trained.embeddings, trained.parameters)
    truth = on_device(on.astype(np.int64))
    if cell.answer != TRACE:
        asked = on_device(questions[..., ::-1])
        return {
            "accuracy": 1 - _mean(wrong(asked, truth)),
            "from_uniform": _mean(trained.model.from_uniform(trained.embeddings, trained.parameters, asked)),
        }
    _, answers = trained.model.answers(
        trained.embeddings, trained.parameters, on_device(questions), task.no, task.longest - 2
    )
    rng = context.seeds.numpy("test steps", task.arms, task.depth, hop)
    written = task.steps(questions.reshape(-1, 2)).reshape(seeds, tests)

    def teacher_forced(steps: np.ndarray) -> np.ndarray:
        contexts, targets = task.contexts(questions.reshape(-1, 2), steps.flatten())
        shape = (seeds, tests)
        off = wrong(on_device(contexts.reshape(*shape, -1)), on_device(targets.reshape(shape)))
        return off.cpu().numpy().reshape(widths, seeds, tests)

    at_step, at_answer = teacher_forced(rng.integers(written)), teacher_forced(written)
    # a step is one of as many as the trace writes: its weight among all tokens
    steps, tokens = (at_step * written).sum(-1) / written.sum(-1), (at_step * written + at_answer).sum(-1)
    said, _ = task.contexts(questions.reshape(-1, 2), written.flatten())
    before = on_device(said.reshape(seeds, tests, -1))
    errors = {"step": steps, "answer": at_answer.mean(-1), "token": tokens / (written + 1).sum(-1)}
    return {
        "accuracy": 1 - _mean(answers != truth),
        "from_uniform": _mean(trained.model.from_uniform(trained.embeddings, trained.parameters, before)),
        **{key: values.reshape(widths * seeds) for key, values in errors.items()},
    }


def _mean(values: Tensor) -> np.ndarray:
    means: np.ndarray = values.double().mean(1).cpu().numpy()
    return means
