"""Every container gives its flows, with the connections, variables, parameters and settings around them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.definition.cases import CASES, files, zipped

from runafter.definition.nodes import Definition
from runafter.definition.read import read_bytes, read_files
from runafter.definition.write import write
from runafter.errors import UnreadableSource

BARE = json.loads((CASES / "bare.json").read_text(encoding="utf-8"))


def encoded(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def only(found: list[Definition]) -> Definition:
    (definition,) = found
    return definition


@pytest.mark.parametrize(
    ("around", "container", "pointer"),
    [
        (lambda flow: flow, "definition", ""),
        (lambda flow: {"definition": flow}, "definition", "/definition"),
        (lambda flow: {"definition": flow, "kind": "Stateless"}, "standard", "/definition"),
        (lambda flow: {"properties": {"definition": flow}}, "definition", "/properties/definition"),
        (
            lambda flow: {"properties": {"definition": flow, "connectionReferences": {}}},
            "clientdata",
            "/properties/definition",
        ),
        (
            lambda flow: {"properties": {"definition": flow}, "schemaVersion": "1.0.0.0"},
            "clientdata",
            "/properties/definition",
        ),
    ],
)
def test_single_files_of_every_form_are_read(around: Any, container: str, pointer: str) -> None:
    data = encoded(around(BARE))

    definition = only(read_bytes(data, "flow.json"))

    assert definition.container == container
    assert definition.node.pointer == pointer
    assert definition.value == BARE
    assert write(definition.document) == data


@pytest.mark.parametrize(
    ("around", "profile"),
    [
        ({"type": "Microsoft.Logic/galleries/templates", "connectionReferences": {}}, "logic-apps-consumption"),
        (
            {"connectionReferences": {"crm": {"api": {"id": "/subscriptions/s/locations/w/managedApis/dynamics"}}}},
            "logic-apps-consumption",
        ),
        (
            {"connectionReferences": {"mcp": {"api": {"id": "connectionProviders/mcpclient"}}}, "kind": "Stateful"},
            "logic-apps-standard",
        ),
        ({"connectionReferences": {"crm": {"api": {"name": "shared_dynamics"}}}}, "power-automate"),
    ],
)
def test_connection_references_alone_make_no_cloud_flow(around: dict[str, Any], profile: str) -> None:
    at_root = {"type": around.pop("type")} if "type" in around else {}
    gallery = {**at_root, "properties": {"definition": BARE, **around}}

    definition = only(read_bytes(encoded(gallery), "flow.json"))

    assert definition.profile == profile
    assert {item.api for item in definition.connections.values()} <= {"dynamics", "mcpclient", "shared_dynamics"}


@pytest.mark.parametrize(
    ("parameters", "profile"),
    [
        ({}, "logic-apps-consumption"),
        ({"$authentication": {"type": "SecureObject", "defaultValue": {}}}, "power-automate"),
    ],
)
def test_no_references_beside_a_definition_leave_the_dialect_to_what_is_in_it(
    parameters: dict[str, Any], profile: str
) -> None:
    designed = {"definition": {**BARE, "parameters": parameters}, "connectionReferences": {}, "parameters": {}}

    assert only(read_bytes(encoded(designed), "flow.json")).profile == profile


def test_clientdata_names_its_connections() -> None:
    references = {
        "shared_sql": {
            "runtimeSource": "embedded",
            "connection": {"connectionReferenceLogicalName": "rf_sql"},
            "api": {"name": "shared_sql"},
        },
        "old": {"connectionName": "c-1", "id": "/providers/Microsoft.PowerApps/apis/shared_teams", "source": "Invoker"},
    }
    data = encoded({"properties": {"definition": BARE, "connectionReferences": references}})

    definition = only(read_bytes(data, "flow.json"))

    found = {
        name: (item.api, item.logical_name, item.connection_id, item.runtime_source)
        for name, item in definition.connections.items()
    }
    assert found == {
        "shared_sql": ("shared_sql", "rf_sql", None, "embedded"),
        "old": ("shared_teams", None, "c-1", "Invoker"),
    }
    assert definition.profile == "power-automate"


@pytest.mark.parametrize("form", ["folder", "zip", "outer zip", "backslashes"])
def test_a_solution_gives_flows_references_and_environment_variables(form: str) -> None:
    members = files("solution")
    root = ""
    if form == "outer zip":
        members, root = (
            {"PackageAssets\\Daily_1_0.zip": zipped(members), "readme.txt": b"x"},
            "PackageAssets/Daily_1_0.zip!",
        )
    elif form == "backslashes":
        members = {name.replace("/", "\\"): data for name, data in members.items()}

    found = list(read_files(members)) if form == "folder" else read_bytes(zipped(members), "s.zip")

    definition = only(found)
    assert definition.name == "Daily mail"
    assert definition.file == ("" if form == "folder" else "s.zip!") + root + (
        "Workflows/DailyMail-1B6A1F6E-1111-4222-8333-444455556666.json"
    )
    assert (definition.container, definition.profile) == ("solution", "power-automate")
    connection = definition.connections["shared_office365"]
    assert (connection.logical_name, connection.display_name, connection.api) == (
        "rf_mail",
        "Team mailbox",
        "shared_office365",
    )
    variables = {
        item.schema_name: (item.display_name, item.type, item.default, item.value)
        for item in definition.environment_variables.values()
    }
    assert variables == {
        "rf_Team": ("Team address", "String", "team@example.com", None),
        "rf_Limit": ("Limit", "Number", "5", "40"),
    }
    assert definition.parameter_values == {"Team address (rf_Team)": "team@example.com", "Limit (rf_Limit)": 40}
    assert definition.metadata["WorkflowId"] == "1b6a1f6e-1111-4222-8333-444455556666"
    assert definition.findings == ()


def test_deployment_settings_fill_variables_and_connections() -> None:
    settings = {
        "EnvironmentVariables": [
            {"SchemaName": "rf_Team", "Value": "prod@example.com"},
            {"SchemaName": "rf_Limit", "Value": ""},
        ],
        "ConnectionReferences": [
            {"LogicalName": "rf_mail", "ConnectionId": "abc", "ConnectorId": "/x/shared_office365"}
        ],
    }

    definition = only(list(read_files({**files("solution"), "deploymentSettings.json": encoded(settings)})))

    assert definition.parameter_values == {"Team address (rf_Team)": "prod@example.com", "Limit (rf_Limit)": 40}
    assert definition.connections["shared_office365"].connection_id == "abc"


def test_processes_that_are_no_cloud_flow_are_passed_over() -> None:
    members = files("solution")
    meta = next(name for name in members if name.endswith(".data.xml"))
    members[meta] = members[meta].replace(b"<Category>5<", b"<Category>2<")

    with pytest.raises(UnreadableSource, match="holds no flow"):
        read_bytes(zipped(members), "s.zip")


def test_a_broken_part_beside_the_flows_is_a_finding() -> None:
    members = {**files("solution"), "Other/Customizations.xml": b"<ImportExportXml><a></ImportExportXml>"}

    definition = only(list(read_files(members)))

    (finding,) = definition.findings
    assert (finding.code, finding.severity, finding.file) == ("DEF013", "warning", "Other/Customizations.xml")


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        '<?xml version="1.0"?>\n<!-- ' + "x" * 9000 + ' -->\n<!doctype a SYSTEM "http://127.0.0.1/x"><a/>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_with_a_document_type_is_refused(text: str, encoding: str) -> None:
    members = {**files("solution"), "Other/Customizations.xml": text.encode(encoding)}

    definition = only(list(read_files(members)))

    assert [finding.code for finding in definition.findings] == ["DEF013"]


def test_xml_that_only_speaks_of_a_document_type_is_read() -> None:
    members = files("solution")
    members["Other/Customizations.xml"] = members["Other/Customizations.xml"].replace(
        b"<Workflows />", b"<Workflows /><Template><![CDATA[<!DOCTYPE html><p>]]></Template>"
    )

    assert only(list(read_files(members))).connections["shared_office365"].display_name == "Team mailbox"


def test_a_legacy_package_names_its_connections_as_its_manifest_does() -> None:
    definition = only(read_bytes(zipped(files("package")), "greet.zip"))

    assert (definition.name, definition.container, definition.profile) == ("Greet", "legacy-package", "power-automate")
    connection = definition.connections["shared_office365"]
    assert (connection.api, connection.connection_id, connection.display_name, connection.runtime_source) == (
        "shared_office365",
        "shared-office365-1",
        "me@example.com",
        "Invoker",
    )
    assert definition.metadata["package"]["displayName"] == "Greet everybody"


@pytest.mark.parametrize("top", ["", "src/LogicApp/"])
def test_a_standard_project_gives_kinds_connections_parameters_and_settings(top: str) -> None:
    members = {top + name: data for name, data in files("project").items()}

    found = {definition.name: definition for definition in read_files(members)}

    assert {name: item.workflow_kind for name, item in found.items()} == {"Orders": "Stateful", "Notify": "Stateless"}
    orders = found["Orders"]
    assert (orders.container, orders.profile, orders.file) == (
        "standard",
        "logic-apps-standard",
        f"{top}Orders/workflow.json",
    )
    assert {name: (item.kind, item.api) for name, item in orders.connections.items()} == {
        "bus": ("serviceProvider", "/serviceProviders/serviceBus"),
        "mail": ("managed", "office365"),
        "tax": ("function", "/subscriptions/x/resourceGroups/rg/providers/Microsoft.Web/sites/tax/functions/Compute"),
        "shop": (
            "apiManagement",
            "/subscriptions/x/resourceGroups/rg/providers/Microsoft.ApiManagement/service/s/apis/shop",
        ),
    }
    assert orders.parameter_values == {"Shop-Url": "@appsetting('SHOP_URL')", "Retries": 3}
    assert orders.app_settings == {
        "SHOP_URL": "https://shop.example.com",
        "SUB": "11111111-1111-4111-8111-111111111111",
        "FEATURE": "true",
    }


def test_other_flows_inside_a_project_are_read_too() -> None:
    members = {**files("project"), "Tests/spare.json": encoded(BARE), "Orders/old.json": b'{"triggers": 1}'}

    assert sorted(item.name for item in read_files(members)) == ["Notify", "Orders", "spare"]


def test_several_containers_in_one_archive_are_all_read() -> None:
    parts: Mapping[str, bytes] = {
        **{f"la/{name}": data for name, data in files("project").items()},
        **{f"pa/{name}": data for name, data in files("solution").items()},
        "arm/t.json": (CASES / "arm" / "azuredeploy.json").read_bytes(),
        "loose/flow.json": encoded({"definition": BARE}),
        "loose/package.json": b'{"name": "no flow", "actions": 1}',
        "loose/broken.json": b"{ no json",
    }

    found = read_bytes(zipped(parts), "all.zip")

    assert sorted((item.container, item.name) for item in found) == [
        ("arm", "Tell_the_team"),
        ("definition", "loose"),
        ("solution", "Daily mail"),
        ("standard", "Notify"),
        ("standard", "Orders"),
    ]


@pytest.mark.parametrize(
    "data", [b"{}", b"[]", b"1", b'{"actions": 1}', b'{"definition": {"actions": "x"}}', b'{"resources": []}']
)
def test_json_without_a_flow_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(UnreadableSource) as caught:
        read_bytes(data, "x.json")

    assert caught.value.code == "DEF007"
    assert caught.value.hint is not None


def test_a_definition_keeps_unknown_keys_and_order() -> None:
    flow = {"zeta": 1, "triggers": {}, "actions": {"B": {"x-own": [1]}, "A": {}}, "alpha": {"k": None}}

    definition = only(read_bytes(encoded(flow), "x.json"))

    assert list(definition.value) == ["zeta", "triggers", "actions", "alpha"]
    assert list(definition.value["actions"]) == ["B", "A"]
    assert definition.value == flow
