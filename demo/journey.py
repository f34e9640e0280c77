"""The whole journey, step by step, each outcome compared with what is written here.

Answers: does a fresh deployment keep its promises, seen from outside? Every
step goes over HTTP or the `doorward` command, as a person, a laptop or a
service would.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

from demo.actor import Actors, path, refusal
from demo.asking import Errand, Portal, Program, claims
from demo.browser import Page
from demo.children import DemoError
from demo.company import AAGUID, FIRST_ADMIN, VENDOR
from demo.founding import activate, approve, log_in
from demo.services import RESOURCE
from demo.softkey import AttestationAuthority, SoftKey
from demo.stage import Stage
from demo.telling import Telling

IMANI, JON, MEI, OLU, DANA = (
    "imani.okafor", "jon.berg", "mei.tanaka", "olu.adeyemi", "dana.kovac",
)  # fmt: skip
OPEN, LATER, CLOSED = "Open", "Closed for now", "Closed"
NO_RULE = "No rule opens this for you."
REMOTE = "Remote-control software is running on your laptop."
SILENT = "Your laptop has not reported for this session."
WAITS = "Your laptop waits for an admin's approval."
PAYROLL_RULE = "\np, payroll-read, role:support, read, data:payroll, tier >= 2, max 5m, allow\n"
_CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}\b")
_INVITE = re.compile(r"/register/dwi_[A-Za-z0-9_-]{20,}")


class Journey(Actors):
    """One run through a stage that was founded a moment ago."""

    def __init__(self, stage: Stage, tell: Telling) -> None:
        super().__init__(stage, tell)
        self.program = Program(stage.origin, stage.secrets())
        self.portal = Portal(stage.ports.portal)

    def close(self) -> None:
        super().close()
        self.program.close()
        self.portal.close()

    def play(self) -> None:
        """Play every step. Raises Different at the first that goes otherwise."""
        steps: tuple[Callable[[], None], ...] = (
            self.a_homemade_key,
            self.an_invited_person,
            self.doors_open_and_closed,
            self.a_new_rule,
            self.a_token_lives_and_ends,
            self.a_service_asks,
            self.a_stolen_code,
            self.ten_seconds,
            self.a_remote_hand,
            self.three_ways_to_arrive,
            self.a_laptop_is_approved,
            self.another_name,
            self.the_record,
        )
        for step in steps:
            step()

    # ---- people and keys ---------------------------------------------------

    def a_homemade_key(self) -> None:
        self.tell.step(
            "Asha enters Noor Haddad, mails her a one-time link and tells her a code. "
            "Noor tries a key of her own make."
        )
        asha = self.arrive(FIRST_ADMIN)
        today = datetime.now(UTC).date()
        page = asha.get("/admin/people/new")
        entered = asha.submit(
            page.form("/admin/people/new"),
            display_name="Noor Haddad", name="noor.haddad", kind="contractor", groups="support",
            vendor=VENDOR, sponsor="Asha Raman", project="Gripper",
            starts=today.isoformat(), ends=(today + timedelta(days=30)).isoformat(),
        )  # fmt: skip
        link = _INVITE.search(entered.html)
        if link is None:
            raise LookupError(f"the page of the new person shows no link: {entered.words[:400]}")
        self._noors_link = link[0]
        code = _CODE.search(entered.words)
        if code is None:
            raise LookupError(f"the page of the new person shows no code: {entered.words[:400]}")
        self._noors_code = code[0]
        now = datetime.now(UTC)
        homemade = SoftKey.create(AttestationAuthority.create(now=now, name="Garage"), AAGUID, now=now)
        refused = refusal(
            lambda: self.browser("noor.haddad").ceremony(self._noors_link, "register", homemade.register)
        )
        self.tell.refused("Noor", refused.sentence, refused.remedy)
        self.tell.expect("the refusal", {"code": refused.code}, {"code": "attestation-chain"})

    def an_invited_person(self) -> None:
        self.tell.step("Noor uses the certified key she was sent. It opens nothing until she types the code.")
        noor, drawer = self.browser("noor.haddad"), self.stage.drawer
        registered = noor.ceremony(self._noors_link, "register", drawer.create)
        waits = refusal(lambda: log_in(noor, drawer, "noor.haddad"))
        self.tell.refused("Noor", waits.sentence, waits.remedy)
        page = activate(noor, drawer, "noor.haddad", self._noors_code)
        again = noor.get(self._noors_link)
        got = {
            "registered": path(registered), "too early": waits.code,
            "activated": path(page), "link again": again.status,
        }  # fmt: skip
        wanted = {
            "registered": "/registered", "too early": "key-pending",
            "activated": "/access", "link again": 404,
        }  # fmt: skip
        self.tell.expect("what follows", got, wanted)
        self.tell.allowed("Noor is in; she has no laptop that reports, so:")
        self.door("noor.haddad", "data:customer-logs", "read", LATER, SILENT)

    # ---- doors and rules ---------------------------------------------------

    def doors_open_and_closed(self) -> None:
        self.tell.step("Imani logs in from home; her laptop reports. She looks at what she may do.")
        self.arrive(IMANI)
        self.door(IMANI, "data:customer-logs", "read", OPEN)
        self.door(IMANI, "data:payroll", "read", CLOSED, NO_RULE)

    def a_new_rule(self) -> None:
        self.tell.step("Asha writes a rule for payroll, and publishes it by touching her key.")
        asha = self.browser(FIRST_ADMIN)
        page = asha.get("/admin/policy")
        form = page.form("/admin/policy")
        broken = asha.submit(
            form, rules=form.fields["rules"] + PAYROLL_RULE.replace("tier", "teir"), next="save"
        )
        self.tell.refused("The editor, of a rule with a typing error", _first_problem(broken))
        form = broken.form("/admin/policy")
        asha.submit(form, rules=form.fields["rules"].replace("teir", "tier"), next="review")
        published = asha.ceremony(
            "/admin/policy/publish", "sign", self.key(FIRST_ADMIN), note="Payroll opens"
        )
        self.tell.expect("the page", {"address": path(published)}, {"address": "/admin/policy/history/2"})
        self.tell.allowed("Revision 2 is in force.")
        self.door(IMANI, "data:payroll", "read", OPEN)

    def ten_seconds(self) -> None:
        self.tell.step("Imani opens the status board, whose rule gives ten seconds.")
        opened = self.open(IMANI, "svc:status-board", "read")
        begun = time.monotonic()
        while self.grant(IMANI, "svc:status-board") == opened and time.monotonic() - begun < 20:
            time.sleep(0.25)
        seconds = time.monotonic() - begun
        self.tell.expect("the end", {"about ten seconds": 9 <= seconds <= 12}, {"about ten seconds": True})
        self.tell.refused("The board", f"closed by itself after {seconds:.1f} s.")

    # ---- tokens ------------------------------------------------------------

    def a_token_lives_and_ends(self) -> None:
        self.tell.step("Imani goes to the support portal, which sends her to Doorward. She opens the logs.")
        imani = self.browser(IMANI)
        asked = imani.get(self.portal.start())
        self.portal.come_back(imani.submit(asked.form("/oauth/authorize")).url)
        left = self._doors(live=True, offline=True)
        self.tell.say(f"Its token is for these logs only and runs out in {left} s, whatever happens.")

        self.tell.step("Imani says that she is done.")
        imani.post("/access/done", {"grant": self.grant(IMANI, RESOURCE)})
        left = self._doors(live=False, offline=True)
        self.tell.say(f"Who only reads the token takes it for another {left} s: its time, and no more.")

    def a_service_asks(self) -> None:
        self.tell.step("A service asks the decision point before it acts, with the token it was sent:")
        _errand, _code, token = self._token()
        person = str(claims(token)["sub"])
        self.tell.say(self.program.as_curl(person, token="TOKEN"))
        self._decision(token, allowed=True)
        _status, answer = self.program.evaluate(person)
        self.tell.expect("without a session", {"decision": answer["decision"]}, {"decision": False})
        self.tell.refused("Without the token", str(answer["context"]["reason_user"]["en"]))

    def a_stolen_code(self) -> None:
        self.tell.step("Somebody who saw a code uses it a second time: the token of the first use ends.")
        errand, code, token = self._token()
        self._decision(token, allowed=True)
        status, refused = self.program.exchange(errand, code)
        self.tell.expect("the second use", {"status": status}, {"status": 400})
        self.tell.refused("The token endpoint", str(refused.get("error_description", "")))
        self._decision(token, allowed=False)

    def _token(self) -> tuple[Errand, str, str]:
        """Open the logs as Imani if they are closed; return an errand, its used code and its token."""
        if not self.grant(IMANI, RESOURCE):
            self.open(IMANI, RESOURCE, "read")
        errand = Errand.prepare(self.stage.ports.portal)
        code = errand.code(self.browser(IMANI).get(errand.path).url)
        status, answer = self.program.exchange(errand, code)
        self.tell.expect("the exchange", {"status": status}, {"status": 200})
        return errand, code, str(answer["access_token"])

    def _doors(self, *, live: bool, offline: bool) -> int:
        """Look at both doors of the portal's API; return the seconds that its token has left."""
        seen = self.portal.doors()
        got = {name: seen.get(name, {}).get("open") for name in ("live", "offline")}
        self.tell.expect("the portal's doors", got, {"live": live, "offline": offline})
        for name, what in (("live", "asks Doorward each time"), ("offline", "only reads the token")):
            if seen[name]["open"]:
                self.tell.allowed(f"The {name} door ({what}) shows {len(seen[name]['logs'])} lines.")
            else:
                self.tell.refused(
                    f"The {name} door ({what})", seen[name]["why"], seen[name].get("remedy", "")
                )
        return int(seen["left"])

    def _decision(self, token: str, *, allowed: bool) -> None:
        """Ask the decision point about the logs with *token*."""
        status, answer = self.program.evaluate(str(claims(token)["sub"]), token=token)
        got = {"status": status, "decision": answer.get("decision")}
        self.tell.expect("the decision point", got, {"status": 200, "decision": allowed})
        sentence = str(answer["context"]["reason_user"]["en"])
        if allowed:
            self.tell.allowed(f"The decision point: {sentence}")
        else:
            self.tell.refused("The decision point", sentence)

    # ---- scenes ------------------------------------------------------------

    def a_remote_hand(self) -> None:
        self.tell.step("Jon logs in; AnyDesk runs on his laptop. Then he quits it.")
        self.arrive(JON, "remote")
        self.door(JON, "data:customer-logs", "read", LATER, REMOTE)
        self.move(JON, "home")
        self.tell.say("Jon quits AnyDesk; his laptop reports.")
        self.door(JON, "data:customer-logs", "read", OPEN)

    def three_ways_to_arrive(self) -> None:
        self.tell.step("Mei arrives from a rented server, Olu through the company VPN.")
        self.arrive(MEI, "rented")
        self.door(MEI, "svc:telemetry", "read", OPEN)
        self.door(MEI, "code:gripper-firmware", "read", LATER)
        self.door(MEI, "svc:staging-deploy", "deploy", LATER)
        self.arrive(OLU, "vpn")
        self.door(OLU, "code:gripper-firmware", "read", OPEN)
        self.door(OLU, "svc:staging-deploy", "deploy", OPEN)
        self.tell.say("Two admins sent Mei her key, and nobody sent Olu his: a rule asks for that.")
        self.door(OLU, "svc:telemetry", "write", CLOSED)
        self.browser(MEI).post("/sign-out", {})
        self.move(MEI, "home")
        self.arrive(MEI)
        self.door(MEI, "svc:telemetry", "write", OPEN)

    def a_laptop_is_approved(self) -> None:
        self.tell.step("Nobody has approved Dana's laptop. Asha does.")
        self.arrive(DANA)
        self.door(DANA, "data:customer-logs", "read", LATER, WAITS)
        laptop = self.stage.laptops[DANA]
        approve(self.stage.origin, self.stage.drawer, [laptop.device.device_id])
        laptop.report()
        self.door(DANA, "data:customer-logs", "read", OPEN)

    def another_name(self) -> None:
        self.tell.step("Somebody reaches the demo by another name, or through another proxy.")
        for header, value in (("Host", "doorward.example"), ("X-Forwarded-For", "203.0.113.7")):
            status = self.program.status(self.stage.origin + "/login", **{header: value})
            self.tell.expect(f"`{header}: {value}`", {"status": status}, {"status": 421})
            self.tell.refused(f"`{header}: {value}`", "421, the demo is served on localhost only.")

    # ---- the record --------------------------------------------------------

    def the_record(self) -> None:
        self.tell.step("The auditor verifies the record, then a copy in which one name was changed.")
        self.tell.allowed(self.stage.broker.command("audit", "verify").strip())
        copy = self.stage.folder / "copy.sqlite"
        sequence = _forge(self.stage.broker.database, copy)
        settings = {
            "DOORWARD_DATABASE_URL": f"sqlite:///{copy}",
            "DOORWARD_ROOT_KEY_FILE": f"{self.stage.broker.database}.key",
        }
        try:
            said = self.stage.broker.command("audit", "verify", **settings)
        except DemoError as error:
            said = str(error)
        found = f"broken at record {sequence}:" in said
        self.tell.expect("the altered copy", {"found": found}, {"found": True})
        self.tell.refused("The altered copy", said.strip().splitlines()[-1])


def _first_problem(page: Page) -> str:
    """Return the first problem that the editor lists."""
    found = re.search(r"(Line \d+)</a>: ([^<]*)<", page.html)
    if found is None:
        raise LookupError(f"the editor lists no problem: {page.words[:400]}")
    return f"{found[1]}: {unescape(found[2]).strip()}"


def _forge(database: Path, copy: Path) -> int:
    """Copy a database and put another's name on one record of the copy; return its number."""
    with closing(sqlite3.connect(database)) as original, closing(sqlite3.connect(copy)) as forged:
        original.backup(forged)
        query = "SELECT sequence FROM audit_records WHERE kind = 'policy.published' ORDER BY sequence DESC"
        (sequence,) = forged.execute(query).fetchone()
        for (trigger,) in forged.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            forged.execute(f'DROP TRIGGER "{trigger}"')  # what somebody with the file could do
        forged.execute("UPDATE audit_records SET actor = 'prs_nobody' WHERE sequence = ?", (sequence,))
        forged.commit()
        return int(sequence)
