"""How is a large range sampled without repetition and without a list? By a keyed bijection of 0 .. size - 1.

The numbers of b bits, 2^(b-1) < size <= 2^b, are mixed by rounds of odd multiplication, addition and xor-shift, each a
bijection; a result outside the range is mixed again (fewer than two passes on average), which keeps it a bijection
of the range. Row r of a sample is `shuffle(r)`: any process computes any row, and no two rows are equal.
"""

from collections.abc import Callable

import numpy as np

_ROUNDS = 4


def bijection(size: int, *key: int) -> Callable[[int], int]:
    """A pseudo-random permutation of 0 .. size - 1 (any size up to thousands of bits).

    Args:
        size: length of the range, >= 1.
        key: non-negative integers that select the permutation.
    """
    bits = max(1, (size - 1).bit_length())
    mask, shift = (1 << bits) - 1, max(1, bits // 2)
    words = np.random.SeedSequence([*key, bits]).generate_state(2 * _ROUNDS * (bits // 32 + 1)).tobytes()
    width = len(words) // (2 * _ROUNDS)
    constants = [int.from_bytes(words[i * width : (i + 1) * width], "little") & mask for i in range(2 * _ROUNDS)]
    rounds = tuple((constants[2 * i] | 1, constants[2 * i + 1]) for i in range(_ROUNDS))

    def shuffle(row: int) -> int:
        while True:
            for factor, offset in rounds:
                row = (row * factor + offset) & mask
                row ^= row >> shift
            if row < size:
                return row

    return shuffle
