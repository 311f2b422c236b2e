"""The server's own API under /api: what the page needs, as JSON, and live news as server-sent events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from runafter.errors import RunafterError
from runafter.server import shapes
from runafter.server.answers import BadRequest, answer, body_as, guarded, not_found, number_of
from runafter.server.events import Fired, TriggerEvent
from runafter.server.live import event_stream
from runafter.server.reading import Reading, approval_of
from runafter.server.runtime import Runtime, repetition_of
from runafter.tenant.show import rows, summary

_HEARTBEAT_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the API, for its route and for the OpenAPI document."""

    path: str
    method: str
    name: str
    summary: str
    answers: Any
    body: Any = None
    query: tuple[str, ...] = ()
    media: str = "application/json"
    needs_token: bool = True


OPERATIONS = (
    Operation(path="/api/flows", method="GET", name="list_flows", summary="List the flows.", answers=shapes.FlowPage),
    Operation(
        path="/api/flows/{flow}", method="GET", name="get_flow", summary="Show a flow.", answers=shapes.FlowDetail
    ),
    Operation(
        path="/api/flows/{flow}/enable",
        method="POST",
        name="enable_flow",
        summary="Let the flow's triggers fire.",
        answers=shapes.FlowSummary,
    ),
    Operation(
        path="/api/flows/{flow}/disable",
        method="POST",
        name="disable_flow",
        summary="Stop the flow's triggers; runs under way go on.",
        answers=shapes.FlowSummary,
    ),
    Operation(
        path="/api/flows/{flow}/run",
        method="POST",
        name="run_flow",
        summary="Run the flow by hand.",
        answers=shapes.FiredPage,
        body=shapes.RunBody,
    ),
    Operation(
        path="/api/flows/{flow}/revoke",
        method="POST",
        name="revoke_flow",
        summary="Replace the flow's keys: every signed address of it stops to work.",
        answers=shapes.Done,
    ),
    Operation(
        path="/api/runs",
        method="GET",
        name="list_runs",
        summary="List runs, newest first.",
        answers=shapes.RunPage,
        query=("flow", "status", "search", "cursor", "limit"),
    ),
    Operation(path="/api/runs/{run}", method="GET", name="get_run", summary="Show a run.", answers=shapes.RunDetail),
    Operation(
        path="/api/runs/{run}/cancel", method="POST", name="cancel_run", summary="Cancel a run.", answers=shapes.Done
    ),
    Operation(
        path="/api/runs/{run}/resubmit",
        method="POST",
        name="resubmit_run",
        summary="Run again with the same trigger outputs, whole or from some actions on.",
        answers=shapes.FiredShape,
        body=shapes.ResubmitBody,
    ),
    Operation(
        path="/api/runs/{run}/actions/{action}",
        method="GET",
        name="get_action",
        summary="Show an action in one repetition.",
        answers=shapes.ActionDetail,
        query=("repetition",),
    ),
    Operation(
        path="/api/runs/{run}/actions/{action}/repetitions",
        method="GET",
        name="list_repetitions",
        summary="List the repetitions of an action.",
        answers=shapes.RepetitionPage,
        query=("status", "cursor", "limit"),
    ),
    Operation(
        path="/api/approvals",
        method="GET",
        name="list_approvals",
        summary="List what waits for people.",
        answers=shapes.ApprovalPage,
        query=("status",),
    ),
    Operation(
        path="/api/approvals/{id}",
        method="POST",
        name="answer_approval",
        summary="Answer an approval; its run goes on.",
        answers=shapes.Approval,
        body=shapes.AnswerBody,
    ),
    Operation(
        path="/api/tenant",
        method="GET",
        name="get_tenant",
        summary="Count the rows of the emulated tenant by service and table.",
        answers=dict[str, Any],
    ),
    Operation(
        path="/api/tenant/{service}",
        method="GET",
        name="get_tenant_rows",
        summary="Show the rows of a service's table.",
        answers=dict[str, Any],
        query=("table",),
    ),
    Operation(
        path="/api/events",
        method="GET",
        name="watch_events",
        summary="Watch live news: events named run, action, response, approval, flow or lagged, until you hang up.",
        answers=str,
        query=("flow", "run"),
        media="text/event-stream",
    ),
)


class Api:
    """The endpoints of OPERATIONS, found by name."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._reading = Reading(runtime)

    def routes(self) -> list[Route]:
        made = [
            Route(each.path, guarded(getattr(self, each.name)), methods=[each.method])
            for each in OPERATIONS
            if "{id}" not in each.path
        ]
        made.append(Route("/api/approvals/{id:path}", guarded(self.answer_approval), methods=["POST"]))
        return made

    async def list_flows(self, request: Request) -> Response:
        return answer(shapes.FlowPage(flows=await self._reading.flows()))

    async def get_flow(self, request: Request) -> Response:
        return answer(await self._reading.flow(request.path_params["flow"]))

    async def enable_flow(self, request: Request) -> Response:
        flow = await self._runtime.switch(request.path_params["flow"], "Enabled")
        return answer(await self._reading.summary(flow))

    async def disable_flow(self, request: Request) -> Response:
        flow = await self._runtime.switch(request.path_params["flow"], "Disabled")
        return answer(await self._reading.summary(flow))

    async def run_flow(self, request: Request) -> Response:
        given = await body_as(request, shapes.RunBody)
        flow = self._runtime.flows.get(request.path_params["flow"])
        trigger = self._runtime.trigger_of(flow, given.trigger)
        outputs = given.outputs
        if outputs is None:
            outputs = {} if given.body is None else {"headers": {}, "body": given.body}
        fired = await self._runtime.fire(flow, trigger, TriggerEvent(outputs=outputs))
        full = any(each.status == "Full" for each in fired)
        return answer(shapes.FiredPage(fired=[_fired(each) for each in fired]), 429 if full else 202)

    async def revoke_flow(self, request: Request) -> Response:
        flow = self._runtime.flows.get(request.path_params["flow"])
        await self._runtime.revoke(flow.name, "Primary", "Secondary")
        return answer(shapes.Done(done=True))

    async def list_runs(self, request: Request) -> Response:
        query = request.query_params
        page = await self._reading.runs(
            flow=query.get("flow") or None,
            statuses=_several(query.get("status")),
            search=query.get("search") or None,
            cursor=query.get("cursor") or None,
            limit=number_of(request, "limit", 50, 1000),
        )
        return answer(page)

    async def get_run(self, request: Request) -> Response:
        return answer(await self._reading.run(request.path_params["run"]))

    async def cancel_run(self, request: Request) -> Response:
        return answer(shapes.Done(done=await self._runtime.cancel(request.path_params["run"])))

    async def resubmit_run(self, request: Request) -> Response:
        given = await body_as(request, shapes.ResubmitBody)
        fired = await self._runtime.resubmit(request.path_params["run"], tuple(given.actions))
        return answer(_fired(fired), 202)

    async def get_action(self, request: Request) -> Response:
        path = request.path_params
        repetition = repetition_of(request.query_params.get("repetition", ""))
        return answer(await self._reading.action(path["run"], path["action"], repetition))

    async def list_repetitions(self, request: Request) -> Response:
        path, query = request.path_params, request.query_params
        page = await self._reading.repetitions(
            path["run"],
            path["action"],
            statuses=_several(query.get("status")),
            cursor=query.get("cursor") or None,
            limit=number_of(request, "limit", 50, 1000),
        )
        return answer(page)

    async def list_approvals(self, request: Request) -> Response:
        items = await self._runtime.catalog.items(status=request.query_params.get("status") or None)
        return answer(shapes.ApprovalPage(approvals=[approval_of(item) for item in items]))

    async def answer_approval(self, request: Request) -> Response:
        given = await body_as(request, shapes.AnswerBody)
        item = await self._runtime.answer(
            request.path_params["id"], given.answer, comments=given.comments, responder=given.responder
        )
        return answer(approval_of(item))

    async def get_tenant(self, request: Request) -> Response:
        if self._runtime.tenant is None:
            raise not_found("An emulated tenant")
        return answer(summary(self._runtime.tenant))

    async def get_tenant_rows(self, request: Request) -> Response:
        if self._runtime.tenant is None:
            raise not_found("An emulated tenant")
        try:
            found = rows(
                self._runtime.tenant, request.path_params["service"], request.query_params.get("table") or None
            )
        except RunafterError as fault:
            raise BadRequest(fault.message, status=404, code=fault.code, hint=fault.hint) from fault
        return answer({"rows": found})

    async def watch_events(self, request: Request) -> Response:
        """Stream news, filtered by `flow` and `run`."""
        query = request.query_params
        watch = self._runtime.news.watch(
            flow=query.get("flow") or None, run=query.get("run") or None, quiet_s=_HEARTBEAT_S
        )
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(event_stream(watch), media_type="text/event-stream", headers=headers)


def _several(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()


def _fired(fired: Fired) -> shapes.FiredShape:
    return shapes.FiredShape(
        status=fired.status, run=fired.run_id, history=fired.history, code=fired.code, error=fired.error
    )
