"""What the documents say is what there is."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from pydantic import BaseModel
from sqlalchemy import text

from audit.events import EventKind
from commands import main as doorward
from crypto.keyring import read_root_key
from demo.company import CAST
from demo.softkey import AttestationAuthority
from domain.errors import NotFound
from flows import document as documents
from flows import load
from flows.document import read_document
from flows.invitation import look
from flows.people import bootstrap_link
from flows.session import current
from settings import PREFIX, Settings
from tests.world import HOME, World

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PLACES = (".", "docs", "docs/decisions", "agent", "clients/*", "evidence/data", "examples/*", "tests/vectors")
PAGES = sorted(page for place in PLACES for page in ROOT.glob(f"{place}/*.md"))
ON_SQLITE = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
ANCHORS = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
PROOF = re.compile(r"`(tests/[\w/]+\.py)((?:::\w+)*)`")
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str = "") -> list[str]:
    """Return what stands between fences of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", read(page), re.MULTILINE | re.DOTALL)


def rows(page: Path) -> list[list[str]]:
    """Return the cells of every line of a table."""
    lines = [line for line in read(page).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_every_kind_of_event_is_documented_in_its_words() -> None:
    documented = {row[0]: row[1] for row in rows(DOCS / "audit.md") if re.fullmatch(r"`\w+\.[\w-]+`", row[0])}

    assert documented == {f"`{kind.code}`": kind.text for kind in EventKind}


@ON_SQLITE
def test_every_route_is_documented_and_nothing_else_is(world: World) -> None:
    served = {
        (f"`{method}`", f"`{rule.rule}`")
        for rule in world.app().url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    documented = {(row[0], row[1]) for row in rows(DOCS / "routes.md") if row[0].startswith("`")}

    assert documented == served


@ON_SQLITE
def test_who_may_do_what_in_the_console_is_what_each_view_asks(world: World) -> None:
    app = world.app()
    documented = {(row[0], row[1]): row[2] for row in rows(DOCS / "routes.md")}
    asked = {}
    for rule in app.url_map.iter_rules():
        found = re.findall(
            r'\badmin\("(\w+)", "(\w+)"\)', inspect.getsource(app.view_functions[rule.endpoint])
        )
        if rule.rule.startswith("/admin/"):
            assert found, f"{rule.rule} does not ask who may"
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                asked[(f"`{method}`", f"`{rule.rule}`")] = " and ".join(map(" ".join, found))

    assert {key: documented[key] for key in asked} == asked


def test_every_reference_table_has_its_source() -> None:
    folder = ROOT / "evidence" / "data"
    tables = {path.name for path in folder.iterdir() if path.suffix in {".xz", ".json"}}

    assert tables == {row[0].strip("`") for row in rows(folder / "SOURCES.md") if row[0].startswith("`")}


@cache
def names_in(path: Path) -> frozenset[str]:
    tree = ast.parse(read(path))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    for file, names in PROOF.findall(read(page)):
        assert (ROOT / file).is_file(), file
        missing = {name for name in names.split("::") if name} - names_in(ROOT / file)
        assert not missing, f"{file} has no {missing}"


def test_every_promise_has_a_proof() -> None:
    measured = "".join(read(path) for path in (ROOT / "bench").glob("*.py"))

    for promise, proof in rows(DOCS / "promises.md")[2:]:
        names = re.findall(r"`([^`]+)`", proof)
        assert names, promise
        for name in names:
            assert PROOF.fullmatch(f"`{name}`") or f'"{name}"' in measured, f"{promise} {name}"


def slug(title: str) -> str:
    """Return the anchor that a heading gets."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    pictures_taken = any((DOCS / "images").glob("*.png"))  # by `make screens`; all of them or none
    for link in LINK.findall(read(page)):
        if re.match(r"[a-z]+:", link) or (link.endswith(".png") and not pictures_taken):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in {slug(title) for title in ANCHORS.findall(read(target))}, link


def commands() -> Iterator[tuple[str, str]]:
    """Return every `doorward …` line of the pages, with the page's name."""
    for page in PAGES:
        for block in blocks(page):
            for line in block.splitlines():
                found = re.match(r"(?:\S*/)?doorward (.+)$", line)
                if found:
                    yield name_of(page), found[1]


@pytest.mark.parametrize(("_page", "line"), tuple(commands()))
def test_every_command_of_a_page_can_be_given(_page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    command: click.Command = doorward
    while isinstance(command, click.Group) and words:
        command = command.commands[words.pop(0)]
    options = {name for parameter in command.params for name in parameter.opts}
    needed = [p for p in command.params if isinstance(p, click.Argument)]

    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    flags = {name for p in command.params if isinstance(p, click.Option) and p.is_flag for name in p.opts}

    assert given <= options
    assert len(words) == len(needed) + len(given) + len(given - flags)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}

    # What Kubernetes injects for a service of our name, and where the tests find vectors: no settings.
    assert set(re.findall(r"DOORWARD_[A-Z_]+[A-Z]", read(page))) - known <= {
        "DOORWARD_PORT",
        "DOORWARD_TEST_VECTORS",
    }


@ON_SQLITE
def test_the_documents_example_is_loaded(world: World, authority: AttestationAuthority) -> None:
    (example,) = blocks(DOCS / "load.md", "toml")
    document = CERTIFICATE.sub(lambda _: authority.certificate_pem, example)

    # Its networks are the test's own; they are left alone.
    loaded = load.load_document(world.parts, read_document(document.encode()), invites=True)

    assert set(loaded.secrets) == {"logs-api", "logs-viewer"}
    assert set(loaded.invites) == {"imani.okafor"}


def test_the_members_of_the_document_are_listed() -> None:
    tables: dict[str, type[BaseModel]] = {
        "key_models": documents.KeyModel, "networks": documents.NetworkEntry,
        "services": documents.ServiceEntry, "services.sites": documents.SiteEntry,
        "resources": documents.ResourceEntry,
        "people": documents.PersonEntry, "entities": documents.EntityEntry,
        "people.engagement": documents.EngagementEntry, "people.hours": documents.HoursEntry,
    }  # fmt: skip
    listed = {row[0].strip("`"): row[1] for row in rows(DOCS / "load.md") if row[0].strip("`") in tables}

    for table, model in tables.items():
        told = re.sub(r"\([^)]*\)", "", listed[table])
        names = [name.strip() for name in told.split(",")]
        expected = [f"*{n}*" if f.is_required() else n for n, f in model.model_fields.items()]
        assert sorted(names) == sorted(expected), table


@ON_SQLITE
def test_what_a_restore_is_followed_by_ends_sessions_and_links(world: World) -> None:
    """A backup brings back what has ended since; the statements of the page end it again."""
    imani = world.person("imani")
    world.login(imani)
    link = bootstrap_link(world.parts)
    assert link is not None
    (statements,) = blocks(DOCS / "operations.md", "sql")

    with world.parts.db.write() as session:
        for statement in re.sub(r"--.*", "", statements).split(";"):
            if statement.strip():
                session.execute(text(statement))
        session.commit()

    assert current(world.parts, imani.cookie, address=HOME) is None
    with pytest.raises(NotFound):
        look(world.parts, link.rpartition("/")[2])


def test_the_documented_way_makes_a_root_key(tmp_path: Path) -> None:
    found = re.search(r"python3 -c '([^']+)'", read(DOCS / "operations.md"))
    assert found is not None
    key = tmp_path / "root.key"
    key.touch(mode=0o600)

    printed = subprocess.run([sys.executable, "-c", found[1]], capture_output=True, text=True, check=True)
    key.write_text(printed.stdout)

    assert read_root_key(key)


def test_the_readme_tells_the_six_stories_of_the_demo() -> None:
    told = {row[0]: row[1] for row in rows(ROOT / "README.md") if len(row) == 2}

    for member in CAST.values():
        assert told[f"**{member.name}**"] == member.story


def test_every_decision_record_has_its_parts_and_fits_a_page() -> None:
    parts = [
        "Context", "Decision", "Drawbacks", "Alternatives", "Security and privacy", "Audit events",
        "How we will know",
    ]  # fmt: skip
    records = sorted((DOCS / "decisions").glob("*.md"))

    assert [record.name[:4] for record in records] == [f"{n:04}" for n in range(1, len(records) + 1)]
    for record in records:
        assert re.findall(r"^## (.+)$", read(record), re.MULTILINE) == parts, record.name
        assert re.search(r"^State: (draft|accepted|superseded by \d{4})\.$", read(record), re.MULTILINE)
        assert len(read(record).splitlines()) <= 60, record.name
