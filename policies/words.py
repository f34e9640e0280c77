"""How is a condition parted into words and marks? And what is foreign to it?

A pattern stands behind one of Casbin's operators, and may hold marks of its
own: it ends at a space, or at a bracket that it did not open. Knows no
grammar: see ``policies.conditions``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.comparisons import MATCHING
from policies.problems import Refusal, did_you_mean, shown

_TOKEN = re.compile(r"\s*(?:(?P<word>[A-Za-z0-9_.:@-]+)|(?P<mark>[<>=!]=|[<>(){}])|(?P<bad>\S+))", re.ASCII)
_ELSEWHERE = {"&": "and", "|": "or", "!": "not", "=": "==", "=>": ">=", "=<": "<="}
_MATCHES = frozenset(operator.value for operator in MATCHING)


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    offset: int


def parted(text: str) -> list[Word]:
    """Return the words of *text* and an empty one behind them. Raises Refusal at what is none."""
    words: list[Word] = []
    position = 0
    while match := _TOKEN.match(text, position):
        word = Word(match[match.lastgroup or 0], match.start(match.lastgroup or 0))
        if words and words[-1].text in _MATCHES:
            word = _pattern_at(text, word.offset)
        elif match.lastgroup == "bad":
            raise _misspelt(words) or _foreign(word)
        words.append(word)
        position = word.offset + len(word.text)
    return [*words, Word("", len(text))]


def _pattern_at(text: str, start: int) -> Word:
    """Return the pattern that begins there."""
    depth, end = 0, start
    while end < len(text) and not text[end].isspace():
        depth += (text[end] == "(") - (text[end] == ")")
        if depth < 0:
            break
        end += 1
    return Word(text[start:end], start)


def _misspelt(before: list[Word]) -> Refusal | None:
    """Return what is wrong with the word before a mark that only a pattern may hold, if it is a slip."""
    last = before[-1] if before else Word("", 0)
    near = [name for name in _MATCHES if name.lower() == last.text.lower()]
    hint = f"did you mean `{near[0]}`?" if near else did_you_mean(last.text, _MATCHES)
    return syntax(last, f"{shown(last.text)} is no comparison", hint) if hint else None


def syntax(token: Word, message: str, suggestion: str = "") -> Refusal:
    return Refusal("condition-syntax", message, suggestion, token.offset)


def _foreign(token: Word) -> Refusal:
    replacement = _ELSEWHERE.get(token.text[:2]) or _ELSEWHERE.get(token.text[0])
    hint = (
        f"did you mean `{replacement}`?" if replacement else "write names, numbers and words without quotes"
    )
    return syntax(token, f"{shown(token.text)} is not part of the condition language", hint)
