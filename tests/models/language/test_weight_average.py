"""Is an average kept online the weighted sum that it is defined to be?"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.models.language.weight_average import Averaging, WeightAverages

RULES = [Averaging(), Averaging("tail", 4), Averaging("ema", 6.25), Averaging("ema", 100), Averaging("polynomial", 4)]


def explicit_weights(rule: Averaging, steps: int) -> np.ndarray:
    rho = np.array([rule.newest(t) for t in range(1, steps + 1)])
    later = np.append(np.cumprod((1 - rho)[::-1])[::-1][1:], 1.0)
    return rho * later


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_average_is_the_explicit_sum_of_the_weights_of_all_steps(rule: Averaging, dtype: torch.dtype) -> None:
    steps = 12
    path = torch.randn(steps, 5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype)
    value = torch.zeros(5, 2, dtype=dtype)
    averages = WeightAverages({"w": value}, {"one": rule})
    for t in range(steps):
        value.copy_(path[t])
        averages.update(t + 1)
    weights = explicit_weights(rule, steps)
    expected = torch.einsum("t,tij->ij", torch.from_numpy(weights), path.double())
    assert weights.sum() == pytest.approx(1)
    torch.testing.assert_close(averages.state_dict()["one"]["w"].double(), expected, rtol=1e-5, atol=1e-6)


def test_uniform_and_tail_weigh_their_steps_alike() -> None:
    np.testing.assert_allclose(explicit_weights(Averaging(), 9), 1 / 9)
    np.testing.assert_allclose(explicit_weights(Averaging("tail", 4), 9), [0, 0, 0, 0, *[1 / 5] * 5], atol=1e-15)
    np.testing.assert_allclose(explicit_weights(Averaging("polynomial", 1), 9), 1 / 9)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.5, 200), st.integers(2, 10**6))
def test_the_old_average_keeps_its_share_by_the_half_life_and_not_the_other_way_round(label: float, t: int) -> None:
    assert 1 - Averaging("ema", label).newest(t) == pytest.approx(2 ** (-label / t), rel=1e-12)


def test_late_steps_enter_with_all_their_digits() -> None:
    assert Averaging("ema", 25).newest(10**12) == pytest.approx(25 * np.log(2) / 1e12, rel=1e-10, abs=0)


def test_the_model_reads_the_average_inside_the_block_and_has_its_own_weights_after_it() -> None:
    model = torch.nn.Linear(2, 1, bias=False)
    averages = WeightAverages(dict(model.named_parameters()), {"mean": Averaging()})
    with torch.no_grad():
        for t, value in enumerate((1.0, 3.0), start=1):
            model.weight.fill_(value)
            averages.update(t)
    with averages.swapped("mean"):
        assert model.weight.tolist() == [[2.0, 2.0]]
    assert model.weight.tolist() == [[3.0, 3.0]]
    with pytest.raises(ZeroDivisionError), averages.swapped("mean"):
        1 / 0  # noqa: B018
    assert model.weight.tolist() == [[3.0, 3.0]]


def test_a_restored_average_goes_on_bit_for_bit() -> None:
    value = torch.zeros(7)
    rules = {"a": Averaging("ema", 25), "b": Averaging()}
    path = torch.randn(10, 7, generator=torch.Generator().manual_seed(0))
    whole = WeightAverages({"w": value}, rules)
    for t in range(10):
        value.copy_(path[t])
        whole.update(t + 1)
        if t == 4:
            saved = whole.state_dict()
    resumed = WeightAverages({"w": value}, rules)
    resumed.load_state_dict(saved)
    for t in range(5, 10):
        value.copy_(path[t])
        resumed.update(t + 1)
    for label in rules:
        assert torch.equal(whole.state_dict()[label]["w"], resumed.state_dict()[label]["w"])


def test_bfloat16_weights_are_refused_as_they_would_lose_late_steps() -> None:
    with pytest.raises(ValueError, match=r"w is torch.bfloat16.*float32"):
        WeightAverages({"w": torch.zeros(2, dtype=torch.bfloat16)}, {"ema": Averaging("ema", 25)})


@pytest.mark.parametrize(
    ("mode", "value"), [("ema", 0), ("ema", -1), ("polynomial", float("nan")), ("tail", -1), ("mean", 1)]
)
def test_rules_out_of_range_are_refused(mode: str, value: float) -> None:
    with pytest.raises(ValueError, match="valid"):
        Averaging(mode, value)  # type: ignore[arg-type]


def test_an_unknown_label_names_those_that_there_are() -> None:
    averages = WeightAverages({"w": torch.zeros(1)}, {"ema": Averaging("ema", 25)})
    with pytest.raises(ValueError, match=r"'mean'.*ema"), averages.swapped("mean"):
        pass
