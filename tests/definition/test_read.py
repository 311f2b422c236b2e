"""Every container that a flow comes in is read, with connections, parameters and environment variables."""

from __future__ import annotations

import json

import pytest
from tests.definition.flows import arm_template, clientdata, definition, solution, standard_project, zipped

from runafter.definition.read import read_bytes, read_files
from runafter.errors import UnreadableSource


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def test_a_bare_definition_is_read() -> None:
    (found,) = read_bytes(encoded(definition()), "order.json")

    assert (found.name, found.container, found.profile) == ("order", "definition", "logic-apps-consumption")
    assert found.value == definition()


def test_clientdata_brings_its_connection_references() -> None:
    (found,) = read_bytes(encoded(clientdata()), "Order-11111111-2222-3333-4444-555555555555.json")

    assert (found.name, found.container, found.profile) == ("Order", "clientdata", "power-automate")
    assert found.connections["shared_teams"].api == "shared_teams"
    assert found.connections["shared_teams"].logical_name == "acme_teams"
    assert found.node.pointer == "/properties/definition"


def test_a_workflow_json_with_a_kind_is_standard() -> None:
    (found,) = read_bytes(encoded({"definition": definition(), "kind": "Stateful"}), "orders/workflow.json")

    assert (found.name, found.workflow_kind, found.profile) == ("orders", "Stateful", "logic-apps-standard")


@pytest.mark.parametrize("prefix", ["", "outer/"])
def test_a_solution_brings_names_references_and_environment_variables(prefix: str) -> None:
    data = zipped({prefix + name: content for name, content in solution().items()})

    (found,) = read_bytes(data, "solution.zip")

    assert (found.name, found.container) == ("Order / notify", "solution")
    assert found.metadata["StateCode"] == "1"
    assert found.connections["shared_teams"].display_name == "Teams of Acme"
    assert found.environment_variables["acme_Region"].default == "west"
    assert found.parameter_values == {"Region (acme_Region)": "west"}


def test_a_solution_inside_a_package_with_backslashes_in_its_name_is_read() -> None:
    outer = zipped({"[Content_Types].xml": "<Types/>", "Assets\\inner.zip": zipped(solution())})

    (found,) = read_bytes(outer, "package.zip")

    assert found.name == "Order / notify"
    assert found.file.startswith("package.zip!Assets/inner.zip!Workflows/")


def test_a_current_value_goes_before_the_default_of_an_environment_variable() -> None:
    files = solution()
    value = {"environmentvariablevalues": {"environmentvariablevalue": {"value": "east"}}}
    files["environmentvariabledefinitions/acme_Region/environmentvariablevalues.json"] = value

    (found,) = read_bytes(zipped(files), "solution.zip")

    assert found.parameter_values == {"Region (acme_Region)": "east"}


def test_a_legacy_package_brings_display_names() -> None:
    flow = clientdata()
    flow["properties"]["displayName"] = "Review a file"
    flow["properties"]["connectionReferences"] = {
        "shared_teams": {"id": "/providers/Microsoft.PowerApps/apis/shared_teams", "source": "Invoker"}
    }
    files = {
        "manifest.json": {
            "details": {"displayName": "Review"},
            "resources": {"c1": {"details": {"displayName": "anna@example.com"}}},
        },
        "Microsoft.Flow/flows/manifest.json": {"flowAssets": {"assetPaths": ["f1"]}},
        "Microsoft.Flow/flows/f1/definition.json": flow,
        "Microsoft.Flow/flows/f1/connectionsMap.json": {"shared_teams": "c1"},
        "Microsoft.Flow/flows/f1/apisMap.json": {"shared_teams": "a1"},
    }

    (found,) = read_bytes(zipped(files), "review.zip")

    assert (found.name, found.container) == ("Review a file", "legacy-package")
    assert found.connections["shared_teams"].display_name == "anna@example.com"
    assert found.connections["shared_teams"].runtime_source == "Invoker"


def test_a_standard_project_brings_connections_parameters_and_settings() -> None:
    files = {name: encoded(content) for name, content in standard_project().items()}

    (found,) = read_files(files)

    assert (found.name, found.workflow_kind, found.container) == ("orders", "Stateless", "standard")
    assert found.connections["outlook"].api == "office365"
    assert found.connections["bus"].kind == "serviceProvider"
    assert found.parameter_values == {"Region": "west"}
    assert found.app_settings == {"QUEUE": "orders"}


def test_an_arm_template_is_resolved_for_running_and_kept_for_writing() -> None:
    outer, inner = read_bytes(encoded(arm_template()), "azuredeploy.json")

    assert (outer.name, outer.container, outer.profile) == ("notify", "arm", "logic-apps-consumption")
    assert outer.value["actions"]["Where"]["inputs"] == "flow in westeurope"
    assert outer.node.value["actions"]["Where"]["inputs"] == "[concat('flow in ', parameters('location'))]"
    assert outer.connections["office365"].api == "office365"
    assert outer.connections["office365"].display_name == "mail"
    assert inner.name == "inner-mail"
    assert inner.value["actions"]["Key"]["inputs"] == "[listKeys('x', '1').key]"
    assert inner.unresolved == ('listKeys("x", "1")',)


def test_given_parameters_go_before_the_defaults_of_a_template() -> None:
    outer, _ = read_bytes(encoded(arm_template()), "azuredeploy.json", parameters={"location": "norwayeast"})

    assert outer.value["actions"]["Where"]["inputs"] == "flow in norwayeast"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[format('{0}-{1:D3}', 'a', 7)]", "a-007"),
        ("[if(equals(1, 2), reference('gone'), 'kept')]", "kept"),
        ("[union(createArray(1), createArray(2, 1))]", [1, 2]),
        ("[createObject('a', 1).a]", 1),
        ("[json('[1,2]')[1]]", 2),
        (
            "[resourceId('Microsoft.Web/connections', 'mail')]",
            "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/resource-group/providers/Microsoft.Web/connections/mail",
        ),
        ("[length(uniqueString('a'))]", 13),
        ("[equals(uniqueString('a'), uniqueString('b'))]", False),
        ("[[not an expression]", "[not an expression]"),
        ("[split('a,b', ',')[0]]", "a"),
        ("[sub(add(2, 3), mod(7, 3))]", 4),
    ],
)
def test_template_expressions(text: str, value: object) -> None:
    from runafter.definition.read.arm_expressions import Template

    template = Template()

    assert template.resolve(text) == value
    assert not template.unresolved


@pytest.mark.parametrize(
    "text",
    [
        "[reference('x').id]",
        "[parameters('gone')]",
        "[concat('a']",
        "[variables(1)]",
        "[" + "concat(" * 500 + ")" * 500 + "]",
    ],
)
def test_what_a_template_does_not_decide_stays_visible(text: str) -> None:
    from runafter.definition.read.arm_expressions import Template

    template = Template()

    assert template.resolve(text) == text
    assert len(template.unresolved) == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "DEF003"),
        (b"{", "DEF003"),
        (b"not json", "DEF003"),
        (b"[1, 2]", "DEF007"),
        (b'{"a": 1}', "DEF007"),
        (b"PK\x03\x04 broken", "DEF006"),
        (b"\x00\x01\x02\x03\xff\xfe", "DEF003"),
        (b"[" * 5000, "DEF004"),
        (b'{"a":' * 5000, "DEF004"),
    ],
)
def test_what_is_no_flow_is_refused_with_a_code(data: bytes, code: str) -> None:
    with pytest.raises(UnreadableSource) as caught:
        read_bytes(data, "x.json")

    assert caught.value.code == code
    assert caught.value.message


@pytest.mark.parametrize("name", ["../evil.json", "/etc/passwd", "a/../../b.json", "C:\\x.json", "..\\up.json"])
def test_members_that_leave_the_archive_are_refused(name: str) -> None:
    with pytest.raises(UnreadableSource) as caught:
        read_bytes(zipped({name: definition()}), "evil.zip")

    assert caught.value.code == "DEF005"


def test_a_zip_bomb_is_refused() -> None:
    bomb = zipped({"big.json": b" " * (50 * 1024 * 1024)})

    with pytest.raises(UnreadableSource) as caught:
        read_bytes(bomb, "bomb.zip")

    assert caught.value.code == "DEF005"


def test_archives_in_archives_in_archives_are_refused() -> None:
    data = zipped({"a.json": definition()})
    for _ in range(4):
        data = zipped({"inner.zip": data})

    with pytest.raises(UnreadableSource) as caught:
        read_bytes(data, "deep.zip")

    assert caught.value.code == "DEF005"


def test_a_document_type_in_a_package_is_a_finding_not_an_expansion() -> None:
    files = solution()
    files["customizations.xml"] = '<!DOCTYPE x [<!ENTITY e "boom">]><ImportExportXml>&e;</ImportExportXml>'

    (found,) = read_bytes(zipped(files), "solution.zip")

    assert [finding.code for finding in found.findings] == ["DEF013"]
    assert "document type" in found.findings[0].message
