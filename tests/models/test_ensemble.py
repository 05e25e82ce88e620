"""Do stacked models train exactly as each would alone, apart from each other, and on after a restart?"""

import pytest
import torch
from torch import nn

from solv.models.ensemble import Ensemble, Optimizer, cosine_decay, stack, train, vmapped_loss

COPIES, STEPS = 3, 12
RATES = torch.tensor([0.01, 0.02, 0.005], dtype=torch.float64)


def build(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1)).double()


def draw(step):
    generator = torch.Generator().manual_seed(100 + step)
    x = torch.randn(COPIES, 16, 4, generator=generator, dtype=torch.float64)
    return {"x": x, "y": x.sum(-1, keepdim=True).sin()}


def mean_squared_error(model, batch):
    return (model(batch["x"]) - batch["y"]).square().mean()


def build_ensemble(optimizer, first=0):
    return Ensemble(stack([build(seed) for seed in range(first, first + COPIES)]), optimizer)


LOSS = vmapped_loss(build(0), mean_squared_error)


def reference(copy, make):
    """Train one copy with torch's own optimiser."""
    module = build(copy)
    optimizer, schedule = make(module.parameters(), float(RATES[copy]))
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = float(RATES[copy]) * schedule(step)
        optimizer.zero_grad()
        batch = {name: value[copy] for name, value in draw(step).items()}
        mean_squared_error(module, batch).backward()
        optimizer.step()
    return dict(module.named_parameters())


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"rule": "sgd"}, lambda p, lr: torch.optim.SGD(p, lr)),
        ({"rule": "sgd", "momentum": 0.9}, lambda p, lr: torch.optim.SGD(p, lr, momentum=0.9)),
        ({"rule": "adam"}, lambda p, lr: torch.optim.Adam(p, lr)),
        (
            {"rule": "adam", "weight_decay": 0.1, "betas": (0.8, 0.95), "epsilon": 1e-6},
            lambda p, lr: torch.optim.AdamW(p, lr, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
        ),
    ],
)
def test_each_copy_takes_the_steps_of_torchs_own_optimizer(ours, theirs):
    schedule = cosine_decay(STEPS, 0.1)
    ensemble = build_ensemble(Optimizer(learning_rate=RATES, schedule=schedule, **ours))
    train(ensemble, LOSS, draw, STEPS)
    for copy in range(COPIES):
        alone = reference(copy, lambda parameters, rate: (theirs(parameters, rate), schedule))
        for name, value in alone.items():
            torch.testing.assert_close(ensemble.parameters[name][copy], value, rtol=1e-9, atol=1e-11)


def test_clipping_bounds_each_copys_own_gradient():
    batch = draw(0)
    batch["y"] = batch["y"] * torch.tensor([1.0, 1000.0, 1.0])[:, None, None]
    free, clipped = (build_ensemble(Optimizer("sgd", 1.0, clip=clip)) for clip in (None, 2.0))
    start = {name: value.detach().clone() for name, value in free.parameters.items()}
    for ensemble in (free, clipped):
        ensemble.update(LOSS, batch)

    def norms(ensemble):
        return (
            torch.stack([(ensemble.parameters[n] - v).flatten(1).square().sum(1) for n, v in start.items()])
            .sum(0)
            .sqrt()
        )

    assert norms(free)[1] > 10
    torch.testing.assert_close(norms(clipped)[1], torch.tensor(2.0, dtype=torch.float64))
    torch.testing.assert_close(norms(clipped)[[0, 2]], norms(free)[[0, 2]])


def test_a_copy_that_diverges_leaves_the_others_alone():
    usual = build_ensemble(Optimizer("sgd", RATES))
    spoilt = build_ensemble(Optimizer("sgd", RATES))
    with torch.no_grad():
        spoilt.parameters["0.weight"][1] = torch.nan
    for step in range(STEPS):
        usual.update(LOSS, draw(step))
        losses = spoilt.update(LOSS, draw(step))
    assert torch.isnan(losses[1])
    for name, value in usual.parameters.items():
        assert torch.equal(value[[0, 2]], spoilt.parameters[name][[0, 2]])


@pytest.mark.parametrize("rule", ["sgd", "adam"])
def test_a_restored_training_ends_with_the_same_bits(rule):
    optimizer = Optimizer(rule, RATES, momentum=0.5, schedule=cosine_decay(STEPS))
    whole, states = build_ensemble(optimizer), []
    train(whole, LOSS, draw, STEPS, save=states.append, save_every=5)
    assert [state["step"] for state in states] == [5, 10]
    resumed = build_ensemble(optimizer, first=7)
    resumed.load_state_dict(states[0])
    train(resumed, LOSS, draw, STEPS)
    assert resumed.step == STEPS
    for name, value in whole.parameters.items():
        assert torch.equal(value, resumed.parameters[name])


def test_a_saved_state_does_not_change_with_the_training_that_goes_on():
    ensemble = build_ensemble(Optimizer("adam", RATES))
    ensemble.update(LOSS, draw(0))
    state = ensemble.state_dict()
    kept = {name: value.clone() for name, value in state["moments"]["second"].items()}
    ensemble.update(LOSS, draw(1))
    for name, value in kept.items():
        assert torch.equal(value, state["moments"]["second"][name])


def test_every_step_is_reported_with_the_losses_before_it():
    ensemble, seen = build_ensemble(Optimizer("sgd", RATES)), []
    first = LOSS(ensemble.parameters, draw(0)).detach()
    train(ensemble, LOSS, draw, 3, after_step=lambda step, losses: seen.append((step, losses)))
    assert [step for step, _ in seen] == [1, 2, 3]
    assert torch.equal(seen[0][1], first)


def test_all_copies_may_share_one_batch():
    shared = vmapped_loss(build(0), mean_squared_error, shared=True)
    ensemble = build_ensemble(Optimizer())
    batch = {name: value[0] for name, value in draw(0).items()}
    repeated = {name: value.expand(COPIES, *value.shape) for name, value in batch.items()}
    torch.testing.assert_close(shared(ensemble.parameters, batch), LOSS(ensemble.parameters, repeated))


def test_parameters_outside_the_loss_stay_where_they_are():
    parameters = {"used": torch.ones(2, 3), "unused": torch.ones(2, 4)}
    ensemble = Ensemble(parameters, Optimizer("adam", 0.1))
    ensemble.update(lambda p, _: p["used"].square().sum(1), None)
    assert torch.equal(ensemble.parameters["unused"], parameters["unused"])
    assert not torch.equal(ensemble.parameters["used"], parameters["used"])


def test_cosine_decay_runs_from_one_to_its_end_and_stays():
    schedule = cosine_decay(10, 0.2)
    assert schedule(0) == 1
    assert schedule(5) == pytest.approx(0.6)
    assert schedule(10) == schedule(99) == pytest.approx(0.2)


def test_invalid_stacks_are_refused():
    with pytest.raises(ValueError, match="modules is empty"):
        stack([])
    with pytest.raises(ValueError, match=r"first axes \[2, 3\]"):
        Ensemble({"a": torch.ones(2), "b": torch.ones(3)}, Optimizer())


def test_chosen_copies_go_on_as_before_and_one_taken_twice_branches():
    """With equal rates both branches stay equal to the copy that was never taken out; with another they part."""
    whole = build_ensemble(Optimizer(learning_rate=RATES))
    for step in range(6):
        whole.update(LOSS, draw(step))
    branched = whole.select([2, 0, 2], Optimizer(learning_rate=1.0, schedule=lambda step: RATES[[2, 0, 0]]))
    assert branched.step == 6
    for step in range(6, STEPS):
        batch = draw(step)
        whole.update(LOSS, batch)
        branched.update(LOSS, {name: value[[2, 0, 2]] for name, value in batch.items()})
    for name, value in whole.parameters.items():
        torch.testing.assert_close(branched.parameters[name][:2], value[[2, 0]], rtol=1e-12, atol=0)
        assert (branched.parameters[name][2] != value[2]).any()
