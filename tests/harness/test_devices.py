"""Is the device that a run names the one it gets, or refused with those that are here?"""

import pytest
import torch

from solv.harness.devices import choose_device, prepare
from solv.harness.settings import ConfigurationError, RunSettings, defaults, resolve


def settings(**changes):
    return resolve(RunSettings, {**defaults(RunSettings), "runs_dir": "runs", **changes})


def test_the_best_device_is_chosen_where_none_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == "cpu"
    assert choose_device("cpu") == "cpu"


@pytest.mark.parametrize("device", ["quantum", "cuda:99", "cpu:x"])
def test_a_device_that_is_not_here_is_named_with_those_that_are(device):
    with pytest.raises(ConfigurationError, match=f"device = {device} cannot be used here; present: cpu"):
        choose_device(device)


def test_the_number_of_threads_is_set_only_if_it_is_named():
    before = torch.get_num_threads()
    try:
        assert prepare(settings(device="cpu")) == "cpu"
        assert torch.get_num_threads() == before
        prepare(settings(device="cpu", threads=before + 1))
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)
