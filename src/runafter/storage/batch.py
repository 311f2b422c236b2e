"""What one transaction shall do, and how a group of such wishes becomes few statements.

Rules of a group:

1. Statements run in the order of their `rank`; rows of one statement in order
   of submission. So a room gives a row that others build upon a lower rank.
2. A *guard* moves a key from an expected position to the next. Guards of one
   key within a group are joined. If a guard does not find what it expects, the
   group is rolled back and each of its batches is tried alone, so that only
   the stale batch is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from runafter.storage.faults import StorageFault

Row = tuple[Any, ...]
Then = Callable[[StorageFault | None], None]
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(row: Sequence[Any]) -> Row:
    """Return a row whose texts every database takes: NUL and halves of surrogate pairs become U+FFFD.

    For rows that were refused: looking at every text would cost more than all else. Documents are bytes and keep
    such characters; what becomes a column's text (a caller's tracking id, a service's error code) must not be
    why a run cannot go on.
    """
    return tuple(_UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value for value in row)


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One SQL statement in every dialect.

    A `bulk` statement writes many rows at once: SQLite repeats its one
    `VALUES (...)` group, PostgreSQL gets a column array per parameter
    (`unnest`). A `guard` is a bulk update of rows (key, owner, expected, new).
    A `single` one takes one row of parameters and may return rows.
    """

    name: str
    kind: Literal["bulk", "guard", "single"]
    rank: int
    text: str


class Batch:
    """Rows of one transaction. Durable together or refused together."""

    __slots__ = ("rows", "then")

    def __init__(self, then: Then | None = None) -> None:
        self.rows: list[tuple[Statement, Row]] = []
        self.then = then

    def add(self, statement: Statement, *row: Any) -> None:
        self.rows.append((statement, row))


class Merged:
    """The rows of a group by statement, in order of rank; `clash` when guards of one key do not continue each other."""

    __slots__ = ("clash", "work")

    def __init__(self, batches: Sequence[Batch]) -> None:
        rows: dict[Statement, list[Row]] = {}
        guards: dict[Statement, dict[Any, Row]] = {}
        self.clash = False
        for batch in batches:
            for statement, row in batch.rows:
                if statement.kind == "guard":
                    known = guards.setdefault(statement, {})
                    before = known.get(row[0])
                    if before is None:
                        known[row[0]] = row
                    elif before[3] == row[2] and before[1] == row[1]:
                        known[row[0]] = (row[0], row[1], before[2], row[3])
                    else:
                        self.clash = True
                else:
                    found = rows.get(statement)
                    if found is None:
                        rows[statement] = [row]
                    else:
                        found.append(row)
        work = [(statement, list(known.values())) for statement, known in guards.items()]
        work.extend(rows.items())
        work.sort(key=lambda pair: pair[0].rank)
        self.work = work

    def made_storable(self) -> list[tuple[Statement, list[Row]]]:
        """Return the work with texts that every database takes."""
        return [(statement, [storable(row) for row in rows]) for statement, rows in self.work]
