"""The outside of a local run: mocks first, then child flows, inferred answers, real HTTP; the rest is refused by name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from runafter.definition.nodes import Definition
from runafter.hosts.outside import Outside
from runafter.local.auto import Auto
from runafter.local.connected import Connected
from runafter.local.mocks import Answer, Mocks, operation_names
from runafter.local.package import pack
from runafter.local.tenant import CALLBACKS, OnTenant, with_key_header
from runafter.local.triggers import trigger_record
from runafter.program.build import build
from runafter.program.steps import Program, RespondStep
from runafter.protocol.commands import CallOperation, SendResponse
from runafter.protocol.events import Outcome

if TYPE_CHECKING:
    from runafter.hosts.embedded.host import Host
    from runafter.tenant.tenant import Tenant

_HTTP_TYPES = {"http", "httpwebhook"}
_WORKFLOW_TYPES = {"workflow", "invokeworkflow"}


@dataclass(slots=True)
class Flows:
    """Child flows that were given, found by id or by name, built when first called."""

    definitions: Sequence[Definition] = ()
    _built: dict[str, Program] = field(default_factory=dict)

    def find(self, call: CallOperation) -> Definition | None:
        """Return the flow that a Workflow call means."""
        inputs = call.inputs if isinstance(call.inputs, Mapping) else {}
        host = inputs.get("host")
        host = host if isinstance(host, Mapping) else {}
        workflow = host.get("workflow")
        wanted = host.get("workflowReferenceName") or (workflow.get("id") if isinstance(workflow, Mapping) else None)
        if not isinstance(wanted, str):
            return None
        name = wanted.rstrip("/").rsplit("/", 1)[-1].casefold()
        for definition in self.definitions:
            ids = {definition.name.casefold(), str(definition.metadata.get("WorkflowId", "")).casefold()}
            if name in ids or name in definition.file.casefold():
                return definition
        return None

    def program(self, definition: Definition) -> Program:
        key = definition.file + "\x00" + definition.name
        if key not in self._built:
            self._built[key] = build(definition)
        return self._built[key]


class LocalOutside:
    """Performs the calls of local runs. Set `host` before the first run starts.

    `auto` answers what no mock does from inferred shapes; `http` sends HTTP
    actions for real; `tenant` answers connector calls and HTTP requests to hosts
    that it has, and all of them where there is no `http`; `live` goes before it
    for the connections that are live.
    """

    def __init__(
        self,
        *,
        mocks: Mocks | None = None,
        flows: Flows | None = None,
        auto: Auto | None = None,
        http: Outside | None = None,
        tenant: OnTenant | Tenant | None = None,
        live: Connected | None = None,
    ) -> None:
        self._host: Host | None = None
        self.mocks = mocks or Mocks()
        self.flows = flows or Flows()
        self.auto = auto
        self.http = http
        self.tenant = tenant
        self.live = live
        self._responses: dict[str, asyncio.Future[SendResponse]] = {}
        self._early: dict[str, SendResponse] = {}
        self._starting = 0
        self._signals: set[asyncio.Task[None]] = set()

    @property
    def host(self) -> Host | None:
        return self._host

    @host.setter
    def host(self, host: Host | None) -> None:
        self._host = host
        if isinstance(self.tenant, OnTenant):
            self.tenant.host = host

    async def perform(self, call: CallOperation) -> Outcome:
        """Perform one call; the host cancels it when nobody waits any more."""
        answer = self.mocks.answer(call, self._host.clock() if self._host is not None else 0)
        if answer is not None:
            return await self._mocked(call, answer)
        if call.purpose == "unsubscribe":
            return await self._unsubscribe(call)
        if call.target.type.casefold() in _WORKFLOW_TYPES:
            definition = self.flows.find(call)
            if definition is not None:
                return await self._child(call, definition)
        if self.live is not None and self.live.serves(call):
            return await self.live.perform(call)
        if self.tenant is not None and self._is_for_tenant(self.tenant, call):
            return await self.tenant.perform(with_key_header(call))
        if self.auto is not None:
            return await self._mocked(call, self.auto.answer(call))
        if self.http is not None and call.target.type.casefold() in _HTTP_TYPES:
            return await self.http.perform(call)
        return _refusal(call)

    async def _unsubscribe(self, call: CallOperation) -> Outcome:
        if self.live is not None and self.live.serves(call):
            return await self.live.perform(call)
        if self.tenant is not None and self._is_for_tenant(self.tenant, call):
            return await self.tenant.perform(call)
        is_written = isinstance(call.inputs, Mapping) and call.inputs.get("uri")
        if self.auto is None and self.http is not None and is_written and call.target.type.casefold() in _HTTP_TYPES:
            return await self.http.perform(call)
        return Outcome(status_code=200)

    def respond(self, run_id: str, response: SendResponse) -> None:
        """Take a run's response: the host's responder."""
        waiter = self._responses.get(run_id)
        if waiter is not None and not waiter.done():
            waiter.set_result(response)
        elif self._starting:
            self._early[run_id] = response

    def _is_for_tenant(self, tenant: OnTenant | Tenant, call: CallOperation) -> bool:
        if call.target.api or call.target.operation:
            return True
        if call.target.type.casefold() not in _HTTP_TYPES:
            return False
        inputs = call.inputs if isinstance(call.inputs, Mapping) else {}
        return self.http is None or tenant.has_host(str(inputs.get("uri") or ""))

    async def close(self) -> None:
        for task in self._signals:
            task.cancel()
        await asyncio.gather(*self._signals, return_exceptions=True)
        if self.live is not None:
            await self.live.close()

    async def _mocked(self, call: CallOperation, answer: Answer) -> Outcome:
        if answer.outcome is None:
            await asyncio.get_running_loop().create_future()
            raise AssertionError("a call that never answers was answered")
        if answer.has_signal:
            task = asyncio.get_running_loop().create_task(self._signal(call, answer))
            self._signals.add(task)
            task.add_done_callback(self._signals.discard)
        elif answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        return answer.outcome

    async def _signal(self, call: CallOperation, answer: Answer) -> None:
        await asyncio.sleep(answer.delay_s or 0.001)
        if self.host is not None:
            await self.host.signal(call.run_id, call.action, call.repetition, answer.signal)

    async def _child(self, call: CallOperation, definition: Definition) -> Outcome:
        host = self.host
        if host is None:
            raise AssertionError("the outside has no host yet")
        program = self.flows.program(definition)
        responds = any(isinstance(step, RespondStep) for step in program.steps.values())
        waits = responds or definition.profile == "power-automate"
        inputs = call.inputs if isinstance(call.inputs, Mapping) else {}
        outputs = {"headers": dict(inputs.get("headers") or {}), "body": inputs.get("body")}
        self._starting += 1
        try:
            run_id = await host.start_run(
                program,
                trigger_record(program, outputs, host.clock()),
                source=pack(definition),
                key=call.idempotency_key + "/" + str(call.attempt),
                parent=call.run_id,
                parameters=definition.parameter_values,
                app_settings=definition.app_settings,
                caller_waits=waits,
                callback_base=f"{CALLBACKS}/{quote(call.id, safe='')}",
            )
            early = self._early.pop(run_id, None)
        finally:
            self._starting -= 1
            if not self._starting:
                self._early.clear()
        if not waits:
            return Outcome(status_code=202, headers={"x-ms-workflow-run-id": run_id})
        return _answered(early, run_id) if early is not None else await self._response_of(host, run_id)

    async def _response_of(self, host: Host, run_id: str) -> Outcome:
        loop = asyncio.get_running_loop()
        response: asyncio.Future[SendResponse] = self._responses.setdefault(run_id, loop.create_future())
        ended = loop.create_task(host.wait(run_id))
        try:
            waited: list[asyncio.Future[Any]] = [response, ended]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            self._responses.pop(run_id, None)
        if not response.done():
            recorded = await _recorded_response(host, run_id)
            return _no_response(run_id) if recorded is None else _answered(recorded, run_id)
        return _answered(response.result(), run_id)


def _answered(sent: SendResponse, run_id: str) -> Outcome:
    headers = {**_content_type(sent), **sent.headers, "x-ms-workflow-run-id": run_id}
    return Outcome(status_code=sent.status_code, headers=headers, body=sent.body, has_body=sent.body is not None)


def _content_type(sent: SendResponse) -> dict[str, str]:
    if sent.body is None or any(name.casefold() == "content-type" for name in sent.headers):
        return {}
    text = isinstance(sent.body, str)
    return {"Content-Type": "text/plain; charset=utf-8" if text else "application/json; charset=utf-8"}


def _no_response(run_id: str) -> Outcome:
    """A caller's answer from a child that ended, however it ended, without having answered.

    Source: FlowForger's measured child-flow cases, read 2026-11-21: 502 with this body, whatever the child's status.
    """
    message = f"The server did not receive a response from an upstream server. Request tracking id '{run_id}'."
    return Outcome(
        status_code=502,
        headers={"Content-Type": "application/json; charset=utf-8", "x-ms-workflow-run-id": run_id},
        body={"error": {"code": "NoResponse", "message": message}},
        has_body=True,
        retriable=False,
    )


async def _recorded_response(host: Host, run_id: str) -> SendResponse | None:
    """Return the response of a child run that had answered before this host waited for it."""
    for row in await host.journal.history.actions(run_id, statuses=("Succeeded",), values=True):
        if row.type.casefold() == "response" and isinstance(row.inputs, Mapping):
            inputs = row.inputs
            return SendResponse(
                action=row.action,
                status_code=int(inputs.get("statusCode", 200)),
                headers=dict(inputs.get("headers") or {}),
                body=inputs.get("body"),
            )
    return None


def _refusal(call: CallOperation) -> Outcome:
    names = operation_names(call)
    return Outcome(
        code="NoMock",
        message=f"Nothing answers {call.action!r} ({names[0]}): add it to the mock file under actions: or operations:, or run with --mock auto.",
        retriable=False,
    )
