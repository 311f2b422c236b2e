"""The management REST interface of Logic Apps (2016-06-01, 2019-05-01), and the Standard runtime's form of it.

Source: Azure/azure-rest-api-specs, Microsoft.Logic stable 2019-05-01, read 2026-11.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from msgspec import Struct, field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runafter.journal.rows import ActionRow, RunHeader
from runafter.program.steps import ForeachStep, Trigger, UntilStep
from runafter.protocol.ids import repetition_name
from runafter.server.answers import BadRequest, answer, body_as, body_of, guarded, not_found
from runafter.server.events import TriggerEvent
from runafter.server.firing import FlowDisabled
from runafter.server.flows import Flow
from runafter.server.iterations import Iteration, iterations_of
from runafter.server.listing import REPETITIONS, after_of, fits, listed, page_of, statuses_of, terms_of, ticks_of
from runafter.server.resources import Resources
from runafter.server.runtime import Runtime, repetition_of
from runafter.views.run_detail import ActionLine, run_detail

_PREFIXES = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Logic/workflows",
    "/runtime/webhooks/workflow/api/management/workflows",
)
_ALL = ("/subscriptions/{subscription}/providers/Microsoft.Logic/workflows",)


class _KeyBody(Struct):
    """What signed addresses are made of, in the words of the interface."""

    keyType: Literal["Primary", "Secondary"] | None = None  # noqa: N815 - JSON names
    notAfter: str | None = None  # noqa: N815


class _Named(Struct):
    name: str


class _ResubmitBody(Struct):
    actionsToResubmit: list[_Named | str] = field(default_factory=list)  # noqa: N815 - JSON names


class Management:
    """The endpoints; each takes the flow from the path."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._journal = runtime.host.journal
        self._show = Resources(runtime)

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
        for kind, shown_by in (("repetitions", self.get_action), ("scopeRepetitions", self.get_scope_repetition)):
            of = f"/{{flow}}{action}/{kind}"
            table += [
                (of + "/{repetition}", "GET", shown_by),
                (of + "/{repetition}/listExpressionTraces", "POST", self.traces),
                (of + "/{repetition}/requestHistories", "GET", self.request_histories),
                (of + "/{repetition}/requestHistories/{request}", "GET", self.request_history),
            ]
        table += [
            ("/{flow}" + action + "/repetitions", "GET", self.list_repetitions),
            ("/{flow}" + action + "/scopeRepetitions", "GET", self.list_scope_repetitions),
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
        top, skip = page_of(request)
        value = [self._show.flow(flow) for flow in flows[skip : skip + top]]
        return answer(self._listed(request, value, skip + top if skip + top < len(flows) else None))

    async def get_flow(self, request: Request) -> Response:
        return answer(self._show.flow(self._flow_of(request), whole=True))

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
        given = await body_as(request, _KeyBody)
        await self._runtime.revoke(self._flow_of(request).name, given.keyType or "Primary")
        return Response(status_code=200)

    async def list_versions(self, request: Request) -> Response:
        flow = self._flow_of(request)
        rows = await self._runtime.catalog.versions(flow.name)
        top, skip = page_of(request)
        value = [self._show.version(flow, row.version, row.created_at) for row in rows[skip : skip + top]]
        return answer(self._listed(request, value, skip + top if skip + top < len(rows) else None))

    async def get_version(self, request: Request) -> Response:
        flow = self._flow_of(request)
        row = await self._runtime.catalog.version(flow.name, request.path_params["version"])
        if row is None:
            raise not_found("The version")
        found = await self._runtime.flows.at(flow.name, row.version)
        shape = self._show.version(flow, row.version, row.created_at)
        shape["properties"]["definition"] = found.definition.value
        return answer(shape)

    # --- triggers

    async def list_triggers(self, request: Request) -> Response:
        flow = self._flow_of(request)
        found = flow.program.triggers.values() if flow.program is not None else ()
        return answer({"value": [self._show.trigger(flow, trigger) for trigger in found]})

    async def get_trigger(self, request: Request) -> Response:
        flow = self._flow_of(request)
        return answer(self._show.trigger(flow, self._trigger_of(request, flow)))

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
        given = await body_as(request, _KeyBody)
        name = request.path_params.get("trigger")
        trigger = self._runtime.trigger_of(flow, name)
        until = ticks_of(given.notAfter) if given.notAfter else None
        value, base, queries = await self._runtime.signer.trigger_url(
            flow.name,
            trigger.name,
            relative_path=trigger.relative_path or "",
            until=until,
            key=given.keyType or "Primary",
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
        top, _ = page_of(request)
        wanted = terms_of(request)
        rows = await self._runtime.catalog.histories(
            flow.name, trigger.name, statuses=statuses_of(request), after=after_of(request), limit=top
        )
        value = [
            await self._show.history(flow, row) for row in rows if fits(wanted, row.started_at, row.client_tracking_id)
        ]
        return answer(self._listed(request, value, rows[-1].id if len(rows) == top else None))

    async def get_history(self, request: Request) -> Response:
        flow = self._flow_of(request)
        row = await self._runtime.catalog.history(request.path_params["history"])
        if row is None or row.flow != flow.name:
            raise not_found("The trigger history")
        return answer(await self._show.history(flow, row))

    async def resubmit(self, request: Request) -> Response:
        run_id = request.path_params.get("history") or request.path_params["run"]
        await self._header(request, run_id)
        given = await body_as(request, _ResubmitBody)
        actions = tuple(each if isinstance(each, str) else each.name for each in given.actionsToResubmit)
        fired = await self._runtime.resubmit(run_id, actions)
        return Response(status_code=202, headers={"x-ms-workflow-run-id": fired.run_id or ""})

    # --- runs

    async def list_runs(self, request: Request) -> Response:
        flow = self._flow_of(request)
        top, _ = page_of(request)
        wanted = terms_of(request)
        bounds: dict[str, Any] = {}
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
                bounds[key] = ticks_of(bound) + more
        rows = await self._runtime.runs.runs(
            flow=flow.name, statuses=statuses_of(request), after=after_of(request), limit=top, **bounds
        )
        tracked = [each[2] for each in wanted if each[0] == "clienttrackingid"]
        value = [await self._show.run(row) for row in rows if not tracked or row.client_tracking_id in tracked]
        return answer(self._listed(request, value, rows[-1].id if len(rows) == top else None))

    async def get_run(self, request: Request) -> Response:
        header = await self._header(request)
        return answer(await self._show.run(header))

    async def cancel(self, request: Request) -> Response:
        await self._header(request)
        await self._runtime.cancel(request.path_params["run"])
        return Response(status_code=200)

    async def list_actions(self, request: Request) -> Response:
        """List the actions of a run; one that a loop repeats is summed up, its repetitions are lists of their own."""
        header = await self._header(request)
        top, _ = page_of(request)
        after, statuses = after_of(request) or "", statuses_of(request)
        rows = await self._journal.history.actions(
            header.id, within=(), statuses=statuses, after=("", after), limit=top, values=True
        )
        lines = [
            line
            for line in await self._repeated(header)
            if line.action > after and (not statuses or line.status in statuses)
        ]
        found: list[ActionRow | ActionLine] = [*rows, *lines]
        page = sorted(found, key=lambda each: each.action)[:top]
        value = [
            self._show.repeated(header, each) if isinstance(each, ActionLine) else await self._show.action(header, each)
            for each in page
        ]
        return answer(self._listed(request, value, page[-1].action if len(page) == top else None))

    async def _repeated(self, header: RunHeader) -> list[ActionLine]:
        rows = await self._journal.history.every_action(header.id)
        return run_detail([row for row in rows if row.repetition]).lines

    async def get_action(self, request: Request) -> Response:
        header = await self._header(request)
        if "repetition" not in request.path_params:
            wanted = request.path_params["action"]
            if await self._journal.history.action(header.id, wanted) is None:
                line = next((each for each in await self._repeated(header) if each.action == wanted), None)
                if line is not None:
                    return answer(self._show.repeated(header, line))
        return answer(await self._show.action(header, await self._row(request, header)))

    async def list_repetitions(self, request: Request) -> Response:
        header = await self._header(request)
        return answer(await self._repetitions(request, header))

    async def _repetitions(self, request: Request, header: RunHeader) -> dict[str, Any]:
        top, _ = page_of(request, REPETITIONS)
        action, after = request.path_params["action"], after_of(request)
        rows = await self._journal.history.actions(
            header.id,
            action=action,
            statuses=statuses_of(request),
            after=(after, action) if after else ("", action),
            limit=top,
            values=True,
        )
        value = [await self._show.action(header, row) for row in rows]
        return self._listed(request, value, repetition_name(rows[-1].repetition) if len(rows) == top else None)

    async def list_scope_repetitions(self, request: Request) -> Response:
        """List a loop's iterations; of any other action its repetitions."""
        header = await self._header(request)
        found = await self._iterations(request, header)
        if found is None:
            return answer(await self._repetitions(request, header))
        top, _ = page_of(request, REPETITIONS)
        after, statuses = after_of(request) or "", statuses_of(request)
        wanted = [
            each
            for each in found
            if repetition_name(each.repetition) > after and (not statuses or each.status in statuses)
        ]
        value = [self._show.iteration(header, request.path_params["action"], each) for each in wanted[:top]]
        more = repetition_name(wanted[top - 1].repetition) if len(wanted) > top else None
        return answer(self._listed(request, value, more))

    async def get_scope_repetition(self, request: Request) -> Response:
        header = await self._header(request)
        found = await self._iterations(request, header)
        if found is None:
            return await self.get_action(request)
        repetition = repetition_of(request.path_params["repetition"])
        iteration = next((each for each in found if each.repetition == repetition), None)
        if iteration is None:
            raise not_found("The repetition")
        return answer(self._show.iteration(header, request.path_params["action"], iteration))

    async def _iterations(self, request: Request, header: RunHeader) -> list[Iteration] | None:
        """Return the iterations of the loop in the path, None where the action is no loop."""
        program = await self._runtime.runs.program(header)
        action = request.path_params["action"]
        step = program.steps.get(action) if program is not None else None
        if not isinstance(step, ForeachStep | UntilStep):
            return None
        rows = await self._journal.history.every_action(header.id)
        return iterations_of(action, step.block, rows, is_over=header.is_finished)

    async def traces(self, request: Request) -> Response:
        """Show the failing expression and the values of its parts: what history keeps of an action's expressions."""
        header = await self._header(request)
        row = await self._row(request, header)
        failure = row.detail.failure if isinstance(row.detail.failure, dict) else None
        if failure is None:
            return answer({"inputs": []})
        root = {
            "path": "",
            "text": failure.get("expression", ""),
            "error": {"code": row.code, "message": failure.get("message", "")},
            "subexpressions": [
                {"text": part.get("expression", ""), "value": part.get("value"), "subexpressions": []}
                for part in failure.get("values") or ()
            ],
        }
        return answer({"inputs": [root]})

    async def request_histories(self, request: Request) -> Response:
        header = await self._header(request)
        row = await self._row(request, header)
        return answer({"value": self._show.requests(header, row)})

    async def request_history(self, request: Request) -> Response:
        header = await self._header(request)
        found = self._show.requests(header, await self._row(request, header))
        wanted = request.path_params["request"]
        shape = next((each for each in found if each["name"] == wanted), None)
        if shape is None:
            raise not_found("The request history")
        return answer(shape)

    # --- finding

    def _flow_of(self, request: Request) -> Flow:
        return self._runtime.flows.get(request.path_params["flow"])

    def _trigger_of(self, request: Request, flow: Flow) -> Trigger:
        return self._runtime.trigger_of(flow, request.path_params["trigger"])

    async def _header(self, request: Request, run_id: str | None = None) -> RunHeader:
        """Return the run, if it is one of this flow."""
        header = await self._runtime.runs.run(run_id or request.path_params["run"])
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
        return listed(request, self._runtime.settings.public_url, value, following)
