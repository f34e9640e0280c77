"""What the pages of the console share: who may, how a change is carried out, how a form comes back.

Each view asks :func:`web.state.admin` as its first statement: what a page
needs stands where the page is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from domain.errors import DoorwardError, Invalid
from flows import tap
from flows.admin import may
from flows.console import Change, carry_out
from web.body import json_object
from web.edge import browser, require_same_origin
from web.state import parts, viewer

_QUOTED = re.compile(r"`([^`]*)`")
Answer = str | BaseResponse | tuple[str, int]


class NoReason(Invalid):
    """No reason was written, or too long a one."""

    code = "reason"
    title = "Write a reason"


def area(name: str) -> Blueprint:
    """Return the blueprint of one area: its unsafe requests must come from our own pages."""
    blueprint = Blueprint(f"admin_{name}", __name__)
    blueprint.before_request(_guard)
    return blueprint


def _guard() -> None:
    if request.method not in {"GET", "HEAD"}:
        require_same_origin()


def can(action: str, area: str) -> bool:
    """Whether the viewer may do *action* to *area*; for what a page shows. Records nothing."""
    asked: dict[tuple[str, str], bool] = g.setdefault("can", {})
    if (action, area) not in asked:
        asked[(action, area)] = may(parts(), viewer(), action, area)
    return asked[(action, area)]


def address(path: str, **query: object) -> str:
    """Return *path* with those members of *query* that hold something."""
    text = urlencode({name: value for name, value in query.items() if value is not None and value != ""})
    return f"{path}?{text}" if text else path


def see(path: str) -> BaseResponse:
    """Send the browser to look at what it changed."""
    return redirect(path, 303)


def sentence(words: str) -> str:
    """Return an error's words (lower case, no stop, backticks) as a sentence for a page."""
    words = _QUOTED.sub("“\\1”", words)
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "?", "!")) else ".")


def said(error: DoorwardError) -> str:
    """Return an error's message and remedy as sentences."""
    return " ".join(sentence(words) for words in (error.message, error.remedy) if words)


@dataclass(slots=True)
class Form:
    """What was typed, and what is wrong with it; shown again until it is right."""

    values: dict[str, Any]
    errors: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200

    @classmethod
    def posted(cls, names: Iterable[str], lists: Iterable[str] = ()) -> Form:
        """Return what this request typed into the fields of these *names* (*lists*: several each)."""
        values: dict[str, Any] = {name: request.form.get(name, "").strip() for name in names}
        return cls(values | {name: request.form.getlist(name) for name in lists})

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name, "")

    def error(self, name: str) -> str:
        """Return what is wrong with one field, or nothing."""
        return next((message for field_name, message in self.errors if field_name == name), "")

    def need(self, **messages: str) -> None:
        """Note every empty field with its message, so that all are said at once."""
        for name, message in messages.items():
            if not self.values.get(name):
                self.note(name, message)

    def note(self, name: str, message: str, status: int = 400) -> None:
        self.errors.append((name, message))
        self.status = status

    def note_error(self, error: DoorwardError, fields: Mapping[str, str], default: str) -> None:
        """Note a flow's refusal at the field that *fields* gives for its code."""
        if error.status >= 500:
            raise error
        self.note(fields.get(error.code, default), said(error), error.status)

    def attempt(self, change: Change, fields: Mapping[str, str], default: str) -> bool:
        """Carry *change* out unless something is wrong already; say whether it happened."""
        if self.errors:
            return False
        try:
            carry_out(parts(), change)
        except DoorwardError as error:
            self.note_error(error, fields, default)
            return False
        return True


def page(template: str, *, form: Form | None = None, status: int = 200, **values: Any) -> Answer:
    """Render a page of the console, with the status of its form if that has errors."""
    html = render_template(f"admin/{template}", form=form, can=can, address=address, **values)
    return html, form.status if form is not None and form.errors else status


def begin_tap(action: dict[str, Any]) -> Response:
    """Ask for a touch over *action*, which the server has composed."""
    return jsonify(tap.begin(parts(), viewer(), action=action, browser=browser()))


def reason_asked() -> str:
    """Return the reason in the body of a request that asks for a touch. Raises Invalid without one."""
    value = json_object().get("reason", "")
    if not isinstance(value, str) or not value.strip() or len(value) > 500:
        raise NoReason("a reason is needed", remedy="Write in a sentence why; it goes into the record.")
    return value.strip()


def number(presented: str) -> int | None:
    """Return a cursor that is a number, or None."""
    return int(presented) if presented.isascii() and presented.isdigit() and len(presented) < 16 else None
