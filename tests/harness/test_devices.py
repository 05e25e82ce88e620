"""Is the device that a run names the one it gets, or refused with those that are here?"""

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

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


@pytest.fixture
def threads():
    """The number of torch's threads, which is set back afterwards, as is that of NumPy's."""
    before = torch.get_num_threads()
    with threadpool_limits():
        yield before
    torch.set_num_threads(before)


def of_numpy():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_the_number_of_threads_is_set_only_if_it_is_named(threads):
    before = of_numpy()
    assert prepare(settings(device="cpu")) == "cpu"
    assert (torch.get_num_threads(), of_numpy()) == (threads, before)
    prepare(settings(device="cpu", threads=threads + 1))
    assert torch.get_num_threads() == threads + 1
    prepare(settings(device="cpu", threads=1))
    assert (torch.get_num_threads(), of_numpy()) == (1, {1})


def test_processes_that_share_the_work_share_the_cores(threads):
    prepare(settings(device="cpu", processes=100))
    assert (torch.get_num_threads(), of_numpy()) == (1, {1})
    prepare(settings(device="cpu", processes=100, threads=2))
    assert torch.get_num_threads() == 2


def test_processes_do_not_share_the_work_of_torchruns(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigurationError, match="processes = 2: torchrun has started its own"):
        prepare(settings(device="cpu", processes=2))
