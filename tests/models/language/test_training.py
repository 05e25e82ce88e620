"""Does the trainer take the steps that its settings name, and go on from a kill with the same bits?"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.training import Group, Trainer, TrainingSettings, next_token_loss
from solv.models.language.weight_average import Averaging
from tests.models.language.training_processes import batch, held_out, run, trainer

ROOT = Path(__file__).parents[3]
CONFIG = DecoderConfig(vocabulary=13, context=8, width=16, layers=2, heads=2, init_std=0.2)
SETTINGS = TrainingSettings(1e-2, clip=0.5, weight_decay=0.1, schedule=lambda step: 1 / (1 + step))


def draw(seed: int = 0) -> Decoder:
    return Decoder(CONFIG, generator=torch.Generator().manual_seed(seed))


def losses_of(trained: Trainer, until: int) -> list[float]:
    losses: list[float] = []
    trained.train(batch, until, after_step=lambda step, loss: losses.append(float(loss)))
    return losses


def by_hand(settings: TrainingSettings, steps: int) -> tuple[list[float], dict[str, torch.Tensor]]:
    """The same training in the words of torch alone."""
    model = draw()
    if settings.rule == "adamw":
        optimizer: torch.optim.Optimizer = torch.optim.AdamW(
            model.parameters(), lr=1.0, betas=settings.betas, eps=settings.epsilon, weight_decay=settings.weight_decay
        )
    else:
        optimizer = torch.optim.SGD(
            model.parameters(), lr=1.0, momentum=settings.momentum, weight_decay=settings.weight_decay
        )
    losses = []
    for step in range(steps):
        tokens = batch(step)
        loss = functional.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        if settings.clip is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        optimizer.param_groups[0]["lr"] = settings.learning_rate * settings.schedule(step)
        optimizer.step()
        losses.append(loss.item())
    return losses, dict(model.named_parameters())


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        replace(SETTINGS, clip=None),
        replace(SETTINGS, rule="sgd", learning_rate=0.3, momentum=0.9, weight_decay=0.0),
        replace(SETTINGS, accumulation=4),
    ],
)
def test_a_training_is_the_one_written_by_hand(settings: TrainingSettings) -> None:
    trained = Trainer(draw(), settings)
    losses = losses_of(trained, 8)
    expected, parameters = by_hand(settings, 8)
    assert losses == pytest.approx(expected, abs=2e-6)
    for name, value in trained.model.named_parameters():
        torch.testing.assert_close(value, parameters[name], rtol=1e-4, atol=2e-5)


def test_tokens_that_do_not_count_change_nothing_however_the_batch_is_cut() -> None:
    counts = torch.tensor([[8], [1], [3], [0]])

    def loss(model, masked):
        tokens, kept = masked
        logits = model(tokens[:, :-1])
        each = functional.cross_entropy(logits.mT, tokens[:, 1:], reduction="none")
        return (each * kept).sum(), kept.sum()

    def masked(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        return batch(step)[:4], (torch.arange(8) < counts).float()

    found = []
    for accumulation in (1, 4):
        trained = Trainer(draw(), replace(SETTINGS, accumulation=accumulation), loss=loss)
        losses: list[float] = []
        trained.train(masked, 5, after_step=lambda step, value, into=losses: into.append(float(value)))
        found.append(losses)
        assert trained.pace().tokens == 5 * 12
    assert found[0] == pytest.approx(found[1], abs=1e-6)
    tokens, kept = masked(0)
    each = functional.cross_entropy(draw()(tokens[:, :-1]).mT, tokens[:, 1:], reduction="none")
    assert found[0][0] == pytest.approx((each * kept).sum().item() / 12, abs=1e-6)


def test_a_resumed_training_ends_with_the_same_bits() -> None:
    settings = replace(SETTINGS, averages={"ema": Averaging("ema", 6.25)})
    whole = Trainer(draw(), settings)
    saved: list[dict] = []
    whole.train(batch, 9, save=saved.append, save_every=4)
    assert [state["step"] for state in saved] == [4, 8]
    resumed = Trainer(draw(1), settings)
    resumed.load_state_dict(saved[0])
    resumed.train(batch, 9)
    assert resumed.step == 9
    for left, right in ((whole, resumed), (whole.averages, resumed.averages)):
        flat = [_flat(each.state_dict()) for each in (left, right)]
        assert flat[0].keys() == flat[1].keys()
        assert all(torch.equal(flat[0][name], flat[1][name]) for name in flat[0])


def _flat(state: object, prefix: str = "") -> dict[str, torch.Tensor]:
    if isinstance(state, dict):
        return {k: v for name, each in state.items() for k, v in _flat(each, f"{prefix}/{name}").items()}
    return {prefix: torch.as_tensor(state)}


def test_dropout_goes_on_with_the_same_random_numbers() -> None:
    def model() -> torch.nn.Module:
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Embedding(13, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 13))

    whole, saved, losses = Trainer(model(), SETTINGS), [], []
    torch.manual_seed(1)
    whole.train(batch, 6, after_step=lambda step, loss: losses.append(float(loss)), save=saved.append, save_every=3)
    resumed = Trainer(model(), SETTINGS)
    torch.manual_seed(2)
    resumed.load_state_dict(saved[0])
    assert losses_of(resumed, 6) == losses[3:]


def test_a_group_has_its_own_rate_and_decay_and_the_rest_the_common_ones() -> None:
    groups = (Group("embedding.*", rate=0.0), Group("*norm.weight", weight_decay=0.0))
    trained = Trainer(draw(), replace(SETTINGS, clip=None, groups=groups))
    before = {name: value.detach().clone() for name, value in trained.model.named_parameters()}
    trained.train(batch, 3)
    assert torch.equal(trained.model.embedding.weight, before["embedding.weight"])
    assert not torch.equal(trained.model.head.weight, before["head.weight"])
    with pytest.raises(ValueError, match=r"no\.such.*embedding.weight"):
        Trainer(draw(), replace(SETTINGS, groups=(Group("no.such"),)))


def test_evaluation_reads_the_average_asked_for_and_changes_nothing() -> None:
    trained = Trainer(draw(), replace(SETTINGS, averages={"mean": Averaging()}))
    trained.train(batch, 5)
    own = {name: value.detach().clone() for name, value in trained.model.named_parameters()}
    tokens = batch(77)
    plain, averaged = trained.evaluate([tokens]), trained.evaluate([tokens], "mean")
    mean = draw()
    mean.load_state_dict(trained.averages.state_dict()["mean"])
    summed, count = next_token_loss(mean, tokens)
    assert averaged == pytest.approx((summed / count).item(), abs=1e-6)
    assert plain != averaged
    assert all(torch.equal(value, own[name]) for name, value in trained.model.named_parameters())


def test_bfloat16_computes_short_and_keeps_long() -> None:
    trained = Trainer(draw(), replace(SETTINGS, bfloat16=True))
    exact = Trainer(draw(), SETTINGS)
    assert losses_of(trained, 4) == pytest.approx(losses_of(exact, 4), abs=0.02)
    assert {value.dtype for value in trained.model.parameters()} == {torch.float32}
    assert trained.evaluate([batch(5)]) != exact.evaluate([batch(5)])


@pytest.mark.parametrize(
    ("change", "said"),
    [({"learning_rate": 0}, "learning_rate = 0"), ({"clip": -1}, "clip = -1"), ({"accumulation": 0}, "accumulation")],
)
def test_settings_out_of_range_are_refused(change: dict, said: str) -> None:
    with pytest.raises(ValueError, match=f"{said}.*valid"):
        replace(SETTINGS, **change)


def test_a_batch_that_cannot_be_cut_and_processes_that_are_missing_are_named() -> None:
    with pytest.raises(ValueError, match="8 sequences is not cut evenly by 1 processes x 3"):
        Trainer(draw(), replace(SETTINGS, accumulation=3)).update(batch(0))
    with pytest.raises(ValueError, match="torchrun"):
        Trainer(draw(), replace(SETTINGS, parallel="ddp"))


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_take_the_steps_of_one_and_their_checkpoint_is_its_own(parallel: str, tmp_path: Path) -> None:
    script = ROOT / "tests/models/language/training_processes.py"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    subprocess.run([*command, str(tmp_path), parallel, "10", "20"], check=True, env=environment, timeout=240)
    losses, halfway, end, branched, each_alone = json.loads((tmp_path / "losses.json").read_text())
    alone = trainer(None)
    expected = run(alone, 10)
    expected_halfway = held_out(alone)
    expected += run(alone, 20)
    assert losses == pytest.approx(expected, abs=1e-5)
    assert halfway == pytest.approx(expected_halfway, abs=1e-5)
    assert end == pytest.approx(held_out(alone), abs=1e-5)
    assert branched == pytest.approx(expected[10:], abs=1e-5)
    assert each_alone == pytest.approx(expected[:5], abs=1e-6)

    resumed = trainer(None, accumulation=1)
    resumed.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert run(resumed, 20) == pytest.approx(expected[10:], abs=1e-5)
    assert held_out(resumed) == pytest.approx(held_out(alone), abs=1e-5)
