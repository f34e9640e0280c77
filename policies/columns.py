"""Where are a million rules kept? In columns: a rule is a number, and is read from its text when asked for.

A rule's subject and clause are what a decision looks at, so they stand in
columns; its id, action and resource are in the text already. Immutable once
made. Says nothing of which rules match: see ``policies.index``.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import overload

from policies.rules import Clause, Rule


class Rules(Sequence[Rule]):
    """The rules of one bundle, numbered from 0 in the order of their lines.

    *text* holds the first ``len(starts)`` rules, from those characters on;
    *added* holds the rows of later ones. Numbers in *removed* are no rules any
    more. *ids* are those of all rules.
    """

    __slots__ = ("added", "clauses", "ids", "removed", "starts", "subjects", "text")

    def __init__(
        self,
        text: str = "",
        starts: array[int] | None = None,
        subjects: list[str] | None = None,
        clauses: list[Clause] | None = None,
        ids: set[str] | None = None,
        added: tuple[str, ...] = (),
        removed: frozenset[int] = frozenset(),
    ) -> None:
        self.text = text
        self.starts = starts if starts is not None else array("L")
        self.subjects: list[str] = subjects if subjects is not None else []
        self.clauses: list[Clause] = clauses if clauses is not None else []
        self.ids: set[str] = ids if ids is not None else set()
        self.added = added
        self.removed = removed

    def __len__(self) -> int:
        return len(self.clauses) - len(self.removed)

    def __iter__(self) -> Iterator[Rule]:
        return (self.at(number) for number in range(len(self.clauses)) if number not in self.removed)

    @overload
    def __getitem__(self, index: int) -> Rule: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Rule]: ...
    def __getitem__(self, index: int | slice) -> Rule | Sequence[Rule]:
        if not self.removed and isinstance(index, int) and 0 <= index < len(self.clauses):
            return self.at(index)
        return tuple(self)[index]

    def succeeded(self, *, gone: frozenset[int], come: Rules) -> Rules:
        """Return these rules without the numbers of *gone* and with those of *come*, numbered on."""
        return Rules(
            self.text,
            self.starts,
            [*self.subjects, *come.subjects],
            [*self.clauses, *come.clauses],
            self.ids - {self.id(number) for number in gone} | come.ids,
            (*self.added, *(come.row(number) for number in range(len(come)))),
            self.removed | gone,
        )

    def row(self, number: int) -> str:
        """Return the line of a rule as it was written."""
        if number >= len(self.starts):
            return self.added[number - len(self.starts)]
        start = self.starts[number]
        end = self.text.find("\n", start)
        return self.text[start:] if end < 0 else self.text[start:end]

    def id(self, number: int) -> str:
        """Return the id of a rule."""
        return self.row(number).split(",", 2)[1].strip()

    def at(self, number: int) -> Rule:
        """Return the rule of a number that was not removed."""
        _, id_, _, action, resource, _ = self.row(number).split(",", 5)
        subject, clause = self.subjects[number], self.clauses[number]
        return Rule(id_.strip(), subject, action.strip(), resource.strip(), clause)
