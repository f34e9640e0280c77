"""`doorward people`, `doorward assign`: who is here, and what they belong to."""

from __future__ import annotations

from datetime import datetime

import click

from commands.base import WHEN, commit, parts_or_exit, person, plainly
from domain.errors import NotFound
from flows import people as flow
from flows.activate import make_code
from models.people import live_assignments
from models.people import people as page


@click.group()
def people() -> None:
    """Who is here."""


@people.command("list")
@plainly
def people_list() -> None:
    """List people with state and memberships."""
    parts, after = parts_or_exit(), ""
    with parts.db.read() as session:
        while rows := page(session, after=after):
            for row in rows:
                held = ", ".join(a.group for a in live_assignments(session, row.id, parts.clock.now()))
                click.echo(f"{row.login_name}  {row.state}  {held or '-'}  {row.display_name}")
            after = rows[-1].login_name


@people.command("invite")
@click.argument("login_name")
@plainly
def people_invite(login_name: str) -> None:
    """Print a one-time link with which a person registers their key, and the code that activates it."""
    parts = parts_or_exit()
    with parts.db.write() as session:
        person_id = person(session, login_name).id
        secret, invited = flow.invite(session, parts, person_id, by="host")
        code, made = make_code(session, parts, person_id, by="host")
        parts.commit(session, invited, made)
    click.echo(f"link (24 hours, one use; send it by mail): {parts.deployment.public_url}/register/{secret}")
    click.echo(f"activation code (14 days; tell it by telephone): {code}")


@people.command("code")
@click.argument("login_name")
@plainly
def people_code(login_name: str) -> None:
    """Print a new code that activates a person's registered key; older codes stop working."""
    parts = parts_or_exit()
    with parts.db.write() as session:
        code, made = make_code(session, parts, person(session, login_name).id, by="host")
        parts.commit(session, made)
    click.echo(f"activation code (14 days; tell it by telephone): {code}")


@people.command("suspend")
@click.argument("login_name")
@click.option("--reason", required=True, help="Kept in the record.")
@plainly
def people_suspend(login_name: str, reason: str) -> None:
    """Stop a person: nothing of theirs works once this returns."""
    parts = parts_or_exit()
    commit(parts, lambda s: flow.suspend(s, parts, person(s, login_name).id, reason=reason, by="host"))
    click.echo(f"{login_name} is out")


@people.command("resume")
@click.argument("login_name")
@plainly
def people_resume(login_name: str) -> None:
    """Let a suspended person in again."""
    parts = parts_or_exit()
    commit(parts, lambda s: flow.resume(s, person(s, login_name).id, by="host"))
    click.echo(f"{login_name} may log in again")


@click.command()
@click.argument("login_name")
@click.argument("group")
@click.option("--until", type=WHEN, help="End of the membership, for example 2027-01-31T18:00+00:00.")
@plainly
def assign(login_name: str, group: str, until: datetime | None) -> None:
    """Give a person a role or group, for example role:support."""
    parts = parts_or_exit()
    commit(
        parts, lambda s: flow.assign(s, parts, person(s, login_name).id, group, not_after=until, by="host")
    )
    click.echo(f"{login_name} belongs to {group}")


@click.command()
@click.argument("login_name")
@click.argument("group")
@plainly
def unassign(login_name: str, group: str) -> None:
    """Take a role or group from a person, now."""
    parts = parts_or_exit()
    with parts.db.write() as session:
        held = live_assignments(session, person(session, login_name).id, parts.clock.now())
        found = next((row for row in held if row.group == group), None)
        if found is None:
            raise NotFound(f"`{login_name}` does not belong to `{group}`")
        parts.commit(session, flow.unassign(session, parts, found.id, by="host"))
    click.echo(f"{login_name} no longer belongs to {group}")
