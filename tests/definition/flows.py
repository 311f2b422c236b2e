"""Small flows of our own in every container, for the tests of reading and writing."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"


def definition(**more: Any) -> dict[str, Any]:
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {},
        "triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {"schema": {}}}},
        "actions": {
            "Get order": {"type": "Compose", "inputs": "@triggerBody()?['id']", "runAfter": {}},
            "Say": {
                "type": "Compose",
                "inputs": "Order @{outputs('Get order')}",
                "runAfter": {"Get order": ["Succeeded"]},
            },
        },
        "outputs": {},
        **more,
    }


def clientdata(**more: Any) -> dict[str, Any]:
    references = {
        "shared_teams": {
            "runtimeSource": "embedded",
            "connection": {"connectionReferenceLogicalName": "acme_teams"},
            "api": {"name": "shared_teams"},
        }
    }
    return {
        "properties": {"connectionReferences": references, "definition": definition(**more)},
        "schemaVersion": "1.0.0.0",
    }


def zipped(members: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            data = (
                content
                if isinstance(content, bytes)
                else content.encode()
                if isinstance(content, str)
                else json.dumps(content).encode()
            )
            entry = zipfile.ZipInfo("placeholder")
            entry.filename = name
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return buffer.getvalue()


CUSTOMIZATIONS = """<ImportExportXml>
  <Workflows>
    <Workflow WorkflowId="{11111111-2222-3333-4444-555555555555}" Name="Order / notify">
      <JsonFileName>/Workflows/Ordernotify-11111111-2222-3333-4444-555555555555.json</JsonFileName>
      <Category>5</Category><StateCode>1</StateCode>
    </Workflow>
    <Workflow WorkflowId="{99999999-2222-3333-4444-555555555555}" Name="A business rule">
      <JsonFileName>/Workflows/Rule-99999999-2222-3333-4444-555555555555.json</JsonFileName><Category>2</Category>
    </Workflow>
  </Workflows>
  <connectionreferences>
    <connectionreference connectionreferencelogicalname="acme_teams">
      <connectionreferencedisplayname>Teams of Acme</connectionreferencedisplayname>
      <connectorid>/providers/Microsoft.PowerApps/apis/shared_teams</connectorid>
    </connectionreference>
  </connectionreferences>
</ImportExportXml>"""

VARIABLE = """<environmentvariabledefinition schemaname="acme_Region">
  <displayname default="Region"/><type>100000000</type><defaultvalue>west</defaultvalue>
</environmentvariabledefinition>"""


def solution() -> dict[str, Any]:
    parameters = {
        "Region (acme_Region)": {"type": "String", "defaultValue": "", "metadata": {"schemaName": "acme_Region"}}
    }
    return {
        "solution.xml": "<ImportExportXml/>",
        "customizations.xml": CUSTOMIZATIONS,
        "Workflows/Ordernotify-11111111-2222-3333-4444-555555555555.json": clientdata(parameters=parameters),
        "Workflows/Rule-99999999-2222-3333-4444-555555555555.json": {"steps": []},
        "environmentvariabledefinitions/acme_Region/environmentvariabledefinition.xml": VARIABLE,
    }


def standard_project() -> dict[str, Any]:
    return {
        "host.json": {"version": "2.0"},
        "connections.json": {
            "managedApiConnections": {
                "outlook": {"api": {"id": "/x/managedApis/office365"}, "connection": {"id": "/x/connections/outlook"}}
            },
            "serviceProviderConnections": {
                "bus": {"serviceProvider": {"id": "/serviceProviders/serviceBus"}, "displayName": "Bus"}
            },
        },
        "parameters.json": {"Region": {"type": "String", "value": "west"}},
        "local.settings.json": {"IsEncrypted": False, "Values": {"QUEUE": "orders"}},
        "orders/workflow.json": {"definition": definition(), "kind": "Stateless"},
    }


def arm_template() -> dict[str, Any]:
    actions = {"Where": {"type": "Compose", "inputs": "[concat('flow in ', parameters('location'))]", "runAfter": {}}}
    connections = {
        "office365": {
            "connectionId": "[resourceId('Microsoft.Web/connections', variables('mail'))]",
            "connectionName": "[variables('mail')]",
            "id": "[concat('/subscriptions/', subscription().subscriptionId, '/providers/Microsoft.Web/locations/', parameters('location'), '/managedApis/office365')]",
        }
    }
    workflow = {
        "type": "Microsoft.Logic/workflows",
        "apiVersion": "2019-05-01",
        "name": "[parameters('name')]",
        "properties": {
            "definition": definition(actions=actions),
            "parameters": {"$connections": {"value": connections}},
        },
    }
    nested = {
        "type": "Microsoft.Resources/deployments",
        "name": "inner",
        "properties": {
            "expressionEvaluationOptions": {"scope": "inner"},
            "parameters": {"suffix": {"value": "[variables('mail')]"}},
            "template": {
                "parameters": {"suffix": {"type": "string"}},
                "resources": [
                    {
                        "type": "microsoft.logic/Workflows",
                        "name": "[format('inner-{0}', parameters('suffix'))]",
                        "properties": {
                            "definition": definition(
                                actions={
                                    "Key": {"type": "Compose", "inputs": "[listKeys('x', '1').key]", "runAfter": {}}
                                }
                            )
                        },
                    }
                ],
            },
        },
    }
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "name": {"type": "string", "defaultValue": "notify"},
            "location": {"type": "string", "defaultValue": "westeurope"},
        },
        "variables": {"mail": "[toLower('MAIL')]"},
        "resources": [workflow, nested],
    }
