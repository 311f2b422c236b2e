from __future__ import annotations

from typing import Any

import pytest
from tests.connectors.packs.calling import Service

SUB = "00000000-0000-4000-8000-000000000001"
GROUP = f"/subscriptions/{SUB}/resourcegroups/lab"
MACHINE = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm1"
SEED = {
    "subscriptions": {
        SUB: {
            "displayName": "Lab",
            "groups": {
                "lab": {
                    "location": "westeurope",
                    "resources": {
                        "Microsoft.Compute/virtualMachines/vm1": {},
                        "Microsoft.Storage/storageAccounts/s1": {},
                    },
                }
            },
        }
    }
}


@pytest.fixture
def arm() -> Service:
    return Service("arm", SEED)


def test_resources_are_listed_read_written_and_deleted(arm: Service) -> None:
    listed = arm.request(
        "GET", f"{GROUP}/resources", **{"$filter": "resourceType eq 'Microsoft.Storage/storageAccounts'"}
    )
    path = f"{GROUP}/providers/Microsoft.Web/sites%2Fweb%2Fslots%2Fstage"
    made = arm.request("PUT", path, {"location": "westeurope", "properties": {"a": 1}})
    again = arm.request("PUT", path, {"location": "westeurope"})
    gone = (arm.request("DELETE", path).status_code, arm.request("DELETE", path).status_code)

    assert [row["name"] for row in listed.body["value"]] == ["s1"]
    assert (made.status_code, again.status_code) == (201, 200)
    assert (made.body["type"], made.body["name"]) == ("Microsoft.Web/sites/slots", "stage")
    assert gone == (200, 204)
    assert arm.request("GET", path).code == "ResourceNotFound"


def test_what_is_unknown_is_refused_with_its_code(arm: Service) -> None:
    assert arm.request("GET", "/subscriptions/none").code == "SubscriptionNotFound"
    assert arm.request("GET", f"/subscriptions/{SUB}/resourcegroups/none").code == "ResourceGroupNotFound"


def test_deleting_a_group_deletes_what_lies_in_it(arm: Service) -> None:
    arm.request("DELETE", GROUP)

    assert arm.request("GET", f"/subscriptions/{SUB}/resources").body["value"] == []


def test_the_power_of_a_machine_is_kept(arm: Service) -> None:
    def power() -> Any:
        return arm.request("GET", MACHINE).body["properties"]["instanceView"]["statuses"][0]["code"]

    arm.request("POST", f"{MACHINE}/start")
    started = power()
    arm.request("POST", f"{MACHINE}/deallocate")

    assert (started, power()) == ("PowerState/running", "PowerState/deallocated")


def test_a_deployment_creates_the_resources_of_its_template(arm: Service) -> None:
    template = {
        "parameters": {"name": {"type": "string"}},
        "variables": {"where": "northeurope"},
        "resources": [
            {"type": "Microsoft.KeyVault/vaults", "name": "[parameters('name')]", "location": "[variables('where')]"}
        ],
        "outputs": {"vault": {"type": "string", "value": "[parameters('name')]"}},
    }
    body = {"properties": {"mode": "Incremental", "template": template, "parameters": {"name": {"value": "v1"}}}}
    deployed = arm.request("PUT", f"{GROUP}/providers/Microsoft.Resources/deployments/d1", body)
    vault = arm.request("GET", f"{GROUP}/providers/Microsoft.KeyVault/vaults%2Fv1")

    assert deployed.body["properties"]["outputs"]["vault"]["value"] == "v1"
    assert vault.body["location"] == "northeurope"


def test_a_template_that_the_emulator_cannot_deploy_is_refused(arm: Service) -> None:
    looped = {"resources": [{"type": "A/b", "name": "x", "copy": {"name": "c", "count": 2}}]}
    unknown = {"resources": [{"type": "A/b", "name": "[parameters('x')]"}]}
    path = f"{GROUP}/providers/Microsoft.Resources/deployments/d1"

    codes = [arm.request("PUT", path, {"properties": {"template": entry}}).code for entry in (looped, unknown)]

    assert codes == ["InvalidTemplate", "InvalidTemplate"]
    assert arm.request("GET", path).code == "DeploymentNotFound"


def test_an_action_without_behaviour_is_refused_unless_a_handler_answers(arm: Service) -> None:
    path = f"{GROUP}/providers/Microsoft.Storage/storageAccounts%2Fs1/listKeys"
    refused = arm.request("POST", path)
    arm.tenant.handle("arm/listKeys", lambda given: {"keys": [{"value": given["resource"]["name"]}]})

    assert refused.code == "InvalidOperation"
    assert arm.request("POST", path).body == {"keys": [{"value": "s1"}]}


# -- automation ----------------------------------------------------------------------------------------------------------

JOBS = f"/subscriptions/{SUB}/resourceGroups/lab/providers/Microsoft.Automation/automationAccounts/a/jobs"
RUNBOOKS = {"runbooks": {"Block": {"output": "blocked", "seconds": 30}, "Broken": {"error": "boom"}}}


def test_a_job_runs_for_its_time_and_then_has_its_output() -> None:
    automation = Service("azureautomation", RUNBOOKS)
    job = automation.request("PUT", JOBS, {"properties": {"parameters": {"Ip": "1"}}}, runbookName="Block")
    ident = job.body["properties"]["jobId"]
    early = automation.request("GET", f"{JOBS}/{ident}/output")
    automation.clock.advance(30)

    assert (job.status_code, job.body["properties"]["status"], early.body) == (201, "Running", "")
    assert automation.request("GET", f"{JOBS}/{ident}").body["properties"]["status"] == "Completed"
    assert automation.request("GET", f"{JOBS}/{ident}/output").body == "blocked"


def test_a_job_may_be_waited_for_and_may_fail() -> None:
    automation = Service("azureautomation", RUNBOOKS)
    waited = automation.request("PUT", JOBS, {}, runbookName="Block", wait=True)
    broken = automation.request("PUT", JOBS, {}, runbookName="Broken", wait=True)
    missing = automation.request("PUT", JOBS, {}, runbookName="None")

    assert waited.body["properties"]["status"] == "Completed"
    assert (broken.body["properties"]["status"], broken.body["properties"]["exception"]) == ("Failed", "boom")
    assert missing.status_code == 404


def test_the_built_in_connector_starts_the_same_runbooks() -> None:
    automation = Service("azureautomation", RUNBOOKS)
    where = {"subscriptionId": SUB, "resourceGroup": "lab", "automationAccount": "a"}
    job = automation.built_in("azureAutomation", "createJob", **where, runbookName="Block", waitForJob=True)
    ident = job.body["properties"]["jobId"]

    assert automation.built_in("azureAutomation", "getJobStatus", **where, jobId=ident).status_code == 200
    assert automation.built_in("azureAutomation", "getJobOutput", **where, jobId=ident).body == "blocked"


# -- Defender for Endpoint -----------------------------------------------------------------------------------------------

DEFENDER = {
    "machines": [{"id": "m1", "computerDnsName": "pc1.contoso.example"}, {"id": "m2", "riskScore": "High"}],
    "alerts": [{"id": "al1", "machineId": "m1"}],
    "statistics": {"10.0.0.1": {"organizationPrevalence": 4}},
}


@pytest.fixture
def defender() -> Service:
    return Service("wdatp", DEFENDER)


def test_machines_are_found_by_id_name_and_filter(defender: Service) -> None:
    risky = defender.request("GET", "/api/machines", **{"$filter": "riskScore eq 'High'"})

    assert defender.request("GET", "/api/machines/PC1.contoso.example").body["id"] == "m1"
    assert [row["id"] for row in risky.body["value"]] == ["m2"]
    assert defender.request("GET", "/api/machines/none").code == "ResourceNotFound"


def test_an_action_is_pending_for_a_minute_and_not_started_twice(defender: Service) -> None:
    body = {"Comment": "why", "IsolationType": "Full"}
    first = defender.request("POST", "/api/machines/m1/isolate", body)
    second = defender.request("POST", "/api/machines/m1/isolate", body)
    defender.clock.advance(60)
    ended = defender.request("GET", f"/api/machineactions/{first.body['id']}")

    assert (first.status_code, first.body["type"], first.body["status"]) == (201, "Isolate", "Pending")
    assert second.code == "ActiveRequestAlreadyExists"
    assert ended.body["status"] == "Succeeded"


def test_the_investigation_package_is_there_when_its_action_is_done(defender: Service) -> None:
    path = "/api/machines/m1/collectInvestigationPackage"
    ident = defender.request("POST", path, {"Comment": "why"}).body["id"]
    early = defender.request("GET", f"/api/machineactions/{ident}/getPackageUri")
    defender.clock.advance(60)

    assert early.status_code == 404
    assert ident in defender.request("GET", f"/api/machineactions/{ident}/getPackageUri").body["value"]


def test_an_alert_takes_known_values_only(defender: Service) -> None:
    changed = defender.request("PATCH", "/api/alerts/al1", {"status": "Resolved", "comment": "done"})
    wrong = defender.request("PATCH", "/api/alerts/al1", {"status": "Closed"})

    assert (changed.body["status"], changed.body["comments"][0]["comment"]) == ("Resolved", "done")
    assert wrong.code == "InvalidInput"


def test_statistics_tags_and_investigations(defender: Service) -> None:
    tagged = defender.request("POST", "/api/machines/m1/tags", {"Value": "vip", "Action": "Add"})

    assert defender.request("GET", "/api/ips/10.0.0.1/stats", lookBackHours=24).body["organizationPrevalence"] == 4
    assert defender.request("GET", "/api/domains/x.example/stats").body["host"] == "x.example"
    assert tagged.body["machineTags"] == ["vip"]
    assert defender.request("POST", "/api/machines/m2/startInvestigation", {"Comment": "x"}).body["state"] == "Running"
