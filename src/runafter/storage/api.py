"""What every backend offers, and the queue item of a single statement."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from runafter.storage.batch import Batch, Row, Statement
from runafter.storage.faults import StorageFault

Dialect = Literal["sqlite", "postgres"]


class Command:
    """One statement in its own transaction, whose rows somebody waits for."""

    __slots__ = ("answer", "row", "statement")

    def __init__(self, statement: Statement, row: Row, answer: asyncio.Future[list[Row]]) -> None:
        self.statement = statement
        self.row = row
        self.answer = answer


Result = list[Row] | StorageFault | None


def deliver(item: Batch | Command, result: Result) -> None:
    """Tell whoever submitted the item how it ended."""
    if isinstance(item, Batch):
        if item.then is not None:
            assert not isinstance(result, list)
            item.then(result)
    elif not item.answer.done():
        if isinstance(result, StorageFault):
            item.answer.set_exception(result)
        else:
            item.answer.set_result(result or [])


class Storage(Protocol):
    """One database. Belongs to the event loop that opened it."""

    @property
    def dialect(self) -> Dialect: ...

    @property
    def is_shared(self) -> bool:
        """Whether other processes may use the same database."""
        ...

    def submit(self, batch: Batch) -> None:
        """Make the batch durable soon, together with others; then call `batch.then(None)`, or with the fault.

        Never blocks. Batches become durable in the order of submission.
        """
        ...

    async def execute(self, statement: Statement, *row: Any) -> list[Row]:
        """Run one writing statement in order with the batches and return its rows."""
        ...

    async def fetch(self, statement: Statement, *row: Any) -> list[Row]:
        """Run one reading statement beside the writer."""
        ...

    async def fetch_text(self, text: str, row: Sequence[Any]) -> list[Row]:
        """Run a reading statement put together by a room; parameters are written `$1`, `$2`, ..."""
        ...

    async def flush(self) -> None:
        """Return when everything submitted so far was made durable or refused."""
        ...

    async def close(self) -> None: ...


Statements = Mapping[str, Statement]
