"""Does the batched one-layer model compute what its definition says, and learn the chain?"""

import numpy as np
import pytest
import torch

from solv.data.pita.chain import ChainTask
from solv.models.ensemble import Ensemble
from solv.models.pita.chain import MATRICES, ChainModel

TASK = ChainTask(arms=3, depth=4)


def generators(count):
    return [torch.Generator().manual_seed(seed) for seed in range(count)]


def model(widths, **rest):
    return ChainModel(TASK.vocabulary, widths, TASK.vocabulary, **rest)


def contexts(copies, count, seed=0):
    questions, _ = TASK.questions(copies * count, 1, 3, np.random.default_rng(seed))
    rows, targets = TASK.contexts(questions, questions[:, 1] // TASK.arms)
    return torch.from_numpy(rows).view(copies, count, -1), torch.from_numpy(targets).view(copies, count)


@pytest.mark.parametrize("attention", ["softmax", "linear", "uniform"])
@pytest.mark.parametrize("count", [3, 20])  # few: tokens times matrix by matrix; many: times their product
def test_copies_are_the_model_written_down_token_by_token(attention, count):
    ours = model((8, 8), attention=attention)
    embeddings, parameters = ours.initial(generators(2))
    rows, _ = contexts(2, count)
    found = ours.logits(embeddings, parameters, rows)
    for copy in range(2):
        own = dict(zip(MATRICES, parameters["matrices"][copy], strict=True))
        for row in range(count):
            bag = [token for token in rows[copy, row].tolist() if token != TASK.pad]
            x = [embeddings[copy][token] for token in bag]
            scores = torch.stack([(x[0] @ own["query"]) @ (each @ own["key"]) / 8 for each in x])
            weights = {"softmax": scores.softmax(0), "linear": scores, "uniform": torch.full((len(x),), 1 / len(x))}
            mixed = sum(w * (each @ own["value"]) for w, each in zip(weights[attention], x, strict=True))
            h = (mixed @ own["out"] @ own["first"]).relu() @ own["second"]
            torch.testing.assert_close(found[copy, row], h @ parameters["head"][copy], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("attention", ["softmax", "linear", "uniform"])
def test_gathering_every_token_and_looking_up_the_vocabulary_learn_the_same(attention, monkeypatch):
    ours = model((8, 6), attention=attention)
    embeddings, parameters = ours.initial(generators(2))
    rows, targets = contexts(2, 40)
    assert (rows == TASK.pad).any()
    found = []
    for gather in (0, 10**9):  # of no cost, and of more than any other
        monkeypatch.setattr("solv.models.pita.chain.GATHER", gather)
        copies = Ensemble(parameters, ours.optimizer(0.3, "cpu"))
        for _ in range(5):
            copies.update(ours.loss(embeddings), (rows, targets, torch.ones(targets.shape)))
        distance = ours.from_uniform(embeddings, copies.parameters, rows)
        found.append((*(value.detach() for value in copies.parameters.values()), distance))
    for gathered, looked_up in zip(*found, strict=True):
        torch.testing.assert_close(looked_up, gathered, rtol=1e-3, atol=1e-5)
    assert not all(map(torch.equal, *found))  # two ways, not one twice


def test_the_order_of_a_bag_behind_its_last_token_does_not_matter():
    ours = model((8,))
    embeddings, parameters = ours.initial(generators(1))
    rows, _ = contexts(1, 6)
    shuffled = torch.cat([rows[..., :1], rows[..., 1:].flip(-1)], dim=-1)
    torch.testing.assert_close(ours.logits(embeddings, parameters, rows), ours.logits(embeddings, parameters, shuffled))


def test_a_narrow_copy_beside_a_wide_one_trains_as_it_would_alone():
    padded, alone = model((4, 9)), model((4,))
    embeddings, parameters = padded.initial(generators(2))
    own_embeddings, own = alone.initial(generators(1))
    assert torch.equal(own_embeddings, embeddings[:1, :, :4])
    together, single = (
        Ensemble(start, each.optimizer(0.3, "cpu")) for start, each in ((parameters, padded), (own, alone))
    )
    for step in range(5):
        rows, targets = contexts(2, 12, step)
        weights = torch.ones(targets.shape)
        together.update(padded.loss(embeddings), (rows, targets, weights))
        single.update(alone.loss(own_embeddings), (rows[:1], targets[:1], weights[:1]))
    matrices = together.parameters["matrices"][0]
    torch.testing.assert_close(matrices[:, :4, :4], single.parameters["matrices"][0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(together.parameters["head"][0, :4], single.parameters["head"][0], rtol=1e-4, atol=1e-5)
    assert matrices[:, 4:].abs().max() == matrices[:, :, 4:].abs().max() == 0


def test_weights_and_rates_start_on_the_scale_of_their_width():
    ours = model((16, 64) * 8)
    embeddings, parameters = ours.initial(generators(16))
    for width, first in ((16, 0), (64, 1)):
        for values, deviation in (
            (embeddings[first::2, :, :width], 1),
            (parameters["matrices"][first::2, :, :width, :width], width**-0.5),
            (parameters["head"][first::2, :width], 1 / width),
        ):
            assert float(values.std()) == pytest.approx(deviation, rel=4 / (2 * values.numel()) ** 0.5)
    torch.testing.assert_close(ours.optimizer(0.5, "cpu").learning_rate[:2], torch.tensor([0.5 / 16, 0.5 / 64]))


def test_the_loss_is_the_weighted_mean_of_the_cross_entropies():
    ours = model((8,))
    embeddings, parameters = ours.initial(generators(1))
    rows, targets = contexts(1, 5)
    weights = torch.tensor([[1.0, 0.0, 2.0, 0.5, 3.0]])
    [found] = ours.loss(embeddings)(parameters, (rows, targets, weights))
    chances = ours.logits(embeddings, parameters, rows)[0].softmax(-1)[range(5), targets[0]]
    torch.testing.assert_close(found, -(weights[0] * chances.log()).mean())


def test_traces_are_learned_and_followed_to_the_answer():
    ours = model((40, 40))
    embeddings, parameters = ours.initial(generators(2))
    ensemble = Ensemble(parameters, ours.optimizer(0.4, "cpu", betas=(0.8, 0.9)))
    loss, rng = ours.loss(embeddings), np.random.default_rng(0)
    for _ in range(200):
        drawn = TASK.positions(256, 3, rng, answers=0.7)
        rows, targets, weights = (torch.from_numpy(part).view(128, 2, -1).transpose(0, 1) for part in drawn)
        ensemble.update(loss, (rows, targets[..., 0], weights[..., 0].float()))
    questions, on = TASK.questions(60, 1, 3, rng)
    shown = torch.from_numpy(questions).expand(2, -1, -1)
    written, answer = ours.answers(embeddings, ensemble.parameters, shown, TASK.no, TASK.longest - 2)
    assert (answer == torch.from_numpy(on).long()).float().mean() > 0.9
    traces = torch.from_numpy(TASK.traced(questions))[:, 2:].expand(2, -1, -1)
    assert (written == traces[..., : written.shape[2]]).all(-1).float().mean() > 0.9
    rows, targets = (torch.from_numpy(part).expand(2, 60, *part.shape[1:]) for part in TASK.contexts(questions, 0 * on))
    assert ours.wrong(embeddings, ensemble.parameters, rows, targets).float().mean() < 0.1


def test_a_model_that_never_answers_is_told_from_one_that_says_no():
    ours = model((8,))
    embeddings, parameters = ours.initial(generators(1))
    parameters["head"] = torch.zeros_like(parameters["head"])  # argmax is token 0, a node, for ever
    shown = torch.zeros(1, 4, 2, dtype=torch.long)
    written, answer = ours.answers(embeddings, parameters, shown, TASK.no, 5)
    assert written.shape[2] == 5
    assert answer.tolist() == [[-1] * 4]


def test_the_distance_from_uniform_attention_is_the_total_variation_by_hand():
    ours, flat = model((8,)), model((8,), attention="uniform")
    embeddings, parameters = ours.initial(generators(1))
    rows, _ = contexts(1, 6)
    found = ours.from_uniform(embeddings, parameters, rows)
    own = dict(zip(MATRICES, parameters["matrices"][0], strict=True))
    for row in range(6):
        x = [embeddings[0][token] for token in rows[0, row].tolist() if token != TASK.pad]
        scores = torch.stack([(x[0] @ own["query"]) @ (each @ own["key"]) / 8 for each in x])
        expected = (scores.softmax(0) - 1 / len(x)).abs().sum() / 2
        torch.testing.assert_close(found[0, row], expected, rtol=1e-4, atol=1e-5)
    assert flat.from_uniform(embeddings, parameters, rows).abs().max() < 1e-6
