"""Is a training's state read back as it was, or not at all, and without running any code?"""

import pickle

import torch

from solv.tracking.checkpoints import TrainingCheckpoint


def test_a_state_is_read_back_bit_for_bit_and_replaced(tmp_path):
    kept = TrainingCheckpoint(tmp_path / "state.pt")
    assert kept.load() is None
    for step in (1, 2):
        kept.save({"weight": torch.full((2,), 0.1 * step), "step": step, "rng": torch.get_rng_state()})
    found = kept.load()
    assert found["step"] == 2
    assert torch.equal(found["weight"], torch.full((2,), 0.2))
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


def test_a_state_that_was_cut_is_none(tmp_path):
    kept = TrainingCheckpoint(tmp_path / "state.pt")
    kept.save({"weight": torch.zeros(1000)})
    content = kept.path.read_bytes()
    for cut in (content[:-100], content[:50], b""):
        kept.path.write_bytes(cut)
        assert kept.load() is None


class Hostile:
    def __reduce__(self):
        return (print, ("code of the checkpoint has run",))


def test_no_code_of_a_state_runs(tmp_path, capsys):
    kept = TrainingCheckpoint(tmp_path / "state.pt")
    torch.save({"weight": Hostile()}, kept.path)
    assert kept.load() is None
    kept.path.write_bytes(pickle.dumps(Hostile()))
    assert kept.load() is None
    assert "has run" not in capsys.readouterr().out
