"""What the page asks beside the own API: what is under way, one iteration, samples and findings of a flow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runafter.engine.instants import timestamp
from runafter.engine.step import Run
from runafter.errors import finding_fields
from runafter.program.steps import Program
from runafter.protocol.commands import NoteStarted, RecordAction
from runafter.protocol.events import Event, RunStarted
from runafter.protocol.ids import repetition_name
from runafter.server.answers import answer, guarded, not_found
from runafter.server.api import Operation
from runafter.server.guard import COOKIE
from runafter.server.reading import action_lines
from runafter.server.runtime import Runtime, repetition_of
from runafter.server.shapes import ActionSummary, Done

_MOST_SAMPLES = 30
_MOST_SAMPLE_BYTES = 1_000_000


class LiveAction(Struct, kw_only=True):
    """An action that has begun and not ended. `of` is a loop's number of items where known."""

    action: str
    repetition: str
    status: str
    startedAt: str  # noqa: N815 - JSON names
    of: int | None = None


class LivePage(Struct, kw_only=True):
    live: list[LiveAction]


class IterationAction(ActionSummary, kw_only=True):
    repetition: str


class IterationPage(Struct, kw_only=True):
    actions: list[IterationAction]


class Sample(Struct, kw_only=True):
    """A trigger's body, or its whole outputs, from a file beside the flow."""

    name: str
    value: Any


class SamplePage(Struct, kw_only=True):
    samples: list[Sample]


class FindingPage(Struct, kw_only=True):
    findings: list[dict[str, Any]]


OPERATIONS = (
    Operation(
        path="/api/runs/{run}/live",
        method="GET",
        name="list_live",
        summary="List the actions of a run that have begun and not ended.",
        answers=LivePage,
    ),
    Operation(
        path="/api/runs/{run}/iterations/{repetition}",
        method="GET",
        name="get_iteration",
        summary="Show the actions of one iteration of a loop.",
        answers=IterationPage,
    ),
    Operation(
        path="/api/flows/{flow}/samples",
        method="GET",
        name="list_samples",
        summary="List the trigger bodies that lie beside the flow.",
        answers=SamplePage,
    ),
    Operation(
        path="/api/flows/{flow}/findings",
        method="GET",
        name="list_findings",
        summary="Check the flow's definition.",
        answers=FindingPage,
    ),
    Operation(
        path="/api/session",
        method="POST",
        name="open_session",
        summary="Let this browser open pages such as /docs: sets a cookie that scripts cannot read.",
        answers=Done,
    ),
)


class Watching:
    """The endpoints of OPERATIONS, found by name."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._journal = runtime.host.journal
        self._findings: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def routes(self) -> list[Route]:
        return [Route(each.path, guarded(getattr(self, each.name)), methods=[each.method]) for each in OPERATIONS]

    async def list_live(self, request: Request) -> Response:
        run_id = request.path_params["run"]
        header = await self._runtime.runs.run(run_id)
        if header is None:
            raise not_found(f"The run {run_id!r}")
        if header.ended_at is not None:
            return answer(LivePage(live=[]))
        program = await self._runtime.runs.program(header)
        events = await self._journal.read(run_id)
        if program is None or not events:
            return answer(LivePage(live=[]))
        return answer(LivePage(live=await asyncio.to_thread(under_way, program, events)))

    async def get_iteration(self, request: Request) -> Response:
        run_id = request.path_params["run"]
        repetition = repetition_of(request.path_params["repetition"])
        if await self._runtime.runs.run(run_id) is None:
            raise not_found(f"The run {run_id!r}")
        rows = await self._journal.history.actions(run_id, within=repetition, limit=1000)
        name = repetition_name(repetition)
        lines = action_lines([row for row in rows if row.repetition == repetition])
        fields = ActionSummary.__struct_fields__
        told = [IterationAction(repetition=name, **{field: getattr(line, field) for field in fields}) for line in lines]
        return answer(IterationPage(actions=told))

    async def list_samples(self, request: Request) -> Response:
        flow = self._runtime.flows.get(request.path_params["flow"])
        file = flow.row.meta.file
        return answer(SamplePage(samples=await asyncio.to_thread(samples_beside, Path(file)) if file else []))

    async def list_findings(self, request: Request) -> Response:
        flow = self._runtime.flows.get(request.path_params["flow"])
        key = (flow.name, flow.row.version)
        found = self._findings.get(key)
        if found is None:
            if len(self._findings) > 500:
                self._findings.clear()
            today = timestamp(self._runtime.host.clock())[:10]
            found = self._findings[key] = await asyncio.to_thread(_check, flow.definition, today)
        return answer(FindingPage(findings=found))

    async def open_session(self, request: Request) -> Response:
        """Turn the bearer token of this request into the cookie."""
        opened = answer(Done(done=True))
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            is_https = self._runtime.settings.public_url.startswith("https:")
            opened.set_cookie(COOKIE, token.strip(), httponly=True, secure=is_https, samesite="strict", path="/")
        return opened


def under_way(program: Program, events: Sequence[Event]) -> list[LiveAction]:
    """Return what a run with this journal is busy with: its machine is stepped once more, and nothing is sent."""
    first = events[0]
    machine = Run(program, flags=first.flags if isinstance(first, RunStarted) else ())
    found: dict[tuple[str, str], LiveAction] = {}
    for event in events:
        for command in machine.step(event):
            match command:
                case NoteStarted():
                    name = repetition_name(command.repetition)
                    found[command.action, name] = LiveAction(
                        action=command.action,
                        repetition=name,
                        status=command.status,
                        startedAt=timestamp(command.at),
                        of=command.of,
                    )
                case RecordAction():
                    found.pop((command.action, repetition_name(command.repetition)), None)
                case _:
                    pass
    return list(found.values())


def samples_beside(file: Path) -> list[Sample]:
    """Return `trigger.json` and `triggers/*.json` beside a flow's file; files that are no JSON are left out."""
    folder = file.parent
    found = []
    for path in [folder / "trigger.json", *sorted((folder / "triggers").glob("*.json"))][:_MOST_SAMPLES]:
        try:
            if path.stat().st_size <= _MOST_SAMPLE_BYTES:
                found.append(Sample(name=path.stem, value=json.loads(path.read_bytes())))
        except (OSError, ValueError):
            continue
    return found


def _check(definition: Any, today: str) -> list[dict[str, Any]]:
    from runafter.connectors.registry import catalogue
    from runafter.lint.run import check

    report = check([definition], catalogue=catalogue(), today=today)
    return [finding_fields(issue.finding) for issue in report.issues if issue.waived is None]


__all__ = ["OPERATIONS", "Watching", "samples_beside", "under_way"]
