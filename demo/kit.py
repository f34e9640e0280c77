"""What the demo's band asks for: who one is, from where, and the soft key's answers.

Answers `/demo/…` for the proxy. A browser's choice of person and scene lives in
two cookies; a laptop is where its owner chose last. The soft keys answer the
demo's own pages only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from demo.company import CAST, SCENES, Scene, address
from demo.drawer import KeyDrawer
from demo.softkey import NotAllowed

_FOLDER = Path(__file__).with_name("static")
STATIC = {"kit.js": "text/javascript; charset=utf-8", "kit.css": "text/css; charset=utf-8"}


class KitRefused(Exception):
    """The kit says no; *code* is for scripts."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.code = status, code


class Moves(Protocol):
    """A laptop, as far as the kit knows it."""

    def move(self, scene: Scene) -> None: ...


class Kit:
    """The kit of one demo, served at *origin*. *laptops* may be filled later."""

    def __init__(self, origin: str, drawer: KeyDrawer, links: Mapping[str, str]) -> None:
        self.origin = origin
        self.laptops: dict[str, Moves] = {}
        self._drawer = drawer
        self._links = dict(links)

    def static(self, name: str) -> tuple[bytes, str]:
        """Return a file of the kit and its type."""
        return (_FOLDER / name).read_bytes(), STATIC[name]

    def place(self, cookies: Mapping[str, str]) -> tuple[Scene, str]:
        """Return the scene and the person of a browser; home and nobody where it has not chosen."""
        scene = SCENES.get(cookies.get("demo-scene", ""), SCENES["home"])
        person = cookies.get("demo-person", "")
        return scene, person if person in CAST else ""

    def state(self, cookies: Mapping[str, str]) -> dict[str, Any]:
        """Return everybody, every scene, and what this browser has chosen."""
        scene, person = self.place(cookies)
        people = [
            {"login": m.login, "name": m.name, "scene": m.scene, "story": m.story} for m in CAST.values()
        ]
        scenes = [{"name": s.name, "label": s.label, "address": address(s, person)} for s in SCENES.values()]
        links = [{"label": label, "url": url} for label, url in self._links.items()]
        return {"person": person, "scene": scene.name, "people": people, "scenes": scenes, "links": links}

    def refuse_other_sites(self, origin: str | None, site: str | None) -> None:
        """Raise KitRefused unless one of the demo's own pages asks."""
        if origin != self.origin or site not in {None, "same-origin"}:
            raise KitRefused(403, "cross-site", "the soft keys answer the demo's own pages only")

    def arrived(self, scene: Scene, person: str) -> None:
        """Have the laptop of *person* be where its owner is, and report."""
        if person in self.laptops:
            self.laptops[person].move(scene)

    def act(
        self, name: str, cookies: Mapping[str, str], body: bytes
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Do what a page asked for; return the answer and the cookies to set."""
        asked = _object(body)
        if name == "scene":
            return self._choose(cookies, asked)
        options = asked.get("publicKey")
        if not isinstance(options, dict):
            raise KitRefused(400, "malformed", "`publicKey` is needed")
        _scene, person = self.place(cookies)
        try:
            if name == "softkey/create":
                return self._drawer.create(options, self.origin), {}
            return self._drawer.sign(person, options, self.origin), {}
        except NotAllowed as refused:
            raise KitRefused(409, "NotAllowedError", str(refused)) from refused
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise KitRefused(400, "malformed", "these options cannot be read") from error

    def _choose(
        self, cookies: Mapping[str, str], asked: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Be another person (who arrives from their own scene), or the same from elsewhere."""
        before, was = self.place(cookies)
        person, scene = asked.get("person", was), asked.get("scene")
        if person != "" and person not in CAST:
            raise KitRefused(400, "unknown-person", "nobody in the demo has this name")
        if scene is None:
            scene = CAST[person].scene if person in CAST and person != was else before.name
        if scene not in SCENES:
            raise KitRefused(400, "unknown-scene", "the demo has no such scene")
        chosen = SCENES[scene]
        self.arrived(chosen, person)
        moved = address(chosen, person) != address(before, was)
        cookies_to_set = {"demo-person": person, "demo-scene": scene}
        return {"person": person, "scene": scene, "moved": moved}, cookies_to_set


def _object(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise KitRefused(400, "malformed", "the body is not JSON") from error
    if not isinstance(asked, dict):
        raise KitRefused(400, "malformed", "the body is not a JSON object")
    return asked
