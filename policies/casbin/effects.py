"""Is this policy effect decided here, and if not, how is it said?

A deny trumps every allow, and what no rule permits is denied. Effects that let
the order of lines, or silence, decide are refused.
"""

from __future__ import annotations

from collections.abc import Collection

from policies.problems import shown

COLUMN = "eft"
_ALLOW = "some(where(p.eft==allow))"
_ALLOW_AND_DENY = f"{_ALLOW}&&!some(where(p.eft==deny))"
_ONLY_ALLOW = "e = some(where (p.eft == allow))"
_IN_WORDS = "e = some(where (p.eft == allow)) && !some(where (p.eft == deny))"
_EFFECTS = {
    "!some(where(p.eft==deny))": (
        "deny-override permits whatever no rule is about",
        f"write `{_IN_WORDS}` and an allow for everybody",
    ),
    "priority(p.eft)||deny": (
        "priority lets the order of rules decide",
        f"write `{_IN_WORDS}`: a deny trumps every allow",
    ),
    "subjectPriority(p.eft)||deny": (
        "subjectPriority lets the depth of roles decide",
        f"write `{_IN_WORDS}`, and narrow the deny to whom it is meant for",
    ),
}


def refusal(text: str, columns: Collection[str]) -> tuple[str, str] | None:
    """Return why the effect *text* is refused and what to write instead, or None for one that is decided.

    *columns*: those of the policy. Without one that is named `eft`, every rule allows: an effect
    that speaks of denials would then read a deny in any other column as an allow.
    """
    form = "".join(text.split()).replace("p_eft", "p.eft")
    has_column = COLUMN in columns
    if form == (_ALLOW_AND_DENY if has_column else _ALLOW):
        return None
    if form == _ALLOW_AND_DENY:
        message = "the effect speaks of denials, and no column is named `eft`, so every rule would allow"
        return message, f"name the column of the effect `eft`; without denials, write `{_ONLY_ALLOW}`"
    if form == _ALLOW:
        return "allow-override passes over a deny wherever any allow applies", f"write `{_IN_WORDS}`"
    unknown = (f"{shown(text)} is no effect that is decided here", f"write `{_IN_WORDS}`")
    return _EFFECTS.get(form, unknown)
