from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.connectors.packs.calling import Service

from runafter.connectors.packs.sql.tsql import Statement, batch
from runafter.protocol.commands import CallOperation, Target
from runafter.tenant.clock import ManualClock
from runafter.tenant.seeds import apply_seed
from runafter.tenant.tenant import Tenant

WHERE = {"server": "default", "database": "default"}
SHOP = {
    "databases": {
        "default": {
            "tables": {
                "dbo.Orders": {
                    "columns": {
                        "Id": "INT IDENTITY(1,1) PRIMARY KEY",
                        "Title": "NVARCHAR(50) NOT NULL",
                        "Amount": "REAL",
                        "Paid": "BIT",
                    },
                    "rows": [{"Title": "first", "Amount": 10, "Paid": False}, {"Title": "second", "Amount": 20}],
                },
                "hr.People": {"columns": {"Name": "TEXT", "Team": "TEXT"}, "primary_key": ["Name", "Team"], "rows": []},
                "dbo.Counters": {
                    "columns": {"Name": "TEXT PRIMARY KEY", "Value": "INTEGER CHECK (Value >= 0)"},
                    "rows": [{"Name": "orders", "Value": 5}],
                },
            },
            "procedures": {
                "dbo.usp_Increment": {
                    "parameters": ["Name!", "By"],
                    "sql": [
                        "UPDATE Counters SET Value = Value + COALESCE(:By, 1) WHERE Name = :Name",
                        "SELECT Value FROM Counters WHERE Name = :Name",
                    ],
                    "outputs": ["Value"],
                },
                "dbo.usp_MoveAndFail": {
                    "parameters": [],
                    "sql": [
                        "UPDATE Counters SET Value = 100 WHERE Name = 'orders'",
                        "UPDATE Counters SET Value = -1 WHERE Name = 'orders'",
                    ],
                },
            },
        }
    }
}


@pytest.fixture
def sql() -> Service:
    return Service("sql", SHOP)


def query(sql: Service, text: str, **values: Any) -> Any:
    outcome = sql.call("ExecutePassThroughNativeQuery_V2", **WHERE, query__query=text, query__actualParameters=values)
    assert outcome.status_code == 200, outcome.message
    return outcome.body["ResultSets"].get("Table1")


def test_rows_are_listed_by_filter_order_and_selection(sql: Service) -> None:
    outcome = sql.call(
        "GetItems_V2", **WHERE, table="[dbo].[Orders]", **{"$filter": "Amount gt 15", "$select": "Title"}
    )

    (row,) = outcome.body["value"]
    assert row["Title"] == "second"
    assert set(row) == {"Title", "ItemInternalId"}


def test_a_row_is_inserted_read_changed_and_deleted(sql: Service) -> None:
    created = sql.call("PostItem_V2", **WHERE, table="[dbo].[Orders]", item__Title="third", item__Paid=True)
    ident = created.body["Id"]
    changed = sql.call("PatchItem_V2", **WHERE, table="[dbo].[Orders]", id=ident, item__Amount=7)
    read = sql.call("GetItem_V2", **WHERE, table="[dbo].[Orders]", id=ident)
    deleted = sql.call("DeleteItem_V2", **WHERE, table="[dbo].[Orders]", id=ident)
    again = sql.call("GetItem_V2", **WHERE, table="[dbo].[Orders]", id=ident)

    assert (ident, created.body["Paid"]) == (3, True)
    assert changed.body["Amount"] == 7
    assert read.body["Title"] == "third"
    assert deleted.status_code == 200
    assert (again.status_code, again.message) == (404, "No row was found with Id '3'.")


def test_an_identity_is_never_given_twice(sql: Service) -> None:
    sql.call("PostItem_V2", **WHERE, table="Orders", item__Title="third")
    sql.call("DeleteItem_V2", **WHERE, table="Orders", id=3)

    created = sql.call("PostItem_V2", **WHERE, table="Orders", item__Title="fourth")

    assert created.body["Id"] == 4


def test_a_composite_key_is_written_with_commas(sql: Service) -> None:
    sql.call("PostItem_V2", **WHERE, table="[hr].[People]", item__Name="Ada", item__Team="IT")

    assert sql.call("GetItem_V2", **WHERE, table="[hr].[People]", id="Ada,IT").body["Team"] == "IT"
    assert sql.call("GetItem_V2", **WHERE, table="[hr].[People]", id="Ada").status_code == 400


@pytest.mark.parametrize(
    ("operation", "parameters", "status", "words"),
    [
        ("GetItems_V2", {"table": "Missing"}, 404, "Could not find the table 'Missing'"),
        ("PostItem_V2", {"table": "Orders", "item__Wrong": 1}, 400, "Could not find the column 'Wrong'"),
        ("PostItem_V2", {"table": "Counters", "item__Name": "orders"}, 400, "UNIQUE constraint failed"),
        ("PatchItem_V2", {"table": "Counters", "id": "orders", "item__Value": -1}, 400, "CHECK constraint failed"),
        ("ExecuteProcedure_V2", {"procedure": "[dbo].[usp_None]"}, 400, "Could not find stored procedure"),
        ("ExecuteProcedure_V2", {"procedure": "usp_Increment"}, 400, "expects parameter '@Name'"),
        ("ExecuteProcedure_V2", {"procedure": "usp_MoveAndFail", "parameters__X": 1}, 400, "is not a parameter"),
        ("GetItems_V2", {"table": "Orders", "$apply": "aggregate(Amount with sum as T)"}, 400, "does not run $apply"),
    ],
)
def test_a_wrong_call_fails_with_the_service_s_words(
    sql: Service, operation: str, parameters: dict[str, Any], status: int, words: str
) -> None:
    outcome = sql.call(operation, **WHERE, **parameters)

    assert outcome.status_code == status
    assert words in outcome.body["message"]


def test_databases_keep_their_tables_apart_and_an_unknown_one_is_refused_by_name() -> None:
    columns = {"A": "INTEGER"}
    one, two = {"columns": columns, "rows": [{"A": 1}]}, {"columns": columns, "rows": []}
    sql = Service("sql", {"databases": {"one": {"tables": {"T": one}}, "two": {"tables": {"T": two}}}})

    found = {name: sql.call("GetItems_V2", server="s", database=name, table="T") for name in ("One", "two", "three")}

    assert [len(found[name].body["value"]) for name in ("One", "two")] == [1, 0]
    assert found["three"].status_code == 404
    assert "Cannot open database 'three'" in (found["three"].message or "")


def test_a_procedure_gives_its_result_sets_and_output_parameters(sql: Service) -> None:
    outcome = sql.call(
        "ExecuteProcedure_V2", **WHERE, procedure="[dbo].[usp_Increment]", parameters__Name="orders", parameters__By=3
    )

    assert outcome.body == {
        "ResultSets": {"Table1": [{"Value": 8}]},
        "OutputParameters": {"Value": 8},
        "ReturnCode": 0,
    }


def test_a_procedure_that_fails_leaves_nothing_behind(sql: Service) -> None:
    outcome = sql.call("ExecuteProcedure_V2", **WHERE, procedure="usp_MoveAndFail")

    assert outcome.status_code == 400
    assert query(sql, "SELECT Value FROM Counters") == [{"Value": 5}]


def test_a_handler_stands_in_for_a_procedure() -> None:
    sql = Service("sql", SHOP)
    sql.tenant.handle("sql/usp_Elsewhere", lambda values: [{"Twice": values["N"] * 2}])

    outcome = sql.call("ExecuteProcedure_V2", **WHERE, procedure="[dbo].[usp_Elsewhere]", parameters__N=21)

    assert outcome.body["ResultSets"] == {"Table1": [{"Twice": 42}]}


@pytest.mark.parametrize("number", range(200))
def test_twenty_concurrent_increments_from_five_end_at_twenty_five(number: int) -> None:
    async def run() -> Any:
        tenant = Tenant(clock=ManualClock(), seed=number, profile="documented")
        apply_seed(tenant, {"sql": SHOP})
        target = Target(type="OpenApiConnection", api="shared_sql", operation="ExecuteProcedure_V2")
        inputs = {"parameters": {**WHERE, "procedure": "[dbo].[usp_Increment]", "parameters/Name": "orders"}}
        calls = [CallOperation(id=f"r/a/{n}", run_id="r", action="a", target=target, inputs=inputs) for n in range(20)]
        outcomes = await asyncio.gather(*(tenant.perform(call) for call in calls))
        return tenant, {outcome.body["OutputParameters"]["Value"] for outcome in outcomes}

    tenant, seen = asyncio.run(run())

    assert [row["Value"] for _, row in tenant.store_of("sql").rows("default/dbo.Counters")] == [25]
    assert seen == set(range(6, 26))


def test_reading_and_then_writing_in_two_calls_loses_updates(sql: Service) -> None:
    read = [sql.call("GetItem_V2", **WHERE, table="Counters", id="orders").body["Value"] for _ in range(20)]
    for value in read:
        sql.call("PatchItem_V2", **WHERE, table="Counters", id="orders", item__Value=value + 1)

    assert query(sql, "SELECT Value FROM Counters") == [{"Value": 6}]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("SELECT TOP 1 Title FROM [dbo].[Orders] ORDER BY Id DESC", [{"Title": "second"}]),
        ("SELECT TOP (1) o.Title FROM shop.dbo.Orders o WITH (NOLOCK) -- first", [{"Title": "first"}]),
        ("SELECT (SELECT TOP 1 Title FROM Orders) AS T", [{"T": "first"}]),
        ("SELECT Title FROM Orders ORDER BY Id OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY", [{"Title": "second"}]),
        ("SELECT ISNULL(Paid, 9) AS P FROM Orders WHERE Id = @id", [{"P": 9}]),
        ("SELECT N'a;b' AS T; ", [{"T": "a;b"}]),
        ("SELECT LEN('abc  ') AS L, LEFT('abcd', 2) AS A, RIGHT('abcd', 2) AS B, CHARINDEX('c', 'abc') AS C",
         [{"L": 3, "A": "ab", "B": "cd", "C": 3}]),
        ("SELECT DATEADD(month, 1, '2026-01-31') AS D", [{"D": "2026-02-28T00:00:00.000"}]),
        ("SELECT DATEDIFF(day, '2026-01-31', '2026-02-02') AS D, YEAR('2026-02-02') AS Y", [{"D": 2, "Y": 2026}]),
        ("SELECT CAST('2026-02-02' AS DATE) AS D", [{"D": "2026-02-02"}]),
        ("INSERT INTO Orders (Title) OUTPUT INSERTED.Id, INSERTED.Title VALUES ('x')", [{"Id": 3, "Title": "x"}]),
        ("SET NOCOUNT ON; UPDATE Orders SET Amount = 1; SELECT @@ROWCOUNT AS N", [{"N": 2}]),
        ("INSERT INTO Orders (Title) VALUES ('x'); SELECT SCOPE_IDENTITY() AS Id", [{"Id": 3}]),
        ("EXEC [dbo].[usp_Increment] @Name = 'orders', @By = @id", [{"Value": 7}]),
        ("EXEC usp_Increment 'orders'", [{"Value": 6}]),
    ],
)  # fmt: skip
def test_a_query_may_be_written_in_t_sql(sql: Service, text: str, rows: list[dict[str, Any]]) -> None:
    assert query(sql, text, **({"id": 2} if "@id" in text else {})) == rows


def test_the_time_of_a_query_is_the_tenant_s(sql: Service) -> None:
    before = query(sql, "SELECT GETUTCDATE() AS T, CURRENT_TIMESTAMP AS S")[0]
    sql.clock.advance(3600)
    after = query(sql, "SELECT DATEDIFF(second, @then, GETUTCDATE()) AS N", then=before["T"])[0]

    assert before["T"].startswith("2022-09-28T22:13:20")
    assert before["S"][:10] == before["T"][:10]
    assert after == {"N": 3600}


@pytest.mark.parametrize("word", ["DECLARE @x INT", "IF 1=1 SELECT 1", "MERGE Orders AS t", "WHILE 1=1 SELECT 1"])
def test_procedural_t_sql_is_refused_by_name(sql: Service, word: str) -> None:
    outcome = sql.call("ExecutePassThroughNativeQuery_V2", **WHERE, query__query=word)

    assert outcome.status_code == 400
    assert f"does not run {word.split(maxsplit=1)[0]}" in outcome.message


def test_a_variable_without_value_is_refused(sql: Service) -> None:
    outcome = sql.call("ExecutePassThroughNativeQuery_V2", **WHERE, query__query="SELECT @who AS W")

    assert outcome.message == 'Must declare the scalar variable "@who".'


def test_a_batch_may_create_and_drop_tables(sql: Service) -> None:
    query(sql, "CREATE TABLE dbo.Notes (Id INTEGER PRIMARY KEY, Text TEXT); INSERT INTO Notes VALUES (1, 'x')")
    kept = query(sql, "SELECT Text FROM Notes")
    query(sql, "DROP TABLE Notes")

    assert kept == [{"Text": "x"}]
    assert sql.call("GetItems_V2", **WHERE, table="Notes").status_code == 404


def test_a_column_added_by_a_batch_keeps_the_rows(sql: Service) -> None:
    query(sql, "ALTER TABLE Counters ADD COLUMN Note TEXT")
    query(sql, "UPDATE Counters SET Note = 'n'")

    assert query(sql, "SELECT * FROM Counters") == [{"Name": "orders", "Value": 5, "Note": "n"}]


def test_an_identity_of_another_call_is_not_this_one_s(sql: Service) -> None:
    query(sql, "INSERT INTO Orders (Title) VALUES ('x')")

    assert query(sql, "SELECT SCOPE_IDENTITY() AS Id") == [{"Id": None}]


def test_what_is_seeded_between_two_calls_is_met_by_the_second(sql: Service) -> None:
    before = query(sql, "SELECT Name FROM Counters")
    apply_seed(
        sql.tenant, {"sql": {"tables": {"dbo.Counters": {"columns": {"Name": "TEXT"}, "rows": [{"Name": "new"}]}}}}
    )

    assert before == [{"Name": "orders"}]
    assert query(sql, "SELECT * FROM Counters") == [{"Name": "new"}]


def test_a_failed_call_is_forgotten_and_the_next_one_meets_what_was_before(sql: Service) -> None:
    query(sql, "UPDATE Counters SET Value = 7; DELETE FROM Orders WHERE Id = 1")
    failed = sql.call(
        "ExecutePassThroughNativeQuery_V2", **WHERE, query__query="DELETE FROM Orders; UPDATE Counters SET Value = -1"
    )

    assert failed.status_code == 400
    assert query(sql, "SELECT Value FROM Counters") == [{"Value": 7}]
    assert query(sql, "SELECT Id FROM Orders") == [{"Id": 2}]


def test_a_batch_cannot_reach_files(sql: Service) -> None:
    outcome = sql.call("ExecutePassThroughNativeQuery_V2", **WHERE, query__query="ATTACH 'x.db' AS x")

    assert outcome.status_code == 400
    assert "not authorized" in outcome.message


def test_consumption_reaches_the_same_operations(sql: Service) -> None:
    rows = sql.request(
        "get",
        "/datasets/default/tables/@{encodeURIComponent('[dbo].[Orders]')}/items".replace(
            "@{encodeURIComponent('[dbo].[Orders]')}", "%255Bdbo%255D.%255BOrders%255D"
        ),
    )
    found = sql.request("post", "/v2/datasets/srv,default/query/sql", {"query": "SELECT COUNT(*) AS N FROM Orders"})
    done = sql.request("post", "/v2/datasets/srv,default/procedures/usp_Increment", {"Name": "orders"})

    assert len(rows.body["value"]) == 2
    assert found.body["ResultSets"]["Table1"] == [{"N": 2}]
    assert done.body["ReturnCode"] == 0


def test_the_built_in_connector_works_on_the_same_rows(sql: Service) -> None:
    inserted = sql.built_in("sql", "insertRow", tableName="Orders", setColumns={"Title": "x", "Amount": 1})
    changed = sql.built_in(
        "sql", "updateRows", tableName="Orders", setColumns={"Amount": 2}, columnValuesForWhereCondition={"Title": "x"}
    )
    listed = sql.built_in("sql", "getRows", tableName="Orders", columnValuesForWhereCondition={"Amount": 2})
    removed = sql.built_in("sql", "deleteRows", tableName="Orders", columnValuesForWhereCondition={"Title": "x"})
    asked = sql.built_in(
        "sql", "executeQuery", query="SELECT Title FROM Orders WHERE Id = @Id", queryParameters={"Id": 1}
    )

    assert inserted.body["Id"] == 3
    assert changed.body == listed.body == removed.body
    assert asked.body == [[{"Title": "first"}]]


def test_new_and_changed_rows_are_seen_by_the_triggers(sql: Service) -> None:
    def poll(operation: str) -> Any:
        outcome = sql.call(operation, **WHERE, table="Orders")
        return outcome.status_code, [row["Id"] for row in (outcome.body or {}).get("value", [])]

    first = (poll("GetOnNewItems_V2"), poll("GetOnUpdatedItems_V2"))
    sql.call("PostItem_V2", **WHERE, table="Orders", item__Title="third")
    sql.call("PatchItem_V2", **WHERE, table="Orders", id=1, item__Amount=99)

    assert first == ((202, []), (202, []))
    assert poll("GetOnNewItems_V2") == (200, [3])
    assert poll("GetOnUpdatedItems_V2") == (200, [1, 3])
    assert poll("GetOnNewItems_V2") == (202, [])


def test_tables_and_procedures_are_listed(sql: Service) -> None:
    tables = sql.call("GetTables_V2", **WHERE).body["value"]
    procedures = sql.call("GetProcedures_V2", **WHERE).body["value"]

    assert [entry["Name"] for entry in tables] == ["[dbo].[Counters]", "[dbo].[Orders]", "[hr].[People]"]
    assert [entry["DisplayName"] for entry in procedures] == ["usp_Increment", "usp_MoveAndFail"]


def test_a_text_with_odd_characters_stays_as_it_is() -> None:
    (statement,) = batch("SELECT 'it''s [x] TOP 1 -- no' AS \"dbo.y\" /* gone */")

    assert isinstance(statement, Statement)
    assert statement.text == "SELECT 'it''s [x] TOP 1 -- no' AS \"dbo.y\""
