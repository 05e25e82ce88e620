"""Are glasses enumerated batch by batch, each a unit, with the whole Gibbs measure in their tables?"""

import torch

from solv.experiments.jailbreak import glasses
from solv.experiments.jailbreak.glasses import enumerated_profiles
from solv.experiments.jailbreak.settings import JailbreakConfig
from tests.experiments.scaffold import Units, context

CONFIG = JailbreakConfig()


def profiles(own, disorders=5, **changes):
    return enumerated_profiles(CONFIG, own, "glass", 6, 2.0, disorders, CONFIG.glass.picks, 1.0, **changes)


def test_batches_are_units_and_together_they_are_all_glasses(tmp_path, monkeypatch):
    monkeypatch.setattr(glasses, "GLASSES_AT_ONCE", 2)
    units = Units()
    found = profiles(context(tmp_path, unit=units))
    assert units.computed == ["glass N=6 0+2", "glass N=6 2+2", "glass N=6 4+1"]
    assert len(found.unsafe) == 5


def test_more_glasses_change_none_of_those_before(tmp_path, monkeypatch):
    monkeypatch.setattr(glasses, "GLASSES_AT_ONCE", 2)
    few, more = profiles(context(tmp_path), 4), profiles(context(tmp_path), 6)
    torch.testing.assert_close(few.unsafe, more.unsafe[:4])


def test_a_centre_that_the_couplings_do_not_know_is_another_one(tmp_path):
    known, random = profiles(context(tmp_path)), profiles(context(tmp_path), random_centre=True)
    assert not torch.equal(known.unsafe, random.unsafe)
    torch.testing.assert_close(known.all_squares, random.all_squares)  # of the measure, not of its centre
