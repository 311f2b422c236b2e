"""From catalog, journal and history to the resources that the management interface shows."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import quote

from runafter.catalog.rows import TriggerHistory
from runafter.engine.instants import timestamp
from runafter.hosts.clock import TICKS_PER_S
from runafter.journal.codec import encode
from runafter.journal.rows import ActionRow, RunHeader
from runafter.program.steps import Trigger
from runafter.protocol.commands import Attempt
from runafter.protocol.ids import repetition_name
from runafter.server.contents import content_path
from runafter.server.flows import Flow
from runafter.server.iterations import Iteration
from runafter.server.runtime import Runtime
from runafter.views.run_detail import ActionLine


class Resources:
    """Makes the JSON of workflows, versions, triggers, histories, runs and actions."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._journal = runtime.host.journal

    def flow(self, flow: Flow, *, whole: bool = False) -> dict[str, Any]:
        row = flow.row
        identity = self._runtime.settings.workflow_id(flow.name)
        properties: dict[str, Any] = {
            "provisioningState": "Succeeded",
            "createdTime": timestamp(row.created_at),
            "changedTime": timestamp(row.changed_at),
            "state": row.state,
            "version": row.version,
            "accessEndpoint": f"{self._runtime.settings.public_url}/workflows/{quote(flow.name)}",
            "parameters": {},
        }
        if whole:
            properties["definition"] = flow.definition.value
        return {
            "properties": properties,
            "id": identity,
            "name": flow.name,
            "type": "Microsoft.Logic/workflows",
            "location": self._runtime.settings.location,
            "tags": {"title": row.title},
        }

    def version(self, flow: Flow, version: str, at: int) -> dict[str, Any]:
        return {
            "properties": {
                "createdTime": timestamp(at),
                "changedTime": timestamp(at),
                "state": flow.row.state,
                "version": version,
            },
            "id": f"{self._runtime.settings.workflow_id(flow.name)}/versions/{version}",
            "name": version,
            "type": "Microsoft.Logic/workflows/versions",
        }

    def trigger(self, flow: Flow, trigger: Trigger) -> dict[str, Any]:
        identity = self._runtime.settings.workflow_id(flow.name)
        next_at = self._runtime.schedule.next_at(flow.name, trigger.name)
        properties: dict[str, Any] = {
            "provisioningState": "Succeeded",
            "createdTime": timestamp(flow.row.created_at),
            "changedTime": timestamp(flow.row.changed_at),
            "state": flow.row.state,
            "workflow": self._version_of(flow.name, flow.row.version),
        }
        if next_at is not None:
            properties["nextExecutionTime"] = timestamp(next_at)
        return {
            "properties": properties,
            "id": f"{identity}/triggers/{trigger.name}",
            "name": trigger.name,
            "type": "Microsoft.Logic/workflows/triggers",
        }

    async def history(self, flow: Flow, row: TriggerHistory) -> dict[str, Any]:
        identity = self._runtime.settings.workflow_id(flow.name)
        properties: dict[str, Any] = {
            "startTime": timestamp(row.started_at),
            "endTime": timestamp(row.ended_at),
            "status": row.status,
            "code": row.code or "OK",
            "trackingId": row.id,
            "correlation": {"clientTrackingId": row.client_tracking_id},
            "fired": row.fired,
        }
        if row.scheduled_at is not None:
            properties["scheduledTime"] = timestamp(row.scheduled_at)
        if row.detail is not None and row.detail.error is not None:
            properties["error"] = row.detail.error
        if row.detail is not None and row.detail.outputs:
            properties["outputsLink"] = await self._link(flow.name, f"/histories/{row.id}/outputs", row.detail.outputs)
        if row.detail is not None and row.detail.attempts:
            properties["retryHistory"] = _retry_history(row.detail.attempts)
        if row.run_id is not None:
            properties["run"] = {
                "name": row.run_id,
                "id": f"{identity}/runs/{row.run_id}",
                "type": "Microsoft.Logic/workflows/runs",
            }
        return {
            "properties": properties,
            "id": f"{identity}/triggers/{row.trigger}/histories/{row.id}",
            "name": row.id,
            "type": "Microsoft.Logic/workflows/triggers/histories",
        }

    async def run(self, header: RunHeader) -> dict[str, Any]:
        """Show a run with the version it began with, whatever the flow's version is now."""
        identity = self._runtime.settings.workflow_id(header.flow)
        began = await self._runtime.runs.shown_trigger(header)
        version = await self._runtime.runs.version(header)
        trigger = {key: value for key, value in began.items() if key not in {"inputs", "outputs", "secured"}}
        if trigger:
            trigger["correlation"] = {"clientTrackingId": header.client_tracking_id}
            for side in ("inputs", "outputs"):
                if began.get(side) is not None:
                    path = f"/runs/{header.id}/trigger/{side}"
                    trigger[f"{side}Link"] = await self._link(header.flow, path, began[side])
        properties: dict[str, Any] = {
            "startTime": timestamp(header.started_at),
            "status": header.status,
            "correlation": {"clientTrackingId": header.client_tracking_id},
            "workflow": self._version_of(header.flow, version),
            "trigger": trigger,
            "outputs": header.outputs or {},
        }
        if header.status != "Waiting" or header.position:
            properties["waitEndTime"] = timestamp(header.started_at)
        if header.ended_at is not None:
            properties["endTime"] = timestamp(header.ended_at)
        if header.code is not None:
            properties["code"] = header.code
        if header.error is not None:
            properties["error"] = header.error
        return {
            "properties": properties,
            "id": f"{identity}/runs/{header.id}",
            "name": header.id,
            "type": "Microsoft.Logic/workflows/runs",
        }

    async def action(self, header: RunHeader, row: ActionRow) -> dict[str, Any]:
        base = f"{self._runtime.settings.workflow_id(header.flow)}/runs/{header.id}/actions/{row.action}"
        detail = row.detail
        properties: dict[str, Any] = {
            "startTime": timestamp(row.started_at),
            "endTime": timestamp(row.ended_at),
            "status": row.status,
            "code": row.code or "NotSpecified",
            "trackingId": detail.tracking_id,
            "correlation": {"actionTrackingId": detail.tracking_id, "clientTrackingId": header.client_tracking_id},
            "canResubmit": True,
        }
        for side, is_there, value in (
            ("inputs", row.has_inputs, row.inputs),
            ("outputs", row.has_outputs, row.outputs),
        ):
            if is_there:
                path = content_path(header.id, row.action, row.repetition, side)
                properties[f"{side}Link"] = await self._link(header.flow, path, value)
        if detail.error is not None:
            properties["error"] = detail.error
        if detail.tracked is not None:
            properties["trackedProperties"] = detail.tracked
        if detail.iterations is not None:
            properties["iterationCount"] = detail.iterations
        if detail.attempts:
            properties["retryHistory"] = _retry_history(detail.attempts)
        if not row.repetition:
            return {
                "properties": properties,
                "id": base,
                "name": row.action,
                "type": "Microsoft.Logic/workflows/runs/actions",
            }
        name = repetition_name(row.repetition)
        properties["repetitionIndexes"] = [
            {"scopeName": scope, "itemIndex": index} for scope, index in zip(detail.loops, row.repetition, strict=False)
        ]
        return {
            "properties": properties,
            "id": f"{base}/repetitions/{name}",
            "name": name,
            "type": "Microsoft.Logic/workflows/runs/actions/repetitions",
        }

    def repeated(self, header: RunHeader, line: ActionLine) -> dict[str, Any]:
        """Sum up an action that a loop repeats.

        Source: Azure/LogicAppsUX, logicAppsV2.ts, WorkflowRunAction.repetitionCount, read 2026-11-21.
        """
        return {
            "properties": {
                "startTime": timestamp(line.started_at),
                "endTime": timestamp(line.ended_at),
                "status": line.status,
                "code": line.code or "NotSpecified",
                "correlation": {"clientTrackingId": header.client_tracking_id},
                "repetitionCount": line.repetitions,
            },
            "id": f"{self._runtime.settings.workflow_id(header.flow)}/runs/{header.id}/actions/{line.action}",
            "name": line.action,
            "type": "Microsoft.Logic/workflows/runs/actions",
        }

    def iteration(self, header: RunHeader, loop: str, found: Iteration) -> dict[str, Any]:
        name = repetition_name(found.repetition)
        properties: dict[str, Any] = {
            "repetitionIndexes": [
                {"scopeName": scope, "itemIndex": index}
                for scope, index in zip(found.loops, found.repetition, strict=False)
            ],
            "startTime": timestamp(found.started_at),
            "status": found.status,
            "code": "ActionFailed" if found.status == "Failed" else "NotSpecified",
            "correlation": {"clientTrackingId": header.client_tracking_id},
        }
        if found.ended_at is not None:
            properties["endTime"] = timestamp(found.ended_at)
        base = f"{self._runtime.settings.workflow_id(header.flow)}/runs/{header.id}/actions/{loop}"
        return {
            "properties": properties,
            "id": f"{base}/scopeRepetitions/{name}",
            "name": name,
            "type": "Microsoft.Logic/workflows/runs/actions/scopeRepetitions",
        }

    def requests(self, header: RunHeader, row: ActionRow) -> list[dict[str, Any]]:
        """Return one entry per attempt, the last one included."""
        base = f"{self._runtime.settings.workflow_id(header.flow)}/runs/{header.id}/actions/{row.action}"
        inputs = row.inputs if isinstance(row.inputs, dict) else {}
        outputs = row.outputs if isinstance(row.outputs, dict) else {}
        if "method" not in inputs:
            return []
        sent = {name: inputs.get(name) for name in ("method", "uri", "headers", "body") if name in inputs}
        attempts = [
            (each.started_at, each.ended_at, {"statusCode": each.status_code} if each.status_code else {})
            for each in row.detail.attempts
        ]
        last = attempts[-1][1] if attempts else row.started_at
        answered = {name: outputs[name] for name in ("statusCode", "headers", "body") if name in outputs}
        attempts.append((last, row.ended_at, answered))
        return [
            {
                "name": f"{number:06d}",
                "id": f"{base}/requestHistories/{number:06d}",
                "type": "Microsoft.Logic/workflows/runs/actions/requestHistories",
                "properties": {
                    "startTime": timestamp(began),
                    "endTime": timestamp(ended),
                    "request": sent,
                    "response": response,
                },
            }
            for number, (began, ended, response) in enumerate(attempts)
        ]

    def _version_of(self, flow: str, version: str | None) -> dict[str, Any]:
        return {
            "name": version,
            "id": f"{self._runtime.settings.workflow_id(flow)}/versions/{version}",
            "type": "Microsoft.Logic/workflows/versions",
        }

    async def _link(self, flow: str, path: str, value: Any) -> dict[str, Any]:
        data = encode(value)
        until = self._runtime.host.clock() + round(self._runtime.settings.link_s * TICKS_PER_S)
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        return {
            "uri": await self._runtime.signer.content_url(flow, path, until=until),
            "contentVersion": base64.b64encode(digest).decode(),
            "contentSize": len(data),
            "contentHash": {"algorithm": "md5", "value": base64.b64encode(digest).decode()},
        }


def _retry_history(attempts: tuple[Attempt, ...]) -> list[dict[str, Any]]:
    return [
        {
            "startTime": timestamp(each.started_at),
            "endTime": timestamp(each.ended_at),
            "code": each.code,
            "error": {"error": each.error} if isinstance(each.error, dict) else None,
        }
        for each in attempts
    ]
