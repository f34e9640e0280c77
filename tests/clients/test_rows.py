"""The table of rows: what no row lists is denied, and a path has one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward_client.rows import Public, Row, Table

LOGS = Row("GET", "/logs/{customer}", "read", "data:logs/{customer}")
TABLE = Table([
    Public("GET", "/"),
    Public("GET", "/healthz"),
    LOGS,
    Row("DELETE", "/logs/{customer}", "delete", "data:logs/{customer}"),
    Row("GET", "/logs/{customer}/lines/{line}", "read", "data:logs/{customer}/{line}"),
    Row("GET", "/reports/", "read", "data:reports"),
])  # fmt: skip


def test_a_request_is_the_row_that_lists_it() -> None:
    assert TABLE.find("GET", "/logs/acme") == Row("GET", "/logs/{customer}", "read", "data:logs/acme")
    assert TABLE.find("DELETE", "/logs/acme") == Row("DELETE", "/logs/{customer}", "delete", "data:logs/acme")
    assert TABLE.find("GET", "/logs/Acme.1/lines/7") == Row(
        "GET", "/logs/{customer}/lines/{line}", "read", "data:logs/Acme.1/7"
    )
    assert TABLE.find("GET", "/reports/") == Row("GET", "/reports/", "read", "data:reports")
    assert TABLE.find("GET", "/healthz") == Public("GET", "/healthz")
    assert TABLE.find("GET", "/") == Public("GET", "/")


UNLISTED = [
    ("POST", "/logs/acme"),
    ("HEAD", "/logs/acme"),
    ("get", "/logs/acme"),
    ("OPTIONS", "/logs/acme"),
    ("GET", "/logs"),
    ("GET", "/logs/"),
    ("GET", "/logs/acme/"),
    ("GET", "/logs/acme/lines"),
    ("GET", "/reports"),
    ("GET", "/LOGS/acme"),
    ("GET", "/Healthz"),
    ("GET", ""),
    ("GET", "*"),
    ("GET", "logs/acme"),
    ("GET", "//"),
    ("GET", "//logs/acme"),
    ("GET", "/logs//acme"),
    ("GET", "/logs/."),
    ("GET", "/logs/.."),
    ("GET", "/logs/./acme"),
    ("GET", "/healthz/../logs/acme"),
    ("GET", "/logs/..\\acme"),
    ("GET", "/logs\\acme"),
    ("GET", "/logs/ac%6de"),
    ("GET", "/logs/%2e%2e"),
    ("GET", "/logs/a%2fb"),
    ("GET", "/logs/a;x=1"),
    ("GET", "/logs/a\0"),
    ("GET", "/logs/a\n"),
    ("GET", "/healthz\n"),
    ("GET", "/logs/ä"),
    ("GET", "/logs/ａ"),
    ("GET", "/logs/a b"),
    ("GET", "/logs/a?b"),
    ("GET", "/logs/a#b"),
    ("GET", "/logs/{customer}"),
    ("GET", "http://x/logs/acme"),
]


@pytest.mark.parametrize(("method", "path"), UNLISTED)
def test_what_no_row_lists_in_its_one_spelling_is_not_found(method: str, path: str) -> None:
    assert TABLE.find(method, path) is None


@given(st.text(alphabet=st.sampled_from("/.%2eEaA\\;\0 \nlogs"), max_size=12))
def test_what_is_found_is_a_plain_segment_of_its_resource(rest: str) -> None:
    found = TABLE.find("GET", "/logs/" + rest)

    if isinstance(found, Row):
        segments = rest.removesuffix("/lines/").split("/")
        assert all(segment.replace(".", "").isalnum() for segment in segments), rest
        assert "/lines/" in found.path or found.resource == f"data:logs/{rest}"


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [LOGS, LOGS],
        [LOGS, Row("GET", "/logs/latest", "read", "data:logs")],
        [LOGS, Public("GET", "/logs/{other}")],
        [Row("GET", "/{a}/x", "read", "a:b"), Row("GET", "/y/{b}", "read", "a:b")],
        [Row("get", "/x", "read", "a:b")],
        [Row("*", "/x", "read", "a:b")],
        [Row("GET", "x", "read", "a:b")],
        [Row("GET", "/x/../y", "read", "a:b")],
        [Row("GET", "//x", "read", "a:b")],
        [Row("GET", "/x/{a}b", "read", "a:{a}")],
        [Row("GET", "/x/{a}/{a}", "read", "a:{a}")],
        [Row("GET", "/x/{a:path}", "read", "a:{a}")],
        [Row("GET", "/x/*", "read", "a:b")],
        [Row("GET", "/x/{a}", "read", "a:{b}")],
        [Row("GET", "/x/{a}", "read", "a:{a")],
        [Row("GET", "/x", "read", "logs")],
    ],
)
def test_a_table_that_could_be_read_in_two_ways_is_refused(rows: list[Row | Public]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Table(rows)


def test_rows_that_cannot_match_the_same_request_stand_beside_each_other() -> None:
    assert Table([LOGS, Row("PUT", "/logs/latest", "write", "data:logs"), Public("GET", "/logs/")])
