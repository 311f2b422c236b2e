"""What operators and their tools ask: whether the server lives, is ready, and its figures."""

from __future__ import annotations

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runafter.server.answers import answer, error_answer, guarded
from runafter.server.api import Operation
from runafter.server.metrics import CONTENT_TYPE
from runafter.server.runtime import Runtime


class Health(Struct, kw_only=True):
    status: str


OPERATIONS = (
    Operation(
        path="/healthz",
        method="GET",
        name="get_health",
        summary="Tell that the process answers.",
        answers=Health,
        needs_token=False,
    ),
    Operation(
        path="/readyz",
        method="GET",
        name="get_readiness",
        summary="Tell whether triggers fire; 503 while starting and stopping.",
        answers=Health,
        needs_token=False,
    ),
    Operation(
        path="/metrics",
        method="GET",
        name="get_metrics",
        summary="Show counts and durations of runs and actions for Prometheus.",
        answers=str,
        media="text/plain",
    ),
)


class Operating:
    """The endpoints of OPERATIONS, found by name."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def routes(self) -> list[Route]:
        return [Route(each.path, guarded(getattr(self, each.name)), methods=[each.method]) for each in OPERATIONS]

    async def get_health(self, request: Request) -> Response:
        return answer(Health(status="ok"))

    async def get_readiness(self, request: Request) -> Response:
        if not self._runtime.is_ready:
            return error_answer(503, "NotReady", "Not ready yet.")
        return answer(Health(status="ready"))

    async def get_metrics(self, request: Request) -> Response:
        return Response(self._runtime.metrics.text(), headers={"Content-Type": CONTENT_TYPE})
