"""A bundle is compiled once a process, and asked for by its digest alone."""

from threading import Barrier, Thread
from typing import Any

from flows import bundles
from flows.bundles import Compiled
from policies.bundle import load
from tests.policies.world import allow, deny


def rules(number):
    return load(allow() + deny("remote_control") + allow(resource=f"data:r{number}", rule="more"))


def texts(monkeypatch, known):
    """Stand in for the table of bundles; return what was read of it."""
    read = []

    def text_of(_session, digest):
        read.append(digest)
        return known.get(digest)

    monkeypatch.setattr(bundles, "bundle_text", text_of)
    return read


def test_a_text_is_read_and_compiled_once_for_all_threads(monkeypatch):
    bundle = rules(1)
    read = texts(monkeypatch, {bundle.digest: bundle.text})
    compiled: Any = Compiled()
    found, start = [], Barrier(8)

    def ask():
        start.wait()
        found.append(compiled.of(None, bundle.digest))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert read == [bundle.digest]
    assert len({id(one) for one in found}) == 1
    assert found[0].digest == bundle.digest


def test_what_was_never_published_is_no_bundle_and_is_asked_for_again(monkeypatch):
    read = texts(monkeypatch, {})
    compiled: Any = Compiled()

    assert compiled.of(None, "sha256:0") is None
    assert compiled.of(None, "sha256:0") is None
    assert len(read) == 2


def test_the_next_one_is_made_from_the_newest_and_old_ones_go(monkeypatch):
    made = [rules(n) for n in range(12)]
    read = texts(monkeypatch, {b.digest: b.text for b in made})
    compiled: Any = Compiled()
    for bundle in made:
        assert compiled.of(None, bundle.digest).text == bundle.text

    assert compiled.of(None, made[-1].digest).rules.added
    assert len(read) == 12
    compiled.of(None, made[0].digest)
    assert len(read) == 13


def test_what_is_about_to_be_published_is_not_read_again(monkeypatch):
    read = texts(monkeypatch, {})
    compiled: Any = Compiled()
    bundle = rules(1)

    compiled.keep(bundle.digest, bundle)

    assert compiled.of(None, bundle.digest) is bundle
    assert read == []
