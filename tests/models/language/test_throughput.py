"""Are operations counted as they are done?"""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from solv.models.language import throughput
from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.throughput import matmul_peak, training_flops, utilisation
from solv.models.language.training import Pace, next_token_loss


@pytest.mark.parametrize("mlp", ["gelu", "gated"])
def test_operations_are_those_that_torch_counts_but_for_the_masked_half_of_attention(mlp: str) -> None:
    config = DecoderConfig(vocabulary=50, context=64, width=32, layers=2, heads=2, mlp=mlp, hidden=100)
    model, length, batch = Decoder(config), 64, 4
    tokens = torch.zeros(batch, length + 1, dtype=torch.long)
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        next_token_loss(model, tokens)[0].backward()
    # The plain products of attention include the upper half: length in place of (length + 1) / 2 tokens.
    masked = 3 * 2 * config.layers * 2 * config.width * (length - (length + 1) / 2)
    assert counter.get_total_flops() == pytest.approx(batch * length * (training_flops(config, length) + masked))


def test_the_peak_is_a_speed_and_a_length_out_of_range_is_refused() -> None:
    assert 1e7 < matmul_peak(size=128, seconds=0.01) < 1e15
    with pytest.raises(ValueError, match="length = 9; valid: 1 to the context of 8"):
        training_flops(DecoderConfig(vocabulary=5, context=8, width=4, layers=1, heads=1), 9)


def test_utilisation_is_the_operations_of_a_second_over_the_peak_of_all_processes(monkeypatch) -> None:
    config = DecoderConfig(vocabulary=50, context=64, width=32, layers=2, heads=2)
    monkeypatch.setattr(throughput, "_peak", lambda device, bfloat16: 100 * training_flops(config, 64))
    pace = Pace(steps=5, tokens=400.0, seconds=4.0)
    assert utilisation(pace, config, 64) == pytest.approx(1.0)
    assert utilisation(pace, config, 64, processes=4) == pytest.approx(0.25)
