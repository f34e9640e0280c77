"""The first day of the demo company, over HTTP, as people would live it.

Answers: how does everybody get their key and their laptop? The first admin
opens the bootstrap link, the others their invites; each registers a key (the
invited activate theirs with the code that they were told), logs in, enrols a
laptop with a code; the admin approves all laptops but one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from demo.browser import Browser, Page
from demo.company import CAST, FIRST_ADMIN, Member
from demo.drawer import KeyDrawer
from demo.laptops import Laptop

PLATFORM = {"os": "debian", "version": "12.7"}
_CODE = re.compile(r"\bdwd_[A-Za-z0-9_-]{20,}")
_BOOTSTRAP = re.compile(r"/register/dwb_[A-Za-z0-9_-]{20,}")


def bootstrap_path(broker_log: str) -> str:
    """Return the path of the bootstrap link that the broker printed. Raises LookupError."""
    found = _BOOTSTRAP.search(broker_log)
    if found is None:
        raise LookupError("the broker printed no bootstrap link")
    return found[0]


def log_in(browser: Browser, drawer: KeyDrawer, login: str) -> Page:
    """Log *login* in with the key from the drawer; return the page that follows."""
    return browser.ceremony(
        "/login", "login", lambda options, origin: drawer.sign(login, options, origin), login_name=login
    )


def found(
    origin: str,
    drawer: KeyDrawer,
    laptops: Mapping[str, Laptop],
    *,
    bootstrap: str,
    invites: Mapping[str, str],
    codes: Mapping[str, str],
    say: Callable[[str], None],
) -> None:
    """Let everybody in *laptops* register and enrol, then approve. *say* is told each step.

    *bootstrap* and the values of *invites* are paths or addresses of one-time
    links; *codes* are what activates the keys that are registered with them.
    """
    say(f"{CAST[FIRST_ADMIN].name} opens the bootstrap link and registers her key.")
    _register(origin, drawer, CAST[FIRST_ADMIN], bootstrap)
    for login, link in invites.items():
        _register(origin, drawer, CAST[login], link, code=codes[login])
    say(f"{len(invites)} invited people register theirs, and activate them with the codes they were told.")
    for login, laptop in laptops.items():
        _enrol(origin, drawer, login, laptop)
    say(f"{len(laptops)} laptops enrol with one-time codes.")
    approve(origin, drawer, [lap.device.device_id for login, lap in laptops.items() if CAST[login].approved])
    waiting = [CAST[login].name for login in laptops if not CAST[login].approved]
    say(f"{CAST[FIRST_ADMIN].name} approves them, but not {' and '.join(waiting)}'s.")


def approve(origin: str, drawer: KeyDrawer, devices: list[str]) -> None:
    """Have the admin approve *devices* on the admin's page."""
    admin = Browser(origin, FIRST_ADMIN, "home")
    try:
        log_in(admin, drawer, FIRST_ADMIN)
        for device in devices:
            page = admin.get(f"/admin/devices/{device}")
            admin.submit(page.form(f"/admin/devices/{device}/approve"))
        admin.post("/sign-out", {})
    finally:
        admin.close()


def activate(browser: Browser, drawer: KeyDrawer, login: str, code: str) -> Page:
    """Touch the new key of *login* for the first time, with the code; return the page that follows."""
    return browser.ceremony(
        "/activate",
        "activate",
        lambda options, origin: drawer.sign(login, options, origin),
        login_name=login,
        code=code,
    )


def _register(origin: str, drawer: KeyDrawer, member: Member, link: str, *, code: str = "") -> None:
    browser = Browser(origin, member.login, "home")
    try:
        browser.ceremony(link, "register", drawer.create, login_name=member.login, display_name=member.name)
        if code:
            activate(browser, drawer, member.login, code)
            browser.post("/sign-out", {})
    finally:
        browser.close()


def _enrol(origin: str, drawer: KeyDrawer, login: str, laptop: Laptop) -> None:
    browser = Browser(origin, login, "home")
    try:
        log_in(browser, drawer, login)
        page = browser.get("/keys")
        code = _CODE.search(browser.submit(page.form("/keys/enrol")).html)
        if code is None:
            raise LookupError("the page of my keys shows no enrolment code")
        laptop.device.enrol(origin, code[0], PLATFORM)
        browser.post("/sign-out", {})
    finally:
        browser.close()
