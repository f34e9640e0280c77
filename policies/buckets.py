"""Where do rules on one action and one pattern lie? In buckets, found by both.

A bucket is the number of its last rule, from which `before` leads to the
others; a crowded one is a table by subject. Immutable once published: a
changed copy shares what did not change. Knows no request: see
``policies.index``.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

Bucket = int | dict[str, int]
Table = Mapping[str, Bucket]
_CROWD = 8
"""More rules than these on one action and pattern are looked up by their subject."""


class Buckets:
    """Numbers of rules by action column, then by resource column (a *table*)."""

    __slots__ = ("before", "by_action")

    def __init__(self, by_action: dict[str, dict[str, Bucket]], before: array[int]) -> None:
        self.by_action = by_action
        self.before = before

    @classmethod
    def of(cls, subjects: Sequence[str], actions: Sequence[str], resources: Sequence[str]) -> Buckets:
        """Return the buckets of rules 0, 1, 2 … whose columns these are."""
        before = array("l", [-1]) * len(actions)
        size = array("L", [1]) * len(actions)
        heads: dict[str, dict[str, int]] = {}
        crowded: dict[tuple[str, str], None] = {}
        for number, (action, resource) in enumerate(zip(actions, resources, strict=True)):
            by_pattern = heads.get(action)
            if by_pattern is None:
                by_pattern = heads[action] = {}
            last = by_pattern.get(resource)
            if last is not None:
                before[number] = last
                size[number] = size[last] + 1
                if size[number] > _CROWD:
                    crowded[action, resource] = None
            by_pattern[resource] = number
        by_action: dict[str, dict[str, Bucket]] = heads  # type: ignore[assignment]
        found = cls(by_action, before)
        for action, resource in crowded:
            by_action[action][resource] = found._by_subject(by_action[action][resource], subjects)
        return found

    def whole(self, tables: Iterable[Table], patterns: Sequence[str]) -> Iterator[int]:
        """Yield the rules of *tables* on one of *patterns*, whoever they are about."""
        for table in tables:
            for pattern in patterns:
                bucket = table.get(pattern, -1)
                for number in bucket.values() if isinstance(bucket, dict) else (bucket,):
                    yield from self._chain(number)

    def of_crowd(self, crowd: Mapping[str, int], names: Collection[str]) -> Iterator[int]:
        """Yield the rules of a crowded bucket that are about one of *names*."""
        # The smaller of both is walked: few names ask, or few subjects are spoken of.
        for name in crowd if len(crowd) < len(names) else names:
            if name in names:
                yield from self._chain(crowd.get(name, -1))

    def changed(
        self,
        subjects: Sequence[str],
        *,
        gone: Sequence[tuple[int, str, str]],
        come: Sequence[tuple[int, str, str]],
    ) -> Buckets:
        """Return a copy without the rules *gone* and with those that *come*: (number, action, resource) each.

        The numbers of new ones follow on those that are here, without a gap.
        """
        before = self.before[:]
        before.extend([-1] * len(come))
        by_action = dict(self.by_action)
        for action in {action for _, action, _ in (*gone, *come)}:
            by_action[action] = dict(by_action.get(action, {}))
        copy = Buckets(by_action, before)
        for number, action, resource in gone:
            copy._take_out(number, by_action[action], resource, subjects)
        for number, action, resource in come:
            copy._put_in(number, by_action[action], resource, subjects)
        copy.by_action = {action: by_pattern for action, by_pattern in by_action.items() if by_pattern}
        return copy

    def _take_out(
        self, number: int, by_pattern: dict[str, Bucket], pattern: str, subjects: Sequence[str]
    ) -> None:
        bucket = by_pattern[pattern]
        if isinstance(bucket, dict):
            crowd = dict(bucket)
            self._unlink(number, crowd, subjects[number])
            by_pattern[pattern] = crowd
            if not crowd:
                del by_pattern[pattern]
        else:
            self._unlink(number, by_pattern, pattern)  # type: ignore[arg-type]

    def _unlink(self, number: int, heads: dict[str, int], key: str) -> None:
        numbers = list(self._chain(heads[key]))
        position = numbers.index(number)
        after = self.before[number]
        if position:
            self.before[numbers[position - 1]] = after
        elif after >= 0:
            heads[key] = after
        else:
            del heads[key]

    def _put_in(
        self, number: int, by_pattern: dict[str, Bucket], pattern: str, subjects: Sequence[str]
    ) -> None:
        bucket = by_pattern.get(pattern, -1)
        if isinstance(bucket, dict):
            crowd = dict(bucket)
            self.before[number] = crowd.get(subjects[number], -1)
            crowd[subjects[number]] = number
            by_pattern[pattern] = crowd
            return
        self.before[number] = bucket
        by_pattern[pattern] = number
        if sum(1 for _ in self._chain(number)) > _CROWD:
            by_pattern[pattern] = self._by_subject(number, subjects)

    def _by_subject(self, bucket: Bucket, subjects: Sequence[str]) -> dict[str, int]:
        """Make a crowd of a chain, and part its links by subject."""
        assert isinstance(bucket, int)
        crowd: dict[str, int] = {}
        for number in reversed(list(self._chain(bucket))):
            self.before[number] = crowd.get(subjects[number], -1)
            crowd[subjects[number]] = number
        return crowd

    def _chain(self, number: int) -> Iterator[int]:
        while number >= 0:
            yield number
            number = self.before[number]
