"""What would pita's curves be if the paper's statements held? One function for what each claim reads."""

import numpy as np

from solv.experiments.pita import (
    chain_attention,
    chain_errors,
    chain_hops,
    chain_plane,
    chain_widths,
    counts,
    language,
    proofs,
)
from solv.experiments.pita.answers import ANSWERS, DIRECT, MATCHED, TRACE
from solv.experiments.pita.settings import BROAD, DEEP, PitaConfig
from solv.harness.published import published_curves
from solv.theory.pita.critical_width import DRAWN_EXPONENTS
from solv.tracking.curves import join_curves

SIZES = np.array([8.0, 16, 32, 64])


def enumerated():
    """Every statement of the sizes that have a formula was written out, and distinct ones were counted."""
    theory = join_curves(counts.predict(PitaConfig()))
    return join_curves([theory, theory.assign(source="simulation")])


def checked(whole=1.0):
    """All statements of full with up to four leaves were proved; one search was given up."""
    table = {"made": 100, "given_up": [0, 0, 0, 1], "refused": 0, "differ": 0, "part of all": [1, 1, 1, whole]}
    return join_curves(
        proofs.RECORD.simulation(
            proofs.Panels.CHECKS, {"split": "full"}, x=("leaves", [1, 2, 3, 4]), y=(name, values), y_err=0.0, n=1
        )
        for name, values in table.items()
    )


def lengths():
    """Our searches of full are as long as the authors'."""
    panel, package = proofs.Panels.LENGTHS_BY_LEAVES, proofs.PACKAGE
    theirs = join_curves(published_curves(proofs.RECORD, panel, package=package, x="length", y="statements"))
    return join_curves([theirs, theirs.assign(source="simulation", y_err=0.0, n=1)])


def depths(medians=(5.0, 7.0, 30.0, 120.0), error=0.5):
    """The proofs of the splits get longer in the paper's order."""
    return join_curves(
        proofs.RECORD.simulation(
            proofs.Panels.DEPTH,
            {"split": split, "percentile": 50},
            x=("statements", 500),
            y=("length", median),
            y_err=error,
            n=500,
        )
        for split, median in zip(proofs.DEPTH_ORDER, medians, strict=True)
    )


def language_models(gains=(0.2, -0.2), error=0.02, learned=0.98, repeats=3, matched=(0.1, -0.1)):
    """Traces are better by the first gain on the broad split and by the second on the deep one.

    So they are, by `matched`, than direct answers that were trained on as many tokens.
    """
    tables = []
    for role, gain, over_matched in zip((BROAD, DEEP), gains, matched, strict=True):
        at = {"role": role, "split": "full", "threshold": 4}
        for answer, right in ((TRACE, 0.99), (DIRECT, learned)):
            kind = {**at, "answer": answer, "counted": language.RIGHT}
            tables.append(
                language.RECORD.trained(
                    language.ACCURACY[role],
                    kind,
                    x=("length", [3.0, 6.0]),
                    y=("fraction", [right, 0.6]),
                    y_err=0.01,
                    n=repeats,
                )
            )
        for lengths, against, y, y_err in (
            (language.TRAINED, DIRECT, 0.0, 0.01),
            (language.LONGER, DIRECT, gain, error),
            (language.LONGER, MATCHED, over_matched, error),
        ):
            tables.append(
                language.RECORD.trained(
                    language.Panels.DIFFERENCE,
                    {**at, "lengths": lengths, "against": against},
                    x=("lengths", 0.0),
                    y=("difference", y),
                    y_err=y_err,
                    n=repeats,
                )
            )
    return join_curves(tables)


def critical_widths(steps=100_000, error=0.05):
    """H follows the powers that the paper draws."""
    tables = []
    for answer in ANSWERS:
        for panel, axis, fixed in (
            (chain_widths.Panels.CRITICAL_DEPTH, "depth", "arms"),
            (chain_widths.Panels.CRITICAL_ARMS, "arms", "depth"),
        ):
            widths = 3 * SIZES ** DRAWN_EXPONENTS[answer == TRACE, axis == "depth"]
            tables.append(
                chain_widths.RECORD.trained(
                    panel,
                    {"answer": answer, fixed: 8, "steps": steps},
                    x=(axis, SIZES),
                    y=("width", widths),
                    y_err=error * widths,
                    n=3,
                )
            )
    return join_curves(tables)


def attention(distance=0.1, difference=0.01, error=0.01, seeds=12, widths=(36, 256, 512)):
    """Attention is near uniform, and a model without it as good."""
    tables = []
    for panel, name, value in (
        (chain_attention.Panels.FROM_UNIFORM, "distance", distance),
        (chain_attention.Panels.DIFFERENCE, "difference", difference),
    ):
        tables += [
            chain_attention.RECORD.trained(
                panel, {"answer": answer}, x=("width", widths), y=(name, [value] * len(widths)), y_err=error, n=seeds
            )
            for answer in ANSWERS
        ]
    return join_curves(tables)


def far(exponent=-2.0, error=0.05, arms=(4, 6, 8, 12), seeds=5):
    """What direct answers to long questions have over guessing falls as a power of the arms."""
    y = 12.0 * np.array(arms, dtype=float) ** exponent
    return chain_hops.RECORD.trained(
        chain_hops.Panels.BREADTH, {"depth": 30}, x=("arms", arms), y=("over guessing", y), y_err=error * y, n=seeds
    )


def traces(accuracies=(0.95, 0.9, 0.8), error=0.01, seeds=8):
    """Written traces are right as often as the errors of their tokens say."""
    at, x = {"arms": 2, "depth": 8}, ("hops", [1, 4, 7])
    tables = []
    for panel in (chain_errors.Panels.ALIKE, chain_errors.Panels.APART):
        y = ("accuracy", accuracies)
        tables.append(chain_errors.RECORD.anchored(panel, at, x=x, y=y, y_err=0.01, n=seeds))
        tables.append(chain_errors.RECORD.trained(panel, at, x=x, y=y, y_err=error, n=seeds))
    for name, y in (("step error", 0.001), ("answer error", 0.1)):
        tables.append(
            chain_errors.RECORD.trained(chain_errors.Panels.TOKENS, at, x=x, y=(name, y), y_err=0.0001, n=seeds)
        )
    return join_curves(tables)


def plane(corners=((8, 4, 0.3), (8, 8, 0.1), (2, 8, 0.0), (2, 24, -0.2)), error=0.02, seeds=8):
    """Traces are better on broad tasks and worse on deep ones: (arms, levels, difference) of every task."""
    tables = []
    for arms, depth, difference in corners:
        x = ("levels", depth)
        for answer, y in ((TRACE, 0.7), (DIRECT, 0.7 - difference)):
            tables.append(
                chain_plane.RECORD.trained(
                    chain_plane.Panels.BEYOND,
                    {"arms": arms, "answer": answer},
                    x=x,
                    y=("accuracy", y),
                    y_err=error,
                    n=seeds,
                )
            )
        tables.append(
            chain_plane.RECORD.trained(
                chain_plane.Panels.PLANE,
                {"arms": arms},
                x=x,
                y=("difference", difference),
                y_err=error,
                n=seeds,
            )
        )
    return join_curves(tables)


def everything(**instead):
    """All of these together; `instead` gives other curves in place of those of a function, by its name."""
    parts = {
        make.__name__: make
        for make in (
            enumerated,
            checked,
            lengths,
            depths,
            language_models,
            critical_widths,
            attention,
            far,
            traces,
            plane,
        )
    }
    assert set(instead) <= set(parts)
    return join_curves([instead[name] if name in instead else make() for name, make in parts.items()])
