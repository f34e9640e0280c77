"""Ask Doorward whether a person may do this to that, now; without an answer it is no.

Does not verify tokens by itself (see ``docs/tokens.md`` of Doorward, "offline") and keeps no answers:
what ended a moment ago is denied. Source: OpenID AuthZEN Authorization API 1.0, sections 6 and 7.
"""

from .asynchronous import AsyncDoorward
from .decision import Decision, Denied, NoAnswer
from .question import Question, Until
from .rows import Public, Row
from .synchronous import Doorward

__all__ = [
    "AsyncDoorward",
    "Decision",
    "Denied",
    "Doorward",
    "NoAnswer",
    "Public",
    "Question",
    "Row",
    "Until",
]
