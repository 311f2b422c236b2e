from __future__ import annotations

import asyncio
import sqlite3

import pytest

from runafter.storage.batch import Batch, Merged, Statement
from runafter.storage.faults import (
    DatabaseCorrupt,
    DatabaseFull,
    DatabaseLocked,
    DatabaseUnreachable,
    SchemaMismatch,
    StorageFault,
)
from runafter.storage.open import open_storage
from runafter.storage.sqlite import open_sqlite

PUT = Statement("put", "bulk", 0, "INSERT INTO contents (hash, body) VALUES ($1, $2)")
PUT_ARRAYS = Statement(
    "put", "bulk", 0, "INSERT INTO contents (hash, body) SELECT * FROM unnest($1::bytea[], $2::bytea[])"
)
COUNT = "SELECT COUNT(*) FROM contents"


async def put(storage, key: bytes, body: bytes = b"x") -> StorageFault | None:
    done = asyncio.get_running_loop().create_future()
    batch = Batch(done.set_result)
    batch.add(PUT if storage.dialect == "sqlite" else PUT_ARRAYS, key, body)
    storage.submit(batch)
    return await done


async def test_a_group_is_refused_per_batch(tmp_path) -> None:
    storage = await open_storage(str(tmp_path / "a.db"))
    faults = await asyncio.gather(*[put(storage, key) for key in (b"1", b"2", b"1", b"3")])

    assert [fault is None for fault in faults] == [True, True, False, True]
    assert await storage.fetch_text(COUNT, ()) == [(3,)]
    await storage.close()


async def test_rows_of_any_number_are_written_in_chunks(tmp_path) -> None:
    storage = await open_storage(str(tmp_path / "a.db"))
    batch = Batch()
    for n in range(1003):
        batch.add(PUT, n.to_bytes(4, "big"), b"body%d" % n)
    storage.submit(batch)
    await storage.flush()

    assert await storage.fetch_text(COUNT, ()) == [(1003,)]
    assert await storage.fetch_text("SELECT body FROM contents WHERE hash = $1", ((777).to_bytes(4, "big"),)) == [
        (b"body777",)
    ]
    await storage.close()


async def test_closing_writes_what_was_submitted(tmp_path) -> None:
    storage = await open_storage(str(tmp_path / "a.db"))
    batch = Batch()
    batch.add(PUT, b"1", b"x")
    storage.submit(batch)
    await storage.close()

    again = await open_storage(f"sqlite:///{tmp_path / 'a.db'}")
    assert await again.fetch_text(COUNT, ()) == [(1,)]
    await again.close()


async def test_a_full_database_refuses_and_takes_up_again(tmp_path) -> None:
    storage = await open_sqlite(tmp_path / "a.db")
    pages = storage.session.connection.execute("PRAGMA page_count").fetchone()[0]
    storage.session.connection.execute(f"PRAGMA max_page_count = {pages + 3}")

    fault = await put(storage, b"1", b"x" * 100_000)

    assert isinstance(fault, DatabaseFull)
    assert fault.code == "DBF005"
    assert fault.hint
    assert await put(storage, b"2", b"small") is None
    storage.session.connection.execute("PRAGMA max_page_count = 100000")
    assert await put(storage, b"1", b"x" * 100_000) is None
    await storage.close()


async def test_a_locked_database_refuses_and_takes_up_again(tmp_path) -> None:
    storage = await open_sqlite(tmp_path / "a.db", busy_timeout_s=0.05)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    assert isinstance(await put(storage, b"1"), DatabaseLocked)
    assert await storage.fetch_text(COUNT, ()) == [(0,)]

    other.execute("ROLLBACK")
    other.close()
    assert await put(storage, b"1") is None
    await storage.close()


async def test_a_file_that_is_no_database_is_named(tmp_path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, and long enough to be looked at as a header of a file" * 20)

    with pytest.raises(DatabaseCorrupt, match=r"notes\.txt is damaged or no SQLite database"):
        await open_storage(str(path))


async def test_a_folder_that_does_not_exist_is_named(tmp_path) -> None:
    with pytest.raises(DatabaseUnreachable, match="cannot be opened"):
        await open_storage(str(tmp_path / "missing" / "a.db"))


async def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(DatabaseUnreachable, match="no database backend for 'mysql'"):
        await open_storage("mysql://localhost/x")


async def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(DatabaseUnreachable, match="cannot be reached"):
        await open_storage("postgresql://nobody@127.0.0.1:1/none")


async def test_a_database_of_a_newer_version_is_refused(url) -> None:
    if url == "memory:":
        pytest.skip("a memory database has no past")
    note = "INSERT INTO migrations (number, name, checksum) VALUES (999, 'x', 'y') RETURNING number"
    storage = await open_storage(url)
    await storage.execute(Statement("newer", "single", 0, note))
    await storage.close()

    with pytest.raises(SchemaMismatch, match="migration 999") as caught:
        await open_storage(url)
    assert "Upgrade" in (caught.value.hint or "")


async def test_a_migration_in_another_wording_is_refused(url) -> None:
    if url == "memory:":
        pytest.skip("a memory database has no past")
    storage = await open_storage(url)
    await storage.execute(Statement("edit", "single", 0, "UPDATE migrations SET checksum = 'z' RETURNING number"))
    await storage.close()

    with pytest.raises(SchemaMismatch, match="another wording"):
        await open_storage(url)


async def test_a_database_is_opened_twice_without_harm(url) -> None:
    first = await open_storage(url)
    assert await put(first, b"1") is None
    second = await open_storage(url)

    expected = 0 if url == "memory:" else 1
    assert await second.fetch_text(COUNT, ()) == [(expected,)]
    await first.close()
    await second.close()


async def test_a_statement_that_fails_is_reported_to_its_waiter(storage) -> None:
    with pytest.raises(StorageFault):
        await storage.execute(Statement("bad", "single", 0, "UPDATE nothing SET x = 1"))
    assert await put(storage, b"1") is None


def test_guards_of_one_key_are_joined() -> None:
    guard = Statement("guard", "guard", 2, "")
    batches = [Batch(), Batch(), Batch()]
    batches[0].add(guard, "r", "h", 1, 2)
    batches[1].add(guard, "r", "h", 2, 5)
    batches[2].add(guard, "q", "h", 0, 1)

    assert Merged(batches).work == [(guard, [("r", "h", 1, 5), ("q", "h", 0, 1)])]
    batches[2].add(guard, "r", "h", 4, 6)
    assert Merged(batches).clash


async def test_a_new_database_is_private(tmp_path) -> None:
    storage = await open_storage(str(tmp_path / "a.db"))
    await storage.close()

    assert (tmp_path / "a.db").stat().st_mode & 0o077 == 0
