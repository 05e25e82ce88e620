"""Part `linear-measures`: which of four measures orders the errors of linear attention, within one pretraining?

Figure 2 of the paper: theory's error against e_misalign, the resolvent <C_te F>, <C_te C_tr^-1> and 1/CKA, for
pretraining on a power law and tests on power laws and on spikes of every direction. Within one pretraining the error is
a constant plus e_misalign, so that e_misalign is right by construction; the question is how close its rivals come.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.rank_correlations import (
    MEASURES,
    MISALIGNMENT,
    RESOLVENT,
    all_measures,
    by_measure,
    listed,
    rank_correlations,
    rank_correlations_within,
    ranks_of,
)
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Part
from solv.theory.icl_alignment.covariances import power_law_spectrum, spiked_spectrum
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, within
from solv.tracking.curves import Curves, Params, Recorder, select
from solv.tracking.panels import Panel

RECORD = Recorder("icl-alignment", "linear-measures")
EXACT = 1e-9  # of a rank correlation that is one
FLAT = 0.5  # variance of the directions beside a spike: the paper's spikes
INVERSE, CKA = "C_te/C_tr", "1/CKA"


class Panels(StrEnum):
    """The panels of this part."""

    MISALIGNMENT = "linear-misalignment"
    RESOLVENT = "linear-resolvent"
    INVERSE = "linear-inverse"
    CKA = "linear-cka"
    RANKS_WITHIN = "linear-rank-correlation-within"
    RANKS = "linear-rank-correlation"


SCATTERS = {
    MISALIGNMENT: (Panels.MISALIGNMENT, "e_misalign = ⟨C_te K⟩"),
    RESOLVENT: (Panels.RESOLVENT, "resolvent ⟨C_te F⟩"),
    INVERSE: (Panels.INVERSE, "⟨C_te C_tr⁻¹⟩"),
    CKA: (Panels.CKA, "1/CKA of C_te and C_tr"),
}


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the error against four measures, and the rank correlations of all."""
    where = "C_tr = i^-{p}, α = {alpha}, τ = {tau}, ρ = {rho}, d = {dimension}"
    facets = ("p", "alpha", "tau", "rho", "dimension")
    return [
        *(
            Panel(
                panel,
                f"Theory's error and {label}\n({where})",
                label,
                "test error e",
                facets=facets,
                series=_label,
                figure="Fig. 2",
            )
            for panel, label in SCATTERS.values()
        ),
        *(
            Panel(
                panel,
                f"{title}\n({where})",
                "measure",
                "rank correlation with theory's error",
                y_limits=(None, 1.35),
                facets=facets,
                series="theory",
                category=("measure",),
                note="1: right about every pair",
            )
            for panel, title in (
                (Panels.RANKS_WITHIN, "Which measure orders the tests of one pretraining?"),
                (Panels.RANKS, "... and those of all diversities together?"),
            )
        ),
    ]


def _label(params: Params) -> str:
    return f"κ={params['kappa']:g}, {params['tests']}"


def _families(config: IclAlignmentConfig) -> dict[str, list[np.ndarray]]:
    size = config.linear_measures
    d = size.dimension
    share = 1 - FLAT * (d - 1) / d
    return {
        "power laws": [power_law_spectrum(d, p) for p in size.p],
        "spikes": [spiked_spectrum(d, (index,), share) for index in range(d)],
    }


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield the errors of both families against every measure, and the rank correlations over both together.

    Raises:
        ConfigurationError: a task diversity of less than one task.
    """
    size = config.linear_measures
    require_tasks("linear_measures.kappa", size.kappa, size.dimension)
    c, families = power_law_spectrum(size.dimension, config.p), _families(config)
    kappas = np.array(size.kappa)
    errors = {
        family: np.stack([icl_error(c, t, size.tau, size.alpha, kappas, size.rho).total for t in tests], axis=-1)
        for family, tests in families.items()
    }
    measures = {
        family: all_measures(c, tests, size.tau, size.alpha, size.kappa, size.rho) for family, tests in families.items()
    }
    for row, kappa in enumerate(size.kappa):
        for family in families:
            for name, (panel, _) in SCATTERS.items():
                x = measures[family][row, MEASURES.index(name)]
                order = np.argsort(x, kind="stable")
                x = x[order] + 1e-12 * np.arange(len(x))  # spikes of which a measure says the same stay apart
                at = {**_at(config), "kappa": kappa, "tests": family}
                yield RECORD.theory(panel, at, x=(name, x), y=("error", errors[family][row, order]))
    together = {("power-law", kappa): np.concatenate([m[row] for m in measures.values()], axis=1)
                for row, kappa in enumerate(size.kappa)}  # fmt: skip
    found = {("power-law", kappa): np.concatenate([e[row] for e in errors.values()])
             for row, kappa in enumerate(size.kappa)}  # fmt: skip
    for panel, rank in ((Panels.RANKS_WITHIN, rank_correlations_within), (Panels.RANKS, rank_correlations)):
        params = {**_at(config), "kappas": size.kappa, "powers": size.p}
        for at, (y,) in by_measure(params, rank(together, found)):
            yield RECORD.theory(panel, at, x=("measure", 0.0), y=("rank_correlation", y))


def _at(config: IclAlignmentConfig) -> dict[str, object]:
    size = config.linear_measures
    at = {"alpha": size.alpha, "tau": size.tau, "rho": size.rho, "dimension": size.dimension}
    return {"p": config.p, **at}


def _judge(curves: Curves) -> Judgement:
    """Theory is exact: e_misalign is one by construction, and 1/CKA is behind both rivals that know the spectrum."""
    ranks = ranks_of(select(curves, panel=Panels.RANKS_WITHIN))
    behind = min(ranks[RESOLVENT].value, ranks[INVERSE].value) > ranks[CKA].value
    return Judgement(
        all_of([within(ranks[MISALIGNMENT].value, 1, EXACT), Verdict.HOLDS if behind else Verdict.FAILS]),
        predicted="e_misalign 1 by construction, 1/CKA last of the paper's four",
        measured=f"{listed(ranks)}; pooled over κ: {listed(ranks_of(select(curves, panel=Panels.RANKS)))}",
        tolerance="theory exact",
    )


LINEAR_MEASURES = Part(
    name="linear-measures",
    question="Which of four measures orders the errors of linear attention, within one pretraining?",
    names=Panels,
    panels=panels,
    predict=predict,
    figure="Fig. 2",
    claims=(
        Claim(
            "measures-order-linear-errors",
            "Within one pretraining e_misalign orders the errors of linear attention, by construction; of its rivals "
            "in the paper 1/CKA comes last.",
            reads=(Panels.RANKS_WITHIN, Panels.RANKS),
            judge=_judge,
            figure="Fig. 2",
        ),
    ),
)
