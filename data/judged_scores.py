"""Which score did a judge give each answer, and how wrong was the answer? A table, one answer a row."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

USUAL = {
    "prompt": ("prompt", "question", "problem", "prompt_id", "question_id"),
    "score": ("score", "reward", "judge"),
    "error": ("error", "distance"),
    "correct": ("correct", "solved", "is_correct", "passed"),
}
TRUE, FALSE = ("1", "1.0", "true", "yes", "y"), ("0", "0.0", "false", "no", "n")


class ScoresError(ValueError):
    """A table of scores cannot be read; the message names the file, the columns and the lines, and never a prompt."""


@dataclass(frozen=True)
class Scores:
    """Answers by prompt, in the order of the prompts' first rows.

    Attributes:
        scores, errors: an array for each prompt, shape (answers,).
        left_out: how many rows were left out.
    """

    scores: tuple[Float[np.ndarray, "answers"], ...]
    errors: tuple[Float[np.ndarray, "answers"], ...]
    left_out: int


def read_scores(path: Path | str, *, skip_bad: bool = False, **columns: str | None) -> Scores:
    """Return the scores and errors of a table.

    Args:
        path: CSV with `,`, `;` or tab, or lines of JSON (.jsonl), UTF-8. It has a column for the prompt, one for the
            judge's score, and one for the answer's error, a number >= 0, or for whether it is correct (1/0, true/false,
            yes/no): error 0 or 1.
        skip_bad: whether rows that cannot be read are left out; otherwise they are an error.
        columns: prompt, score, error, correct: names of these columns; None: the usual ones.

    Raises:
        ScoresError: no such file, no such column, a bad row (without `skip_bad`), or no row.
    """
    table = _table(Path(path))
    names = {kind: _column(table, path, kind, columns.get(kind)) for kind in USUAL}
    prompt, score, error, correct = (names[kind] for kind in USUAL)
    if prompt is None or score is None or (error is None and correct is None):
        lacking = [kind for kind in ("prompt", "score") if names[kind] is None]
        lacking += ["error or correct"] * (error is None and correct is None)
        raise ScoresError(
            f"scores {path}: no column for {', '.join(lacking)}; it has {', '.join(table.columns)}: "
            f"--{lacking[0].split()[0]}-column "
            "says which"
        )
    scores = pd.to_numeric(table[score], errors="coerce").to_numpy(dtype=float)
    if error is not None:
        errors = pd.to_numeric(table[error], errors="coerce").to_numpy(dtype=float)
    else:
        words = table[str(correct)].str.strip().str.lower()
        errors = np.where(words.isin(TRUE), 0.0, np.where(words.isin(FALSE), 1.0, np.nan))
    prompts = table[prompt].str.strip()
    bad = ~(np.isfinite(scores) & np.isfinite(errors) & (errors >= 0)) | (prompts == "").to_numpy()
    if bad.any() and not skip_bad:
        lines = ", ".join(str(line + 2) for line in np.flatnonzero(bad)[:5])
        raise ScoresError(
            f"scores {path}: {bad.sum()} rows without a prompt, a finite score and an error >= 0 or a verdict "
            f"(rows {lines}); "
            "--skip-bad leaves them out"
        )
    if bad.all():
        raise ScoresError(f"scores {path}: no row holds a prompt, a score and an error")
    groups = list(pd.Series(np.arange(len(table))[~bad]).groupby(prompts.to_numpy()[~bad], sort=False))
    places = [group.to_numpy() for _, group in groups]
    return Scores(tuple(scores[each] for each in places), tuple(errors[each] for each in places), int(bad.sum()))


def _table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix in (".jsonl", ".ndjson"):
            table = pd.read_json(path, lines=True, dtype=False).astype(object).map(_text)
        else:
            with path.open(encoding="utf-8-sig") as file:
                header = file.readline()
            separator = max(",;\t", key=header.count)
            table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except OSError as error:
        raise ScoresError(f"scores {path}: {error.strerror or error}") from None
    except (ValueError, pd.errors.ParserError) as error:
        raise ScoresError(f"scores {path}: not a table in UTF-8 ({' '.join(str(error).split())[:120]})") from None
    table.columns = pd.Index([str(name).strip() for name in table.columns])
    return table


def _text(cell: object) -> str:
    return "" if cell is None or cell != cell else str(cell)


def _column(table: pd.DataFrame, path: Path | str, kind: str, asked: str | None) -> str | None:
    if asked is not None:
        if asked not in table.columns:
            raise ScoresError(f"scores {path}: no column {asked!r}; it has {', '.join(table.columns)}")
        return asked
    return next((name for usual in USUAL[kind] for name in table.columns if name.lower() == usual), None)
