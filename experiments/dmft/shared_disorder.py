"""What may two models share, and over what are models averaged? The vocabulary of E5."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Shared:
    """What two models have in common; their cross-correlation is the loss averaged over what they have not.

    Attributes:
        features: whether they have the same features.
        data: fraction of the samples that are the same.
        noise: whether the label noise of the same samples is the same.
    """

    features: bool
    data: float
    noise: bool = True

    @property
    def params(self) -> dict[str, object]:
        """What tells its curve from those of others."""
        return {"same_features": self.features, "shared_data": self.data, "same_noise": self.noise}


ONE_MODEL, SAME_DATA, SAME_FEATURES, NOTHING = (
    Shared(True, 1.0),
    Shared(False, 1.0),
    Shared(True, 0.0),
    Shared(False, 0.0),
)
FRESH_NOISE = Shared(True, 1.0, noise=False)
SHARED = {
    ONE_MODEL: "one model",
    SAME_DATA: "same data",
    SAME_FEATURES: "same features",
    NOTHING: "nothing shared",
    FRESH_NOISE: "fresh label noise",
}


def shared_label(shared: Shared) -> str:
    """Return how the curve of two models that share this much is called."""
    return SHARED.get(shared, f"same features, {100 * shared.data:g} % of the data")


@dataclass(frozen=True)
class Averaged:
    """Models whose mean is taken: of different features on one data set, or of one feature set on different bags.

    Attributes:
        bags: whether the models differ in their data; else in their features.
        overlap: fraction of samples that two bags share.
    """

    bags: bool
    overlap: float = 1.0

    @property
    def params(self) -> dict[str, object]:
        """What tells its curves from those of others."""
        return {"average": "bags", "overlap": self.overlap} if self.bags else {"average": "ensemble"}

    @property
    def members(self) -> Shared:
        """What two of the models share: their cross-correlation is the floor of the mean of many."""
        return Shared(self.bags, self.overlap)


def averages(overlaps: Sequence[float]) -> list[Averaged]:
    """Return the ensemble over features, and the bags of each overlap."""
    return [Averaged(bags=False), *(Averaged(True, overlap) for overlap in overlaps)]
