"""What does a glob pattern say, as a regular expression?

``*`` and ``?`` stay inside a segment, ``**`` as a whole segment stands for any
number of them, ``[a-z]``, ``[^a]`` and ``[!a]`` for one letter that is no
``/``, ``{a,b}`` for either, ``\\`` takes the next letter as it is.
Source: bmatcuk/doublestar v4, which Casbin's globMatch is defined by.
"""

from __future__ import annotations

import re

from policies.problems import Refusal, shown

MAX_CHOICES = 64
"""Most patterns that the braces of one may stand for."""
_SEGMENTS = "(?:/[^/]*)*"


def translated(pattern: str) -> str:
    """Return the expression of *pattern*, to be matched as a whole against ``/`` and the value.

    Raises Refusal for what no glob says.
    """
    if pattern.endswith("**/"):
        raise Refusal("pattern", f"{shown(pattern)} ends behind a `**`", "leave out the last `/`")
    choices = _expanded(pattern)
    return "|".join(dict.fromkeys("".join(_segment(s, pattern) for s in _split(c)) for c in choices))


def _expanded(pattern: str) -> list[str]:
    """Return the patterns without braces that *pattern* stands for."""
    waiting, done = [pattern], []
    while waiting:
        text = waiting.pop()
        opening = next((at for at in _plain(text) if text[at] in "{}"), None)
        if opening is None:
            done.append(text)
        else:
            waiting += _choices(text, opening, pattern)
        if len(waiting) + len(done) > MAX_CHOICES:
            message = f"{shown(pattern)} stands for more than {MAX_CHOICES} patterns"
            raise Refusal("pattern", message, "write several rules")
    return done


def _choices(text: str, opening: int, whole: str) -> list[str]:
    """Return *text* with its first braces replaced by each choice."""
    depth, starts = 0, [opening + 1]
    for at in (at for at in _plain(text) if at >= opening):
        letter = text[at]
        depth += (letter == "{") - (letter == "}")
        if depth <= 0:
            ends = [*(start - 1 for start in starts[1:]), at]
            inner = (
                [text[a:b] for a, b in zip(starts, ends, strict=True)] if depth == 0 and at > opening else []
            )
            if inner:
                return [text[:opening] + choice + text[at + 1 :] for choice in inner]
            break
        if letter == "," and depth == 1:
            starts.append(at + 1)
    raise Refusal("pattern", f"the braces of {shown(whole)} do not match", "write `\\{` for a brace itself")


def _plain(text: str) -> list[int]:
    """Return the offsets of *text* that are neither escaped nor inside a class."""
    found, at = [], 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == "[":
            at = _class_end(text, at)
        else:
            found.append(at)
            at += 1
    return found


def _class_end(text: str, at: int) -> int:
    """Return the offset behind the class that begins at *at*."""
    end = at + 1
    while end < len(text):
        if text[end] == "]":
            return end + 1
        end += 2 if text[end] == "\\" else 1
    raise Refusal(
        "pattern", f"the `[` of {shown(text)} is not closed", "write `\\[` for the bracket itself", at
    )


def _split(text: str) -> list[str]:
    ends = [at for at in _plain(text) if text[at] == "/"]
    return [text[a:b] for a, b in zip([0, *(end + 1 for end in ends)], [*ends, len(text)], strict=True)]


def _segment(segment: str, whole: str) -> str:
    if segment == "**":
        return _SEGMENTS
    parts, at = ["/"], 0
    while at < len(segment):
        letter = segment[at]
        if letter == "[":
            end = _class_end(segment, at)
            parts.append(_class(segment[at + 1 : end - 1], whole))
            at = end
            continue
        if letter == "\\":
            at += 1
            if at == len(segment):
                raise Refusal(
                    "pattern", f"{shown(whole)} ends in a `\\`", "write `\\\\` for the letter itself"
                )
            parts.append(re.escape(segment[at]))
        elif letter == "*":
            parts.append("[^/]*")
        else:
            parts.append("[^/]" if letter == "?" else re.escape(letter))
        at += 1
    return "".join(parts)


def _class(inner: str, whole: str) -> str:
    negated = inner[:1] in ("^", "!")
    letters = re.findall(r"\\.|[^\\]", inner[negated:], re.DOTALL)
    ranges: list[tuple[str, str]] = []
    at = 0
    while at < len(letters):
        low = high = letters[at][-1]
        if letters[at + 1 : at + 2] == ["-"] and at + 2 < len(letters):
            high = letters[at + 2][-1]
            at += 2
        at += 1
        if high < low or "/" in (low, high):
            raise Refusal("pattern", f"{shown(low + '-' + high)} in {shown(whole)} is no range of letters")
        ranges.append((low, high))
    if not ranges:
        raise Refusal("pattern", f"a class of {shown(whole)} is empty", "write `\\]` for the bracket itself")
    # A class never matches the `/` between segments, even one whose range runs over it.
    parted = [
        r for low, high in ranges for r in ([(low, "."), ("0", high)] if low < "/" < high else [(low, high)])
    ]
    members = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in parted)
    return f"[^/{members}]" if negated else f"[{members}]"
