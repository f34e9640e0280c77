"""The demo's door: it adds one address, lends keys to its own pages only, and hides from the world."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from demo.children import free_port
from demo.company import CAST, SCENES, Scene
from demo.drawer import KeyDrawer
from demo.kit import Kit
from demo.proxy import DemoServer

CREATION = {
    "rp": {"id": "localhost", "name": "Northlight Robotics"},
    "user": {"id": "AAAA", "name": "imani.okafor", "displayName": "Imani Okafor"},
    "challenge": "AAAA",
    "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    "excludeCredentials": [],
}


class EchoBroker(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        told = {
            "path": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "body": self.rfile.read(length).decode(),
        }
        content = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, format, *arguments) -> None:
        pass


@dataclass
class FakeLaptop:
    scenes: list[Scene] = field(default_factory=list)

    def move(self, scene: Scene) -> None:
        self.scenes.append(scene)


@dataclass
class Door:
    server: DemoServer
    kit: Kit
    http: httpx.Client
    laptop: FakeLaptop

    @property
    def origin(self) -> str:
        return self.kit.origin

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        given = {"Origin": self.origin, **headers}
        return self.http.post(path, content=json.dumps(body), headers=given)


@pytest.fixture
def echo() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), EchoBroker)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def door(tmp_path: Path, echo: ThreadingHTTPServer) -> Iterator[Door]:
    port = free_port()
    kit = Kit(f"http://localhost:{port}", KeyDrawer(tmp_path), {"Telemetry": "http://localhost:1"})
    laptop = FakeLaptop()
    kit.laptops["imani.okafor"] = laptop
    server = DemoServer("127.0.0.1", port, broker_port=echo.server_address[1], kit=kit)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Host": f"localhost:{port}"}, trust_env=False
    ) as http:
        yield Door(server, kit, http, laptop)
    server.shutdown()
    thread.join()
    server.server_close()


def forwarded(response: httpx.Response) -> list[str]:
    """Return every forwarding address that the broker saw."""
    return [value for name, value in response.json()["headers"] if name == "x-forwarded-for"]


def test_a_browser_that_has_not_chosen_is_at_home(door):
    answer = door.http.get("/login")

    assert forwarded(answer) == ["203.0.113.99"]


@pytest.mark.parametrize("scene", SCENES.values(), ids=lambda scene: scene.name)
def test_a_scene_is_one_address_of_a_documentation_network(door, scene):
    answer = door.http.get("/login", headers={"Cookie": f"demo-person=jon.berg; demo-scene={scene.name}"})

    assert forwarded(answer) == [f"{scene.network}.12"]
    assert scene.network in {"203.0.113", "198.51.100", "192.0.2"}


def test_an_unknown_scene_or_person_counts_as_none(door):
    answer = door.http.get("/login", headers={"Cookie": 'demo-scene=moon; demo-person=nobody; broken="x'})

    assert forwarded(answer) == ["203.0.113.99"]


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Anything", "Forwarded",
        "Via", "X-Real-IP", "X-Original-URL", "X-Rewrite-URL", "CF-Connecting-IP", "True-Client-IP",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/login", "/demo/state", "/readyz"])
def test_a_request_that_somebody_passed_on_is_misdirected(door, header, path):
    answer = door.http.get(path, headers={header: "203.0.113.1"})

    assert answer.status_code == 421
    assert header.lower() in answer.json()["detail"].lower()


@pytest.mark.parametrize("path", ["/login", "/demo/state", "/demo/kit.js"])
@pytest.mark.parametrize(
    "host", ["demo.example", "localhost", "127.0.0.1:{port}", "localhost:{port}.example"]
)
def test_another_host_is_misdirected(door, path, host):
    port = door.server.server_address[1]

    answer = door.http.get(path, headers={"Host": host.format(port=port)})

    assert answer.status_code == 421
    assert answer.json()["code"] == "misdirected"


def test_bodies_queries_and_every_cookie_pass_through(door):
    answer = door.http.post("/login/options?a=%2F", content=b'{"x": 1}')

    assert answer.json()["path"] == "/login/options?a=%2F"
    assert answer.json()["body"] == '{"x": 1}'
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_a_body_of_unknown_length_is_refused(door):
    answer = door.http.post("/login/options", content=iter([b"x"]))

    assert answer.status_code == 413


def test_a_broker_that_is_away_is_said_so(door, echo):
    door.server.broker_port = free_port()

    program, person = door.http.get("/access"), door.http.get("/access", headers={"Accept": "text/html"})

    assert (program.status_code, program.json()["code"]) == (502, "broker-away")
    assert person.status_code == 502
    assert "The broker is not there" in person.text


def test_the_laptop_has_reported_from_the_scene_before_a_login_is_answered(door):
    door.http.post(
        "/login/finish", content=b"{}", headers={"Cookie": "demo-person=imani.okafor; demo-scene=vpn"}
    )

    assert door.laptop.scenes == [SCENES["vpn"]]


def test_the_state_names_six_people_and_four_scenes(door):
    state = door.http.get("/demo/state", headers={"Cookie": "demo-person=mei.tanaka"}).json()

    assert [person["login"] for person in state["people"]] == list(CAST)
    assert all(person["story"] for person in state["people"])
    assert [scene["address"] for scene in state["scenes"]] == [
        "203.0.113.13", "198.51.100.13", "192.0.2.13", "203.0.113.13",
    ]  # fmt: skip
    assert (state["person"], state["scene"]) == ("mei.tanaka", "home")


def test_becoming_somebody_means_arriving_from_their_scene(door):
    answer = door.post("/demo/scene", {"person": "jon.berg"})

    assert answer.json() == {"person": "jon.berg", "scene": "remote", "moved": True}
    assert answer.cookies.get("demo-scene") == "remote"


def test_changing_the_scene_moves_the_laptop_at_once(door):
    answer = door.post("/demo/scene", {"scene": "remote"}, Cookie="demo-person=imani.okafor")

    assert answer.json()["moved"] is False
    assert door.laptop.scenes == [SCENES["remote"]]


@pytest.mark.parametrize("body", [{"scene": "moon"}, {"person": "nobody"}, [], None])
def test_a_choice_that_makes_no_sense_is_refused(door, body):
    answer = door.post("/demo/scene", body)

    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/demo/scene", "/demo/softkey/create", "/demo/softkey/get"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_another_site_gets_neither_scene_nor_key(door, path, headers):
    answer = door.post(path, {"publicKey": CREATION}, **headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "cross-site")


def test_a_request_without_an_origin_gets_no_key(door):
    answer = door.http.post("/demo/softkey/create", content=json.dumps({"publicKey": CREATION}))

    assert (answer.status_code, answer.json()["code"]) == (403, "cross-site")


def test_a_key_answers_for_the_chosen_person_only(door):
    made = door.post("/demo/softkey/create", {"publicKey": CREATION}).json()
    asked = {
        "publicKey": {
            "rpId": "localhost",
            "challenge": "AAAA",
            "allowCredentials": [{"type": "public-key", "id": made["id"]}],
        }
    }

    own = door.post("/demo/softkey/get", asked, Cookie="demo-person=imani.okafor")
    other = door.post("/demo/softkey/get", asked, Cookie="demo-person=jon.berg")

    assert own.json()["id"] == made["id"]
    assert (other.status_code, other.json()["code"]) == (409, "NotAllowedError")


def test_a_key_does_not_answer_for_another_relying_party(door):
    elsewhere = {**CREATION, "rp": {"id": "bank.example", "name": "Bank"}}

    answer = door.post("/demo/softkey/create", {"publicKey": elsewhere})

    assert (answer.status_code, answer.json()["code"]) == (409, "NotAllowedError")


@pytest.mark.parametrize("options", [None, {}, {"rp": 1}, {"rpId": "localhost", "allowCredentials": 3}])
@pytest.mark.parametrize("what", ["create", "get"])
def test_options_that_cannot_be_read_are_refused(door, what, options):
    door.post("/demo/softkey/create", {"publicKey": CREATION})

    answer = door.post(f"/demo/softkey/{what}", {"publicKey": options}, Cookie="demo-person=imani.okafor")

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize(("name", "kind"), [("kit.js", "text/javascript"), ("kit.css", "text/css")])
def test_the_kit_is_served_as_what_it_is(door, name, kind):
    answer = door.http.get(f"/demo/{name}")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)


@pytest.mark.parametrize("path", ["/demo/", "/demo/%2e%2e/proxy.py", "/demo/keys.json", "/demo/softkey/get"])
def test_nothing_else_is_served_by_the_demo(door, path):
    answer = door.http.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_counters_are_kept_before_an_answer_leaves(tmp_path):
    """A key that counts backwards after a crash would be suspended as a copy."""
    drawer = KeyDrawer(tmp_path)
    drawer.create(CREATION, "http://localhost:8080")

    again = KeyDrawer(tmp_path)

    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0
    assert (tmp_path / "authority.key").stat().st_mode & 0o077 == 0
    assert again._keys["imani.okafor"][0].counter == 1
