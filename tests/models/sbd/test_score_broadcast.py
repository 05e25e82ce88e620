"""Are the hand-written updates those of the equations, local, and what autograd says where it can say anything?"""

import inspect
from dataclasses import replace

import pytest
import torch

from solv.models.ensemble import Ensemble, Optimizer
from solv.models.sbd.augmentation import views
from solv.models.sbd.broadcast_layers import Convolution, Dropout, Linear, LocallyConnected, Pool
from solv.models.sbd.regularisers import weight_entropy_gradient
from solv.models.sbd.score_broadcast import (
    BroadcastRule,
    Network,
    accuracy,
    backpropagated_gradients,
    broadcast,
    broadcast_gradients,
    local_update,
    score,
    start_state,
)

COPIES, BATCH, CLASSES = 2, 6, 3
NETWORKS = {
    "perceptron": Network((5,), (Linear(8), Linear(7), Linear(CLASSES))),
    "convolution": Network(
        (2, 9, 9),
        (Convolution(4, 3, padding=1), Pool(2), Convolution(3, 2, stride=2, bias=True), Linear(6), Linear(CLASSES)),
    ),
    "locally connected": Network(
        (2, 8, 8), (LocallyConnected(3, 3, padding=1), Pool(2, "maximum"), LocallyConnected(2, 2), Linear(CLASSES))
    ),
}


def made(network, seed=0, rule=None):
    generator = torch.Generator().manual_seed(seed)
    parameters = network.initial(COPIES, generator)
    x = torch.randn(COPIES, BATCH, *network.input_shape, generator=generator)
    labels = torch.randint(CLASSES, (COPIES, BATCH), generator=generator)
    rule = rule or BroadcastRule(torch.tensor([0.0, 1.0]), torch.tensor([0.9, 0.99]), start=0.5)
    state = start_state(network, rule, CLASSES, generator)
    return parameters, x, labels, rule, state


@pytest.mark.parametrize("name", NETWORKS)
def test_copies_are_networks_by_themselves(name):
    network = NETWORKS[name]
    parameters, x, labels, rule, state = made(network)
    together = broadcast_gradients(network, parameters, state, rule, x, labels)
    for copy in range(COPIES):
        *_, alone = made(network)
        alone.correlations = [r[copy : copy + 1] for r in alone.correlations]
        single = BroadcastRule(rule.squared[copy : copy + 1], rule.memory[copy : copy + 1], rule.start)
        own = {key: value[copy : copy + 1] for key, value in parameters.items()}
        part = slice(copy, copy + 1)
        found = broadcast_gradients(network, own, alone, single, x[part], labels[part])
        for key, value in found.items():
            torch.testing.assert_close(value, together[key][part], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_update_descends_the_correlation_with_the_score_held_fixed(name):
    """J = |R|^2 / 2 through the activations alone: autograd with R's past and the broadcast as constants."""
    network = NETWORKS[name]
    parameters, x, labels, rule, state = made(network)
    z, inputs, _ = network.run(parameters, x)
    s, p = score(z, labels, rule.squared)
    sbar = broadcast(rule, s, p, x)
    for number in network.hidden:
        layer = network.layers[number][0]
        weight = parameters[f"weight {number}"].clone().requires_grad_()
        h = layer.forward(weight, parameters.get(f"bias {number}"), inputs[number]).relu()
        memory = rule.memory[:, None, None]
        past = state.correlations[number]
        r = memory * past + (1 - memory) / BATCH * torch.bmm(layer.correlated(h).transpose(1, 2), sbar)
        objective = (0.5 * r.square().sum((1, 2)) / (1 - rule.memory)).sum()  # 1 - lambda is absorbed in the rate
        [expected] = torch.autograd.grad(objective, weight)
        new, found, _ = local_update(layer, inputs[number], h.detach(), sbar, past, rule.memory)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(new, r.detach())


@pytest.mark.parametrize("name", NETWORKS)
def test_no_later_weight_enters_an_update_but_through_the_score(name):
    assert list(inspect.signature(local_update).parameters) == ["layer", "h_in", "h", "sbar", "r", "memory"]
    network = NETWORKS[name]
    parameters, x, labels, rule, state = made(network)
    *_, again = made(network)
    first = broadcast_gradients(network, parameters, state, rule, x, labels)
    last = len(network.layers) - 1
    changed = dict(parameters)
    changed[f"weight {last}"] = parameters[f"weight {last}"].flip(-1)  # outputs, and with them scores, in another order
    changed[f"bias {last}"] = parameters[f"bias {last}"].flip(-1)
    again.correlations = [r.flip(-1) for r in again.correlations]
    second = broadcast_gradients(network, changed, again, rule, x, CLASSES - 1 - labels)
    for number in network.hidden:
        torch.testing.assert_close(first[f"weight {number}"], second[f"weight {number}"])


def test_frozen_memory_is_direct_feedback_alignment():
    """A fixed random matrix B carries the error to each layer: dW = h_in^T (f' * (s B^T)) / batch."""
    network = NETWORKS["perceptron"]
    rule = BroadcastRule(torch.zeros(COPIES), torch.ones(COPIES), start=0.3)
    parameters, x, labels, rule, state = made(network, rule=rule)
    before = [r.clone() for r in state.correlations]
    found = broadcast_gradients(network, parameters, state, rule, x, labels)
    z, inputs, activations = network.run(parameters, x)
    error = z.softmax(-1) - torch.nn.functional.one_hot(labels, CLASSES)
    for number, h in enumerate(activations):
        torch.testing.assert_close(state.correlations[number], before[number])
        told = (error @ before[number].transpose(1, 2)) * (h > 0)
        expected = inputs[number].transpose(1, 2) @ told / BATCH
        torch.testing.assert_close(found[f"weight {number}"], expected, rtol=1e-5, atol=1e-6)


def test_the_output_layer_gets_its_ordinary_gradient():
    for network in NETWORKS.values():
        parameters, x, labels, rule, state = made(network)
        found = broadcast_gradients(network, parameters, state, rule, x, labels)
        expected = backpropagated_gradients(network, parameters, rule.squared, x, labels)
        last = len(network.layers) - 1
        for kind in ("weight", "bias"):
            torch.testing.assert_close(found[f"{kind} {last}"], expected[f"{kind} {last}"], rtol=1e-4, atol=1e-5)


def test_expansion_appends_scaled_products_and_zero_scale_changes_nothing():
    network = NETWORKS["perceptron"]
    plain = BroadcastRule(torch.zeros(2), torch.full((2,), 0.9), start=0.3)
    expanded = replace(plain, expansion=torch.tensor([0.0, 2.0])[:, None].expand(2, CLASSES), features=lambda x, p: p)
    parameters, x, labels, rule, state = made(network, rule=expanded)
    z, *_ = network.run(parameters, x)
    s, p = score(z, labels, rule.squared)
    sbar = broadcast(rule, s, p, x)
    assert sbar.shape == (COPIES, BATCH, CLASSES * (1 + CLASSES))
    torch.testing.assert_close(sbar[1, 4, CLASSES:].view(CLASSES, CLASSES), 2 * torch.outer(s[1, 4], p[1, 4]))
    assert sbar[0, :, CLASSES:].abs().max() == 0
    found = broadcast_gradients(network, parameters, state, rule, x, labels)
    *_, short = made(network, rule=expanded)
    short.correlations = [r[..., :CLASSES] for r in short.correlations]
    single = broadcast_gradients(network, parameters, short, plain, x, labels)
    torch.testing.assert_close(found["weight 0"][0], single["weight 0"][0])
    assert not torch.allclose(found["weight 0"][1], single["weight 0"][1])


def test_regularisers_act_as_their_gradients():
    """Autograd of power, entropy and sparsity terms through one layer's activations."""
    network = NETWORKS["perceptron"]
    rule = BroadcastRule(
        torch.zeros(2), torch.ones(2), start=1e-9, power=0.3, power_target=0.5, sparsity=0.2, entropy=0.4,
        entropy_memory=0.5,
    )  # fmt: skip
    parameters, x, _, rule, state = made(network, rule=rule)
    weight = parameters["weight 0"].clone().requires_grad_()
    h = (torch.bmm(x, weight)).relu()
    covariance = 0.5 * torch.eye(8) + 0.5 / BATCH * h.transpose(1, 2) @ h
    power = ((h.square().mean(1) - 0.5) ** 2).sum()
    entropy = 0.5 * torch.logdet(covariance).sum() / 0.5  # the factor 1 - lambda_E is absorbed, as in the spec
    objective = 0.3 * power + 0.2 * h.sum() / BATCH - 0.4 * entropy
    [expected] = torch.autograd.grad(objective, weight)
    *_, plain = made(network, rule=rule)
    bare = replace(rule, power=0.0, sparsity=0.0, entropy=0.0)
    labels = torch.zeros(COPIES, BATCH, dtype=torch.long)
    found = broadcast_gradients(network, parameters, state, rule, x, labels)["weight 0"]
    found = found - broadcast_gradients(network, parameters, plain, bare, x, labels)["weight 0"]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_strengths_may_differ_from_layer_to_layer_and_maps_have_the_entropy_of_their_weights():
    network = NETWORKS["locally connected"]
    rule = BroadcastRule(torch.zeros(COPIES), torch.ones(COPIES), start=1e-9, entropy=(0.0, 0.7), entropy_floor=0.1)
    parameters, x, labels, rule, state = made(network, rule=rule)
    assert state.inverses == {}
    found = broadcast_gradients(network, parameters, state, rule, x, labels)
    bare = broadcast_gradients(network, parameters, state, replace(rule, entropy=0.0), x, labels)
    torch.testing.assert_close(found["weight 0"], bare["weight 0"])
    expected = -0.7 * weight_entropy_gradient(parameters["weight 1"], 3, 0.1)
    torch.testing.assert_close(found["weight 1"] - bare["weight 1"], expected)


def test_momentum_is_a_running_mean_of_the_layers_own_updates_and_rates_scale_it():
    network = NETWORKS["perceptron"]
    rule = BroadcastRule(torch.zeros(COPIES), torch.ones(COPIES), rates=(2.0, 3.0, 5.0), momentum=0.75)
    parameters, x, labels, rule, state = made(network, rule=rule)
    bare = broadcast_gradients(network, parameters, state, replace(rule, rates=None, momentum=0.0), x, labels)
    once = broadcast_gradients(network, parameters, state, rule, x, labels)
    twice = broadcast_gradients(network, parameters, state, rule, x, labels, boost=10.0)
    for number, rate in enumerate((2.0, 3.0, 5.0)):
        name = f"weight {number}"
        torch.testing.assert_close(once[name], 0.25 * rate * bare[name])
        torch.testing.assert_close(twice[name], (0.25 + 0.75 * 0.25) * 10 * rate * bare[name])
    kept = state.state_dict()
    state.load_state_dict(kept)
    torch.testing.assert_close(state.velocities, kept["velocities"])


def test_a_seed_has_the_same_correlation_in_every_block():
    rule = BroadcastRule(torch.zeros(4), torch.ones(4), start=torch.tensor([0.1, 0.1, 0.2, 0.2]))
    state = start_state(NETWORKS["perceptron"], rule, CLASSES, torch.Generator().manual_seed(0), blocks=2)
    for r in state.correlations:
        torch.testing.assert_close(2 * r[:2], r[2:])
        assert not torch.allclose(r[0], r[1])


def test_dropout_acts_in_training_alone_and_keeps_the_mean():
    network = Network((2000,), (Linear(2000), Dropout(0.25), Linear(CLASSES)))
    parameters = network.initial(1, torch.Generator().manual_seed(0))
    x = torch.randn(1, 3, 2000, generator=torch.Generator().manual_seed(1))
    _, whole, _ = network.run(parameters, x)
    _, dropped, _ = network.run(parameters, x, torch.Generator().manual_seed(2))
    assert float((dropped[1] == 0).double().mean()) > float((whole[1] == 0).double().mean()) + 0.1
    assert float(dropped[1].mean()) == pytest.approx(float(whole[1].mean()), rel=0.05)


def test_accuracy_over_six_views_is_that_of_their_mean_output():
    network = Network((1, 4, 4), (Linear(CLASSES),))
    parameters = network.initial(2, torch.Generator().manual_seed(0))
    x = torch.randn(50, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    outputs = [network.run(parameters, look)[0] for look in views(x.expand(2, *x.shape))]
    labels = torch.stack(outputs).mean(0)[0].argmax(-1)
    assert float(accuracy(network, parameters, x, labels, augmented=True)[0]) == 1
    assert float(accuracy(network, parameters, x, labels)[0]) < 1


def test_forward_broadcast_is_the_gradient_of_the_correlations_through_the_score():
    network = NETWORKS["perceptron"]
    parameters, x, labels, rule, state = made(network)
    with_it = replace(rule, forward=0.3)
    *_, again = made(network)
    plain = broadcast_gradients(network, parameters, state, rule, x, labels)
    found = broadcast_gradients(network, parameters, again, with_it, x, labels)
    last = len(network.layers) - 1
    weight = parameters[f"weight {last}"].clone().requires_grad_()
    _, inputs, activations = network.run(parameters, x)
    z = network.layers[last][0].forward(weight, parameters[f"bias {last}"], inputs[last])
    s, _ = score(z, labels, rule.squared)
    # J = |R|^2 / 2 by its last summand alone: R moved on, held fixed beside the new score
    objective = sum((again.correlations[n] * torch.bmm(h.transpose(1, 2), s)).sum() for n, h in enumerate(activations))
    [expected] = torch.autograd.grad(objective / BATCH, weight)
    difference = found[f"weight {last}"] - plain[f"weight {last}"]
    torch.testing.assert_close(difference, 0.3 * expected, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found["weight 0"], plain["weight 0"])


def test_a_perceptron_learns_by_broadcast_and_not_with_frozen_memory_at_zero_rate():
    generator = torch.Generator().manual_seed(1)
    network = Network((10,), (Linear(32), Linear(32), Linear(2)))
    rule = BroadcastRule(torch.zeros(1), torch.full((1,), 0.99999))
    x = torch.randn(1, 400, 10, generator=generator)
    labels = (x[..., 0] * x[..., 1] > 0).long()
    ensemble = Ensemble(network.initial(1, generator), Optimizer(learning_rate=1e-2))
    state = start_state(network, rule, 2, generator)
    for _ in range(300):
        ensemble.apply(broadcast_gradients(network, ensemble.parameters, state, rule, x, labels))
    z, *_ = network.run(ensemble.parameters, x)
    assert (z.argmax(-1) == labels).float().mean() > 0.95


@pytest.mark.parametrize(("changes", "said"), [({"memory": torch.zeros(2)}, "lambda"), ({"start": 0.0}, "collapse")])
def test_rules_that_cannot_learn_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        BroadcastRule(**{"squared": torch.zeros(2), "memory": torch.ones(2), **changes})


def test_an_image_too_small_for_the_network_is_refused():
    with pytest.raises(ValueError, match="larger images"):
        _ = Network((1, 2, 2), (Convolution(3, 5), Linear(2))).layers
