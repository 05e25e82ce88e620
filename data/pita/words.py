"""Which leaves stand on a tree? Words over False, True and n atoms by number, all or up to renaming."""

from dataclasses import dataclass
from functools import cached_property

from solv.data.pita.formulas import FALSE, TRUE


@dataclass(frozen=True)
class Words:
    """The words of `size` leaves over False, True, p1 .. p`atoms`, numbered 0 .. count - 1.

    A canonical word names no atom before all those of a smaller number; every word becomes one by renaming its atoms.
    """

    size: int
    atoms: int
    canonical: bool

    @cached_property
    def count(self) -> int:
        """How many words there are: (atoms + 2)^size, or the sum over canonical ones by a recursion over places."""
        return self._ways[self.size][0] if self.canonical else (self.atoms + 2) ** self.size

    @cached_property
    def _ways(self) -> list[list[int]]:
        """Canonical ways to fill the last i places when j atoms have appeared."""
        table = [[1] * (self.atoms + 1)]
        for _ in range(self.size):
            last = table[-1]
            table.append([(2 + j) * last[j] + (last[j + 1] if j < self.atoms else 0) for j in range(self.atoms + 1)])
        return table

    def unrank(self, rank: int) -> list[str]:
        """Word number `rank`. Cost: one division a leaf."""
        if not self.canonical:
            letters = []
            for _ in range(self.size):
                rank, letter = divmod(rank, self.atoms + 2)
                letters.append(letter)
        else:
            letters, named = [], 0
            for places in reversed(range(self.size)):
                block = self._ways[places][named]
                letter, rest = divmod(rank, block)
                if letter >= 2 + named:  # an atom that has not appeared yet; all that is left of the rank is behind it
                    letter = 2 + named
                    rest = rank - letter * block
                    named += 1
                rank = rest
                letters.append(letter)
        return [f"p{letter - 1}" if letter > 1 else TRUE if letter else FALSE for letter in letters]
