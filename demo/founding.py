"""The first day of the demo company, over HTTP, as people would live it.

Answers: how does everybody get their key and their laptop? The first admin
opens the bootstrap link, the others their invites; each registers a key (the
invited activate theirs with the code that they were told), logs in, enrols a
laptop with a code; the admin approves all laptops but one. One key is sent by
two admins, and one person's hours are declared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from demo.browser import Browser, Page
from demo.company import CAST, FIRST_ADMIN, HAS_HOURS, SECOND_ADMIN, SENT_A_KEY, Member
from demo.drawer import KeyDrawer
from demo.laptops import Laptop

PLATFORM = {"os": "debian", "version": "12.7"}
_CODE = re.compile(r"\bdwd_[A-Za-z0-9_-]{20,}")
_ADDRESS = "12 Harbour Road, Kiel"
_ITEM = r'href="(/admin/keys/inventory/itm_\w+)"'
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
    # The second admin first: the key of another one waits for his touch.
    for login in sorted(invites, key=lambda login: login != SECOND_ADMIN):
        if login == SENT_A_KEY:
            send_key(origin, drawer, CAST[login])
            say(f"{CAST[FIRST_ADMIN].name} and {CAST[SECOND_ADMIN].name} send {CAST[login].name} a key.")
        _register(origin, drawer, CAST[login], invites[login], code=codes[login])
    say(f"{len(invites)} invited people register theirs, and activate them with the codes they were told.")
    _declare_hours(origin, drawer, CAST[HAS_HOURS])
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


def send_key(origin: str, drawer: KeyDrawer, member: Member) -> None:
    """Have two admins send *member* a key: one assigns it, the other approves by the contract."""
    asha, olu = (Browser(origin, login, "home") for login in (FIRST_ADMIN, SECOND_ADMIN))
    try:
        log_in(asha, drawer, FIRST_ADMIN)
        asha.get("/admin/keys/inventory")
        batch = {"batch": "PO-2026-118", "model": "Doorward Demo Key (software)", "serials": member.serial}
        item = _one(_ITEM, asha.post("/admin/keys/inventory", batch))
        person = _one(rf'value="(prs_\w+)"[^>]*>[^<]*\({re.escape(member.login)}\)', asha.get(item))
        asha.post(f"{item}/assign", {"person": person, "address": _ADDRESS})
        log_in(olu, drawer, SECOND_ADMIN)
        olu.ceremony(
            item,
            "sign",
            lambda options, at: drawer.sign(SECOND_ADMIN, options, at),
            contract_address=_ADDRESS,
        )
        asha.post(f"{item}/ship", {"carrier": "Parcel", "reference": "NL-000118"})
        asha.post(f"{item}/delivered", {})
        asha.post("/sign-out", {})
        olu.post("/sign-out", {})
    finally:
        asha.close()
        olu.close()


def _declare_hours(origin: str, drawer: KeyDrawer, member: Member) -> None:
    admin = Browser(origin, FIRST_ADMIN, "home")
    try:
        log_in(admin, drawer, FIRST_ADMIN)
        person = _one(r'href="/admin/people/(prs_\w+)"', admin.get(f"/admin/people?q={member.login}"))
        hours = {"zone": "Europe/Berlin", "days": list("01234"), "starts": "09:00", "ends": "17:00"}
        admin.post(f"/admin/people/{person}/hours", {**hours, "mean_gap": "240"})
        admin.post("/sign-out", {})
    finally:
        admin.close()


def _one(pattern: str, page: Page) -> str:
    """Return the first group of *pattern* on *page*. Raises LookupError."""
    found = re.search(pattern, page.html)
    if found is None:
        raise LookupError(f"{page.url} shows no {pattern}: {page.words[:400]}")
    return found[1]


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
