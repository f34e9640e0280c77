"""Why a browser is not on a site behind a proxy: it came back from there to read it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from domain.errors import NotFound
from domain.sites import OWN
from flows.sites import known_site
from web.state import parts

pages = Blueprint("sites", __name__)


@dataclass(frozen=True, slots=True)
class _Words:
    title: str
    sentence: str
    remedy: str
    button: str = "Try again"


_WORDS = {
    "cookie": _Words(
        "Your browser did not keep the cookie",
        "{title} knows you by a cookie of its own, and your browser did not send it back.",
        "Allow cookies for {address}, then try again.",
    ),
    "code": _Words(
        "This login does not work any more",
        "It was begun in another browser, or took too long, or was used already.",
        "Begin again from {title}.",
    ),
    "denied": _Words(
        "{title} was not opened",
        "You came back without opening it.",
        "Open it to go on.",
    ),
    "left": _Words(
        "You left {title}",
        "This browser is no longer known there. What you opened stays open until its time is over.",
        "Say “I’m done” on My access if you need it no more.",
        "Go back in",
    ),
}


@pages.get("/site")
def site() -> str:
    """Say what happened at a registered site, and lead back there."""
    found = known_site(parts(), request.args.get("origin", ""))
    words = _WORDS.get(request.args.get("why", ""))
    if found is None or words is None:
        raise NotFound("there is no such page")
    fill = {"title": found.title, "address": found.address}
    return render_template(
        "site.html",
        title=words.title.format(**fill),
        sentence=words.sentence.format(**fill),
        remedy=words.remedy.format(**fill),
        button=words.button,
        again=f"{found.address}{OWN}/start?{urlencode({'to': '/'})}",
    )
