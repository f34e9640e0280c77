"""Operators and admins look: how old is what we know of key models, and what does it say of those in use?

Shows; changes nothing. Models are told with what new keys of theirs would
meet and, apart from it, what registered ones do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from authn.metadata.rules import broken_rules, counts_beside_overlay, level_of
from authn.trust import Trust
from domain.errors import NotFound
from domain.key_rules import KeyRule, Level
from domain.metadata import Freshness, Model, due_day
from flows.names import names_of
from flows.parts import Parts
from flows.trust import MODEL, trust
from models.keys import Credential, TrustAnchor, anchors
from models.metadata import KeyDenial, MetadataImport, denials, imports

RULE_WORDS: Mapping[KeyRule, str] = {
    KeyRule.ENTRY_MALFORMED: "Its entry cannot be read",
    KeyRule.STATUS_BAD: "Its keys are compromised or revoked",
    KeyRule.STATUS_UNKNOWN: "It has no status, or one that this version does not know",
    KeyRule.RETIRED: "It is retired: no new keys",
    KeyRule.CERTIFICATION_LEVEL: "It is not certified to the level asked for",
    KeyRule.KEY_PROTECTION: "It does not protect its private keys as asked for",
    KeyRule.RESTRICTED_KEY: "Its private keys can sign other things",
    KeyRule.ATTACHMENT: "It is built into a computer or phone",
    KeyRule.MULTI_DEVICE: "Its keys can be copied to other devices",
    KeyRule.ATTESTATION_TYPE: "Its maker does not vouch for single keys",
    KeyRule.ALGORITHM: "It signs in a way that is not accepted here",
    KeyRule.VERIFICATION_METHOD: "It does not check a PIN or fingerprint inside the key",
    KeyRule.DENIED_MODEL: "You denied this model",
    KeyRule.DENIED_CERTIFICATE: "You denied its certificate",
    KeyRule.DENIED_KEY: "You denied the key of its certificate",
    KeyRule.NOT_LISTED: "Metadata does not know it, and you do not trust it yourself",
}
"""What each rule says to an admin, whatever the model."""

ADMITTED = "admitted"
"""Stands, among the codes of rules, for the models that break none."""

PAGE = 50


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model that is in use, in the overlay or known to metadata.

    *by* says who vouches for it: the operator, metadata, or nobody. *why* are
    the rules against new keys of it, in words; *keys* counts registered ones by state.
    """

    aaguid: str
    name: str
    by: str
    keys: Mapping[str, int]
    statuses: tuple[str, ...]
    level: Level | None
    why: Mapping[KeyRule, str]

    @property
    def broken(self) -> tuple[KeyRule, ...]:
        return tuple(self.why)

    @property
    def admitted(self) -> bool:
        return not self.why

    @property
    def working(self) -> int:
        return self.keys.get("active", 0) + self.keys.get("pending", 0)


@dataclass(frozen=True, slots=True)
class MetadataPage:
    """What is known of key models, newest import first.

    Without imports *freshness*, *age* and *due* are None. *names* are those of
    the people whose keys the imports suspended.
    """

    imports: tuple[MetadataImport, ...]
    freshness: Freshness | None
    readable: bool
    age: timedelta | None
    due: date | None
    listed: int
    admitted: int
    by_rule: tuple[tuple[KeyRule, int], ...]
    models: tuple[ModelRow, ...]
    denied: tuple[KeyDenial, ...]
    names: Mapping[str, str]

    @property
    def newest(self) -> MetadataImport | None:
        return self.imports[0] if self.imports else None


@dataclass(frozen=True, slots=True)
class ModelPage:
    """One model with its facts, anchors of the overlay, and keys.

    *set_aside* are the rules, in words, that the operator's own trust overrides.
    """

    row: ModelRow
    model: Model | None
    anchors: tuple[TrustAnchor, ...]
    denials: tuple[KeyDenial, ...]
    set_aside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedModels:
    """A page of the models that metadata know, by name. *after* is the cursor of the next page.

    *found* counts what was looked for, *total* all. *outcomes* are those that some model meets.
    """

    rows: tuple[ModelRow, ...]
    found: int
    total: int
    after: str | None
    outcomes: tuple[str, ...]


def metadata_page(parts: Parts) -> MetadataPage:
    """Return age, signedness, figures, changes by import, and the models in use with their verdicts."""
    now = parts.clock.now()
    with parts.db.read() as session:
        found = tuple(imports(session))
        trusted = trust(session, parts)
        known = trusted.metadata
        broken = list(_against(trusted, now).values())
        counted = Counter(rule for rules in broken for rule in rules)
        newest = found[0] if found else None
        return MetadataPage(
            imports=found,
            freshness=known.freshness(now, trusted.rules.metadata_grace) if known else None,
            readable=known is not None,
            age=now - newest.imported_at if newest else None,
            due=due_day(newest.next_update) if newest else None,
            listed=len(broken),
            admitted=sum(1 for rules in broken if not rules),
            by_rule=tuple((rule, counted[rule]) for rule in KeyRule if counted[rule]),
            models=_rows(session, trusted, now),
            denied=tuple(denials(session)),
            names=names_of(session, {one["person"] for row in found for one in row.report["blocked"]}),
        )


def model_page(parts: Parts, aaguid: str) -> ModelPage:
    """Return one model that is in use, trusted, denied or known to metadata. Raises NotFound."""
    now = parts.clock.now()
    with parts.db.read() as session:
        trusted = trust(session, parts)
        own = tuple(row for row in anchors(session) if row.aaguid == aaguid)
        denied = tuple(row for row in denials(session) if row.kind == MODEL and row.value == aaguid)
        keys = _keys(session).get(aaguid, Counter())
        model = trusted.model(aaguid)
        if not (own or denied or keys or model):
            raise NotFound("there is no such key model")
        broken = broken_rules(model, trusted.rules, algorithm=None, now=now) if model and own else ()
        set_aside = tuple(RULE_WORDS[rule] for rule in broken if not counts_beside_overlay(rule))
        return ModelPage(_row(aaguid, keys, trusted, now, _reasons(session)), model, own, denied, set_aside)


def listed_models(parts: Parts, *, outcome: str = "", search: str = "", after: str = "") -> ListedModels:
    """Return a page of the models of the metadata whose name or AAGUID holds *search*.

    *outcome* is the code of a rule that they break, ``ADMITTED`` for those that break none, or empty.
    """
    now = parts.clock.now()
    with parts.db.read() as session:
        trusted = trust(session, parts)
        against = _against(trusted, now)
        sought = search.strip().casefold()

        def meets(broken: Sequence[KeyRule]) -> bool:
            return not outcome or outcome in _outcomes(broken)

        named = ((trusted.label(one).casefold(), one) for one, broken in against.items() if meets(broken))
        found = sorted((name, one) for name, one in named if sought in name or sought in one)
        begin = next((place + 1 for place, (_, aaguid) in enumerate(found) if aaguid == after), 0)
        shown = [aaguid for _, aaguid in found[begin : begin + PAGE]]
        keys, reasons = _keys(session), _reasons(session)
        met = {code for broken in against.values() for code in _outcomes(broken)}
        return ListedModels(
            rows=tuple(_row(one, keys.get(one, Counter()), trusted, now, reasons) for one in shown),
            found=len(found),
            total=len(against),
            after=shown[-1] if len(found) > begin + PAGE else None,
            outcomes=tuple(code for code in (ADMITTED, *(rule.value for rule in KeyRule)) if code in met),
        )


def _outcomes(broken: Sequence[KeyRule]) -> tuple[str, ...]:
    return tuple(rule.value for rule in broken) or (ADMITTED,)


def _against(trusted: Trust, now: datetime) -> dict[str, tuple[KeyRule, ...]]:
    """Return what speaks against new keys of each model that metadata know."""
    models = trusted.metadata.models if trusted.metadata else {}
    return {aaguid: trusted.against(model, now) for aaguid, model in models.items()}


def _reasons(session: Session) -> dict[str, str]:
    """Return why models are denied."""
    return {row.value: row.reason for row in denials(session) if row.kind == MODEL}


def _rows(session: Session, trusted: Trust, now: datetime) -> tuple[ModelRow, ...]:
    keys = _keys(session)
    named = sorted({*keys, *(anchor.aaguid for anchor in trusted.anchors)})
    reasons = _reasons(session)
    rows = [_row(aaguid, keys.get(aaguid, Counter()), trusted, now, reasons) for aaguid in named]
    return tuple(sorted(rows, key=lambda row: (-row.working, row.name.casefold(), row.aaguid)))


def _row(
    aaguid: str, keys: Counter[str], trusted: Trust, now: datetime, reasons: Mapping[str, str]
) -> ModelRow:
    model = trusted.model(aaguid)
    overlaid = trusted.overlays(aaguid)
    return ModelRow(
        aaguid=aaguid,
        name=trusted.label(aaguid),
        by="you" if overlaid else "metadata" if model else "nobody",
        keys=keys,
        statuses=trusted.statuses(aaguid, now),
        level=level_of(model.statuses, now) if model else None,
        why={
            rule: _words(rule, model, reasons.get(aaguid, ""))
            for rule in _broken(aaguid, model, trusted, now)
        },
    )


def _words(rule: KeyRule, model: Model | None, reason: str) -> str:
    """Return what *rule* says of this very model; *reason* is why it was denied."""
    if rule is KeyRule.STATUS_UNKNOWN and model is not None:
        return "It has a status that this version does not know" if model.statuses else "It has no status"
    return f"{RULE_WORDS[rule]}: {reason}" if rule is KeyRule.DENIED_MODEL and reason else RULE_WORDS[rule]


def _broken(aaguid: str, model: Model | None, trusted: Trust, now: datetime) -> tuple[KeyRule, ...]:
    found = trusted.against(model, now) if model is not None else trusted.denied(aaguid, ())
    if trusted.overlays(aaguid):
        return tuple(rule for rule in found if counts_beside_overlay(rule))
    return found if model is not None else (*found, KeyRule.NOT_LISTED)


def _keys(session: Session) -> dict[str, Counter[str]]:
    counted: dict[str, Counter[str]] = {}
    query = select(Credential.aaguid, Credential.state, func.count()).group_by(
        Credential.aaguid, Credential.state
    )
    for aaguid, state, count in session.execute(query):
        counted.setdefault(aaguid, Counter())[state] = count
    return counted
