"""Does work add up?"""

from solv.harness.work import Work, training


def test_one_after_the_other_adds_operations_and_holds_the_larger_arrays():
    assert Work(2, 3, 40) + Work(5, 1, 10) == Work(7, 4, 40)


def test_many_times_adds_operations_and_holds_the_arrays_of_one():
    assert 3 * Work(2, 3, 40) == Work(2, 3, 40) * 3 == Work(6, 9, 40)


def test_training_counts_six_operations_for_a_weight_and_example():
    work = training(100, 8, 10, calls=20, copies=3)
    assert work.flops == 6 * 100 * 8 * 10 * 3
    assert work.calls == 200, "copies train in the calls of one"
    assert work.memory == 4 * 4 * 100 * 3, "a weight, its gradient, and two moments, in four bytes each"
