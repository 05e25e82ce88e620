"""Are models named by what they share, and is the floor of a mean what two of them share?"""

from solv.experiments.dmft.shared_disorder import (
    FRESH_NOISE,
    NOTHING,
    ONE_MODEL,
    SAME_DATA,
    SAME_FEATURES,
    SHARED,
    Averaged,
    Shared,
    averages,
    shared_label,
)


def test_what_is_shared_tells_curves_apart_and_has_a_name():
    told = [tuple(shared.params.items()) for shared in SHARED]
    assert len(set(told)) == len(SHARED) == 5
    assert shared_label(ONE_MODEL) == "one model"
    assert shared_label(Shared(True, 0.25)) == "same features, 25 % of the data"
    assert shared_label(Shared(True, 1.0, noise=False)) == shared_label(FRESH_NOISE) == "fresh label noise"


def test_members_of_a_mean_share_what_does_not_differ():
    ensemble, *bags = averages([0, 0.5])
    assert ensemble.members == SAME_DATA
    assert [each.members for each in bags] == [SAME_FEATURES, Shared(True, 0.5)]
    assert Averaged(bags=True, overlap=1.0).members == ONE_MODEL
    assert NOTHING not in [each.members for each in (ensemble, *bags)]
    assert ensemble.params == {"average": "ensemble"}
    assert bags[1].params == {"average": "bags", "overlap": 0.5}
