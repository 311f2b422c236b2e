"""Sentinel, Monitor, Application Insights, files and Service Bus as a flow meets them."""

from __future__ import annotations

import json

from runafter.protocol.commands import CallOperation, Target
from runafter.tenant.tenant import Tenant

ARM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/w/providers/Microsoft.SecurityInsights/Incidents/i1"
SENTINEL = {"azuresentinel": {"incidents": [{"id": ARM, "title": "Phish", "labels": ["a"], "alerts": ["alert-1"]}]}}


async def _consumption(tenant: Tenant, api: str, method: str, path: str, body: object = None, **queries: object):
    inputs = {"method": method, "path": path, "queries": queries} | ({} if body is None else {"body": body})
    target = Target(type="ApiConnection", api=api)
    return await tenant.perform(CallOperation(id=f"r/{path}/1", run_id="r", action="a", target=target, inputs=inputs))


async def test_a_sentinel_playbook_comments_updates_and_finds_its_incident(make) -> None:
    tenant = make(SENTINEL)

    comment = await _consumption(
        tenant, "azuresentinel", "post", "/Incidents/Comment", {"incidentArmId": ARM, "message": "<p>seen</p>"}
    )
    update = await _consumption(tenant, "azuresentinel-2", "put", "/Incidents", {
        "incidentArmId": ARM, "status": "Active", "tagsToAdd": {"TagsToAdd": [{"Tag": "b"}]}})  # fmt: skip
    closed = await _consumption(
        tenant, "azuresentinel", "put", "/Incidents", {"incidentArmId": ARM, "status": "Closed"}
    )
    path = "/Incidents/subscriptions/s/resourceGroups/g/workspaces/w/alerts/alert-1"
    found = await _consumption(tenant, "microsoftsentinel", "get", path)

    assert comment.status_code == 201
    assert [label["labelName"] for label in update.body["properties"]["labels"]] == ["a", "b"]
    assert (closed.status_code, "classification" in (closed.message or "")) == (400, True)
    assert found.body["properties"]["comments"][0]["properties"]["message"] == "<p>seen</p>"
    assert found.body["properties"]["status"] == "Active"


async def test_entities_of_one_kind_are_picked_from_a_list(make) -> None:
    tenant = make()
    entities = json.dumps([
        {"kind": "Ip", "properties": {"address": "10.0.0.1"}},
        {"kind": "Account", "properties": {"accountName": "ada", "name": "ada"}},
        {"Type": "ip", "Address": "10.0.0.2"},
    ])  # fmt: skip

    outcome = await _consumption(tenant, "azuresentinel", "post", "/entities/ip", entities)

    assert [entry["Address"] for entry in outcome.body["IPs"]] == ["10.0.0.1", "10.0.0.2"]


async def test_collected_data_can_be_queried(make) -> None:
    tenant = make()
    rows = [{"User": "ada", "Count": n} for n in range(5)]
    inputs = {"method": "post", "path": "/api/logs", "headers": {"Log-Type": "SignIns"}, "body": json.dumps(rows)}
    target = Target(type="ApiConnection", api="azureloganalyticsdatacollector")
    await tenant.perform(CallOperation(id="r/s/1", run_id="r", action="s", target=target, inputs=inputs))
    scope = {
        "subscriptions": "s",
        "resourcegroups": "g",
        "resourcename": "w",
        "resourcetype": "Log Analytics Workspace",
    }

    query = "SignIns_CL | where User_s == 'ada' and Count_d >= 2 | summarize n=count(), most=max(Count_d) by User_s"
    outcome = await _consumption(tenant, "azuremonitorlogs", "post", "/queryData", query, **scope)
    refused = await _consumption(
        tenant, "azuremonitorlogs", "post", "/queryData", "SignIns_CL | join Other on X", **scope
    )

    assert outcome.body["value"] == [{"User_s": "ada", "n": 3, "most": 4.0}]
    assert (refused.status_code, "'join'" in (refused.message or "")) == (400, True)


async def test_telemetry_is_received_with_its_operation_id(make, http) -> None:
    tenant = make()
    item = {"name": "Microsoft.ApplicationInsights.Exception", "time": "2026-11-21T10:00:00Z", "iKey": "k", "tags": {"ai.operation.id": "run-1"},
            "data": {"baseType": "ExceptionData", "baseData": {"ver": 2, "exceptions": [{"message": "boom"}]}}}  # fmt: skip

    outcome = await http(tenant, "POST", "https://dc.services.visualstudio.com/v2/track", body=[item, {"iKey": "k"}])

    assert (outcome.status_code, outcome.body["itemsAccepted"]) == (206, 1)
    (row,) = [row for _, row in tenant.store_of("applicationinsights").rows("exceptions")]
    assert (row["operation_Id"], row["exceptions"][0]["message"]) == ("run-1", "boom")


async def test_a_locked_message_comes_back_after_its_lock_and_is_gone_when_completed(make, call, clock) -> None:
    tenant = make()
    await call(tenant, "shared_servicebus", "SendMessage", {"entityName": "q", "message/ContentData": "aGk="})

    first = await call(tenant, "servicebus", "GetMessagesFromQueueWithPeekLock", {"queueName": "q"})
    locked = await call(tenant, "servicebus", "GetMessagesFromQueueWithPeekLock", {"queueName": "q"})
    clock.advance(31)
    second = await call(tenant, "servicebus", "GetMessagesFromQueueWithPeekLock", {"queueName": "q"})
    lost = await call(
        tenant, "servicebus", "CompleteMessageInQueue", {"queueName": "q", "lockToken": first.body[0]["LockToken"]}
    )
    done = await call(
        tenant, "servicebus", "CompleteMessageInQueue", {"queueName": "q", "lockToken": second.body[0]["LockToken"]}
    )

    assert first.body[0]["ContentData"] == "aGk="
    assert locked.status_code == 202
    assert second.body[0]["Properties"]["DeliveryCount"] == "2"
    assert (lost.status_code, done.status_code) == (410, 200)


async def test_files_are_written_listed_copied_and_deleted(make, call) -> None:
    tenant = make({"onedrive": {"files": {"/in/a.txt": "one"}}})

    listed = await call(tenant, "shared_onedriveforbusiness", "ListFolder", {"id": "/in"})
    made = await call(
        tenant, "shared_onedriveforbusiness", "CreateFile", {"folderPath": "/out", "name": "b.txt", "body": "two"}
    )
    read = await call(tenant, "shared_onedriveforbusiness", "GetFileContent", {"id": made.body["Id"]})
    await call(tenant, "shared_onedriveforbusiness", "DeleteFile", {"id": made.body["Id"]})
    gone = await call(tenant, "shared_onedriveforbusiness", "GetFileContent", {"id": made.body["Id"]})

    assert [entry["Name"] for entry in listed.body] == ["a.txt"]
    assert read.body == "two"
    assert gone.status_code == 404
