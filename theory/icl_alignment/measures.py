"""Which other numbers could say how well test tasks are aligned with pretraining tasks?

The paper's measure is e_misalign = <C_te K>, and the first of its rivals the resolvent <C_te F>: both are in `error.py`
and know the amount of data, the context length, the task diversity and the noise. The rivals here compare the two task
covariances alone. Two of them are the paper's, <C_te C_tr^-1> and 1/CKA; overlap, cosine, Bures distance, KL
divergence and captured variance are ours.

| symbol | name | shape / range |
|---|---|---|
| d | token dimension; (1/d) tr written <.> | - |
| C_tr, C_te | task covariances of pretraining and test, each the diagonal (d,) or a matrix (d, d) | >= 0 |

Each but 1/CKA is symmetric under a common rotation of both covariances. Cost: O(d) for diagonals, O(d^3) for matrices.
The covariances must be positive semi-definite and of equal dimension; they are not checked.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from solv.theory.validation import require_real

Covariance = Float[np.ndarray, "..."]

NULL_EIGENVALUE = 1e-10


def overlap(train_covariance: Covariance, test_covariance: Covariance) -> float:
    """Return <C_te C_tr>: large when both have their variance in the same directions."""
    return float(np.vdot(_full(train_covariance), _full(test_covariance)) / len(train_covariance))


def inverse_overlap(train_covariance: Covariance, test_covariance: Covariance) -> float:
    """Return <C_te C_tr^+> with the pseudo-inverse: small when the test tasks lie where pretraining has variance.

    Directions without pretraining variance count as nothing, which is the weakness of this measure.
    """
    c, t = _in_basis_of_first(train_covariance, test_covariance)
    kept = c > NULL_EIGENVALUE * c.max()
    return float((t[kept] / c[kept]).sum() / len(c))


def cosine(train_covariance: Covariance, test_covariance: Covariance) -> float:
    """Return tr(C_te C_tr) / (|C_te| |C_tr|), between 0 and 1: 1 when the covariances are proportional."""
    train, test = _full(train_covariance), _full(test_covariance)
    return float(np.vdot(train, test) / (np.linalg.norm(train) * np.linalg.norm(test)))


def inverse_cka(train_covariance: Covariance, test_covariance: Covariance) -> float:
    """Return 1 / CKA, >= 1: one when the doubly centred covariances are proportional, inf when they are orthogonal.

    CKA = h(C_tr, C_te) / sqrt(h(C_tr, C_tr) h(C_te, C_te)), h(A, B) = tr(H A H B) / (d - 1)^2, H = I - 1 1^T / d.
    Centring depends on the basis: unlike the other measures it changes under a common rotation.
    """
    train, test = _full(train_covariance), _full(test_covariance)
    centred = [matrix - matrix.mean(axis=0) - matrix.mean(axis=1)[:, None] + matrix.mean() for matrix in (train, test)]
    both = float(np.vdot(*centred))
    return float(np.linalg.norm(centred[0]) * np.linalg.norm(centred[1]) / both) if both > 0 else float("inf")


def bures_distance(train_covariance: Covariance, test_covariance: Covariance) -> float:
    """Return the 2-Wasserstein distance of N(0, C_tr) and N(0, C_te), divided by sqrt(d): 0 when they are equal.

    W^2 = tr C_tr + tr C_te - 2 tr (C_tr^1/2 C_te C_tr^1/2)^1/2.
    """
    train, test = _full(train_covariance), _full(test_covariance)
    c, basis = np.linalg.eigh(train)
    root = basis * np.sqrt(np.maximum(c, 0)) @ basis.T
    fidelity = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ test @ root), 0)).sum()
    return float(np.sqrt(max(np.trace(train) + np.trace(test) - 2 * fidelity, 0) / len(train)))


def kl_divergence(train_covariance: Covariance, test_covariance: Covariance) -> float:
    """Return KL(N(0, C_te) || N(0, C_tr)) / d in nats: 0 when they are equal.

    Infinite when either covariance has a null direction that the other has not; null directions of both drop out.
    """
    c, basis = np.linalg.eigh(_full(train_covariance))
    turned = basis.T @ _full(test_covariance) @ basis
    kept = c > NULL_EIGENVALUE * c.max()
    if np.trace(turned[~kept][:, ~kept]) > NULL_EIGENVALUE * np.trace(turned):
        return float("inf")
    inside = turned[np.ix_(kept, kept)] / np.sqrt(np.outer(c[kept], c[kept]))
    ratios = np.linalg.eigvalsh(inside)
    if ratios.min() <= NULL_EIGENVALUE * ratios.max():
        return float("inf")
    return float((ratios - 1 - np.log(ratios)).sum() / (2 * len(c)))


def captured_variance(train_covariance: Covariance, test_covariance: Covariance, fraction: float = 0.25) -> float:
    """Return the share of the test variance within the top `fraction` d eigendirections of C_tr, in [0, 1].

    Eigenvectors of an eigenvalue that straddles the cut are taken in part, equally, so that the answer does not depend
    on the basis of a degenerate eigenspace.

    Raises:
        ValueError: fraction outside (0, 1].

    """
    fraction = require_real("fraction", fraction, above=0, most=1)
    c, t = _in_basis_of_first(train_covariance, test_covariance)
    rank = fraction * len(c)
    edge = np.sort(c)[::-1][int(np.ceil(rank)) - 1]
    level = np.abs(c - edge) <= NULL_EIGENVALUE * c.max()
    above = (c > edge) & ~level
    captured = t[above].sum() + (rank - above.sum()) / level.sum() * t[level].sum()
    return float(captured / t.sum())


# +1: a larger value says that the error will be larger; -1: that it will be smaller.
Measures = Mapping[str, tuple[Callable[[Covariance, Covariance], float], int]]
RIVALS_OF_THE_PAPER: Measures = MappingProxyType({"C_te/C_tr": (inverse_overlap, 1), "1/CKA": (inverse_cka, 1)})
RIVALS_OF_OURS: Measures = MappingProxyType(
    {
        "overlap (ours)": (overlap, -1),
        "cosine (ours)": (cosine, -1),
        "Bures (ours)": (bures_distance, 1),
        "KL (ours)": (kl_divergence, 1),
        "captured (ours)": (captured_variance, -1),
    }
)
RIVALS: Measures = MappingProxyType({**RIVALS_OF_THE_PAPER, **RIVALS_OF_OURS})


def _full(covariance: Covariance) -> Float[np.ndarray, "d d"]:
    matrix = np.asarray(covariance, dtype=float)
    return np.diag(matrix) if matrix.ndim == 1 else matrix


def _in_basis_of_first(first: Covariance, second: Covariance) -> tuple[Float[np.ndarray, "d"], Float[np.ndarray, "d"]]:
    """Return the eigenvalues of the first and the diagonal of the second in that eigenbasis."""
    if np.ndim(first) == 1:
        return np.asarray(first, dtype=float), np.diagonal(_full(second))
    c, basis = np.linalg.eigh(_full(first))
    return np.maximum(c, 0), np.einsum("ji,jk,ki->i", basis, _full(second), basis, optimize=True)
