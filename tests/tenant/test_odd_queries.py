"""Queries that name what is not there, Dataverse's own functions, and addresses that are none."""

from __future__ import annotations

import pytest
from tests.connectors.packs.calling import Service

from runafter.protocol.commands import CallOperation, Target

SITE = "https://contoso.sharepoint.com/sites/ops"
DAY = 24 * 3600 * 10_000_000
NOW = 639_089_568_000_000_000 + DAY // 2
"""2026-03-13T00:00:00Z and half a day."""


@pytest.fixture
def dataverse() -> Service:
    rows = [
        {"name": name, "due": due, "amount": amount}
        for name, due, amount in (
            ("old", "2026-01-02T08:00:00Z", 1),
            ("week", "2026-03-08T08:00:00Z", 2),
            ("yesterday", "2026-03-12T23:00:00Z", 3),
            ("today", "2026-03-13T09:00:00Z", 4),
            ("tomorrow", "2026-03-14T01:00:00Z", 5),
        )
    ]
    columns = {"name": "text", "due": "date", "amount": "number"}
    service = Service("dataverse", {"tables": {"tasks": {"columns": columns, "rows": rows}}})
    service.clock.ticks = NOW
    return service


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("Today(PropertyName='due')", ["today"]),
        ("Yesterday(PropertyName='due')", ["yesterday"]),
        ("Tomorrow(PropertyName='due')", ["tomorrow"]),
        ("LastXDays(PropertyName='due',PropertyValue=7)", ["week", "yesterday", "today"]),
        ("LastXHours(PropertyName='due',PropertyValue='4')", ["today"]),
        ("NextXDays(PropertyName='due',PropertyValue=2)", ["tomorrow"]),
        ("OlderThanXDays(PropertyName='due',PropertyValue=3)", ["old", "week"]),
        ("OlderThanXMonths(PropertyName='due',PropertyValue=2)", ["old"]),
        ("ThisMonth(PropertyName='due')", ["week", "yesterday", "today", "tomorrow"]),
        ("LastMonth(PropertyName='due')", []),
        ("ThisYear(PropertyName='due')", ["old", "week", "yesterday", "today", "tomorrow"]),
        ("ThisWeek(PropertyName='due')", ["week", "yesterday", "today", "tomorrow"]),
        ("OnOrAfter(PropertyName='due',PropertyValue='2026-03-13')", ["today", "tomorrow"]),
        ("OnOrBefore(PropertyName='due',PropertyValue='2026-03-12')", ["old", "week", "yesterday"]),
        ("On(PropertyName='due',PropertyValue='2026-03-12')", ["yesterday"]),
        ("In(PropertyName='name',PropertyValues=['old','week'])", ["old", "week"]),
        ('NotIn(PropertyName=\'name\',PropertyValues=["old","week"])', ["yesterday", "today", "tomorrow"]),
        ("Between(PropertyName='amount',PropertyValues=['2','3'])", ["week", "yesterday"]),
        ("BeginsWith(PropertyName='name',PropertyValue='to')", ["today", "tomorrow"]),
    ],
)
def test_a_query_function_is_the_filter_it_means(dataverse: Service, call: str, expected: list[str]) -> None:
    asked = f"Microsoft.Dynamics.CRM.{call} and name ne null"

    found = dataverse.call("ListRecords", entityName="tasks", **{"$filter": asked})

    assert [row["name"] for row in found.body["value"]] == expected


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("Under(PropertyName='due',PropertyValue='x')", "Microsoft.Dynamics.CRM.Under"),
        ("LastXDays(PropertyName='due',PropertyValue=many)", "whole number"),
        ("On(PropertyName='due',PropertyValue='soon')", "a date"),
        ("Today()", "needs PropertyName"),
        ("Today(PropertyName='due'", "not closed"),
    ],
)
def test_a_query_function_that_cannot_be_carried_out_is_named(dataverse: Service, call: str, words: str) -> None:
    refused = dataverse.call("ListRecords", entityName="tasks", **{"$filter": f"Microsoft.Dynamics.CRM.{call}"})

    assert (refused.status_code, words in refused.body["error"]["message"]) == (400, True)


COLUMNLESS = {
    "dataverse": ({"tables": {"tasks": {"columns": {"name": "text"}}}}, "ListRecords", {"entityName": "tasks"}),
    "sharepointonline": (
        {"sites": {SITE: {"lists": {"L": {"columns": {"name": "text"}}}}}}, "GetItems", {"dataset": SITE, "table": "L"}),
    "excelonlinebusiness": (
        {"workbooks": {"b.xlsx": {"T": {"columns": ["name"]}}}}, "GetItems", {"drive": "d", "file": "b.xlsx", "table": "T"}),
}  # fmt: skip
"""Per connector a seed with one column and no row, and how its rows are listed."""


@pytest.mark.parametrize(
    ("service", "option"),
    [
        *((service, {"$filter": "colour eq 'red'"}) for service in COLUMNLESS),
        *((service, {"$orderby": "colour desc"}) for service in COLUMNLESS),
        *((service, {"$select": "name,colour"}) for service in ("dataverse", "excelonlinebusiness")),
    ],
)
def test_a_query_that_names_a_column_that_is_not_there_is_refused(service: str, option: dict[str, str]) -> None:
    seed, operation, place = COLUMNLESS[service]

    refused = Service(service, seed).call(operation, **place, **option)

    assert (refused.status_code, "colour" in refused.body["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    "address", ["https://[bad", "nowhere", "", "ftp://files.example/x", "https://api.example:99999/x"]
)
def test_an_address_that_is_none_fails_the_call_by_name(address: str) -> None:
    web = Service("webcontents")
    call = CallOperation(
        id="1", run_id="r", action="a", target=Target(type="Http"), inputs={"method": "GET", "uri": address}
    )

    outcome = web.perform(call)

    assert (outcome.code, outcome.status_code, address in (outcome.message or "")) == ("InvalidUri", None, True)


@pytest.mark.parametrize(
    ("authentication", "words"),
    [
        ({"type": "Basik", "username": "u", "password": "p"}, "did you mean 'Basic'?"),
        ({"type": "Kerberos"}, "there are Basic, "),
        ({"type": "Basic", "username": "u"}, "needs 'password'"),
        ({"type": "ActiveDirectoryOAuth", "clientId": "c"}, "needs 'audience', 'secret'"),
        ("Basic", "no object"),
    ],
)
def test_an_authentication_that_the_platform_does_not_take_fails_the_call_by_name(
    authentication: object, words: str
) -> None:
    web = Service("webcontents", None)
    inputs = {"method": "GET", "uri": "https://graph.microsoft.com/v1.0/users", "authentication": authentication}

    outcome = web.perform(CallOperation(id="1", run_id="r", action="a", target=Target(type="Http"), inputs=inputs))

    assert (outcome.code, words in (outcome.message or "")) == ("InvalidAuthentication", True)


@pytest.mark.parametrize(
    ("authentication", "seen"),
    [
        ({"type": "Basic", "username": "u", "password": "p"}, "Basic dTpw"),
        ({"type": "raw", "value": "Key abc"}, "Key abc"),
        (
            {"type": "ManagedServiceIdentity", "audience": "https://vault.azure.net"},
            "Bearer emulated:https://vault.azure.net",
        ),
        ({"type": "ClientCertificate", "pfx": "AA=="}, None),
    ],
)
def test_an_emulated_endpoint_sees_who_calls(authentication: dict[str, str], seen: str | None) -> None:
    web = Service("http", {"endpoints": [{"url": "https://api.example/me"}]})
    inputs = {"method": "GET", "uri": "https://api.example/me", "authentication": authentication}

    web.perform(CallOperation(id="1", run_id="r", action="a", target=Target(type="Http"), inputs=inputs))

    [(_, request)] = web.tenant.store_of("http").rows("requests")
    assert request["headers"].get("Authorization") == seen


ORDERS = {
    "tables": {
        "dbo.Orders": {
            "columns": {
                "Id": "INT PRIMARY KEY",
                "Name": "NVARCHAR(5)",
                "Due": "DATETIME2",
                "Open": "BIT",
                "Sum": "DECIMAL(9,2)",
            }
        }
    }
}
PLACE = {"server": "default", "database": "default", "table": "[dbo].[Orders]"}


@pytest.mark.parametrize(
    ("column", "value", "fits"),
    [
        ("Id", "x", False),
        ("Id", 2**31, False),
        ("Id", "7", True),
        ("Name", "abcdef", False),
        ("Name", None, True),
        ("Due", "next week", False),
        ("Due", "2026-03-02T10:00:00Z", True),
        ("Open", "perhaps", False),
        ("Open", True, True),
        ("Sum", "1.5", True),
        ("Sum", "much", False),
    ],
)
def test_a_column_takes_what_its_type_holds(column: str, value: object, fits: bool) -> None:
    sql = Service("sql", ORDERS)
    item = {"item__Id": 1, f"item__{column}": value}

    answer = sql.call("PostItem_V2", **PLACE, **item)

    assert (answer.status_code == 200) is fits
    assert fits or column in answer.body["message"]


def test_rows_of_a_database_are_not_filtered_by_a_column_it_lacks() -> None:
    refused = Service("sql", ORDERS).call("GetItems_V2", **PLACE, **{"$filter": "Colour eq 'red'"})

    assert (refused.status_code, "Colour" in refused.body["message"]) == (400, True)
