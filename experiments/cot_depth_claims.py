"""Which statements about chain-of-thought depth does a run show? Claims C1-C8 of the cot-depth spec."""

from tracking.claims import Claim
from tracking.curves import Curves


def check_claims(curves: Curves) -> list[Claim]:
    """Return the claims."""
    return []
