"""How does a small language model read a trace? Some seventy tokens, each a piece of the text; texts read back exactly.

A token is a keyword with the punctuation around it, an operator, a leaf, a name with its first digit, or a digit: `h12`
is `h1` and `2`, `<state id="10">` with its first premise is `<state id="`, `1`, `0`, `"><if>`. Pieces are matched
longest first and joined without anything between them, so that decoding is concatenation. The two endings of a trace
are also the two answers of a model that writes no trace.
"""

import re

from solv.data.pita.formulas import AND, FALSE, IMPLIES, OR, TRUE
from solv.data.pita.traces import SEPARATOR

_DIGITS = "0123456789"
_STATES = (
    '<state id="',
    '"><if>',
    '"><then>',
    "</if><if>",
    "</if><then>",
    "</then></state>",
    '"><complete /></state>',
    '<backtrack to="',
    '" />',
)
_TACTICS = (
    "<tactic>intro ",
    "<tactic>exact ",
    "<tactic>cases ",
    "<tactic>case inl ",
    "<tactic>case inr ",
    "<tactic>have ",
    "<tactic>apply False.elim ",
    "<tactic>apply And.intro",
    "<tactic>apply True.intro",
    "<tactic>apply Or.inl",
    "<tactic>apply Or.inr",
    "</tactic>",
    " =></tactic>",
    " := by</tactic>",
    ".left</tactic>",
    ".right</tactic>",
    " := ",
    " : ",
    " ",
)
_FORMULAS = (f" {AND} ", f" {OR} ", f" {IMPLIES} ", "(", ")", TRUE, FALSE, *(f"p{digit}" for digit in _DIGITS))
_NAMES = ("h✝", *(f"h{digit}" for digit in _DIGITS[1:]))

#: Token 0 fills what is not text.
VOCABULARY = ("", "<success />", "<failure />", SEPARATOR, *_STATES, *_TACTICS, *_FORMULAS, *_NAMES, *_DIGITS)
FILL, SUCCESS, FAILURE = 0, 1, 2

_NUMBER = {piece: number for number, piece in enumerate(VOCABULARY)}
_PIECE = re.compile("|".join(map(re.escape, sorted(VOCABULARY[1:], key=len, reverse=True))))


class TraceTokens:
    """Statements and traces as numbers 0 .. len(VOCABULARY) - 1."""

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a prompt, a trace or both.

        Raises:
            ValueError: the text has something that no trace has; the message says where.
        """
        pieces = _PIECE.findall(text)
        if sum(map(len, pieces)) != len(text):
            matched = 0
            for match in _PIECE.finditer(text):
                if match.start() != matched:
                    break
                matched = match.end()
            raise ValueError(f"column {matched + 1}: {text[matched : matched + 20]!r} is no part of a trace")
        return [_NUMBER[piece] for piece in pieces]

    def decode(self, tokens: list[int]) -> str:
        """Return the text of tokens; filling is none."""
        return "".join(VOCABULARY[token] for token in tokens)
