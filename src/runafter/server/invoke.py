"""The signed addresses: Request triggers, callbacks of webhook actions, content links."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runafter.connectors.http import body_value
from runafter.program.steps import Trigger
from runafter.protocol.commands import SendResponse
from runafter.server.answers import BadRequest, answer, error_answer, guarded, not_found
from runafter.server.cloudevents import CloudEvent, events_of
from runafter.server.contents import content_at
from runafter.server.direct import body_of, headers_of, queries_of
from runafter.server.events import MOST_TRACKING, Fired, TriggerEvent
from runafter.server.firing import FlowDisabled
from runafter.server.flows import Flow
from runafter.server.operations import RETRY_AFTER_S, operation, sent
from runafter.server.runtime import Runtime, repetition_of
from runafter.server.signatures import trigger_permission
from runafter.server.trigger_kinds import is_subscribed

_HIDDEN_HEADERS = {"authorization", "cookie"}
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
_OWN_QUERIES = {"api-version", "sp", "sv", "sig", "se"}


class Invocations:
    """The endpoints of signed addresses."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def routes(self) -> list[Route]:
        base = "/workflows/{flow}"
        trigger = base + "/triggers/{trigger}/paths/invoke"
        return [
            Route(trigger, guarded(self.invoke), methods=_METHODS),
            Route(trigger, guarded(self.agree), methods=["OPTIONS"]),
            Route(trigger + "/{relative:path}", guarded(self.invoke), methods=_METHODS),
            Route(base + "/runs/{run}/callbacks/{sig}/{action}", guarded(self.callback), methods=["POST", "GET"]),
            Route(
                base + "/runs/{run}/callbacks/{sig}/{action}/{repetition}",
                guarded(self.callback),
                methods=["POST", "GET"],
            ),
            Route(base + "/runs/{run}/operations/run", guarded(self.operation), methods=["GET"]),
            Route(base + "/contents/{path:path}", guarded(self.content), methods=["GET"]),
        ]

    async def invoke(self, request: Request) -> Response:
        """Fire a Request trigger; answer with the Response action's answer or 202, once the run is durable."""
        runtime = self._runtime
        flow, trigger = await self._called(request)
        wanted = (trigger.method or "").upper()
        if wanted and request.method != wanted:
            raise BadRequest(f"The trigger takes {wanted} only.", status=405, code="MethodNotAllowed")
        headers, data = headers_of(request), await body_of(request)
        event = self._event(request, trigger, headers, data)
        events = events_of(headers, data)
        if events is not None and len(events) != 1:
            return await self._several(flow, trigger, event, events)
        if events:
            event = _carrying(event, events[0])
        run_id = runtime.firing.new_run_id()
        if not flow.responds or trigger.split_on is not None:
            fired = (
                await runtime.fire(
                    flow,
                    trigger,
                    replace(event, run_id=run_id, caller_waits=trigger.split_on is None and flow.responds_later),
                )
            )[0]
            return await self._accepted(flow, trigger, fired)
        reply = runtime.expect(run_id)
        event = replace(event, run_id=run_id, caller_waits=True)
        try:
            fired = (await runtime.fire(flow, trigger, event))[0]
            if fired.status not in {"Started", "Waiting"}:
                return await self._accepted(flow, trigger, fired)
            return await self._reply(request, flow, trigger, fired, reply)
        finally:
            runtime.forget(run_id)

    async def agree(self, request: Request) -> Response:
        """Let a sender of CloudEvents deliver here.

        Source: cloudevents/spec, http-webhook.md, section 4, read 2026-11.
        """
        flow, _ = await self._called(request)
        if not flow.row.is_enabled:
            raise FlowDisabled(f"the flow {flow.name!r} is disabled")
        origin = request.headers.get("webhook-request-origin", "")
        if not origin:
            refused = error_answer(405, "MethodNotAllowed", "OPTIONS is for senders of events that name themselves.")
            refused.headers["Allow"] = "POST"
            return refused
        if not re.fullmatch(r"[\w.:*\-]{1,255}", origin, re.ASCII):
            raise BadRequest("WebHook-Request-Origin is no DNS name.")
        allowed = {"Allow": "POST", "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"}
        return Response(status_code=200, headers=allowed)

    async def _called(self, request: Request) -> tuple[Flow, Trigger]:
        """Return the trigger that a signed address calls."""
        runtime = self._runtime
        name, owner = request.path_params["trigger"], request.path_params["flow"]
        await runtime.signer.check(owner, trigger_permission(name), queries_of(request))
        flow = runtime.flows.get(owner)
        trigger = runtime.trigger_of(flow, name)
        if trigger.type.casefold() not in {"request", "manual"} and not is_subscribed(trigger):
            raise BadRequest(f"The trigger {name!r} is not called from outside.", code="TriggerNotCallable")
        return flow, trigger

    async def _several(self, flow: Flow, trigger: Trigger, event: TriggerEvent, events: list[CloudEvent]) -> Response:
        """Fire once per event, as if they had come one by one; all is durable before the answer.

        One that finds no place makes the whole batch come again: what began is known by its key.
        """
        fired: list[Fired] = []
        for each in events:
            fired += await self._runtime.fire(flow, trigger, _carrying(event, each))
        if not fired:
            return Response(status_code=202)
        weight = {"Full": 2, "Failed": 1}
        return await self._accepted(flow, trigger, max(fired, key=lambda each: weight.get(each.status, 0)))

    def _event(self, request: Request, trigger: Trigger, headers: Mapping[str, str], data: bytes) -> TriggerEvent:
        shown = {name: value for name, value in headers.items() if name not in _HIDDEN_HEADERS}
        outputs: dict[str, Any] = {"headers": shown}
        queries = {name: value for name, value in queries_of(request).items() if name not in _OWN_QUERIES}
        if queries:
            outputs["queries"] = queries
        if data:
            outputs["body"] = body_value(data, headers.get("content-type", ""))[0]
        relative = request.path_params.get("relative", "")
        if relative or trigger.relative_path:
            outputs["relativePathParameters"] = _path_parameters(trigger.relative_path or "", relative)
        tracking = headers.get("x-ms-client-tracking-id", "")[:MOST_TRACKING]
        return TriggerEvent(outputs=outputs, client_tracking_id=tracking)

    async def _reply(
        self, request: Request, flow: Flow, trigger: Trigger, fired: Fired, reply: asyncio.Future[SendResponse | None]
    ) -> Response:
        run_id = fired.run_id or ""
        left = asyncio.get_running_loop().create_task(_disconnected(request))
        waited: list[asyncio.Future[Any]] = [reply, left]
        try:
            await asyncio.wait(waited, timeout=self._runtime.settings.sync_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            left.cancel()
            await asyncio.gather(left, return_exceptions=True)
        response = reply.result() if reply.done() and not reply.cancelled() else None
        if response is not None:
            return sent(response, self._headers(flow, trigger, fired))
        if reply.done():
            message = "The server did not receive a response from an upstream server."
            answered = error_answer(502, "NoResponse", f"{message} Request tracking id '{run_id}'.")
        else:
            if fired.status == "Started":
                await self._runtime.host.caller_left(run_id)
            answered = error_answer(504, "GatewayTimeout", "The run did not answer in time.")
        answered.headers.update(self._headers(flow, trigger, fired))
        return answered

    async def _accepted(self, flow: Flow, trigger: Trigger, fired: Fired) -> Response:
        headers = self._headers(flow, trigger, fired)
        match fired.status:
            case "Full":
                answered = error_answer(429, "TooManyRequests", "All runs and places in the queue are taken.")
                headers["Retry-After"] = "10"
            case "Failed":
                error = fired.error if isinstance(fired.error, Mapping) else {}
                code = str(error.get("code") or fired.code or "TriggerFailed")
                answered = error_answer(400, code, str(error.get("message") or "The trigger failed."))
            case _:
                answered = Response(status_code=202)
                if fired.run_id is not None:
                    headers["location"] = await self._runtime.signer.operation_url(flow.name, fired.run_id)
                    headers["retry-after"] = str(RETRY_AFTER_S)
                answered.raw_headers += [(name.encode(), value.encode()) for name, value in headers.items()]
                return answered
        answered.headers.update(headers)
        return answered

    def _headers(self, flow: Flow, trigger: Trigger, fired: Fired) -> dict[str, str]:
        found = {
            **_flow_headers(flow.name, flow.row.version, self._runtime.settings.workflow_id(flow.name)),
            "x-ms-trigger-history-name": fired.history,
            "x-ms-tracking-id": fired.history,
            "x-ms-request-id": f"{_shown(self._runtime.settings.location)}:{fired.history}",
            "x-ms-client-tracking-id": _shown(fired.client_tracking_id),
            "x-ms-correlation-id": fired.history,
        }
        if fired.run_id is not None:
            found["x-ms-workflow-run-id"] = fired.run_id
        return found

    async def callback(self, request: Request) -> Response:
        """Complete a webhook action; a second call is refused."""
        runtime = self._runtime
        path = request.path_params
        repetition = repetition_of(unquote(path.get("repetition", "")))
        await runtime.signer.check_callback(path["flow"], path["run"], path["action"], repetition, path["sig"])
        headers, data = headers_of(request), await body_of(request)
        outputs: dict[str, Any] = {"headers": {k: v for k, v in headers.items() if k not in _HIDDEN_HEADERS}}
        if queries_of(request):
            outputs["queries"] = dict(queries_of(request))
        if data:
            outputs["body"] = body_value(data, headers.get("content-type", ""))[0]
        await runtime.signal(path["run"], path["action"], repetition, outputs)
        return Response(status_code=200)

    async def operation(self, request: Request) -> Response:
        """Tell a caller who got 202 how its run goes."""
        return await operation(self._runtime, request)

    async def content(self, request: Request) -> Response:
        """Show an input or output that the management API links to."""
        runtime = self._runtime
        flow = request.path_params["flow"]
        path = "/" + request.path_params["path"]
        await runtime.signer.check(flow, f"{path}/read", queries_of(request))
        found, value = await content_at(runtime, path)
        if not found:
            raise not_found("The content")
        return answer(value)


def _shown(value: str) -> str:
    return value if value.isascii() and value.isalnum() else quote(value, safe="/:-_. ", errors="replace")


@lru_cache(maxsize=256)
def _flow_headers(name: str, version: str, identity: str) -> Mapping[str, str]:
    return {
        "x-ms-workflow-id": _shown(name),
        "x-ms-workflow-name": _shown(name),
        "x-ms-workflow-version": version,
        "x-ms-workflow-system-id": _shown(identity),
    }


def _carrying(event: TriggerEvent, one: CloudEvent) -> TriggerEvent:
    outputs = event.outputs if one.body is msgspec.UNSET else {**event.outputs, "body": one.body}
    return replace(event, outputs=outputs, key=one.key)


def _path_parameters(template: str, given: str) -> dict[str, str]:
    """Return the values of `{name}` in a relative path.

    Raises:
        BadRequest: the path does not fit.
    """
    pattern = "/".join(
        f"(?P<p{number}>[^/]+)" if part.startswith("{") and part.endswith("}") else re.escape(part)
        for number, part in enumerate(template.strip("/").split("/"))
    )
    names = {f"p{number}": part[1:-1] for number, part in enumerate(template.strip("/").split("/"))}
    found = re.fullmatch(pattern, given.strip("/"))
    if found is None:
        raise BadRequest("The relative path does not fit the trigger's.", status=404, code="RelativePathMismatch")
    return {names[key]: unquote(value) for key, value in found.groupdict().items()}


async def _disconnected(request: Request) -> None:
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            return
