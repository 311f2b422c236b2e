"""What the emulators do not know is refused by its name, with what is near or what helps."""

from __future__ import annotations

from typing import Any

import pytest

SITE = "https://contoso.sharepoint.com/sites/ops"
FETCH = "<fetch><entity name='account'><link-entity name='contact'/></entity></fetch>"
ROWS = {"server": "d", "database": "d"}


@pytest.mark.parametrize(
    ("api", "operation", "parameters", "words"),
    [
        ("shared_sharepoint", "GetItems", {}, ("shared_sharepoint", "sharepointonline")),
        ("shared_office365", "SendEmailV9", {}, ("SendEmailV9", "SendEmailV2")),
        ("shared_sharepointonline", "GetItems", {"dataset": SITE, "table": "T", "$filtr": "x"}, ("$filtr", "$filter")),
        ("shared_teams", "PostMessageToConversation", {"poster": "User", "location": "Channel", "banana": 1}, ("banana",)),
        ("shared_sql", "ExecuteProcedure_V2", ROWS, ("'procedure'",)),
        ("shared_sharepointonline", "GetItems", {"dataset": SITE, "table": "T", "$filter": "geo.length(A) eq 1"}, ("geo.length", "startswith")),
        ("shared_commondataserviceforapps", "ListRecords", {"entityName": "accounts", "fetchXml": FETCH}, ("link-entity",)),
        ("shared_sql", "GetItems_V2", {**ROWS, "table": "T", "$apply": "groupby((A))"}, ("$apply", "stored procedure")),
        ("shared_wdatp", "AdvancedHunting", {"body/Query": "DeviceInfo"}, ("wdatp/hunt",)),
        ("shared_azuremonitorlogs", "QueryData", {"subscriptions": "s", "resourcegroups": "r", "resourcetype": "t", "resourcename": "n", "body": "T | evaluate x()"}, ("evaluate", "azuremonitorlogs/answers")),
        ("shared_approvals", "StartAndWaitForAnApproval", {"approvalType": "Vote", "WebhookApprovalCreationInput/title": "x", "WebhookApprovalCreationInput/assignedTo": "a@b.c"}, ("Vote", "CustomResponse")),
        ("shared_sharepointonline", "HttpRequest", {"dataset": SITE, "parameters/method": "GET", "parameters/uri": "_api/search/query"}, ("_api/search/query",)),
    ],
)  # fmt: skip
async def test_it_is_refused_by_name(
    make, call, api: str, operation: str, parameters: dict[str, Any], words: tuple[str, ...]
) -> None:
    outcome = await call(make(), api, operation, parameters)

    said = f"{outcome.message} {outcome.body}"
    assert outcome.status_code is None or outcome.status_code >= 400
    assert [word for word in words if word not in said] == []
