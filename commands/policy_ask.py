"""`doorward policy explain|who-can|what-can`: ask the rules, and why. Of a file, or of the deployment.

Of a file there are no people: *who-can* answers for somebody with each role,
group or name that the rules speak of, *what-can* for the resources that they
name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from commands.base import parts_or_exit, person
from commands.policy_files import AS_JSON, FACTS, NOW, ROLES, RULES, asking, facts_from, options, rules_from
from commands.policy_words import explained, listed
from domain.access import SubjectKind
from domain.errors import Invalid
from flows import reach
from flows.parts import Parts
from models.people import Person
from policies.bundle import Bundle
from policies.names import ANY, is_group
from policies.pages import PAGE
from policies.problems import Refusal
from policies.reverse import Given, Principal, what_can, who_can
from policies.trials import SOMEBODY, read_asker

_ONLY = {"can": True, "cannot": False, "all": None}
_SHOW = click.option(
    "--show", type=click.Choice(tuple(_ONLY)), default="can", show_default=True, help="Whom to list."
)
_CURSOR = click.option("--cursor", default="", help="Where a list goes on: what the page before it printed.")
_LIMIT = click.option("--limit", type=click.IntRange(1, 1000), default=PAGE, show_default=True)
_ACTIONS = click.option("--action", "actions", multiple=True, help="Only this action.")
_RESOURCES = click.option("--resource", "resources", multiple=True, help="This resource; with --rules.")


@click.command("explain")
@click.argument("subject")
@click.argument("action")
@click.argument("resource")
@options(RULES, FACTS, ROLES, NOW, AS_JSON)
@asking
def policy_explain(
    subject: str,
    action: str,
    resource: str,
    rules: Path | None,
    facts: Sequence[str],
    roles: Sequence[str],
    now: datetime | None,
    as_json: bool,
) -> None:
    """Say whether SUBJECT may do ACTION on RESOURCE, by which rules, and what was missed.

    SUBJECT is a login name or person:ID, with --rules also role:NAME: somebody
    with that role. What is not given by --with is not known, as for a check
    that names no session. Exits with 0 if permitted, 1 if denied, 2 for wrong use.
    """
    bundle = _bundle(rules)
    given = Given(facts_from(facts, bundle), now or datetime.now(UTC))
    if rules is not None:
        who = _principal(subject, roles)
        [entry] = who_can(action, resource, [who], bundle=bundle, given=given).entries
    else:
        parts = parts_or_exit()
        asked = _person(parts, subject).id
        entry = reach.explained(
            parts, asked, action=action, resource=resource, given=given, more=_groups(roles)
        )
    explained(entry, as_json=as_json)
    sys.exit(0 if entry.open else 1)


@click.command("who-can")
@click.argument("action")
@click.argument("resource")
@options(RULES, FACTS, NOW, _SHOW, _LIMIT, _CURSOR, AS_JSON)
@asking
def policy_who_can(
    action: str,
    resource: str,
    rules: Path | None,
    facts: Sequence[str],
    now: datetime | None,
    show: str,
    limit: int,
    cursor: str,
    as_json: bool,
) -> None:
    """List who can do ACTION on RESOURCE: always, under conditions, or not, and why.

    With --with or --now the decision for these facts is told instead. Exits
    with 0, or 2 for wrong use.
    """
    bundle = _bundle(rules)
    given = _given(facts, now, bundle)
    only = _ONLY[show]
    if bundle is not None and rules is not None:
        page = who_can(
            action,
            resource,
            _named(bundle),
            bundle=bundle,
            given=given,
            only=only,
            cursor=cursor,
            limit=limit,
        )
    else:
        found = reach.who_reaches(
            parts_or_exit(),
            action=action,
            resource=resource,
            only=only,
            given=given,
            cursor=cursor,
            limit=limit,
        )
        page = found.page
        if not found.covering:
            click.echo(f"no resource `{resource}` is registered: nobody reaches it", err=True)
    listed(page, ("WHO",), lambda entry: (entry.who.key,), as_json=as_json)


@click.command("what-can")
@click.argument("subject")
@options(RULES, FACTS, ROLES, NOW, _ACTIONS, _RESOURCES, _SHOW, _LIMIT, _CURSOR, AS_JSON)
@asking
def policy_what_can(
    subject: str,
    rules: Path | None,
    facts: Sequence[str],
    roles: Sequence[str],
    now: datetime | None,
    actions: Sequence[str],
    resources: Sequence[str],
    show: str,
    limit: int,
    cursor: str,
    as_json: bool,
) -> None:
    """List what SUBJECT can do: always, under conditions, or not, and why.

    Of the registered resources; with --rules of those that the rules name
    one by one, or that --resource names. Else as who-can.
    """
    bundle = _bundle(rules)
    given = _given(facts, now, bundle)
    only = _ONLY[show]
    if bundle is not None and rules is not None:
        who = _principal(subject, roles)
        doors = _doors(bundle, actions, resources)
        page = what_can(who, doors, bundle=bundle, given=given, only=only, cursor=cursor, limit=limit)
    else:
        if resources:
            raise Invalid("--resource goes with --rules; here the registered resources are asked about")
        parts = parts_or_exit()
        page = reach.what_reaches(
            parts,
            _person(parts, subject).id,
            actions=actions,
            only=only,
            given=given,
            more=_groups(roles),
            cursor=cursor,
            limit=limit,
        ).page
    listed(page, ("RESOURCE", "ACTION"), lambda entry: (entry.resource, entry.action), as_json=as_json)


COMMANDS = (policy_explain, policy_who_can, policy_what_can)


def _bundle(rules: Path | None) -> Bundle | None:
    """Return the rules that are asked: those of a file, else the published ones; None if there are none."""
    return rules_from(rules) if rules is not None else reach.published_bundle(parts_or_exit())[0]


def _given(facts: Sequence[str], now: datetime | None, bundle: Bundle | None) -> Given | None:
    return Given(facts_from(facts, bundle), now or datetime.now(UTC)) if facts or now else None


def _person(parts: Parts, presented: str) -> Person:
    """Return a person of the deployment, by id or login name. Raises NotFound."""
    kind, colon, id_ = presented.rpartition(":")
    if colon and kind != SubjectKind.PERSON.value:
        raise Invalid(
            f"`{presented}` is nobody who logs in", remedy="Name a person, or give a file by --rules."
        )
    with parts.db.read() as session:
        return session.get(Person, id_) or person(session, id_)


def _principal(presented: str, roles: Iterable[str] = ()) -> Principal:
    """Return a subject of a file: a person or service, or somebody with a role. Raises Invalid."""
    named = presented if ":" in presented or presented == ANY else f"{SubjectKind.PERSON.value}:{presented}"
    parts = dict.fromkeys((*(() if named == ANY else (named,)), *roles))
    try:
        asker = read_asker(" + ".join(parts) or ANY)
    except Refusal as refusal:
        raise Invalid(refusal.message, remedy=refusal.suggestion or None) from refusal
    return Principal(presented, asker.subject, asker.memberships)


def _groups(roles: Sequence[str]) -> tuple[str, ...]:
    """Return the roles and groups of ``--role``. Raises Invalid."""
    who = _principal(ANY, roles)
    if who.subject.id != SOMEBODY:
        raise Invalid(f"`{who.subject}` is no role or group", remedy="Write for example role:support.")
    return tuple(link.group for link in who.assignments)


def _named(bundle: Bundle) -> list[Principal]:
    """Return somebody with each name that the rules speak of, by name."""
    links = (name for link in bundle.links for name in (link.member, link.group))
    return [_principal(name) for name in sorted({*(rule.subject for rule in bundle.rules), *links})]


def _doors(bundle: Bundle, actions: Sequence[str], resources: Sequence[str]) -> list[tuple[str, str]]:
    """Return the doors that the rules name one by one, or those asked about. Raises Invalid if none."""
    exact = {rule.resource for rule in bundle.rules} | {link.member for link in bundle.resource_links}
    named = {rule.action for rule in bundle.rules} | {link.member for link in bundle.action_links}
    chosen = set(resources) or {name for name in exact if ANY not in name and not is_group(name)}
    done = set(actions) or {name for name in named if name != ANY and not is_group(name)}
    if not chosen or not done:
        lacking = "--resource" if not chosen else "--action"
        raise Invalid(f"the rules name none one by one: give {lacking}")
    return sorted((resource, action) for resource in chosen for action in done)
