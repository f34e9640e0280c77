"""Metadata is imported: what it says counts at once, for registered keys too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, update

from authn.metadata.refused import MetadataRefused
from domain.metadata import Freshness
from flows.trust import current_metadata, trust
from models.instance import instance, state_revision
from models.metadata import MetadataImport
from tests.authn.metadata.authority import house
from tests.authn.metadata.payload import entry
from tests.flows.metadata_desk import (
    OTHER,
    blob,
    model,
    recorded,
    sequence,
    take,
    take_bare,
)
from tests.world import Contractor, World


@pytest.fixture
def imani(world: World) -> Contractor:
    return world.person("imani", "role:support")


def refused(world: World, importing: Any) -> str:
    with pytest.raises(MetadataRefused) as caught:
        importing()
    return caught.value.code


def numbers(world: World) -> list[int]:
    with world.parts.db.read() as session:
        return list(session.scalars(select(MetadataImport.number).order_by(MetadataImport.id)))


def current_number(world: World) -> int | None:
    with world.parts.db.read() as session:
        metadata = current_metadata(session)
        return metadata.number if metadata else None


def test_what_was_imported_counts(world: World) -> None:
    done = take(world, blob(model(world, OTHER), entry(), no=291))

    assert (done.number, done.signed, done.known, done.freshness) == (291, True, False, Freshness.FRESH)
    assert done.counts["models"] == 2
    assert done.report["admitted"] == 2
    with world.parts.db.read() as session:
        trusted = trust(session, world.parts)
        assert [trusted.label(aaguid) for aaguid in (OTHER, entry()["aaguid"])] == ["Soft key", "Test key"]
    told = recorded(world, "metadata.imported")
    assert [(t["number"], t["signed"], t["source"], t["blocked"]) for t in told] == [
        (291, True, "file mds.jwt", 0)
    ]


def test_an_import_raises_both_revisions(world: World) -> None:
    def revisions() -> tuple[int, int]:
        with world.parts.db.read() as session:
            return instance(session).trust_revision, state_revision(session)

    before = revisions()
    take(world, blob(model(world)))

    assert all(after > was for after, was in zip(revisions(), before, strict=True))


def test_what_fido_did_not_sign_is_refused_and_recorded(world: World) -> None:
    forged = house().blob(b"{}") + b"A"

    assert refused(world, lambda: take(world, forged)) == "metadata-signature"
    assert refused(world, lambda: take(world, blob(), roots=None)) == "metadata-path"
    assert refused(world, lambda: take(world, b"x", dry_run=True)) == "metadata-signature"
    assert [t["code"] for t in recorded(world, "metadata.refused")] == ["metadata-signature", "metadata-path"]
    assert current_number(world) is None


def test_an_older_number_is_refused_and_recorded(world: World) -> None:
    take(world, blob(model(world), no=10))

    assert refused(world, lambda: take(world, blob(model(world), no=9))) == "metadata-older"
    assert [t["code"] for t in recorded(world, "metadata.refused")] == ["metadata-older"]
    assert current_number(world) == 10


def test_the_same_again_is_known_and_writes_nothing(world: World) -> None:
    take(world, blob(model(world)))
    before = sequence(world)

    again = take(world, blob(model(world)))

    assert again.known
    assert (sequence(world), numbers(world)) == (before, [7])


def test_the_same_number_with_other_content_is_taken(world: World) -> None:
    """A later release of ours may read more of the same file."""
    take(world, blob(model(world), no=7))

    assert not take(world, blob(model(world), entry(), no=7)).known
    assert numbers(world) == [7, 7]


def test_a_payload_without_signature_is_taken_until_one_was_signed(world: World) -> None:
    bare = take_bare(world, model(world), no=9_000_000)
    signed = take(world, blob(model(world), no=3))

    assert (bare.signed, signed.signed, signed.known) == (False, True, False)
    assert current_number(world) == 3
    assert refused(world, lambda: take_bare(world, model(world), no=9_000_001)) == "metadata-unsigned"
    assert current_number(world) == 3


def test_an_older_number_without_signature_is_refused_unless_it_is_forced(world: World) -> None:
    """It was taken in silence, and the models that the newer one blocks were admitted again."""
    take_bare(world, model(world), no=5)

    assert refused(world, lambda: take_bare(world, model(world), no=4)) == "metadata-older"
    assert refused(world, lambda: take_bare(world, model(world), no=4, dry_run=True)) == "metadata-older"
    assert current_number(world) == 5
    take_bare(world, model(world), no=4, force=True)
    assert current_number(world) == 4
    take_bare(world, model(world), no=5)
    assert current_number(world) == 5


def test_force_takes_nothing_back_that_fido_signed(world: World) -> None:
    take(world, blob(model(world), no=5))

    for number in (4, 5, 6):
        code = refused(world, lambda no=number: take_bare(world, model(world), no=no, force=True))
        assert code == "metadata-unsigned"
    assert refused(world, lambda: take(world, blob(model(world), no=4))) == "metadata-older"
    assert current_number(world) == 5


def test_the_same_signed_after_unsigned_is_not_known_already(world: World) -> None:
    take_bare(world, model(world))

    assert not take(world, blob(model(world))).known


def test_a_signed_import_counts_even_if_the_clock_went_back(world: World) -> None:
    take(world, blob(model(world), no=3))
    world.clock.advance(hours=-2)
    take(world, blob(model(world), no=4))

    assert current_number(world) == 4


def test_metadata_that_is_due_or_old_is_taken_and_says_so(world: World) -> None:
    assert take(world, blob(no=1, due="2026-11-01")).freshness is Freshness.GRACE
    assert take(world, blob(no=2, due="2026-09-01")).report["freshness"] == "stale"


def test_a_stored_body_that_cannot_be_read_counts_as_none(world: World, imani: Contractor) -> None:
    take(world, blob(model(world)))
    with world.parts.db.write() as session:
        session.execute(update(MetadataImport).values(body=b"spoilt"))
        session.commit()

    assert current_number(world) is None
    world.login(imani)
    assert not take(world, blob(model(world), no=8)).known
    assert current_number(world) == 8


def test_of_two_imports_at_once_the_higher_number_counts(world: World) -> None:
    raws = [blob(model(world), no=n) for n in range(1, 9)]

    def attempt(raw: bytes) -> str:
        try:
            take(world, raw)
        except MetadataRefused as error:
            return error.code
        return "taken"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, raws))

    assert current_number(world) == 8
    assert set(answers) <= {"taken", "metadata-older"}
    assert answers[-1] == "taken"
    with world.parts.db.read() as session:
        taken = list(
            session.scalars(
                select(MetadataImport.number).order_by(MetadataImport.imported_at, MetadataImport.id)
            )
        )
    assert len(taken) == answers.count("taken")
