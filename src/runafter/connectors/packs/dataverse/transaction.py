"""Writes that all stay or all go."""

from __future__ import annotations

from runafter.connectors.spec import Row, Store


class Transaction:
    """Passes writes to a store and can take them back: of a changeset, of a bulk message."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._before: list[tuple[str, str, Row | None]] = []

    @property
    def revision(self) -> int:
        return self._store.revision

    def get(self, table: str, key: str) -> Row | None:
        return self._store.get(table, key)

    def put(self, table: str, key: str, row: Row) -> None:
        self._before.append((table, key, self._store.get(table, key)))
        self._store.put(table, key, row)

    def delete(self, table: str, key: str) -> bool:
        self._before.append((table, key, self._store.get(table, key)))
        return self._store.delete(table, key)

    def rows(self, table: str) -> list[tuple[str, Row]]:
        return self._store.rows(table)

    def tables(self) -> list[str]:
        return self._store.tables()

    def next_number(self, sequence: str) -> int:
        return self._store.next_number(sequence)

    def roll_back(self) -> None:
        for table, key, row in reversed(self._before):
            if row is None:
                self._store.delete(table, key)
            else:
                self._store.put(table, key, row)
