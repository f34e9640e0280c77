"""`doorward resources`, `services` and `entities`: what can be opened, who guards it, who else may ask."""

from __future__ import annotations

import json

import click
from sqlalchemy.orm import Session

from commands.base import commit, parts_or_exit, plainly
from domain.errors import NotFound
from flows import catalog
from flows import services as flow
from flows.entities import remove_entity
from models import catalog as tables
from models import entities as stored
from models.people import all_live_assignments


@click.group()
def resources() -> None:
    """What can be opened."""


@resources.command("list")
@plainly
def resources_list() -> None:
    """List resources with their actions."""
    with parts_or_exit().db.read() as session:
        for row in tables.resources(session):
            click.echo(f"{row.id}  {', '.join(row.actions)}  {row.title}")


@resources.command("save")
@click.argument("resource")
@click.option("--title", required=True)
@click.option("--action", "actions", multiple=True, required=True, help="Give it once for each action.")
@click.option("--service", help="Name of the service that guards it.")
@click.option("--description", default="")
@plainly
def resources_save(
    resource: str, title: str, actions: tuple[str, ...], service: str | None, description: str
) -> None:
    """Enter RESOURCE (type:path), or change it."""
    parts = parts_or_exit()
    commit(
        parts,
        lambda s: catalog.save_resource(
            s,
            parts,
            id=resource,
            title=title,
            description=description,
            actions=actions,
            service_id=_service(s, service).id if service else None,
            by="host",
        ),
    )
    click.echo(f"{resource} is saved")


@resources.command("remove")
@click.argument("resource")
@plainly
def resources_remove(resource: str) -> None:
    """Remove RESOURCE: everything about it is denied once this returns."""
    parts = parts_or_exit()
    commit(parts, lambda s: catalog.remove_resource(s, parts, resource, by="host"))
    click.echo(f"{resource} is removed")


@click.group()
def services() -> None:
    """Services that ask Doorward, or get tokens. Enter them with `doorward load` or in the console."""


@services.command("list")
@plainly
def services_list() -> None:
    """List services with what they guard."""
    with parts_or_exit().db.read() as session:
        for row in tables.services(session):
            click.echo(f"{row.name}  {row.state}  {row.auth_method}  {', '.join(row.prefixes) or '-'}")


@services.command("secret")
@click.argument("name")
@plainly
def services_secret(name: str) -> None:
    """Make a new secret, shown once; older ones work for a day more."""
    parts = parts_or_exit()
    with parts.db.write() as session:
        secret, events = flow.make_secret(session, parts, _service(session, name).id, by="host")
        parts.commit(session, *events)
    click.echo(secret)


@services.command("disable")
@click.argument("name")
@plainly
def services_disable(name: str) -> None:
    """Stop a service for good: it may ask nothing, and the tokens it got end."""
    commit(parts_or_exit(), lambda s: flow.disable_service(s, _service(s, name).id, by="host"))
    click.echo(f"{name} is disabled")


@click.group()
def entities() -> None:
    """Subjects and resources that are no people here, with what is known of them. Enter them with `load`."""


@entities.command("list")
@click.option("--type", "types", multiple=True, help="Only this type.")
@plainly
def entities_list(types: tuple[str, ...]) -> None:
    """List entities with their groups and properties."""
    parts = parts_or_exit()
    with parts.db.read() as session:
        groups = all_live_assignments(session, parts.clock.now())
        for row in stored.entities(session, *types):
            held = ", ".join(sorted(groups[row.id])) or "-"
            click.echo(f"{row.key}  {held}  {json.dumps(row.properties, ensure_ascii=False)}")


@entities.command("remove")
@click.argument("entity")
@plainly
def entities_remove(entity: str) -> None:
    """Remove ENTITY (type:id): it may do nothing once this returns, and is no resource any more."""
    parts = parts_or_exit()
    with parts.db.write() as session:
        parts.commit(session, *remove_entity(session, parts, entity, by="host"))
    click.echo(f"{entity} is removed")


def _service(session: Session, name: str) -> tables.Service:
    found = tables.service_by_name(session, name)
    if found is None:
        raise NotFound(f"there is no service `{name}`", remedy="See: doorward services list")
    return found
