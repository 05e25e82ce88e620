"""Is the batched transformer the one that its formula says, copy by copy, and does it learn in context?"""

import math

import pytest
import torch
from torch.nn.functional import gelu, layer_norm

from solv.data.icl_alignment.tasks import draw_labelled_contexts, draw_tasks
from solv.models.ensemble import Ensemble, Optimizer, train
from solv.models.icl_alignment.transformer import draw_transformer, predict_query, squared_loss

D, TOKENS, WIDTH, HIDDEN = 3, 6, 5, 7


def generators(count, first=0):
    return [torch.Generator().manual_seed(first + index) for index in range(count)]


def drawn(copies=4, layers=2, first=0):
    parameters = draw_transformer(generators(copies, first), D, width=WIDTH, hidden=HIDDEN, layers=layers)
    stream = torch.Generator().manual_seed(100)
    noise = {name: 0.3 * torch.randn(value.shape, generator=stream) for name, value in parameters.items()}
    parameters = {name: value + noise[name] for name, value in parameters.items()}  # no bias 0, no gain 1
    x = torch.randn(copies, 8, TOKENS, D, generator=stream) / math.sqrt(D)
    return parameters, x, torch.randn(copies, 8, TOKENS, generator=stream)


def one_by_one(parameters, x, y, layers):
    """The formula of the module's first lines for one context of one copy, every token of every layer in turn."""
    labels = y.clone()
    labels[-1] = 0
    stream = [parameters["embed"].T @ torch.cat([math.sqrt(D) * x[i], labels[i : i + 1]]) for i in range(TOKENS)]
    stream = [h + parameters["embed_bias"] for h in stream]
    for n in range(layers):
        query, key, value = ([parameters[f"{name}{n}"].T @ h for h in stream] for name in ("query", "key", "value"))
        updated = []
        for i, h in enumerate(stream):
            weights = torch.stack([query[i] @ key[j] for j in range(i + 1)]).div(math.sqrt(WIDTH)).softmax(0)
            h = h + sum(weight * value[j] for j, weight in enumerate(weights))
            h = layer_norm(h, (WIDTH,)) * parameters[f"attention_gain{n}"] + parameters[f"attention_shift{n}"]
            inner = gelu(parameters[f"up{n}"].T @ h + parameters[f"up_bias{n}"])
            h = h + parameters[f"down{n}"].T @ inner + parameters[f"down_bias{n}"]
            updated.append(layer_norm(h, (WIDTH,)) * parameters[f"mlp_gain{n}"] + parameters[f"mlp_shift{n}"])
        stream = updated
    return (parameters["read"].T @ stream[-1] + parameters["read_bias"])[0]


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_batched_prediction_is_the_formula_of_every_copy_and_context(layers):
    parameters, x, y = drawn(copies=3, layers=layers)
    batched = predict_query(parameters, x, y)
    for copy in range(3):
        own = {name: value[copy] for name, value in parameters.items()}
        alone = torch.stack([one_by_one(own, x[copy, c], y[copy, c], layers) for c in range(8)])
        torch.testing.assert_close(batched[copy], alone, rtol=1e-4, atol=1e-5)


def test_the_label_of_the_query_is_not_looked_at():
    parameters, x, y = drawn()
    other = y.clone()
    other[..., -1] += 5
    assert torch.equal(predict_query(parameters, x, y), predict_query(parameters, x, other))
    seen = y.clone()
    seen[..., 0] += 5
    assert not torch.allclose(predict_query(parameters, x, y), predict_query(parameters, x, seen))


def test_one_layer_does_not_know_the_order_of_its_context():
    parameters, x, y = drawn(layers=1)
    order = torch.tensor([3, 1, 4, 0, 2, 5])
    shuffled = predict_query(parameters, x[:, :, order], y[:, :, order])
    torch.testing.assert_close(shuffled, predict_query(parameters, x, y))


def test_copies_trained_together_are_those_trained_alone():
    parameters, x, y = drawn(copies=3)
    rule = Optimizer("adam", 1e-2, clip=1.0)
    together = Ensemble(parameters, rule)
    train(together, squared_loss, lambda step: (x, y), 5)
    for copy in range(3):
        alone = Ensemble({name: value[copy : copy + 1] for name, value in parameters.items()}, rule)
        train(alone, squared_loss, lambda step, copy=copy: (x[copy : copy + 1], y[copy : copy + 1]), 5)
        for name, value in alone.parameters.items():
            torch.testing.assert_close(value[0], together.parameters[name][copy], rtol=1e-3, atol=1e-5)


def test_a_copy_is_drawn_from_its_own_generator_alone():
    one, two = (draw_transformer(generators(count, 5), D, width=WIDTH, hidden=HIDDEN) for count in (1, 2))
    assert all(torch.equal(one[name][0], two[name][0]) for name in one)
    assert not torch.equal(two["embed"][0], two["embed"][1])


def test_matrices_are_drawn_with_variance_one_over_their_rows():
    parameters = draw_transformer(generators(20), D, width=40, hidden=80)
    assert float(parameters["up0"].square().mean()) == pytest.approx(1 / 40, rel=0.05)
    assert float(parameters["down1"].square().mean()) == pytest.approx(1 / 80, rel=0.05)


@pytest.mark.parametrize("sizes", [{"width": 0}, {"hidden": 0}, {"layers": 0}])
def test_sizes_below_one_are_refused(sizes):
    with pytest.raises(ValueError, match="valid: at least 1"):
        draw_transformer(generators(1), D, **{"width": 4, "hidden": 4, **sizes})


def test_a_trained_transformer_predicts_tasks_that_it_has_never_seen():
    """Far below the error of knowing nothing, which is the label variance 1 + rho."""
    d, rho = 2, 0.01
    streams = generators(2, 20)
    tasks = [draw_tasks((), 200, torch.ones(d), stream) for stream in streams]
    ensemble = Ensemble(draw_transformer(streams, d, width=16, hidden=32), Optimizer("adam", 5e-3, clip=1.0))

    def contexts(w, n):
        both = [draw_labelled_contexts(each, n, 8, rho, stream) for each, stream in zip(w, streams, strict=True)]
        return torch.stack([each.x for each in both]), torch.stack([each.y for each in both])

    train(ensemble, squared_loss, lambda step: contexts(tasks, 64), 250)
    fresh = [draw_tasks((), 2000, torch.ones(d), stream) for stream in streams]
    with torch.no_grad():
        assert (squared_loss(ensemble.parameters, contexts(fresh, 2000)) < 0.5).all()
