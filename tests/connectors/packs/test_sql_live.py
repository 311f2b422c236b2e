"""The SQL transport on real databases: a SQLite file, a PostgreSQL server; other dialects by the text they are sent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.databases import new_postgres_url
from tests.contracts.mariadb import new_mariadb_url, run_mariadb

from runafter.connectors.packs.sql.transport import SqlTransport, connect, procedure_call, statement_of
from runafter.connectors.registry import default_registry
from runafter.connectors.spec import LiveCall
from runafter.protocol.commands import Target
from runafter.protocol.events import Outcome

SCHEMA = (
    "CREATE TABLE counters (name VARCHAR(20) PRIMARY KEY, value INTEGER CHECK (value >= 0), price NUMERIC(8, 2));"
    "INSERT INTO counters (name, value, price) VALUES ('orders', 5, 1.5)"
)
FUNCTION = """
CREATE FUNCTION increment(who TEXT) RETURNS TABLE (value INTEGER) LANGUAGE sql AS $$
    UPDATE counters SET value = counters.value + 1 WHERE counters.name = who RETURNING counters.value
$$
"""
PROCEDURE = (
    "CREATE PROCEDURE reset_counter(who TEXT) LANGUAGE sql AS $$ UPDATE counters SET value = 5 WHERE name = who $$"
)


async def perform(transport: SqlTransport, operation: str, **parameters: Any) -> Outcome:
    flat = {name.replace("__", "/"): value for name, value in parameters.items()}
    target = Target(type="OpenApiConnection", api="shared_sql", operation=operation)
    resolved = default_registry().resolve(target, {"parameters": {"server": "s", "database": "d", **flat}})
    return await transport(LiveCall(resolved=resolved, inputs=flat, base_url="", timeout_s=60))


async def query(transport: SqlTransport, text: str, **values: Any) -> Outcome:
    return await perform(
        transport, "ExecutePassThroughNativeQuery_V2", query__query=text, query__actualParameters=values
    )


@contextlib.asynccontextmanager
async def opened(backend: str, folder: Path) -> AsyncIterator[SqlTransport]:
    url = f"sqlite:///{folder / 'live.db'}"
    if backend == "mariadb":
        url = new_mariadb_url()
    elif backend == "postgres":
        url = new_postgres_url().replace("postgresql://", "postgresql+psycopg://", 1)
    transport = await connect({"url": url})
    try:
        assert (await query(transport, SCHEMA)).status_code == 200
        yield transport
    finally:
        await transport.close()


BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres), "mariadb"]


@pytest.mark.parametrize("backend", BACKENDS)
async def test_rows_are_inserted_read_changed_and_deleted(backend: str, tmp_path: Path) -> None:
    async with opened(backend, tmp_path) as transport:
        created = await perform(transport, "PostItem_V2", table="counters", item__name="x", item__value=1)
        changed = await perform(transport, "PatchItem_V2", table="counters", id="x", item__value=2)
        listed = await perform(transport, "GetItems_V2", table="[dbo].[counters]", **{"$filter": "value gt 2"})
        deleted = await perform(transport, "DeleteItem_V2", table="counters", id="x")
        gone = await perform(transport, "GetItem_V2", table="counters", id="x")

    assert created.body == {"name": "x", "value": 1, "price": None}
    assert changed.body["value"] == 2
    assert listed.body["value"] == [{"name": "orders", "value": 5, "price": 1.5}]
    assert deleted.status_code == 200
    assert gone.status_code == 404


@pytest.mark.parametrize("backend", BACKENDS)
async def test_parameters_are_bound_and_texts_left_alone(backend: str, tmp_path: Path) -> None:
    async with opened(backend, tmp_path) as transport:
        found = await query(transport, "SELECT '@who :who' AS t, value FROM counters WHERE name = @who", who="orders")

    assert found.body["ResultSets"] == {"Table1": [{"t": "@who :who", "value": 5}]}


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_batch_that_fails_leaves_nothing_behind(backend: str, tmp_path: Path) -> None:
    async with opened(backend, tmp_path) as transport:
        failed = await query(transport, "UPDATE counters SET value = 9; UPDATE counters SET value = -1")
        kept = await query(transport, "SELECT value FROM counters")
        missing = await perform(transport, "GetItems_V2", table="nothing")

    assert failed.status_code == 400
    assert "constraint" in failed.body["message"].lower()
    assert kept.body["ResultSets"]["Table1"] == [{"value": 5}]
    assert missing.status_code == 404


async def test_sqlite_refuses_stored_procedures_by_name(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as transport:
        outcome = await perform(transport, "ExecuteProcedure_V2", procedure="increment", parameters__who="orders")

    assert outcome.code == "CON040"


@pytest.mark.postgres
async def test_twenty_concurrent_increments_end_at_twenty_five_two_hundred_times(tmp_path: Path) -> None:
    async with opened("postgres", tmp_path) as transport:
        await query(transport, FUNCTION)
        await query(transport, PROCEDURE)
        ends = list[Any]()
        for _ in range(200):
            await perform(transport, "ExecuteProcedure_V2", procedure="reset_counter", parameters__who="orders")
            calls = [
                perform(transport, "ExecuteProcedure_V2", procedure="[increment]", parameters__who="orders")
                for _ in range(20)
            ]
            seen = {call.body["ResultSets"]["Table1"][0]["value"] for call in await asyncio.gather(*calls)}
            assert seen == set(range(6, 26))
            found = await query(transport, "SELECT value FROM counters")
            ends.append(found.body["ResultSets"]["Table1"][0]["value"])

    assert ends == [25] * 200


async def test_mariadb_counts_without_losing_any_and_takes_parameters_by_name(tmp_path: Path) -> None:
    async with opened("mariadb", tmp_path) as transport:
        run_mariadb(
            "CREATE PROCEDURE increment(IN who VARCHAR(20), IN step INT) BEGIN"
            " UPDATE counters SET value = value + step WHERE name = who; END",
            database=transport.engine.url.database,
        )
        calls = [
            perform(
                transport,
                "ExecuteProcedure_V2",
                procedure="[dbo].[increment]",
                parameters__step=1,
                parameters__who="orders",
            )
            for _ in range(20)
        ]
        statuses = {call.status_code for call in await asyncio.gather(*calls)}
        found = await query(transport, "SELECT value FROM counters")
        strange = await perform(transport, "ExecuteProcedure_V2", procedure="increment", parameters__nobody=1)

    assert statuses == {200}
    assert found.body["ResultSets"]["Table1"] == [{"value": 25}]
    assert (strange.status_code, "'nobody'" in (strange.message or "")) == (400, True)


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_statement_at_fault_is_400_and_not_worth_a_retry(backend: str, tmp_path: Path) -> None:
    async with opened(backend, tmp_path) as transport:
        outcome = await query(transport, "SELECT nothing FROM counters")

    assert outcome.status_code == 400
    assert "nothing" in outcome.body["message"]


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("mssql", "EXEC dbo.usp_Add @A=:A, @B=:B"),
        ("mysql", "CALL dbo.usp_Add(:A, :B)"),
        ("postgresql", "SELECT * FROM dbo.usp_Add(A => :A, B => :B)"),
    ],
)
def test_a_procedure_is_called_in_each_dialect_s_words(dialect: str, text: str) -> None:
    assert procedure_call(dialect, "dbo.usp_Add", {"A": 1, "B": 2}) == text


def test_only_parameters_become_bound_names() -> None:
    assert statement_of("SELECT @a, @@ROWCOUNT, 'x@a', b::text") == "SELECT :a, @@ROWCOUNT, 'x@a', b\\:\\:text"
