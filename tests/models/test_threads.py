"""Is torch kept to one thread inside the block, and given back what it had?"""

import pytest
import torch

from solv.models.threads import one_thread


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_a_block_on_the_cpu_has_one_thread_even_if_it_fails():
    with pytest.raises(KeyError), one_thread():
        raise KeyError(torch.get_num_threads())
    assert torch.get_num_threads() == 2
    with one_thread():
        assert torch.get_num_threads() == 1
    with one_thread("cuda"):
        assert torch.get_num_threads() == 2
