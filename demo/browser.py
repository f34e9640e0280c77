"""A person at a browser, without the browser: pages, forms, ceremonies with a key.

Answers: what does the broker say to this person from this scene? Used by the
founding of the demo and by the played journey. It knows pages by their
addresses and names of fields, as a reader of the HTML would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin

import httpx

from demo.softkey import SoftKey

Answerer = Callable[[dict[str, Any], str], dict[str, Any]]
"""Answers the options of a ceremony on the page of an origin."""

_DECISION = re.compile(
    r'class="decision-word">(?P<word>[^<]*)<.*?class="decision-sentence">(?P<sentence>[^<]*)<'
    r'(?:.*?class="decision-remedy"><strong>[^<]*</strong>(?P<remedy>[^<]*)<)?',
    re.DOTALL,
)
_TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')


class Refused(Exception):
    """The broker said no. *code* is the problem's code, empty where there was a page."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", ""))
        self.sentence = str(body.get("detail") or body.get("title") or f"status {status}")
        self.remedy = str(body.get("remedy") or "")
        super().__init__(f"{status} {self.code}: {self.sentence}")


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: where it came from, its HTML and its words."""

    url: str
    status: int
    html: str

    @property
    def words(self) -> str:
        """What a reader sees, in one line."""
        reader = _Reader()
        reader.feed(self.html)
        return " ".join(" ".join(reader.words).split())

    @property
    def decision(self) -> tuple[str, str, str]:
        """The word, sentence and remedy of the decision that the page shows."""
        found = _DECISION.search(self.html)
        if found is None:
            raise LookupError(f"{self.url} shows no decision: {self.words[:400]}")
        word, sentence, remedy = (unescape(part or "").strip() for part in found.groups())
        return word, sentence, remedy

    def forms(self) -> list[Form]:
        """Return the page's forms, in order."""
        reader = _Reader()
        reader.feed(self.html)
        return reader.forms

    def form(self, action: str, **fields: str) -> Form:
        """Return the first form to *action* that holds *fields*."""
        for form in self.forms():
            if form.action == action and all(form.fields.get(name) == v for name, v in fields.items()):
                return form
        raise LookupError(f"{self.url} has no form to {action} with {fields}: {self.words[:400]}")


class Browser:
    """One browser of *person* in *scene*; *key* answers its ceremonies."""

    def __init__(self, origin: str, person: str, scene: str, *, key: SoftKey | None = None) -> None:
        self.origin = origin
        self.cookies = {"demo-person": person, "demo-scene": scene}
        self._http = httpx.Client(timeout=20, follow_redirects=False, trust_env=False)
        self._token = ""
        self.key = key

    def close(self) -> None:
        self._http.close()

    def get(self, path: str) -> Page:
        """Open a page, following redirects on this site."""
        return self._read(self._send("GET", path))

    def post(self, path: str, fields: Mapping[str, Any]) -> Page:
        """Send a form of the page that was opened last."""
        body = urlencode({"csrf_token": self._token, **fields}, doseq=True).encode()
        return self._read(self._send("POST", path, body, "application/x-www-form-urlencoded"))

    def submit(self, form: Form, **fields: str) -> Page:
        """Send *form* with *fields* filled in or added."""
        return self.post(form.action, {**form.fields, **fields})

    def json(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send JSON as the pages' own scripts do. Raises Refused."""
        response = self._send("POST", path, json.dumps(body).encode(), "application/json")
        answer = response.json() if "json" in response.headers.get("content-type", "") else {}
        if not response.is_success:
            raise Refused(response.status_code, answer)
        return dict(answer)

    def ceremony(self, page: str, kind: str, answer: Answerer, **fields: str) -> Page:
        """Open *page*, answer its ceremony with a key, and go where the broker says.

        *kind* is register, login or sign. Raises Refused.
        """
        opened = self.get(page)
        form = next((f for f in opened.forms() if f.data.get("data-ceremony") == kind), None)
        if form is None:
            raise LookupError(f"{page} asks for no key ({kind}): {opened.status} {opened.words[:400]}")
        sent = {name: value for name, value in form.fields.items() if name != "csrf_token"}
        begun = self.json(form.data["data-options-url"], {**sent, **fields})
        credential = answer(begun["publicKey"], self.origin)
        done = self.json(
            form.data["data-finish-url"], {"credential": credential, "ceremony": begun["ceremony"]}
        )
        return self.get(done["location"])

    def _send(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> httpx.Response:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers["Accept"] = "application/json" if kind == "application/json" else "text/html"
        if body is not None:
            headers |= {"Content-Type": kind, "Origin": self.origin, "X-CSRF-Token": self._token}
        response = self._http.request(method, urljoin(self.origin, path), headers=headers, content=body)
        self._keep_cookies(response)
        return response

    def _keep_cookies(self, response: httpx.Response) -> None:
        # By hand: a cookie jar keeps back `Secure` cookies on http, which browsers send to localhost.
        for header in response.headers.get_list("set-cookie"):
            name, _, rest = header.partition("=")
            value = rest.partition(";")[0]
            if value and value != '""' and "max-age=0" not in rest.lower():
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)

    def _read(self, response: httpx.Response) -> Page:
        hops = 0
        while response.is_redirect and hops < 5:
            target = urljoin(str(response.url), response.headers["location"])
            if not target.startswith(self.origin + "/"):
                return Page(target, response.status_code, "")
            response, hops = self._send("GET", target), hops + 1
        found = _TOKEN.search(response.text)
        self._token = found[1] if found else self._token
        return Page(str(response.url), response.status_code, response.text)


class Form:
    """One form: where it goes, what it holds, its data attributes."""

    def __init__(self, attributes: dict[str, str]) -> None:
        self.action = attributes.get("action", "")
        self.data = {name: value for name, value in attributes.items() if name.startswith("data-")}
        self.fields: dict[str, str] = {}


class _Reader(HTMLParser):
    """Collects forms with their fields, and the words."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._area = ""
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given))
        elif tag in {"input", "button"} and self.forms and "name" in given:
            unchosen = given.get("type") in {"checkbox", "radio"} and "checked" not in given
            if not unchosen:
                self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "textarea" and self.forms:
            self._area = given.get("name", "")
            self.forms[-1].fields[self._area] = ""
        self._silent += tag in {"script", "style", "template", "noscript", "title"}

    def handle_endtag(self, tag: str) -> None:
        self._area = "" if tag == "textarea" else self._area
        self._silent -= tag in {"script", "style", "template", "noscript", "title"}

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1].fields[self._area] += data
        elif not self._silent:
            self.words.append(data)
