"""Excel's tables as flows see them: text cells, few filters, columns that are there, worksheets and scripts."""

from __future__ import annotations

import pytest
from tests.connectors.packs.calling import Service

BOOK = {"drive": "d", "file": "Stock.xlsx"}
TABLE = {**BOOK, "table": "Parts"}


@pytest.fixture
def excel() -> Service:
    parts = [{"Sku": "a-1", "Count": 12, "Hot": True}, {"Sku": "a-2", "Count": 3.5, "Hot": False}]
    books = {"Stock.xlsx": {"Parts": parts, "Empty": {"columns": ["Sku", "Note"]}}}
    return Service("excelonlinebusiness", {"workbooks": books, "scripts": {"tidy": {"rows": 2}}})


def test_numbers_come_as_text(excel: Service) -> None:
    row = excel.call("GetItem", **TABLE, idColumn="Sku", id="a-1").body

    assert (row["Count"], row["Hot"]) == ("12", "TRUE")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"$filter": "Count gt 5"}, "'gt' is not supported"),
        ({"$filter": "Sku eq 'a-1' or Sku eq 'a-2'"}, "only one filter function"),
        ({"$orderby": "Sku,Count"}, "only one column"),
    ],
)
def test_a_query_beyond_what_excel_can_do_is_refused(excel: Service, query: dict[str, str], words: str) -> None:
    refused = excel.call("GetItems", **TABLE, **query)

    assert (refused.status_code, words in refused.body["error"]["message"]) == (400, True)


def test_words_in_a_text_are_no_operators(excel: Service) -> None:
    found = excel.call("GetItems", **TABLE, **{"$filter": "Sku ne 'x gt y' and startswith(Count,'1')"})

    assert [row["Sku"] for row in found.body["value"]] == ["a-1"]


@pytest.mark.parametrize(
    ("operation", "given", "status"),
    [
        ("GetItems", {"drive": "d", "file": "Other.xlsx", "table": "Parts"}, 404),
        ("GetItems", {**BOOK, "table": "Partz"}, 404),
        ("PatchItem", {**TABLE, "idColumn": "Sku", "id": "a-1", "item__Colour": "red"}, 400),
        ("PatchItem", {**TABLE, "idColumn": "sku", "id": "a-1", "item__Count": "1"}, 400),
        ("AddRowV2", {**BOOK, "table": "Empty", "item__Colour": "red"}, 400),
        ("AddRowV2", {**BOOK, "table": "Empty", "item__Sku": "b-1"}, 201),
        ("CreateTable", {**BOOK, "table__TableName": "Parts", "table__Range": "A1:B1"}, 400),
        ("CreateTable", {**BOOK, "table__TableName": "New", "table__Range": "somewhere"}, 400),
        ("RunScriptProdV2", {**BOOK, "scriptDrive": "s", "scriptId": "unknown"}, 404),
    ],
)
def test_what_is_not_there_is_refused(excel: Service, operation: str, given: dict[str, str], status: int) -> None:
    assert excel.call(operation, **given).status_code == status


def test_a_table_is_made_with_a_key_column(excel: Service) -> None:
    excel.call("CreateTable", **BOOK, table__TableName="Log", table__Range="Sheet1!$A$1:$C$1")
    new = {**BOOK, "table": "Log"}
    excel.call("AddRowV2", **new, item__Column1="x")
    excel.call("CreateIdColumn", **new, idColumn="Key", populateColumn=True)

    [row] = excel.call("GetItems", **new).body["value"]
    assert [table["name"] for table in excel.call("GetTables", **BOOK).body["value"]] == ["Parts", "Empty", "Log"]
    assert (row["Column1"], row["Column3"], bool(row["Key"])) == ("x", "", True)


def test_worksheets_are_added_once(excel: Service) -> None:
    made = [excel.call("CreateWorksheet", **BOOK, body__name="May").status_code for _ in range(2)]

    assert made == [201, 409]
    assert [sheet["name"] for sheet in excel.call("GetAllWorksheets", **BOOK).body["value"]] == ["Sheet1", "May"]


def test_a_script_answers_what_the_seed_says(excel: Service) -> None:
    ran = excel.call("RunScriptProdV2", **BOOK, scriptDrive="s", scriptId="ms-officescript%3A%2F%2Ftidy")

    assert ran.body["result"] == {"rows": 2}
