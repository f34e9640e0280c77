"""What the tests of evidence have in common: a clock, ids, and whole reports."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

from domain.evidence import Binding, Observation
from evidence.assess import assess
from evidence.observe import from_address, from_report
from evidence.tables import AddressFacts
from evidence.weights import DEFAULT_WEIGHTS

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ANYDESK = {"name": "AnyDesk", "process": "anydesk", "pid": 123, "evidence": "process"}
LOGON = {"user": "u", "from": "10.0.0.1", "since": 1_700_000_000}
CLEAN = {
    "disk_encrypted": True,
    "os": {"id": "debian", "version": "12.7"},
    "remote_control": [],
    "remote_logons": [],
}


class CountingIds:
    """Ids in order: obs_1, obs_2, …"""

    def __init__(self):
        self._numbers = count(1)

    def new(self, prefix):
        return f"{prefix}_{next(self._numbers)}"


class OneAnswer:
    """Address tables that say the same of every address."""

    def __init__(
        self, country="DE", asn=3320, as_name="Telekom", hosting=False, table_date=date(2026, 6, 17)
    ):
        self._facts = AddressFacts(country, asn, as_name, hosting, "2026-06-17+abc", table_date)

    def lookup(self, address):
        return self._facts


class Scene:
    """One person's evidence, collected report by report."""

    def __init__(self):
        self.ids = CountingIds()
        self.observations: tuple[Observation, ...] = ()

    def arrives_from(self, address, *, session="s1", at=NOON, tables=None, networks=()):
        self.observations += from_address(
            address,
            tables=tables or OneAnswer(),
            networks=networks,
            person="p1",
            session=session,
            ids=self.ids,
            now=at,
        )

    def reports(self, *, session="s1", device="dev_1", binding=Binding.D1, at=NOON, **changes):
        """Hand in a clean report with *changes*; a change to None leaves the fact out."""
        facts = {name: value for name, value in {**CLEAN, **changes}.items() if value is not None}
        self.observations += from_report(
            facts,
            person="p1",
            session=session,
            device=device,
            binding=binding,
            observed_at=at,
            received_at=at,
            ids=self.ids,
        )

    def assess(self, *, session="s1", now=NOON, weights=DEFAULT_WEIGHTS):
        return assess(self.observations, session=session, weights=weights, now=now, assessment_id="asm_1")
