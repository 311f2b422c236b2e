"""Answers have the fields that Microsoft's `azure-connectors` client reads from them."""

from __future__ import annotations

import dataclasses
import importlib
import re
from typing import Any

import pytest
from tests.connectors.packs.calling import Service

pytest.importorskip("azure.connectors", reason="azure-connectors is not installed")

TASK = {"body/planId": "p", "body/title": "Do it"}
ITEM = {"dataset": "https://contoso.sharepoint.com/sites/ops", "table": "Orders"}


def _fields(module: str, name: str) -> set[str]:
    """Return the names that a dataclass of the client reads, as they can be compared."""
    kind = getattr(importlib.import_module(f"azure.connectors.{module}"), name)
    names = [field.metadata.get("wire_name", field.name) for field in dataclasses.fields(kind)]
    return {_plain(name) for name in names} - {"additionalproperties", "nextlink"}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


@pytest.mark.parametrize(
    ("connector", "operation", "parameters", "module", "shape"),
    [
        ("planner", "CreateTask_V3", TASK, "planner", "GetTaskResponseV3"),
        ("planner", "CreateBucket_V2", {"body/planId": "p", "body/name": "B"}, "planner", "CreateBucketResponse"),
        ("teams", "CreateChannel", {"groupId": "g", "body/displayName": "C"}, "teams", "CreateChannelResponse"),
        ("azuread", "GetGroup", {"id": "crew"}, "azuread", "GetGroupResponse"),
        ("wdatp", "FileStatistics", {"FileId": "abc"}, "wdatp", "FileStats"),
        ("wdatp", "DomainStatistics", {"DomainName": "x.example"}, "wdatp", "DomainStats"),
        ("wdatp", "IpStatistics", {"IpAddress": "1.2.3.4"}, "wdatp", "IpStats"),
        ("azureblob", "CreateFile_V2", {"dataset": "a", "folderPath": "/c", "name": "x", "body": "y"}, "azureblob", "BlobMetadata"),
        ("dropbox", "CreateFile", {"folderPath": "/c", "name": "x", "body": "y"}, "dropbox", "BlobMetadata"),
        ("keyvault", "ListSecrets", {}, "keyvault", "SecretMetadataCollection"),
        ("arm", "Subscriptions_List", {}, "arm", "SubscriptionListResult"),
        ("sql", "GetProcedures_V2", {"server": "d", "database": "d"}, "sql", "ProceduresList"),
    ],
)  # fmt: skip
def test_an_answer_has_what_the_client_reads(
    connector: str, operation: str, parameters: dict[str, Any], module: str, shape: str
) -> None:
    service = Service(connector, {"groups": [{"id": "crew", "displayName": "crew"}]} if connector == "azuread" else {})

    outcome = service.call(operation, **{name.replace("/", "__"): value for name, value in parameters.items()})

    assert outcome.status_code in (200, 201), outcome
    assert _fields(module, shape) - {_plain(name) for name in outcome.body} == set()
