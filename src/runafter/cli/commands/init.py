"""`runafter init`: a project folder, with a flow to begin with or with those of an export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runafter.definition.nodes import Definition

STARTER: dict[str, Any] = {
    "name": "welcome",
    "properties": {
        "connectionReferences": {
            "shared_office365": {
                "connection": {"connectionReferenceLogicalName": "new_Outlook"},
                "api": {"name": "shared_office365"},
            }
        },
        "definition": {
            "$schema": "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {
                "$connections": {"defaultValue": {}, "type": "Object"},
                "$authentication": {"defaultValue": {}, "type": "SecureObject"},
            },
            "triggers": {
                "manual": {
                    "type": "Request",
                    "kind": "Button",
                    "inputs": {
                        "schema": {
                            "type": "object",
                            "properties": {"name": {"type": "string"}, "email": {"type": "string"}},
                            "required": ["name", "email"],
                        }
                    },
                }
            },
            "actions": {
                "Greeting": {
                    "runAfter": {},
                    "type": "Compose",
                    "inputs": "Welcome, @{triggerBody()?['name']}",
                },
                "Send_mail": {
                    "runAfter": {"Greeting": ["Succeeded"]},
                    "type": "OpenApiConnection",
                    "inputs": {
                        "host": {
                            "apiId": "/providers/Microsoft.PowerApps/apis/shared_office365",
                            "connectionName": "shared_office365",
                            "operationId": "SendEmailV2",
                        },
                        "parameters": {
                            "emailMessage/To": "@triggerBody()?['email']",
                            "emailMessage/Subject": "@outputs('Greeting')",
                            "emailMessage/Body": "<p>Good to have you here.</p>",
                        },
                        "authentication": "@parameters('$authentication')",
                        "retryPolicy": {"type": "exponential", "count": 2, "interval": "PT10S"},
                    },
                    "limit": {"timeout": "PT2M"},
                },
            },
        },
    },
}
SIDECAR = """# Facts about the flow that the platform has no place for.
owner = ""
deputy = ""
purpose = {purpose}
criticality = "medium"            # low, medium, high

# [trigger]
# deduplication_key = "@triggerBody()?['id']"
# deduplication_ttl = "P7D"

# [idempotency_headers]
# "*" = "Idempotency-Key"         # the header in which HTTP actions send their key
"""
TENANT = """# What the emulated tenant holds before a run. A service that is not named here is open: any list, table or user exists.
user: ada@contoso.example
# users:
# - userPrincipalName: adele.vance@contoso.example
#   displayName: Adele Vance
# sharepoint:
#   sites:
#     https://contoso.sharepoint.com/sites/Operations:
#       lists:
#         Orders:
#           columns: {Status: {type: choice, choices: [New, Confirmed]}}
#           items: [{Title: SO-1001, Status: New}]
# approvals:
#   rules:
#     "*": {answer: Approve, after_s: 3600}       # by mail address; nobody answers where no rule does
# faults: ["sharepoint.*=503@10%"]
"""
IGNORED = ".runafter/\n.env\n"


@click.command("init")
@click.argument(
    "folder", metavar="[DIR]", required=False, default=".", type=click.Path(path_type=Path, file_okay=False)
)
@click.option("--from", "source", metavar="EXPORT", help="Take the flows of an export, a solution, a definition.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
def command(folder: Path, source: str | None, force: bool) -> None:
    """Make a project folder in DIR (default: here).

    It holds runafter.toml, flows/<name>/flow.json with a flow.toml beside each,
    connections.toml with every connection emulated, and tenant.yaml. With --from
    the flows come from an export; without, there is one to begin with.
    """
    files = _starter() if source is None else _exported(source)
    name = folder.resolve().name
    files |= {
        "runafter.toml": f"[project]\nname = {json.dumps(name)}\n",
        "tenant.yaml": TENANT,
        ".gitignore": IGNORED,
    }
    taken = [path for path in files if (folder / path).exists() and path != ".gitignore"]
    if taken and not force:
        raise click.UsageError(f"{folder / taken[0]} is there already; --force writes over it. Nothing was written.")
    for path, text in sorted(files.items()):
        place = folder / path
        if path == ".gitignore" and place.exists():
            continue
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        except OSError as fault:
            raise click.UsageError(f"cannot write {place}: {fault.strerror}") from fault
        click.echo(f"  {place}")
    _tell(folder, [Path(path).parent.name for path in sorted(files) if path.endswith("flow.json")], source)


def _starter() -> dict[str, str]:
    return {
        "flows/welcome/flow.json": json.dumps(STARTER, indent=2, ensure_ascii=False) + "\n",
        "flows/welcome/flow.toml": SIDECAR.format(purpose='"Welcomes somebody by mail."'),
        "flows/welcome/trigger.json": json.dumps({"name": "Adele", "email": "adele.vance@contoso.example"}) + "\n",
        "connections.toml": _connections({"shared_office365": "shared_office365"}),
    }


def _exported(source: str) -> dict[str, str]:
    from runafter.cli.output import read_source
    from runafter.definition.write import canonical_value
    from runafter.local.read import read
    from runafter.project.project import flow_id

    files: dict[str, str] = {}
    apis: dict[str, str] = {}
    definitions = read(read_source(source))
    for definition in definitions:
        name = base = flow_id(definition.name)
        number = 2
        while f"flows/{name}/flow.json" in files:
            name, number = f"{base}-{number}", number + 1
        files[f"flows/{name}/flow.json"] = canonical_value(_document(definition))
        description = definition.node.value.get("description") if isinstance(definition.node.value, dict) else None
        purpose = json.dumps(description if isinstance(description, str) else "", ensure_ascii=False)
        files[f"flows/{name}/flow.toml"] = SIDECAR.format(purpose=purpose)
        apis |= {each.name: each.api or "" for each in definition.connections.values()}
    files["connections.toml"] = _connections(apis)
    return files


def _document(definition: Definition) -> Any:
    """Return a flow in the container of its own dialect; values that stood outside it become its parameters' defaults."""
    from copy import deepcopy

    from runafter.local.convert import convert

    is_cloud_flow = definition.profile.startswith("power-automate")
    if is_cloud_flow and definition.container == "clientdata":
        document: Any = deepcopy(definition.document.value)
    else:
        converted = convert(definition, "clientdata" if is_cloud_flow else "definition")
        document = deepcopy(converted.document)
        for loss in converted.lost:
            if not loss.startswith(("connections", "environment variables", "parameter values")):
                click.echo(f"{definition.name}: not kept: {loss}", err=True)
    inner = document.get("properties", document)
    declared = inner.get("definition", inner).get("parameters")
    for name, value in definition.parameter_values.items():
        if isinstance(declared, dict) and isinstance(declared.get(name), dict) and name != "$connections":
            declared[name]["defaultValue"] = value
    identity = definition.metadata.get("WorkflowId")
    if is_cloud_flow and isinstance(identity, str) and "name" not in document:
        document = {"name": identity.casefold(), **document}  # by which other flows of the solution call it
    return document


def _connections(apis: dict[str, str]) -> str:
    lines = [
        "# What stands behind each connection: emulated (in the tenant), or live with a base_url and a credential.",
        '# Secrets are never written here: { env = "NAME" } or { file = "path" }.',
    ]  # fmt: skip
    for name, api in sorted(apis.items()):
        lines += ["", f"[connections.{json.dumps(name)}]" + (f"  # {api}" if api and api != name else "")]
        lines.append('transport = "emulated"')
    if not apis:
        lines += ["", "# [connections.shared_office365]", '# transport = "emulated"']
    return "\n".join(lines) + "\n"


def _tell(folder: Path, flows: Sequence[str], source: str | None) -> None:
    click.echo(f"A project with {len(flows)} flow{'s' if len(flows) != 1 else ''}. Next:")
    where = str(folder)
    first = f"{where}/flows/{flows[0]}"
    made_up = "" if source is None else " --mock auto"
    click.echo(f"  runafter run {first} --virtual{made_up}")
    click.echo(f"  runafter check {where}")
    click.echo(f"  runafter serve {where}")
