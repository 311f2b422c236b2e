"""Runs on an emulated tenant: its answers, its faults, its time, its callbacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import runafter
from runafter.local.run import RunRefused
from runafter.local.tenant import open_tenant, read_faults
from runafter.simulator.host import START_TICKS
from runafter.tenant import show
from runafter.tenant.faults import InvalidFault

SEED = {
    "sharepointonline": {
        "sites": {"https://contoso.sharepoint.com/sites/a": {"lists": {"Tasks": {"columns": {"Note": "text"}}}}}
    }
}


def _operation(api: str, operation: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    host = {"apiId": f"/providers/x/apis/{api}", "connectionName": api, "operationId": operation}
    return {"type": more.pop("type", "OpenApiConnection"), "inputs": {"host": host, "parameters": parameters}, **more}


def _add(title: str, **more: Any) -> dict[str, Any]:
    parameters = {"dataset": "https://contoso.sharepoint.com/sites/a", "table": "Tasks", "item/Title": title}
    return _operation("shared_sharepointonline", "PostItem", parameters, **more)


def _flow(**actions: Any) -> runafter.Definition:
    trigger = {"manual": {"type": "Request", "kind": "Button", "inputs": {}}}
    definition = {"$schema": "", "contentVersion": "1.0.0.0", "triggers": trigger, "actions": actions}
    document = {"name": "t", "properties": {"definition": definition, "connectionReferences": {}}}
    (found,) = runafter.read(json.dumps(document).encode())
    return found


def test_a_connector_call_changes_the_tenant() -> None:
    result = runafter.run(_flow(Add=_add("One")), tenant=SEED)

    assert result.succeeded
    assert result.tenant is not None
    assert [row["Title"] for row in show.rows(result.tenant, "sharepointonline", "Tasks")] == ["One"]


def test_a_fault_strikes_and_the_retry_gets_through() -> None:
    flow = _flow(Add=_add("One"))

    result = runafter.run(flow, tenant=SEED, faults=["sharepointonline.PostItem=503#1"])

    assert result.succeeded
    assert len(result.action("Add").attempts) == 1


def test_an_approval_is_answered_by_the_tenant_after_its_time() -> None:
    parameters = {
        "approvalType": "Basic",
        "WebhookApprovalCreationInput/title": "May I?",
        "WebhookApprovalCreationInput/assignedTo": "carl@contoso.example",
    }
    ask = _operation("shared_approvals", "StartAndWaitForAnApproval", parameters, type="OpenApiConnectionWebhook")
    rules = {"approvals": {"rules": {"*": {"answer": "Reject", "after_s": 7200}}}}

    result = runafter.run(_flow(Ask=ask), tenant=rules)

    assert result.succeeded
    assert result.action("Ask").outputs["body"]["outcome"] == "Reject"
    assert 7200 <= result.duration.total_seconds() < 7201


@pytest.mark.parametrize("after_s", [0, 0.0001])
def test_an_answer_at_once_is_not_lost(after_s: float) -> None:
    parameters = {
        "approvalType": "Basic",
        "WebhookApprovalCreationInput/title": "May I?",
        "WebhookApprovalCreationInput/assignedTo": "carl@contoso.example",
    }
    ask = _operation("shared_approvals", "StartAndWaitForAnApproval", parameters, type="OpenApiConnectionWebhook")
    rules = {"approvals": {"rules": {"*": {"answer": "Approve", "after_s": after_s}}}}

    result = runafter.run(_flow(Ask=ask), tenant=rules)

    assert result.action("Ask").outputs["body"]["outcome"] == "Approve"


def test_a_tenant_serves_run_after_run_and_its_time_goes_on() -> None:
    tenant = open_tenant(SEED)
    pause = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}}
    flow = _flow(Add=_add("One"), Pause=pause | {"runAfter": {"Add": ["Succeeded"]}})

    first = runafter.run(flow, tenant=tenant)
    second = runafter.run(flow, tenant=tenant)

    assert second.journal[0].at >= START_TICKS + 3600 * 10_000_000
    assert second.run_id != first.run_id
    assert len(show.rows(tenant, "sharepointonline", "Tasks")) == 2


def test_the_machines_clock_runs_on_a_tenant_too() -> None:
    result = runafter.run(_flow(Add=_add("One")), tenant=SEED, clock="real")

    assert result.succeeded
    assert result.tenant is not None
    assert result.tenant.served[0].started_at > START_TICKS


def test_a_host_that_the_tenant_lacks_is_not_reached() -> None:
    get = {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.com/", "retryPolicy": {"type": "none"}}}

    result = runafter.run(_flow(Get=get), tenant={}, clock="real")

    assert result.action("Get").code == "UnresolvableHostName"


def test_mocks_go_before_the_tenant() -> None:
    result = runafter.run(_flow(Add=_add("One")), tenant=SEED, mocks={"actions": {"Add": {"status": 200}}})

    assert result.tenant is not None
    assert result.tenant.served == []


def test_faults_without_a_tenant_are_refused() -> None:
    with pytest.raises(RunRefused, match="need a tenant"):
        runafter.run(_flow(Add=_add("One")), faults=["sql.*=500"])


def test_a_file_of_faults_says_faults(tmp_path: Path) -> None:
    wrong = tmp_path / "faults.yaml"
    wrong.write_text("rules: []\n", "utf-8")
    right = tmp_path / "right.yaml"
    right.write_text("faults: ['sql.*=500']\n", "utf-8")

    assert read_faults(right) == ["sql.*=500"]
    with pytest.raises(InvalidFault, match="no list of faults"):
        read_faults(wrong)


def test_a_tenant_kept_in_a_file_is_seeded_once(tmp_path: Path) -> None:
    seed = tmp_path / "tenant.yaml"
    seed.write_text("sharepointonline: {sites: {'https://c.example/s': {lists: {T: {items: [{Title: a}]}}}}}", "utf-8")

    for _ in range(2):
        tenant = open_tenant(seed, state=tmp_path / "state.db")
        titles = [row["Title"] for row in show.rows(tenant, "sharepointonline", "T")]
        tenant.state.close()

    assert titles == ["a"]
