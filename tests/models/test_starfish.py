"""Does the batched one-layer model compute what its definition says, and learn the chain?"""

import numpy as np
import pytest
import torch

from data.starfish import Starfish
from models.ensemble import Ensemble
from models.starfish import StarfishModel, step_errors

TASK = Starfish(arms=3, depth=4)


@pytest.mark.parametrize("attention", ["softmax", "linear", "uniform"])
def test_copies_are_the_model_written_down_token_by_token(attention):
    model = StarfishModel(TASK.vocabulary, 8, attention)
    embeddings, parameters = model.initial(2, torch.Generator().manual_seed(0))
    tokens = torch.randint(TASK.nodes, (2, 3, 5), generator=torch.Generator().manual_seed(1))
    found = model.logits(embeddings, parameters, tokens)
    for copy in range(2):
        own = {name: value[copy] for name, value in parameters.items()}
        for row in range(3):
            x = embeddings[copy][tokens[copy, row]]
            for t in range(5):
                scores = torch.stack([(x[t] @ own["query"]) @ (x[s] @ own["key"]) / 8 for s in range(t + 1)])
                weights = {
                    "softmax": scores.softmax(0),
                    "linear": scores,
                    "uniform": torch.full((t + 1,), 1 / (t + 1)),
                }[attention]
                h = sum(w * (x[s] @ own["value"]) for s, w in enumerate(weights)) @ own["out"]
                expected = ((h @ own["first"]).relu() @ own["second"]) @ own["head"]
                torch.testing.assert_close(found[copy, row, t], expected, rtol=1e-4, atol=1e-5)


def test_the_loss_counts_the_tokens_after_the_question_and_no_pad():
    model = StarfishModel(TASK.vocabulary, 8)
    embeddings, parameters = model.initial(1, torch.Generator().manual_seed(0))
    questions, _ = TASK.questions(6, 1, 3, np.random.default_rng(0))
    rows = torch.from_numpy(TASK.traced(questions))[None]
    [found] = model.loss(embeddings, TASK.pad)(parameters, rows)
    logits = model.logits(embeddings, parameters, rows[:, :, :-1])[:, :, 1:]
    expected = torch.nn.functional.cross_entropy(
        logits[0].flatten(0, 1), rows[0, :, 2:].flatten(), ignore_index=TASK.pad
    )
    torch.testing.assert_close(found, expected)


def test_traces_are_learned_and_followed_to_the_answer():
    model = StarfishModel(TASK.vocabulary, 64)
    embeddings, parameters = model.initial(2, torch.Generator().manual_seed(0))
    ensemble = Ensemble(parameters, model.optimizer(0.3))
    loss, rng = model.loss(embeddings, TASK.pad), np.random.default_rng(0)
    for _ in range(400):
        rows = np.stack([TASK.traced(TASK.questions(48, 1, 3, rng)[0]) for _ in range(2)])
        ensemble.update(loss, torch.from_numpy(rows))
    questions, on = TASK.questions(60, 1, 3, rng)
    shown = torch.from_numpy(questions).expand(2, -1, -1)
    written, answer = model.answers(embeddings, ensemble.parameters, shown, TASK.no, TASK.longest)
    traces = torch.from_numpy(TASK.traced(questions)).expand(2, -1, -1)
    right = (answer == torch.from_numpy(on).long()).float().mean()
    assert right > 0.9
    assert step_errors(model, embeddings, ensemble.parameters, traces, TASK.pad).max() < 0.1
    true = traces[..., 2:]
    same = (written == true[..., : written.shape[2]]).all(-1).float().mean()
    assert same > 0.8


def test_a_model_that_never_answers_is_told_from_one_that_says_no():
    model = StarfishModel(TASK.vocabulary, 8)
    embeddings, parameters = model.initial(1, torch.Generator().manual_seed(0))
    parameters["head"] = torch.zeros_like(parameters["head"])  # argmax is token 0, a node, for ever
    shown = torch.zeros(1, 4, 2, dtype=torch.long)
    written, answer = model.answers(embeddings, parameters, shown, TASK.no, 5)
    assert written.shape[2] == 5
    assert answer.tolist() == [[-1] * 4]
