"""What happened cannot be changed without showing: alteration, gap, reordering, rewriting, cutting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from audit.chain import GENESIS, details_digest, record_hash, verify
from audit.checkpoint import read
from audit.events import Event, EventKind
from domain.errors import Invalid
from flows import chain
from models.audit import AuditDetail, AuditHead, AuditRecord
from tests.world import World


@pytest.fixture
def busy(world: World) -> World:
    """A world with some records."""
    for number in range(10):
        with world.parts.db.write() as session:
            world.parts.commit(
                session, Event(EventKind.LOGIN, f"prs_{number}", f"prs_{number}", {"n": number})
            )
    return world


def tamper(world: World, change: Callable[[Session], object]) -> None:
    with world.parts.db.write() as session:
        change(session)
        session.commit()


def breaks(world: World) -> list[tuple[int, str]]:
    return [(found.sequence, found.problem) for found in chain.verify(world.parts).breaks]


def test_an_untouched_chain_is_intact(busy: World) -> None:
    report = chain.verify(busy.parts)

    assert report.intact
    assert report.records >= 10


def test_an_altered_record_is_found_where_it_is(busy: World) -> None:
    tamper(
        busy, lambda s: s.execute(update(AuditRecord).where(AuditRecord.sequence == 7).values(actor="prs_x"))
    )

    assert breaks(busy) == [(7, "the record was altered")]


def test_altered_details_are_found_where_they_are(busy: World) -> None:
    tamper(
        busy,
        lambda s: s.execute(update(AuditDetail).where(AuditDetail.sequence == 7).values(details={"n": 99})),
    )

    assert breaks(busy) == [(7, "the details of the record were altered")]


def test_erased_details_leave_the_chain_whole(busy: World) -> None:
    tamper(busy, lambda s: s.execute(delete(AuditDetail).where(AuditDetail.sequence == 7)))

    report = chain.verify(busy.parts)

    assert report.intact
    assert report.erased == 1


def test_a_missing_record_is_found(busy: World) -> None:
    tamper(busy, lambda s: s.execute(delete(AuditRecord).where(AuditRecord.sequence == 7)))

    assert (7, "gap: records 7 to 7 are missing") in breaks(busy)


def test_swapped_records_are_found(busy: World) -> None:
    def swap(session: Session) -> None:
        for old, new in ((7, 1007), (8, 7), (1007, 8)):
            session.execute(update(AuditRecord).where(AuditRecord.sequence == old).values(sequence=new))

    tamper(busy, swap)

    assert {sequence for sequence, _ in breaks(busy)} >= {7, 8}


def test_a_cut_end_differs_from_the_head(busy: World) -> None:
    last = chain.verify(busy.parts).records
    tamper(busy, lambda s: s.execute(delete(AuditRecord).where(AuditRecord.sequence == last)))

    assert breaks(busy) == [(last, f"the chain ends at {last - 1}, its head says {last}")]


def rewrite(session: Session, *, keep: int) -> None:
    """Do what somebody with the database's password can: cut, or rehash everything, head included."""
    session.execute(delete(AuditRecord).where(AuditRecord.sequence > keep))
    session.execute(delete(AuditDetail).where(AuditDetail.sequence > keep))
    previous = GENESIS
    for record in session.scalars(select(AuditRecord).order_by(AuditRecord.sequence)):
        detail = session.get(AuditDetail, record.sequence)
        assert detail is not None
        if record.sequence == 3:
            record.actor = "prs_somebody_else"
        record.previous = previous
        record.details_digest = details_digest(detail.salt, detail.details)
        record.hash = previous = record_hash(record)
    session.execute(update(AuditHead).values(sequence=keep, hash=previous))


def test_a_chain_rewritten_whole_fools_the_chain_and_not_the_checkpoint(busy: World, tmp_path) -> None:
    file = tmp_path / "checkpoints"
    sequence = chain.write_checkpoint(busy.parts, file)
    known = read(file.read_text(), chain.checkpoint_keys(busy.parts))
    tamper(busy, lambda s: rewrite(s, keep=sequence))

    assert chain.verify(busy.parts).intact
    assert [found.problem for found in chain.verify(busy.parts, known).breaks] == [
        "the record differs from a signed checkpoint"
    ]


def test_a_chain_cut_before_a_checkpoint_is_found(busy: World, tmp_path) -> None:
    file = tmp_path / "checkpoints"
    sequence = chain.write_checkpoint(busy.parts, file)
    known = read(file.read_text(), chain.checkpoint_keys(busy.parts))
    tamper(busy, lambda s: rewrite(s, keep=sequence - 2))

    found = chain.verify(busy.parts, known).breaks

    assert (sequence, "a signed checkpoint names this record, and it is missing") in [
        (b.sequence, b.problem) for b in found
    ]


def test_records_after_the_last_checkpoint_are_the_stated_limit(busy: World, tmp_path) -> None:
    file = tmp_path / "checkpoints"
    sequence = chain.write_checkpoint(busy.parts, file)
    known = read(file.read_text(), chain.checkpoint_keys(busy.parts))
    with busy.parts.db.write() as session:
        busy.parts.commit(session, Event(EventKind.LOGIN, "prs_late", "prs_late"))

    def cut(session: Session) -> None:
        session.execute(delete(AuditRecord).where(AuditRecord.sequence > sequence))
        last = session.get(AuditRecord, sequence)
        assert last is not None
        session.execute(update(AuditHead).values(sequence=sequence, hash=last.hash))

    tamper(busy, cut)

    assert chain.verify(busy.parts, known).intact


def test_a_checkpoint_line_that_was_changed_is_refused(busy: World, tmp_path) -> None:
    file = tmp_path / "checkpoints"
    chain.write_checkpoint(busy.parts, file)
    head, body, signature = file.read_text().strip().split(".")

    with pytest.raises(Invalid) as refused:
        read(f"{head}.{body[:-2]}AA.{signature}", chain.checkpoint_keys(busy.parts))

    assert refused.value.code == "checkpoint-invalid"


def test_two_checkpoints_that_differ_about_one_record_are_a_break(busy: World) -> None:
    """The later line used to replace the earlier one."""
    with busy.parts.db.read() as session:
        record = session.get(AuditRecord, 7)
        assert record is not None
        pairs = [(7, "f" * 64), (7, record.hash)]
        found = [verify(session, known=order).breaks for order in (pairs, pairs[::-1])]

    assert all(
        any(b.problem == "two signed checkpoints differ about this record" for b in breaks)
        for breaks in found
    )


def test_an_empty_checkpoint_file_proves_nothing_and_is_refused(busy: World) -> None:
    with pytest.raises(Invalid) as refused:
        read("\n\n", chain.checkpoint_keys(busy.parts))

    assert refused.value.code == "checkpoint-empty"


def test_a_checkpoint_is_written_only_when_the_chain_grew(busy: World, tmp_path) -> None:
    file = tmp_path / "checkpoints"
    last = chain.write_checkpoint(busy.parts, file)

    assert chain.write_checkpoint(busy.parts, file, after=last) == last
    assert len(file.read_text().splitlines()) == 1


def test_records_hold_no_personal_data(busy: World) -> None:
    busy.person("imani", "role:support")

    with busy.parts.db.read() as session:
        rows = session.execute(text("SELECT actor, subject, kind, details_digest FROM audit_records")).all()

    assert not any("imani" in str(row).lower() for row in rows)


def test_the_chain_verifies_the_same_read_in_one_go(busy: World) -> None:
    with busy.parts.db.read() as session:
        assert verify(session) == chain.verify(busy.parts)
