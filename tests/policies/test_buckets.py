"""Buckets hold every rule once, crowded or not, and a changed copy leaves the first as it was."""

from hypothesis import given
from hypothesis import strategies as st

from policies.buckets import Buckets

columns = st.tuples(
    st.sampled_from(["role:a", "role:b", "*"]),
    st.sampled_from(["read", "*"]),
    st.sampled_from(["data:x", "*"]),
)


def made(rows):
    return Buckets.of([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])


def everything(buckets, rows):
    """Ask for each place in turn, and in crowds for each subject, and return what was found."""
    found = set()
    for action, table in buckets.by_action.items():
        for resource, bucket in table.items():
            whole = list(buckets.whole((table,), (resource,)))
            if isinstance(bucket, dict):
                each = [n for name in {row[0] for row in rows} for n in buckets.of_crowd(bucket, {name})]
                assert sorted(each) == sorted(whole)
            assert len(set(whole)) == len(whole)
            found |= {(number, rows[number][0], action, resource) for number in whole}
    return found


@given(st.lists(columns, max_size=60))
def test_each_rule_lies_where_its_columns_say(rows):
    buckets = made(rows)

    assert everything(buckets, rows) == {(n, *row) for n, row in enumerate(rows)}


@given(st.lists(columns, min_size=1, max_size=60), st.data())
def test_a_changed_copy_has_what_it_says_and_the_first_is_as_it_was(rows, data):
    gone = data.draw(st.sets(st.integers(0, len(rows) - 1)))
    come = data.draw(st.lists(columns, max_size=12))
    first, subjects = made(rows), [row[0] for row in (*rows, *come)]

    copy = first.changed(
        subjects,
        gone=[(n, *rows[n][1:]) for n in sorted(gone)],
        come=[(len(rows) + n, *row[1:]) for n, row in enumerate(come)],
    )

    kept = {(n, *row) for n, row in enumerate((*rows, *come)) if n not in gone}
    assert everything(copy, (*rows, *come)) == kept
    assert everything(first, rows) == {(n, *row) for n, row in enumerate(rows)}
