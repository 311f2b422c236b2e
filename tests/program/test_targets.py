"""What a call goes to, in each dialect's own words."""

from __future__ import annotations

from typing import Any

import pytest
from tests.program.flows import program_of

from runafter.definition.nodes import Connection
from runafter.program.steps import CallStep
from runafter.protocol.commands import Target

CONNECTIONS = {
    "shared_x-1": Connection(name="shared_x-1", api="shared_x"),
    "sharepointonline": Connection(name="sharepointonline", api="sharepointonline"),
}


@pytest.mark.parametrize(
    ("type_", "inputs", "expected"),
    [
        (
            "OpenApiConnection",
            {
                "host": {
                    "apiId": "/providers/Microsoft.PowerApps/apis/shared_office365",
                    "connectionName": "shared_office365",
                    "operationId": "SendEmailV2",
                },
                "parameters": {},
            },
            {"api": "shared_office365", "connection": "shared_office365", "operation": "SendEmailV2"},
        ),
        (
            "OpenApiConnection",
            {"host": {"connectionName": "shared_x-1", "operationId": "Get"}, "parameters": {}},
            {"api": "shared_x", "connection": "shared_x-1", "operation": "Get"},
        ),
        (
            "ApiConnection",
            {
                "host": {"connection": {"name": "@parameters('$connections')['sharepointonline']['connectionId']"}},
                "method": "get",
                "path": "/datasets",
            },
            {"api": "sharepointonline", "connection": "sharepointonline"},
        ),
        (
            "ApiConnection",
            {"host": {"connection": {"referenceName": "sharepointonline"}}, "method": "get", "path": "/datasets"},
            {"api": "sharepointonline", "connection": "sharepointonline"},
        ),
        (
            "ApiConnection",
            {
                "host": {
                    "connection": {"name": "@parameters('$connections')['gone']['connectionId']"},
                    "api": {"runtimeUrl": "https://europe.azure-apim.net/apim/sql"},
                },
                "method": "get",
                "path": "/tables",
            },
            {"api": "sql", "connection": "gone"},
        ),
        (
            "ApiConnection",
            {
                "host": {"connection": {"name": "@parameters('$connections')['shared_teams_1']['connectionId']"}},
                "method": "get",
                "path": "/x",
            },
            {"api": "shared_teams", "connection": "shared_teams_1"},
        ),
        (
            "ServiceProvider",
            {
                "parameters": {},
                "serviceProviderConfiguration": {
                    "connectionName": "bus",
                    "operationId": "sendMessage",
                    "serviceProviderId": "/serviceProviders/serviceBus",
                },
            },
            {"api": "/serviceProviders/serviceBus", "connection": "bus", "operation": "sendMessage"},
        ),
        ("Workflow", {"host": {"workflowReferenceName": "1234"}}, {"api": "1234"}),
        ("Workflow", {"host": {"workflow": {"id": "/w/child"}, "triggerName": "manual"}}, {"api": "/w/child", "operation": "manual"}),
        ("Function", {"function": {"id": "/sites/f/functions/g"}, "method": "POST"}, {"api": "/sites/f/functions/g"}),
        ("Function", {"function": {"connectionName": "azureFunction"}}, {"connection": "azureFunction"}),
        ("InvokeFunction", {"functionName": "Rate", "parameters": {}}, {"operation": "Rate"}),
        ("ApiManagement", {"api": {"id": "/apis/orders"}, "method": "GET"}, {"api": "/apis/orders"}),
        ("Http", {"method": "GET", "uri": "https://example.com"}, {}),
    ],
)  # fmt: skip
def test_targets(type_: str, inputs: dict[str, Any], expected: dict[str, str]) -> None:
    step = program_of({"A": {"type": type_, "inputs": inputs}}, connections=CONNECTIONS).steps["A"]

    assert isinstance(step, CallStep)
    assert step.target == Target(type=type_, **expected)


def test_the_connector_is_found_in_values_given_beside_the_definition() -> None:
    managed = "/subscriptions/s/providers/Microsoft.Web/locations/westeurope/managedApis/azuread"
    inputs = {
        "host": {"connection": {"name": "@parameters('$connections')['azuread']['connectionId']"}},
        "method": "get",
        "path": "/v1.0/users",
    }

    step = program_of(
        {"A": {"type": "ApiConnection", "inputs": inputs}},
        parameter_values={"$connections": {"value": {"azuread": {"id": managed}}}},
    ).steps["A"]

    assert isinstance(step, CallStep)
    assert step.target.api == "azuread"
