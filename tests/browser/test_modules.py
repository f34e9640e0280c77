"""Do the small scripts do what the pages rely on, in a real browser?

The broker is played by routes of the browser; the security key is Chromium's
virtual authenticator. Whether the broker accepts what they send is asked by
the stories, not here.
"""

from __future__ import annotations

import functools
import http.server
import json
import threading

import pytest

from tests.browser.kitchen_sink import Handler, render

pytestmark = pytest.mark.browser

CHALLENGE = "AAECAwQFBgcICQoLDA0ODw"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    render(folder)
    handler = functools.partial(Handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    # WebAuthn refuses an address of numbers as relying party.
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(chromium):
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    yield page
    context.close()


class Broker:
    """Answers the two requests of a ceremony, and keeps what it was sent."""

    def __init__(self, page, options: dict, *, finish_status: int = 200, finish: dict | None = None) -> None:
        self.sent: dict[str, dict] = {}
        self.tokens: list[str | None] = []
        self.answers = {
            "options": (200, {"publicKey": options, "ceremony": "opaque-1"}),
            "finish": (finish_status, finish or {"location": "/gallery.html"}),
        }
        page.route("**/login/*", self.answer)

    def answer(self, route) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        self.sent[name] = json.loads(route.request.post_data)
        self.tokens.append(route.request.headers.get("x-csrf-token"))
        status, body = self.answers[name]
        kind = "application/json" if status == 200 else "application/problem+json"
        route.fulfill(status=status, body=json.dumps(body), content_type=kind)


def key_in(page):
    """Plug a virtual security key into *page*; return the devtools session and the id of the key."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    return devtools, devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})[
        "authenticatorId"
    ]


REGISTRATION = {
    "challenge": CHALLENGE,
    "rp": {"id": "localhost", "name": "Doorward"},
    "user": {"id": "cGVyXzE", "name": "imani", "displayName": "Imani Okafor"},
    "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
}
LOGIN = {"challenge": CHALLENGE, "rpId": "localhost", "userVerification": "required", "timeout": 60000}


def enrol(page, site) -> None:
    """Put a credential for localhost into the plugged-in key."""
    page.goto(f"{site}/login.html")
    page.evaluate(
        "async options => { await navigator.credentials.create("
        "{publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)}) }",
        REGISTRATION,
    )


@pytest.mark.parametrize("native", [True, False], ids=["with the browser's JSON", "by hand"])
def test_a_login_sends_the_signed_challenge_and_follows_the_answer(page, site, native):
    key_in(page)
    enrol(page, site)
    broker = Broker(page, LOGIN)
    if not native:
        page.add_init_script(
            "delete PublicKeyCredential.parseRequestOptionsFromJSON;"
            "delete PublicKeyCredential.prototype.toJSON"
        )
    page.goto(f"{site}/login.html")

    page.get_by_role("button", name="Use your security key").click()
    page.wait_for_url("**/gallery.html")

    assert broker.sent["finish"]["ceremony"] == "opaque-1"
    answer = broker.sent["finish"]["credential"]
    assert set(answer["response"]) >= {"clientDataJSON", "authenticatorData", "signature", "userHandle"}
    assert answer["id"] == answer["rawId"]
    assert answer["response"]["userHandle"] == "cGVyXzE"
    assert broker.tokens == ["csrf-value", "csrf-value"]


@pytest.mark.parametrize("native", [True, False], ids=["with the browser's JSON", "by hand"])
def test_a_registration_sends_the_attestation(page, site, native):
    key_in(page)
    broker = Broker(page, REGISTRATION)
    page.route("**/login.html", lambda route: as_registration(route))
    if not native:
        page.add_init_script(
            "delete PublicKeyCredential.parseCreationOptionsFromJSON;"
            "delete PublicKeyCredential.prototype.toJSON"
        )
    page.goto(f"{site}/login.html")

    page.get_by_role("button", name="Use your security key").click()
    page.wait_for_url("**/gallery.html")

    answer = broker.sent["finish"]["credential"]["response"]
    assert answer["attestationObject"]
    assert answer["transports"] == ["usb"]


def as_registration(route) -> None:
    answer = route.fetch()
    route.fulfill(
        response=answer, body=answer.text().replace('data-ceremony="login"', 'data-ceremony="register"')
    )


def test_a_refusal_is_told_with_remedy_and_reference(page, site):
    key_in(page)
    enrol(page, site)
    problem = {
        "title": "Log in first",
        "detail": "the challenge was already used",
        "remedy": "Press the button again.",
        "request_id": "req_42",
    }
    Broker(page, LOGIN, finish_status=401, finish=problem)

    page.get_by_role("button", name="Use your security key").click()

    alert = page.get_by_role("alert").filter(has_text="Log in first")
    alert.wait_for()
    assert alert.inner_text().split("\n\n") == [
        "Log in first",
        "The challenge was already used.",
        "Press the button again.",
        "Reference req_42",
    ]
    assert page.get_by_role("button", name="Use your security key").is_enabled()


def test_stopping_before_the_touch_changes_nothing(page, site):
    devtools, key = key_in(page)
    enrol(page, site)
    devtools.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": key, "enabled": False})
    broker = Broker(page, LOGIN)

    page.get_by_role("button", name="Use your security key").click()
    page.get_by_text("Touch your key when it blinks", exact=True).last.wait_for()
    page.get_by_role("button", name="Stop").click()

    page.get_by_text("You stopped before the key was touched. Nothing has changed.").wait_for()
    assert "finish" not in broker.sent


def test_an_answer_that_leads_to_another_site_is_not_followed(page, site):
    key_in(page)
    enrol(page, site)
    Broker(page, LOGIN, finish={"location": "https://elsewhere.example/"})

    page.get_by_role("button", name="Use your security key").click()

    page.get_by_text("The answer cannot be read").wait_for()
    assert page.url == f"{site}/login.html"


def test_without_javascript_the_page_says_that_the_key_needs_it(start_chromium, site):
    """Playwright's own switch stops scripts but leaves <noscript> unread; this one is the browser's."""
    browser = start_chromium("--blink-settings=scriptEnabled=false")
    page = browser.new_page()

    page.goto(f"{site}/login.html")

    assert page.locator("noscript .notice-title").is_visible()
    assert page.get_by_role("button", name="Use your security key").is_disabled()
    browser.close()


def test_the_editor_lists_what_the_server_found_and_leads_to_the_line(page, site):
    sent = []

    def check(route):
        sent.append(json.loads(route.request.post_data))
        problems = [
            {"line": 2, "message": "no such role: `role:x`", "suggestion": "Did you mean `role:dev`?"},
            {"line": 1, "file": "tests", "message": "of another text"},
        ]
        route.fulfill(json={"problems": problems})

    page.route("**/check", check)
    page.goto(f"{site}/admin_policy.html")

    page.get_by_label("Rules", exact=True).fill("# one\np, two\n# three")
    page.get_by_text("no such role").wait_for()
    page.get_by_role("link", name="Line 2").click()

    assert sent == [{"rules": "# one\np, two\n# three"}]
    assert (
        page.evaluate(
            "getSelection().toString() || document.activeElement.value.slice("
            "document.activeElement.selectionStart, document.activeElement.selectionEnd)"
        )
        == "p, two"
    )
    assert page.get_by_text("of another text").count() == 0
    assert page.locator(".editor-gutter mark").all_inner_texts() == ["2"]


def test_an_id_is_copied_whole(page, site):
    page.goto(f"{site}/admin_person.html")

    page.get_by_role("button", name="Copy the person’s id").click()

    page.locator(".copy.copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "per_01JD9W2Q8ZK3T7M5"


def test_the_time_left_counts_by_the_server_and_is_announced_near_its_end(page, site):
    page.clock.install()
    page.goto(f"{site}/my_access.html")
    left = page.locator("tr", has_text="Telemetry API").locator("[data-until]")

    page.clock.run_for(31 * 60 * 1000)
    announced = page.locator("p.visually-hidden[role=status]").inner_text()
    page.clock.run_for(11 * 60 * 1000)

    assert announced == "Telemetry API ends in 10 min"
    assert left.inner_text() == "ended"


def test_what_is_left_is_rounded_up(page, site):
    page.clock.install()
    page.goto(f"{site}/my_access.html")
    left = page.locator("tr", has_text="Telemetry API").locator("[data-until]")

    page.clock.run_for(90 * 1000)

    assert left.inner_text() == "in 40 min"


def test_a_page_is_loaded_again_once_when_a_grant_of_it_ends(page, site):
    page.clock.install()
    page.goto(f"{site}/my_access.html")
    page.locator("tr", has_text="Telemetry API").locator("[data-until]").evaluate(
        "(each) => each.setAttribute('data-reload', '')"
    )
    loads = []
    page.on("load", lambda _: loads.append(page.url))

    with page.expect_event("load"):
        page.clock.run_for(41 * 60 * 1000 + 1000)
    page.clock.run_for(5 * 1000)

    assert len(loads) == 1


def test_what_is_known_of_a_saved_draft_gives_way_while_the_text_is_another(page, site):
    page.goto(f"{site}/admin_policy.html")
    saved, typed = (page.locator(f"[data-draft={which}]") for which in ("saved", "typed"))
    text = page.locator("[data-editor] textarea")
    before = text.input_value()

    text.fill("p, another")
    while_another = saved.is_visible(), typed.is_visible()
    text.fill(before)

    assert while_another == (False, True)
    assert (saved.is_visible(), typed.is_visible()) == (True, False)


def test_a_narrow_admin_page_has_its_rail_in_a_menu(page, site):
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{site}/admin_people.html")
    audit = page.get_by_role("link", name="Audit")

    before = audit.is_visible()
    page.get_by_text("Menu", exact=True).click()

    assert not before
    assert audit.is_visible()
