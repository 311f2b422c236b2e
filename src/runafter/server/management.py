"""The management REST interface of Logic Apps (2016-06-01, 2019-05-01), and the Standard runtime's form of it.

Source: Azure/azure-rest-api-specs, Microsoft.Logic stable 2019-05-01, read 2026-11.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import quote, unquote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runafter.catalog.rows import TriggerHistory
from runafter.hosts.clock import TICKS_PER_S
from runafter.journal.codec import encode
from runafter.journal.rows import ActionRow, RunHeader
from runafter.program.steps import Trigger
from runafter.protocol.events import RunStarted
from runafter.protocol.ids import repetition_name
from runafter.server.answers import BadRequest, answer, body_of, guarded, not_found, number_of
from runafter.server.firing import FlowDisabled, TriggerEvent, moment
from runafter.server.flows import Flow
from runafter.server.invoke import content_path
from runafter.server.runtime import Runtime, repetition_of
from runafter.values.time import parse_iso

_PREFIXES = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Logic/workflows",
    "/runtime/webhooks/workflow/api/management/workflows",
)
_ALL = ("/subscriptions/{subscription}/providers/Microsoft.Logic/workflows",)
_MOST = 250
_TERM = re.compile(r"\s*(\w+)\s+(eq|ge|gt|le|lt)\s+('(?:[^']|'')*'|[^\s']+)\s*", re.IGNORECASE)


class Management:
    """The endpoints; each takes the flow from the path."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._journal = runtime.host.journal

    def routes(self) -> list[Route]:
        run, action = "/runs/{run}", "/runs/{run}/actions/{action}"
        trigger = "/triggers/{trigger}"
        table: list[tuple[str, str, Any]] = [
            ("", "GET", self.list_flows),
            ("/{flow}", "GET", self.get_flow),
            ("/{flow}", "DELETE", self.delete_flow),
            ("/{flow}/enable", "POST", self.enable),
            ("/{flow}/disable", "POST", self.disable),
            ("/{flow}/listCallbackUrl", "POST", self.callback_url),
            ("/{flow}/regenerateAccessKey", "POST", self.regenerate),
            ("/{flow}/versions", "GET", self.list_versions),
            ("/{flow}/versions/{version}", "GET", self.get_version),
            ("/{flow}/triggers", "GET", self.list_triggers),
            ("/{flow}" + trigger, "GET", self.get_trigger),
            ("/{flow}" + trigger + "/run", "POST", self.run_trigger),
            ("/{flow}" + trigger + "/listCallbackUrl", "POST", self.callback_url),
            ("/{flow}" + trigger + "/histories", "GET", self.list_histories),
            ("/{flow}" + trigger + "/histories/{history}", "GET", self.get_history),
            ("/{flow}" + trigger + "/histories/{history}/resubmit", "POST", self.resubmit),
            ("/{flow}/runs", "GET", self.list_runs),
            ("/{flow}" + run, "GET", self.get_run),
            ("/{flow}" + run + "/cancel", "POST", self.cancel),
            ("/{flow}" + run + "/resubmit", "POST", self.resubmit),
            ("/{flow}" + run + "/actions", "GET", self.list_actions),
            ("/{flow}" + action, "GET", self.get_action),
            ("/{flow}" + action + "/listExpressionTraces", "POST", self.traces),
            ("/{flow}" + action + "/requestHistories", "GET", self.request_histories),
            ("/{flow}" + action + "/requestHistories/{request}", "GET", self.request_history),
        ]
        for kind in ("repetitions", "scopeRepetitions"):
            of = f"/{{flow}}{action}/{kind}"
            table += [
                (of, "GET", self.list_repetitions),
                (of + "/{repetition}", "GET", self.get_action),
                (of + "/{repetition}/listExpressionTraces", "POST", self.traces),
                (of + "/{repetition}/requestHistories", "GET", self.request_histories),
                (of + "/{repetition}/requestHistories/{request}", "GET", self.request_history),
            ]
        routes = [
            Route(prefix + path, guarded(call), methods=[method])
            for prefix in _PREFIXES
            for path, method, call in table
        ]
        return [*routes, *(Route(prefix, guarded(self.list_flows), methods=["GET"]) for prefix in _ALL)]

    # --- workflows

    async def list_flows(self, request: Request) -> Response:
        flows = self._runtime.flows.all()
        top, skip = _page(request)
        value = [self._flow(flow) for flow in flows[skip : skip + top]]
        return answer(self._listed(request, value, skip + top if skip + top < len(flows) else None))

    async def get_flow(self, request: Request) -> Response:
        return answer(self._flow(self._flow_of(request), whole=True))

    async def delete_flow(self, request: Request) -> Response:
        await self._runtime.remove(self._flow_of(request).name)
        return Response(status_code=200)

    async def enable(self, request: Request) -> Response:
        await self._runtime.switch(self._flow_of(request).name, "Enabled")
        return Response(status_code=200)

    async def disable(self, request: Request) -> Response:
        await self._runtime.switch(self._flow_of(request).name, "Disabled")
        return Response(status_code=200)

    async def regenerate(self, request: Request) -> Response:
        given = await body_of(request) or {}
        await self._runtime.signer.revoke(self._flow_of(request).name, _key_type(given))
        return Response(status_code=200)

    async def list_versions(self, request: Request) -> Response:
        flow = self._flow_of(request)
        rows = await self._runtime.catalog.versions(flow.name)
        top, skip = _page(request)
        value = [self._version(flow, row.version, row.created_at) for row in rows[skip : skip + top]]
        return answer(self._listed(request, value, skip + top if skip + top < len(rows) else None))

    async def get_version(self, request: Request) -> Response:
        flow = self._flow_of(request)
        row = await self._runtime.catalog.version(flow.name, request.path_params["version"])
        if row is None:
            raise not_found("The version")
        found = await self._runtime.flows.at(flow.name, row.version)
        shape = self._version(flow, row.version, row.created_at)
        shape["properties"]["definition"] = found.definition.value
        return answer(shape)

    # --- triggers

    async def list_triggers(self, request: Request) -> Response:
        flow = self._flow_of(request)
        found = flow.program.triggers.values() if flow.program is not None else ()
        return answer({"value": [self._trigger(flow, trigger) for trigger in found]})

    async def get_trigger(self, request: Request) -> Response:
        flow = self._flow_of(request)
        return answer(self._trigger(flow, self._trigger_of(request, flow)))

    async def run_trigger(self, request: Request) -> Response:
        flow = self._flow_of(request)
        if not flow.row.is_enabled:
            raise FlowDisabled(f"the flow {flow.name!r} is disabled")
        given = await body_of(request)
        outputs = {} if given is None else {"headers": {}, "body": given}
        fired = await self._runtime.fire(flow, self._trigger_of(request, flow), TriggerEvent(outputs=outputs))
        headers = {"x-ms-workflow-run-id": fired[0].run_id} if fired[0].run_id is not None else {}
        return Response(status_code=429 if fired[0].status == "Full" else 202, headers=headers)

    async def callback_url(self, request: Request) -> Response:
        flow = self._flow_of(request)
        given = await body_of(request) or {}
        name = request.path_params.get("trigger")
        trigger = self._runtime.trigger_of(flow, name)
        until = _ticks(str(given["notAfter"])) if given.get("notAfter") else None
        value, base, queries = await self._runtime.signer.trigger_url(
            flow.name, trigger.name, relative_path=trigger.relative_path or "", until=until, key=_key_type(given)
        )
        shape: dict[str, Any] = {
            "value": value,
            "method": (trigger.method or "POST").upper(),
            "basePath": base,
            "queries": queries,
        }
        if trigger.relative_path:
            shape["relativePath"] = trigger.relative_path
            shape["relativePathParameters"] = re.findall(r"{(\w+)}", trigger.relative_path)
        return answer(shape)

    async def list_histories(self, request: Request) -> Response:
        flow = self._flow_of(request)
        trigger = self._trigger_of(request, flow)
        top, _ = _page(request)
        wanted = _filter(request)
        statuses = [str(value) for name, operator, value in wanted if name == "status" and operator == "eq"]
        rows = await self._runtime.catalog.histories(
            flow.name, trigger.name, statuses=statuses, after=_after(request), limit=top
        )
        value = [
            await self._history(flow, row) for row in rows if _fits(wanted, row.started_at, row.client_tracking_id)
        ]
        return answer(self._listed(request, value, rows[-1].id if len(rows) == top else None))

    async def get_history(self, request: Request) -> Response:
        flow = self._flow_of(request)
        row = await self._runtime.catalog.history(request.path_params["history"])
        if row is None or row.flow != flow.name:
            raise not_found("The trigger history")
        return answer(await self._history(flow, row))

    async def resubmit(self, request: Request) -> Response:
        run_id = request.path_params.get("history") or request.path_params["run"]
        await self._header(request, run_id)
        given = await body_of(request) or {}
        actions = tuple(
            str(each.get("name") if isinstance(each, dict) else each) for each in given.get("actionsToResubmit", ())
        )
        fired = await self._runtime.resubmit(run_id, actions)
        return Response(status_code=202, headers={"x-ms-workflow-run-id": fired.run_id or ""})

    # --- runs

    async def list_runs(self, request: Request) -> Response:
        flow = self._flow_of(request)
        top, _ = _page(request)
        wanted = _filter(request)
        bounds: dict[str, Any] = {}
        statuses = [each[2] for each in wanted if each[0] == "status" and each[1] == "eq"]
        for name, operator, bound in wanted:
            if name == "starttime":
                side = {
                    "ge": ("started_from", 0),
                    "gt": ("started_from", 1),
                    "lt": ("started_before", 0),
                    "le": ("started_before", 1),
                }
                if operator not in side:
                    raise BadRequest("startTime is compared with ge, gt, le or lt")
                key, more = side[operator]
                bounds[key] = _ticks(bound) + more
        rows = await self._journal.runs(flow=flow.name, statuses=statuses, after=_after(request), limit=top, **bounds)
        tracked = [each[2] for each in wanted if each[0] == "clienttrackingid"]
        value = [await self._run(flow, row) for row in rows if not tracked or row.client_tracking_id in tracked]
        return answer(self._listed(request, value, rows[-1].id if len(rows) == top else None))

    async def get_run(self, request: Request) -> Response:
        header = await self._header(request)
        return answer(await self._run(self._flow_of(request), header))

    async def cancel(self, request: Request) -> Response:
        await self._header(request)
        await self._runtime.cancel(request.path_params["run"])
        return Response(status_code=200)

    async def list_actions(self, request: Request) -> Response:
        header = await self._header(request)
        top, _ = _page(request)
        after = _after(request)
        wanted = [str(value) for name, _, value in _filter(request) if name == "status"]
        rows = await self._journal.history.actions(
            header.id, within=(), statuses=wanted, after=("", after) if after else None, limit=top, values=True
        )
        value = [await self._action(header, row) for row in rows]
        return answer(self._listed(request, value, rows[-1].action if len(rows) == top else None))

    async def get_action(self, request: Request) -> Response:
        header = await self._header(request)
        return answer(await self._action(header, await self._row(request, header)))

    async def list_repetitions(self, request: Request) -> Response:
        header = await self._header(request)
        top, _ = _page(request)
        action, after = request.path_params["action"], _after(request)
        rows = await self._journal.history.actions(
            header.id, action=action, after=(after, action) if after else None, limit=top, values=True
        )
        value = [await self._action(header, row) for row in rows if row.repetition]
        return answer(self._listed(request, value, repetition_name(rows[-1].repetition) if len(rows) == top else None))

    async def traces(self, request: Request) -> Response:
        """Show the failing expression and the values of its parts: what history keeps of an action's expressions."""
        header = await self._header(request)
        row = await self._row(request, header)
        failure = row.detail.failure if isinstance(row.detail.failure, dict) else None
        if failure is None:
            return answer({"inputs": []})
        parts = failure.get("parts") or []
        return answer(
            {
                "inputs": [
                    {
                        "path": failure.get("pointer", ""),
                        "value": row.detail.error,
                        "text": failure.get("expression", ""),
                        "subexpressions": parts,
                    }
                ]
            }
        )

    async def request_histories(self, request: Request) -> Response:
        header = await self._header(request)
        row = await self._row(request, header)
        return answer({"value": self._requests(header, row)})

    async def request_history(self, request: Request) -> Response:
        header = await self._header(request)
        found = self._requests(header, await self._row(request, header))
        wanted = request.path_params["request"]
        shape = next((each for each in found if each["name"] == wanted), None)
        if shape is None:
            raise not_found("The request history")
        return answer(shape)

    # --- shapes

    def _flow(self, flow: Flow, *, whole: bool = False) -> dict[str, Any]:
        row = flow.row
        identity = self._runtime.settings.workflow_id(flow.name)
        properties: dict[str, Any] = {
            "provisioningState": "Succeeded",
            "createdTime": moment(row.created_at),
            "changedTime": moment(row.changed_at),
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

    def _version(self, flow: Flow, version: str, at: int) -> dict[str, Any]:
        return {
            "properties": {
                "createdTime": moment(at),
                "changedTime": moment(at),
                "state": flow.row.state,
                "version": version,
            },
            "id": f"{self._runtime.settings.workflow_id(flow.name)}/versions/{version}",
            "name": version,
            "type": "Microsoft.Logic/workflows/versions",
        }

    def _trigger(self, flow: Flow, trigger: Trigger) -> dict[str, Any]:
        identity = self._runtime.settings.workflow_id(flow.name)
        next_at = self._runtime.schedule.next_at(flow.name, trigger.name)
        properties: dict[str, Any] = {
            "provisioningState": "Succeeded",
            "createdTime": moment(flow.row.created_at),
            "changedTime": moment(flow.row.changed_at),
            "state": flow.row.state,
            "workflow": self._workflow_of(flow),
        }
        if next_at is not None:
            properties["nextExecutionTime"] = moment(next_at)
        return {
            "properties": properties,
            "id": f"{identity}/triggers/{trigger.name}",
            "name": trigger.name,
            "type": "Microsoft.Logic/workflows/triggers",
        }

    async def _history(self, flow: Flow, row: TriggerHistory) -> dict[str, Any]:
        identity = self._runtime.settings.workflow_id(flow.name)
        properties: dict[str, Any] = {
            "startTime": moment(row.started_at),
            "endTime": moment(row.ended_at),
            "status": row.status,
            "code": row.code or "OK",
            "trackingId": row.id,
            "correlation": {"clientTrackingId": row.client_tracking_id},
            "fired": row.fired,
        }
        if row.scheduled_at is not None:
            properties["scheduledTime"] = moment(row.scheduled_at)
        if row.detail is not None and row.detail.error is not None:
            properties["error"] = row.detail.error
        if row.detail is not None and row.detail.outputs:
            properties["outputsLink"] = await self._link(flow.name, f"/histories/{row.id}/outputs", row.detail.outputs)
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

    async def _run(self, flow: Flow, header: RunHeader) -> dict[str, Any]:
        identity = self._runtime.settings.workflow_id(flow.name)
        events = await self._journal.read(header.id)
        started = events[0] if events and isinstance(events[0], RunStarted) else None
        trigger: dict[str, Any] = {}
        if started is not None:
            trigger = {key: value for key, value in started.trigger.items() if key not in {"inputs", "outputs"}}
            trigger["correlation"] = {"clientTrackingId": header.client_tracking_id}
            for side in ("inputs", "outputs"):
                if started.trigger.get(side) is not None:
                    path = f"/runs/{header.id}/trigger/{side}"
                    trigger[f"{side}Link"] = await self._link(flow.name, path, started.trigger[side])
        properties: dict[str, Any] = {
            "startTime": moment(header.started_at),
            "status": header.status,
            "correlation": {"clientTrackingId": header.client_tracking_id},
            "workflow": self._workflow_of(flow),
            "trigger": trigger,
            "outputs": header.outputs or {},
        }
        if header.ended_at is not None:
            properties["endTime"] = properties["waitEndTime"] = moment(header.ended_at)
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

    async def _action(self, header: RunHeader, row: ActionRow) -> dict[str, Any]:
        base = f"{self._runtime.settings.workflow_id(header.flow)}/runs/{header.id}/actions/{row.action}"
        detail = row.detail
        properties: dict[str, Any] = {
            "startTime": moment(row.started_at),
            "endTime": moment(row.ended_at),
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
            properties["retryHistory"] = [
                {
                    "startTime": moment(each.started_at),
                    "endTime": moment(each.ended_at),
                    "code": each.code,
                    "error": {"error": each.error} if isinstance(each.error, dict) else None,
                }
                for each in detail.attempts
            ]
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

    def _requests(self, header: RunHeader, row: ActionRow) -> list[dict[str, Any]]:
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
                    "startTime": moment(began),
                    "endTime": moment(ended),
                    "request": sent,
                    "response": response,
                },
            }
            for number, (began, ended, response) in enumerate(attempts)
        ]

    def _workflow_of(self, flow: Flow) -> dict[str, Any]:
        version = flow.row.version
        return {
            "name": version,
            "id": f"{self._runtime.settings.workflow_id(flow.name)}/versions/{version}",
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

    # --- finding

    def _flow_of(self, request: Request) -> Flow:
        return self._runtime.flows.get(request.path_params["flow"])

    def _trigger_of(self, request: Request, flow: Flow) -> Trigger:
        return self._runtime.trigger_of(flow, request.path_params["trigger"])

    async def _header(self, request: Request, run_id: str | None = None) -> RunHeader:
        """Return the run, if it is one of this flow."""
        header = await self._journal.run(run_id or request.path_params["run"])
        if header is None or header.flow.casefold() != request.path_params["flow"].casefold():
            raise not_found("The run")
        return header

    async def _row(self, request: Request, header: RunHeader) -> ActionRow:
        repetition = repetition_of(request.path_params.get("repetition", ""))
        row = await self._journal.history.action(header.id, request.path_params["action"], repetition)
        if row is None:
            raise not_found("The action")
        return row

    def _listed(self, request: Request, value: list[Any], following: str | int | None) -> dict[str, Any]:
        """Return a page; `nextLink` is the same address with the place to go on."""
        if following is None:
            return {"value": value}
        query = {**request.query_params, "$skiptoken": str(following)}
        return {
            "value": value,
            "nextLink": f"{self._runtime.settings.public_url}{quote(unquote(request.url.path))}?{urlencode(query)}",
        }


def _page(request: Request) -> tuple[int, int]:
    skip = request.query_params.get("$skiptoken", "")
    return number_of(request, "$top", 30, _MOST), int(skip) if skip.isdecimal() and len(skip) < 8 else 0


def _after(request: Request) -> str | None:
    return request.query_params.get("$skiptoken") or None


def _filter(request: Request) -> list[tuple[str, str, str]]:
    """Return the terms of `$filter` as (folded name, operator, value); they are joined by `and`.

    Raises:
        BadRequest: another form, or a field that runs have not.
    """
    text = request.query_params.get("$filter", "").strip()
    if not text:
        return []
    found = []
    for part in re.split(r"\s+and\s+", text, flags=re.IGNORECASE):
        term = _TERM.fullmatch(part)
        if term is None or term[1].casefold() not in {"status", "starttime", "clienttrackingid"}:
            raise BadRequest(
                f"$filter cannot be read at {part!r}",
                code="InvalidFilter",
                hint="Use Status, StartTime, ClientTrackingId.",
            )
        value = term[3][1:-1].replace("''", "'") if term[3].startswith("'") else term[3]
        found.append((term[1].casefold(), term[2].casefold(), value))
    return found


def _fits(wanted: list[tuple[str, str, str]], started_at: int, tracking: str) -> bool:
    for name, operator, value in wanted:
        if name == "clienttrackingid" and value != tracking:
            return False
        if name == "starttime":
            bound = _ticks(value)
            fits = {
                "ge": started_at >= bound,
                "gt": started_at > bound,
                "le": started_at <= bound,
                "lt": started_at < bound,
            }
            if not fits.get(operator, False):
                return False
    return True


def _ticks(text: str) -> int:
    parsed = parse_iso(text)
    if parsed is None:
        raise BadRequest(f"{text!r} is no ISO 8601 time")
    return parsed.ticks


def _key_type(given: dict[str, Any]) -> str:
    wanted = str(given.get("keyType") or "Primary")
    if wanted not in {"Primary", "Secondary"}:
        raise BadRequest(f"keyType {wanted!r} is not Primary or Secondary")
    return wanted
