"""Calls as definitions write them reach one operation with one form of arguments."""

from __future__ import annotations

import pytest

from runafter.connectors.check import call_findings, parameter_findings
from runafter.connectors.registry import catalogue, default_registry
from runafter.connectors.resolve import (
    UnknownConnector,
    UnknownOperation,
    connector_name,
    cut_expressions,
    flat,
    nested,
)
from runafter.protocol.commands import Target

REGISTRY = default_registry()
DOUBLE = "https%253A%252F%252Fcontoso.sharepoint.com%252Fsites%252Fops"
SITE = "https://contoso.sharepoint.com/sites/ops"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("/providers/Microsoft.PowerApps/apis/shared_office365", "office365"),
        ("/subscriptions/s/providers/Microsoft.Web/locations/westeurope/managedApis/azuresentinel", "azuresentinel"),
        ("shared_office365_1", "office365"),
        ("azuresentinel-2", "azuresentinel"),
        ("sql_#workflowname#", "sql"),
        ("Office365", "office365"),
    ],
)
def test_a_connector_has_one_name(written: str, name: str) -> None:
    assert connector_name(written) == name


@pytest.mark.parametrize(
    ("api", "method", "path", "operation", "arguments"),
    [
        ("sharepointonline", "get", f"/datasets/{DOUBLE}/tables/Orders/items", "GetItems", {"dataset": SITE, "table": "Orders"}),
        ("sharepointonline", "get", f"/datasets/{DOUBLE}/tables/Orders/items/5", "GetItem", {"dataset": SITE, "id": "5"}),
        ("sharepointonline", "patch", f"/datasets/{DOUBLE}/tables/T/items/5/patchfileitem", "PatchFileItem", {"id": "5"}),
        ("sharepointonline", "post", "/datasets/@{encodeURIComponent(encodeURIComponent('https://x/sites/a'))}/tables/@{encodeURIComponent(variables('l'))}/items",
         "PostItem", {"dataset": "@{encodeURIComponent(encodeURIComponent('https://x/sites/a'))}", "table": "@{encodeURIComponent(variables('l'))}"}),
        ("office365", "post", "/v2/Mail", "SendEmailV2", {}),
        ("office365_1", "POST", "/v2/Mail/", "SendEmailV2", {}),
        ("azuresentinel", "put", "/Incidents", "UpdateIncident", {}),
        ("azuresentinel", None, "/incident-creation", "IncidentTrigger", {}),
        ("teams", "post", "/v3/beta/teams/@{encodeURIComponent(parameters('a'))}/channels/@{encodeURIComponent(parameters('b'))}/messages",
         "PostMessageToChannelV3", {"groupId": "@{encodeURIComponent(parameters('a'))}"}),
        ("sql", "post", "/v2/datasets/srv%252Cx,db/query/sql", "ExecutePassThroughNativeQuery_V2", {"database": "db"}),
        ("azuretables", "get", "/Tables/t/entities(PartitionKey='p%252F1',RowKey='r')", "GetEntity_V2", {"PartitionKey": "p/1", "RowKey": "r"}),
        ("azureblob", "get", "/datasets/default/files/@{encodeURIComponent(encodeURIComponent('/c/a.txt'))}/content", "GetFileContent_V2", {}),
        ("keyvault", "get", "/secrets/@{encodeURIComponent('s')}/value", "GetSecret", {"secretName": "@{encodeURIComponent('s')}"}),
    ],
)  # fmt: skip
def test_a_path_reaches_its_operation(api, method, path, operation, arguments) -> None:
    inputs = {"path": path} | ({"method": method} if method else {})

    resolved = REGISTRY.resolve(Target(type="ApiConnection", api=api), inputs)

    assert resolved.operation.id == operation
    assert {name: resolved.arguments[name] for name in arguments} == arguments


@pytest.mark.parametrize(
    ("api", "operation", "found"),
    [
        ("shared_commondataserviceforapps", "ListRecordsWithOrganization", "ListRecords"),
        ("shared_commondataservice", "GetItems", "GetItems_V2"),
        ("shared_office365", "sendemailv2", "SendEmailV2"),
        ("/serviceProviders/Sftp", "uploadFileContent", "uploadFileContent"),
        ("/serviceProviders/serviceBus", "completeQueueMessageV2", "CompleteMessageInQueue"),
    ],
)
def test_an_operation_id_of_any_version_reaches_its_operation(api: str, operation: str, found: str) -> None:
    assert REGISTRY.resolve(Target(type="OpenApiConnection", api=api, operation=operation), {}).operation.id == found


def test_flat_parameters_nest_and_come_back() -> None:
    written = {"item/Title": "a", "item/Status/Value": "b", "item/Files/0/Name": "f", "table": "T"}

    arguments = nested(written, {"item"})

    assert arguments == {"item": {"Title": "a", "Status": {"Value": "b"}, "Files": [{"Name": "f"}]}, "table": "T"}
    assert flat({"item": {"Title": "a", "Status": {"Value": "b"}}}) == {"item/Title": "a", "item/Status/Value": "b"}


def test_expressions_in_a_path_are_cut_whole() -> None:
    text, found = cut_expressions("/a/@{concat('}', item()?['x'])}/b@{c}")

    assert (text, found) == ("/a/\x000\x00/b\x001\x00", ["@{concat('}', item()?['x'])}", "@{c}"])


def test_an_unknown_connector_or_operation_is_named_with_near_ones() -> None:
    with pytest.raises(UnknownConnector, match=r"shared_sharepointonlin'.*sharepointonline"):
        REGISTRY.resolve(Target(type="OpenApiConnection", api="shared_sharepointonlin", operation="GetItem"), {})
    with pytest.raises(UnknownOperation, match=r"'sharepointonline' has no operation 'GetItms'.*GetItems"):
        REGISTRY.resolve(Target(type="OpenApiConnection", api="shared_sharepointonline", operation="GetItms"), {})
    with pytest.raises(UnknownOperation, match="no operation at POST /v9/Nothing"):
        REGISTRY.resolve(Target(type="ApiConnection", api="office365"), {"method": "post", "path": "/v9/Nothing"})


def test_wrong_and_missing_parameters_are_findings() -> None:
    target = Target(type="OpenApiConnection", api="shared_office365", operation="SendEmailV2")

    found = call_findings(
        REGISTRY,
        target,
        {"parameters": {"emailMessage/To": "a@x", "emailMessage/Subjct": "s", "emailMessage/Body": "b"}},
    )

    assert [(finding.code, finding.severity) for finding in found] == [("CON012", "warning"), ("CON013", "error")]
    assert "'emailMessage/Subjct'" in found[0].message
    assert found[0].hint == "Did you mean 'emailMessage/Subject'?"


def test_a_body_that_is_one_expression_hides_its_fields_from_the_check() -> None:
    target = Target(type="ApiConnection", api="office365")
    resolved = REGISTRY.resolve(target, {"method": "post", "path": "/v2/Mail", "body": "@variables('mail')"})

    assert parameter_findings(resolved.operation, resolved.arguments) == []


def test_the_catalogue_holds_facts_only() -> None:
    facts = catalogue().connectors["office365"].operations["SendEmailV2"]

    assert (facts.effect, facts.idempotent, facts.method, facts.path) == ("external", False, "POST", "/v2/Mail")
    assert facts.parameters["emailMessage/To"] is True
