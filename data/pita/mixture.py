"""How many statements of each split make up a part of the published mixture? In proportion, at least one of each."""

from solv.data.pita.splits import SPLITS, SplitSpec, open_split


def mixture(count: int | None = None) -> dict[str, int]:
    """Statements of each published split that are `count` in all, or all there are.

    Args:
        count: number of splits .. number of statements of all of them.

    Raises:
        ValueError: `count` is out of range.
    """
    whole = {name: open_split(SplitSpec(name, published=True)).count for name in SPLITS}
    total = sum(whole.values())
    if count is None:
        return whole
    if not len(whole) <= count <= total:
        raise ValueError(f"count = {count} is out of range; valid: {len(whole)} to {total} (split paper)")
    shares = {name: max(1, count * size // total) for name, size in whole.items()}
    shares[max(whole, key=whole.__getitem__)] += count - sum(shares.values())
    return shares
