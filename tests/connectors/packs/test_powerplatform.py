from __future__ import annotations

from typing import Any

import pytest
from tests.connectors.packs.calling import Service

SEED = {
    "environments": {
        "env-1": {
            "displayName": "Production",
            "apps": {"app-1": {"displayName": "Travel", "owner": {"id": "u1"}}, "app-2": {}, "app-3": {}},
            "flows": {"flow-1": {"displayName": "Sync"}},
            "connections": {"con-1": {"displayName": "ada"}},
            "connectors": {"shared_mine": {}, "shared_sql": {"isCustomApi": False}},
        },
        "env-2": {},
    },
    "policies": {"pol-1": {"displayName": "Strict", "defaultConnectorsClassification": "Blocked"}},
}


@pytest.fixture
def platform() -> Service:
    return Service("powerplatform", SEED)


def names(outcome: Any) -> list[str]:
    return [row["name"] for row in outcome.body["value"]]


def test_what_lies_in_an_environment_is_listed_in_pages(platform: Service) -> None:
    first = platform.call("Get-AdminApps", environment="ENV-1", **{"$top": 2, "api-version": "2016-11-01"})
    second = platform.call("Get-AdminApps", environment="env-1", **{"$top": 2, "$skiptoken": "2"})

    assert names(first) == ["app-1", "app-2"]
    assert first.body["nextLink"].endswith("$skiptoken=2")
    assert names(second) == ["app-3"]
    assert "nextLink" not in second.body


def test_custom_connectors_are_listed_apart(platform: Service) -> None:
    assert names(platform.call("Get-AdminConnectors", environment="env-1")) == ["shared_mine"]
    found = platform.call("Get-Connectors", **{"$filter": "environment eq 'env-1'"})
    assert names(found) == ["shared_mine", "shared_sql"]


def test_an_unknown_resource_is_404_with_its_code(platform: Service) -> None:
    codes = [
        platform.call("GetSingleEnvironment", environment="no").code,
        platform.call("Get-AdminApp", environment="env-1", app="no").code,
        platform.call("AdminGetFlow", environmentName="env-1", flowName="no").code,
        platform.call("GetPolicyV2", policy="no").code,
    ]

    assert codes == ["EnvironmentNotFound", "AppNotFound", "FlowNotFound", "PolicyNotFound"]


def test_an_environment_is_made_given_a_database_and_removed_with_all_in_it(platform: Service) -> None:
    made = platform.call(
        "NewAdminEnvironment", body__location="europe", body__properties__displayName="X",
        body__properties__environmentSku="Sandbox",
    )  # fmt: skip
    name = made.body["name"]
    first = platform.call("ProvisionInstance", environment=name, body__baseLanguage=1031)
    second = platform.call("ProvisionInstance", environment=name, body__baseLanguage=1031)
    linked = platform.call("GetSingleEnvironment", environment=name).body["properties"]["linkedEnvironmentMetadata"]
    platform.call("Remove-AdminEnvironment", environment="env-1")

    assert (first.status_code, second.status_code) == (202, 409)
    assert linked["baseLanguage"] == 1031
    assert names(platform.call("Get-AdminEnvironment")) == ["env-2", name]
    assert platform.call("Get-AdminApps", environment="env-1").status_code == 404


def test_a_change_reaches_only_the_fields_that_it_names(platform: Service) -> None:
    flat = {"body/properties/linkedEnvironmentMetadata/securityGroupId": "g"}
    changed = platform.call("UpdateEnvironment", environment="env-1", **flat).body["properties"]

    assert changed["displayName"] == "Production"
    assert changed["linkedEnvironmentMetadata"] == {"securityGroupId": "g"}


def test_flows_are_stopped_and_started(platform: Service) -> None:
    def state() -> str:
        outcome = platform.call("GetFlow", environmentName="env-1", flowName="flow-1")
        return str(outcome.body["properties"]["state"])

    before = state()
    platform.call("StopFlow", environmentName="env-1", flowName="flow-1")
    stopped = state()
    platform.call("StartFlow", environmentName="env-1", flowName="flow-1")

    assert (before, stopped, state()) == ("Started", "Stopped", "Started")


def test_an_app_is_shared_handed_over_and_quarantined(platform: Service) -> None:
    where = {"environment": "env-1", "app": "app-1"}
    entry = {"properties/principal/email": "grace@contoso.example", "properties/roleName": "CanView"}
    platform.call("Edit-AdminAppRoleAssignment", **where, body__put=[entry])
    platform.call("Set-AdminAppOwner", **where, body__newAppOwner="u2", body__roleForOldAppOwner="CanEdit")
    roles = platform.call("Get-AdminAppRoleAssignment", **where).body["value"]
    platform.call("Edit-AdminAppRoleAssignment", **where, body__delete=[{"id": "u1"}])
    held = platform.call("Set-AppQuarantineState", **where, body__quarantineStatus="Quarantined").body["properties"]

    assert {role["name"]: role["properties"]["roleName"] for role in roles} == {
        "grace@contoso.example": "CanView", "u2": "Owner", "u1": "CanEdit",
    }  # fmt: skip
    assert "u1" not in names(platform.call("Get-AdminAppRoleAssignment", **where))
    assert held["owner"]["id"] == "u2"
    assert held["executionRestrictions"]["appQuarantineState"]["quarantineStatus"] == "Quarantined"
    assert platform.call("Set-AppQuarantineState", **where, body__quarantineStatus="Maybe").status_code == 400


def test_policies_are_made_changed_and_deleted(platform: Service) -> None:
    made = platform.call("CreatePolicyV2", body__displayName="New")
    changed = platform.call("UpdatePolicyV2", policy="pol-1", body__displayName="Stricter")
    platform.call("DeletePolicyV2", policy=made.body["name"])

    assert changed.body["defaultConnectorsClassification"] == "Blocked"
    assert [row["displayName"] for row in platform.call("ListPoliciesV2").body["value"]] == ["Stricter"]


def test_a_refreshed_dataflow_is_told_once_when_it_is_done(platform: Service) -> None:
    def told() -> int | None:
        where = {"dataflowIdForOnRefreshComplete": "d", "groupIdForOnRefreshComplete": "env-1"}
        return platform.call("OnRefreshComplete", **where, workspaceType="Environment").status_code

    started = platform.call("RefreshDataflow", dataflowIdForRefreshDataflow="d", workspaceType="Environment")
    again = platform.call("RefreshDataflow", dataflowIdForRefreshDataflow="d", workspaceType="Environment")
    early = told()
    platform.clock.advance(60)

    assert (started.status_code, again.code, early) == (200, "DataflowRefreshInProgress", 202)
    assert (told(), told()) == (200, 202)
