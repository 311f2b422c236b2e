"""Calls against a catalogue of connectors."""

from __future__ import annotations

from typing import Any

import pytest
from tests.program.flows import definition_of

from runafter.errors import Finding
from runafter.profiles.catalogue import Catalogue, ConnectorFacts, OperationFacts
from runafter.program.build import problems
from runafter.program.checks.operations import find_by_path, find_connector, find_operation

SEND = OperationFacts(
    connector="mail",
    operation="SendEmail",
    effect="external",
    method="POST",
    path="/v2/Mail/{folder}",
    parameters={"emailMessage/To": True, "emailMessage/Subject": True, "folder": False},
    open_parameters=("emailMessage/headers",),
)
CATALOGUE = Catalogue(
    connectors={
        "mail": ConnectorFacts(name="mail", title="Mail", apis=("shared_mail", "mail"), operations={"SendEmail": SEND})
    }
)
GOOD = {"emailMessage/To": "a@example.com", "emailMessage/Subject": "x"}


def open_api(operation: str, parameters: dict[str, Any], api: str = "shared_mail") -> dict[str, Any]:
    host = {"apiId": f"/providers/Microsoft.PowerApps/apis/{api}", "connectionName": api, "operationId": operation}
    return {"type": "OpenApiConnection", "inputs": {"host": host, "parameters": parameters}}


def consumption(method: str, path: str) -> dict[str, Any]:
    host = {"connection": {"referenceName": "mail"}, "apiId": "/subscriptions/s/managedApis/mail"}
    return {"type": "ApiConnection", "inputs": {"host": host, "method": method, "path": path}}


def found_in(action: dict[str, Any]) -> list[Finding]:
    return problems(definition_of({"A": action}), catalogue=CATALOGUE)


def test_a_known_operation_with_its_parameters_is_sound() -> None:
    assert found_in(open_api("sendemail", {**GOOD, "emailMessage/headers/x": "1"})) == []


def test_without_a_catalogue_nothing_is_said() -> None:
    assert problems(definition_of({"A": open_api("Sned", {})})) == []


def test_an_unknown_connector_is_met_with_the_near_name() -> None:
    (finding,) = found_in(open_api("SendEmail", GOOD, "shared_mial"))

    assert (finding.code, finding.hint) == ("CAT001", "did you mean 'shared_mail'?")


@pytest.mark.parametrize(
    ("operation", "near"),
    [("SendEmail_V4", "near names: SendEmail"), ("RunUIFlow_V2", None), ("GetMessageDetails", None)],
)
def test_an_operation_that_may_well_exist_is_a_note_that_lists_near_names(operation: str, near: str | None) -> None:
    (finding,) = found_in(open_api(operation, GOOD))

    assert (finding.code, finding.severity, finding.hint) == ("CAT002", "note", near)


def test_a_slip_of_the_pen_is_a_warning() -> None:
    (finding,) = found_in(open_api("SendEmial", GOOD))

    assert finding.severity == "warning"


def test_an_unknown_operation_is_met_with_the_near_name() -> None:
    (finding,) = found_in(open_api("SendEmial", GOOD))

    assert (finding.code, finding.hint) == ("CAT002", "did you mean 'SendEmail'?")
    assert finding.pointer == "/actions/A/inputs/host/operationId"


def test_missing_and_unknown_parameters_are_named() -> None:
    found = found_in(open_api("SendEmail", {"emailMessage/To": "x", "emailMessage/Subjct": "y"}))

    assert [(finding.code, finding.hint) for finding in found] == [
        ("CAT003", None),
        ("CAT004", "did you mean 'emailMessage/Subject'?"),
    ]


def test_a_built_in_provider_is_not_the_managed_connector_of_its_name() -> None:
    def connector(name: str, api: str, parameters: dict[str, bool]) -> ConnectorFacts:
        row = OperationFacts(connector=name, operation="createFile", parameters=parameters)
        return ConnectorFacts(name=name, title=name, apis=(api,), operations={"createFile": row})

    managed = connector("filesystem", "shared_filesystem", {"folderPath": True})
    built_in = connector("filesystem-builtin", "/serviceProviders/FileSystem", {"filePath": True})
    both = Catalogue(connectors={each.name: each for each in (managed, built_in)})

    assert find_connector(both, "/serviceProviders/fileSystem") is built_in
    assert find_connector(both, "/providers/Microsoft.PowerApps/apis/shared_filesystem") is managed
    assert find_connector(Catalogue(connectors={"filesystem": managed}), "/serviceProviders/FileSystem") is None


def test_a_method_and_path_find_their_operation() -> None:
    assert found_in(consumption("post", "/v2/Mail/@{encodeURIComponent('Inbox')}")) == []
    assert [finding.code for finding in found_in(consumption("get", "/v2/Mail/x"))] == ["CAT002"]
    assert [finding.code for finding in found_in(consumption("post", "/v3/Mail/x/y"))] == ["CAT002"]


def _post() -> Catalogue:
    rows = (
        OperationFacts(
            connector="post",
            operation="ListLetters",
            aliases=("ListLettersOfBox", "listLetters2"),
            method="GET",
            path="/boxes/{box}/letters",
            routes=(("GET", "/v2/boxes/{box}/letters/{path+}"),),
            parameters={"box": True},
        ),
        OperationFacts(connector="post", operation="Seal", method="PUT", path="/boxes/{box}/seal"),
        OperationFacts(connector="post", operation="GetRow", method="GET", path="/rows(Part='{part}',Row='{row}')"),
    )
    facts = ConnectorFacts(
        name="post", title="Post", apis=("shared_post", "post"), operations={each.operation: each for each in rows}
    )
    return Catalogue(connectors={"post": facts})


@pytest.mark.parametrize("name", ["ListLetters", "listlettersofbox", "ListLetters2"])
def test_an_operation_is_known_by_all_its_names(name: str) -> None:
    found = find_operation(_post().connectors["post"], name)

    assert found is not None
    assert found.operation == "ListLetters"


def test_another_name_is_no_unknown_operation_and_its_parameters_are_not_judged() -> None:
    flow = definition_of({"A": open_api("ListLettersOfBox", {"organization": "x"}, "shared_post")})

    assert problems(flow, catalogue=_post()) == []


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("get", "/boxes/@{item()}/letters", "ListLetters"),
        ("GET", "/v2/boxes/1/letters/a/b/@{item()?['c']}", "ListLetters"),
        (
            "GET",
            "/boxes/@{encodeURIComponent(triggerBody()?['a/b']?['{c}'])}/letters?top=@{item()?['n']}",
            "ListLetters",
        ),
        ("GET", "/v2/boxes/1/letters", None),
        ("PUT", "/boxes/1/@{item()}", "Seal"),
        ("PUT", "/boxes/1/open", None),
        ("GET", "/rows(Part='a',Row='@{encodeURIComponent('b')}')", "GetRow"),
        ("GET", "/rows(Part='a')", None),
    ],
)
def test_every_route_of_an_operation_is_known(method: str, path: str, operation: str | None) -> None:
    found = find_by_path(_post().connectors["post"], method, path)

    assert (found.operation if found is not None else None) == operation


def test_of_paths_that_fit_the_one_with_more_in_common_is_meant() -> None:
    def row(operation: str, path: str) -> OperationFacts:
        return OperationFacts(connector="x", operation=operation, method="GET", path=path)

    rows = [row("Any", "/{kind}/{id}"), row("Machine", "/machines/{id}"), row("Mine", "/machines/mine")]
    facts = ConnectorFacts(name="x", title="X", apis=("x",), operations={each.operation: each for each in rows})

    names = {path: find_by_path(facts, "GET", path) for path in ("/a/b", "/machines/7", "/machines/mine")}
    assert {path: found.operation for path, found in names.items() if found is not None} == {
        "/a/b": "Any",
        "/machines/7": "Machine",
        "/machines/mine": "Mine",
    }
