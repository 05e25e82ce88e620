"""Is each model trained once, on batches that are the same for all, and too short a text refused?"""

import numpy as np
import pytest
import torch

from solv.experiments.moe_transfer.settings import TransferSettings
from solv.experiments.moe_transfer.sizes import models, rates_of
from solv.experiments.moe_transfer.transformers import Laboratory
from tests.experiments.scaffold import Units, context

SETTINGS = TransferSettings(
    width=[16], depth=[1], experts=[4], alpha=[1], rates=[-7, -5], knob_powers=[-1, 0, 1], seeds=2, steps=20,
    batch=2, context=8, scored=5, head_width=8, text_bytes=5000,
)  # fmt: skip
[MODEL] = models(SETTINGS, "width")


def test_batches_are_those_of_their_step_whatever_was_asked_before(tmp_path):
    one, other = Laboratory(SETTINGS, context(tmp_path)), Laboratory(SETTINGS, context(tmp_path))
    first, later = one.batches()(0), one.batches()(7)
    again = other.batches()(7)
    assert torch.equal(later[0], again[0])
    assert not torch.equal(first[0], later[0])
    assert not torch.equal(one.batches(1)(7)[0], later[0])
    assert torch.equal(later[0][:, 1:], later[1][:, :-1])  # targets are the next tokens


def test_a_model_is_trained_once_and_scored_by_its_last_steps(tmp_path):
    units = Units()
    laboratory = Laboratory(SETTINGS, context(tmp_path, unit=units))
    found = laboratory.losses("transfer", MODEL, SETTINGS.steps, 2)
    assert found["scores"].shape == (2, len(rates_of(SETTINGS, "transfer")))
    assert found["loads"].shape == (2, 2, 1, 4)
    np.testing.assert_allclose(found["loads"].sum(axis=-1), MODEL.active, rtol=1e-5)
    assert laboratory.losses("transfer", MODEL, SETTINGS.steps, 2) is found
    assert Laboratory(SETTINGS, context(tmp_path, unit=units)).losses("transfer", MODEL, 20, 2) is not None
    assert len(units.computed) == 1


def test_a_setting_is_scanned_at_all_factors_but_one(tmp_path):
    laboratory = Laboratory(SETTINGS, context(tmp_path))
    assert laboratory.knob("transfer", MODEL, "router").shape == (1, 2)


def test_a_text_that_holds_no_sequence_is_refused(tmp_path):
    (tmp_path / "short.txt").write_text("short")
    settings = TransferSettings(**{**dict(SETTINGS), "folder": str(tmp_path)})
    with pytest.raises(ValueError, match="the text has 5 bytes; a sequence of context 8 needs more"):
        Laboratory(settings, context(tmp_path)).batches()
