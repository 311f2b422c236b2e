"""Where a caller who got 202 asks how its run goes: 202 until the run has answered or is over.

Until then, and at the end of a flow that does not answer, the run is shown as the
management interface shows it. An asynchronous Response is given as the action wrote
it. The address is signed like the trigger's, so no token is needed.
"""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from runafter.connectors.http import encoded_body, header_texts
from runafter.journal.rows import RunHeader
from runafter.program.steps import RespondStep
from runafter.protocol.commands import SendResponse
from runafter.server.answers import answer, not_found
from runafter.server.direct import queries_of
from runafter.server.resources import Resources
from runafter.server.runtime import Runtime
from runafter.server.signatures import operation_permission

RETRY_AFTER_S = 10
_OWN_HEADERS = {"content-length", "transfer-encoding", "connection", "date", "server"}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WITHOUT_BODY = {204, 205, 304}


async def operation(runtime: Runtime, request: Request) -> Response:
    """Answer the poll of an accepted request."""
    name, run_id = request.path_params["flow"], request.path_params["run"]
    await runtime.signer.check(name, operation_permission(run_id), queries_of(request))
    header = await runtime.runs.run(run_id)
    if header is None:
        raise not_found("The run")
    response = await _response(runtime, header)
    if response is not None:
        return sent(response, {"x-ms-workflow-run-id": run_id})
    shown = await Resources(runtime).run(header)
    if header.is_finished:
        return answer(shown)
    location = await runtime.signer.operation_url(name, run_id)
    return answer(
        shown,
        202,
        {"Location": location, "Retry-After": str(RETRY_AFTER_S), "x-ms-workflow-run-id": run_id},
    )


async def _response(runtime: Runtime, header: RunHeader) -> SendResponse | None:
    """Return what the run's Response has answered. A Response that hides its outputs tells the status only."""
    program = await runtime.runs.program(header)
    for step in program.steps.values() if program is not None else ():
        if isinstance(step, RespondStep):
            row = await runtime.host.journal.history.action(header.id, step.name)
            if row is not None and row.status == "Succeeded" and isinstance(row.outputs, dict):
                found = row.outputs
                return SendResponse(
                    action=step.name,
                    status_code=int(found.get("statusCode") or 200),
                    headers=found.get("headers") or {},
                    body=found.get("body"),
                )
    return None


def sent(response: SendResponse, headers: dict[str, str]) -> Response:
    """Return a Response action's answer as it goes out; its own headers win. What HTTP cannot carry stays behind:
    headers with such a name or value, and the body of a 204, 205 or 304.
    """
    own = header_texts(response.headers)
    data = encoded_body(response.body, own) if response.body is not None else b""
    is_bare = response.status_code in _WITHOUT_BODY
    answered = Response(b"" if is_bare else data, response.status_code)
    for name, value in {**headers, **own}.items():
        if name.casefold() not in _OWN_HEADERS and _TOKEN.fullmatch(name) and value.isprintable():
            answered.headers[name] = value.encode("latin-1", "replace").decode("latin-1")
    return answered
