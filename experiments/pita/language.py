"""Do language models that write a proof generalise to longer proofs? Part E2 of pita: panels and claims.

On a broad, shallow split and on a narrow, deep one, a model is trained on statements with short traces, once to write
the trace and once to answer directly, and both are asked for statements with traces of any length. Tests hold as many
provable as unprovable statements: guessing is right half of the time. What is measured is in
`experiments/pita/language_measurements.py`, what can be set in `experiments/pita/language_settings.py`.
"""

from solv.experiments.pita.chain import DIRECT, TRACE
from solv.experiments.pita.language_settings import Broad, Deep, LanguageSettings
from solv.tracking.claims import Claim, Verdict, exceeds, not_measured
from solv.tracking.curves import Curves, parameter, select
from solv.tracking.figures import Panel

BROAD, DEEP = "broad", "deep"
ROLES = (BROAD, DEEP)
KINDS = (TRACE, DIRECT)
PROVED = "with a valid trace"
WRONG_REASON, UNFINISHED, DIFFERENCE = "wrong reason", "unfinished", "trace minus direct"
TRAINED, LONGER = 0.0, 1.0  # abscissae of the differences
LEARNED = 0.9  # accuracy at trained lengths from which a comparison beyond them means something
FEWEST = 3  # repeats from which a standard error does


def accuracy_panel(role: str) -> str:
    """Return the name of the panel of accuracy against length."""
    return f"language {role}"


def statements(settings: LanguageSettings, role: str) -> Broad | Deep:
    """Return the statements of a role."""
    return settings.broad if role == BROAD else settings.deep


def language_panels(settings: LanguageSettings) -> list[Panel]:
    """Return the panels of E2."""
    whole = (-0.05, 1.05)
    return [
        *(
            Panel(
                accuracy_panel(role),
                f"E2 Language models on {statements(settings, role).split}",
                "length of the trace",
                "accuracy (guessing: 0.5)",
                y_limits=whole,
                verticals={statements(settings, role).threshold + 0.5: "longest trained"},
            )
            for role in ROLES
        ),
        Panel(WRONG_REASON, "E2 Right answers, wrong traces", "length of the trace", "fraction", y_limits=whole),
        Panel(UNFINISHED, "E2 Traces without an end", "length of the trace", "fraction", y_limits=whole),
        Panel(
            DIFFERENCE,
            "E2 Trace minus direct, paired over repeats",
            "length of the trace",
            "difference of accuracies",
            categories=("as trained", "longer"),
        ),
    ]


def language_claims(curves: Curves) -> list[Claim]:
    """Return the claims on language models."""
    return [
        _compare(curves, "language-rt-wins-broad", BROAD, TRACE, DIRECT),
        _compare(curves, "language-dp-wins-deep", DEEP, DIRECT, TRACE),
    ]


def _compare(curves: Curves, name: str, role: str, winner: str, loser: str) -> Claim:
    broad = "broad, shallow" if role == BROAD else "narrow, deep"
    said = {TRACE: "a model that writes the trace", DIRECT: "one that answers directly"}
    statement = f"On longer proofs of a {broad} split, {said[winner]} is right more often than {said[loser]}."
    rows = select(curves, panel=DIFFERENCE, series=role)
    longer, trained = (rows[rows["x"] == x] for x in (LONGER, TRAINED))
    if longer.empty or trained.empty:
        return not_measured(name, statement, f"language.{role}.lengths on both sides of the threshold")
    points = select(curves, panel=accuracy_panel(role))
    threshold = float(parameter(trained, "threshold").iloc[0])
    learned = {
        kind: float(points[(points["series"] == kind) & (points["x"] <= threshold)]["y"].mean()) for kind in KINDS
    }
    sign = 1.0 if winner == TRACE else -1.0
    gain, error = sign * float(longer["y"].iloc[0]), float(longer["y_err"].iloc[0])
    told = min(learned.values()) >= LEARNED and int(longer["n"].iloc[0]) >= FEWEST
    return Claim(
        name,
        statement,
        predicted="> 0",
        measured=(
            f"{gain:+.3f} ± {error:.3f} on longer ones; on trained lengths the trace is right {learned[TRACE]:.2f} of "
            f"the time, the direct answer {learned[DIRECT]:.2f}"
        ),
        verdict=exceeds(gain, 0.0, error) if told else Verdict.UNDECIDED,
        tolerance=f"2 s.e. over {FEWEST} repeats or more; both right {LEARNED:g} of the time on trained lengths",
        needs=(
            "language.decoder.layers=2 language.training.steps=2000 language.training.batch=32 "
            "language.training.statements=20000 language.searched=40000 language.repeats=4, or more"
        ),
    )
