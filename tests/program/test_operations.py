"""Calls against a catalogue of connectors."""

from __future__ import annotations

from typing import Any

import pytest
from tests.program.flows import definition_of

from runafter.errors import Finding
from runafter.profiles.catalogue import Catalogue, ConnectorFacts, OperationFacts
from runafter.program.build import problems
from runafter.program.checks.operations import find_connector

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


@pytest.mark.parametrize("operation", ["SendEmail_V4", "RunUIFlow_V2", "GetMessageDetails"])
def test_an_operation_that_may_well_exist_is_a_note_without_a_guess(operation: str) -> None:
    (finding,) = found_in(open_api(operation, GOOD))

    assert (finding.code, finding.severity, finding.hint) == ("CAT002", "note", None)


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
