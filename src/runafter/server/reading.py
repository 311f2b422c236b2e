"""From catalog, journal and history to what the own API shows."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from msgspec import structs

from runafter.catalog.rows import InboxItem
from runafter.definition.nodes import Definition
from runafter.definition.structure import triggers, walk_actions
from runafter.engine.instants import timestamp
from runafter.errors import finding_fields
from runafter.hosts.clock import TICKS_PER_S
from runafter.journal.rows import ActionRow, RunHeader
from runafter.local.package import unpack
from runafter.program.graph import Graph as ActionGraph
from runafter.protocol.ids import repetition_name
from runafter.server.answers import not_found
from runafter.server.flows import Flow
from runafter.server.runtime import Runtime
from runafter.server.shapes import (
    ActionDetail,
    ActionSummary,
    Approval,
    AttemptShape,
    Because,
    FlowDetail,
    FlowSummary,
    Graph,
    GraphEdge,
    GraphNode,
    RepetitionPage,
    RunDetail,
    RunPage,
    RunSummary,
    StripRun,
)
from runafter.values.json import compact
from runafter.views.run_detail import run_detail
from runafter.views.why import why

_STRIP = 20
_OPEN = frozenset({"Running", "Waiting"})
_SAMPLE = 100
_BAD = ("Failed", "TimedOut", "Cancelled", "Aborted")


class Reading:
    """Answers questions about flows and runs."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._journal = runtime.host.journal

    # --- flows

    async def flows(self) -> list[FlowSummary]:
        return [await self.summary(flow) for flow in self._runtime.flows.all()]

    async def summary(self, flow: Flow) -> FlowSummary:
        headers = [self._as_it_is(header) for header in await self._journal.runs(flow=flow.name, limit=_SAMPLE)]
        ended = [header for header in headers if header.ended_at is not None]
        spans = sorted(((header.ended_at or 0) - header.started_at) / TICKS_PER_S for header in ended)
        trigger = next(iter(triggers(flow.definition)), None)
        next_at = self._runtime.schedule.next_at(flow.name)
        good = sum(header.status == "Succeeded" for header in ended)
        return FlowSummary(
            name=flow.name,
            title=flow.row.title,
            state=flow.row.state,
            version=flow.row.version,
            owner=flow.row.meta.owner,
            purpose=flow.row.meta.purpose,
            criticality=flow.row.meta.criticality,
            trigger=trigger.name if trigger is not None else None,
            triggerType=trigger.type if trigger is not None else None,
            runs=[
                StripRun(
                    id=header.id, status=header.status, startedAt=timestamp(header.started_at), durationS=_span(header)
                )
                for header in headers[:_STRIP]
            ],
            running=len(headers) - len(ended),
            waiting=len(self._runtime.firing.waiting(flow.name)),
            successRate=good / len(ended) if ended else None,
            p50S=_percentile(spans, 0.5),
            p95S=_percentile(spans, 0.95),
            nextAt=timestamp(next_at) if next_at is not None else None,
            errors=sum(finding.severity == "error" for finding in flow.findings),
        )

    async def flow(self, name: str) -> FlowDetail:
        flow = self._runtime.flows.get(name)
        versions = await self._runtime.catalog.versions(flow.name)
        told = []
        for trigger in triggers(flow.definition):
            state = self._runtime.schedule.state(flow.name, trigger.name)
            recent = await self._runtime.catalog.histories(flow.name, trigger.name, limit=20)
            told.append(
                {
                    "name": trigger.name,
                    "type": trigger.type,
                    "nextAt": timestamp(state.due_at) if state.due_at is not None else None,
                    "histories": [
                        {
                            "id": each.id,
                            "status": each.status,
                            "code": each.code,
                            "run": each.run_id,
                            "at": timestamp(each.started_at),
                            "error": each.detail.error if each.detail is not None else None,
                        }
                        for each in recent
                    ],
                }
            )
        return FlowDetail(
            flow=await self.summary(flow),
            definition=flow.definition.value,
            graph=graph_of(flow.definition),
            findings=[finding_fields(finding) for finding in flow.findings],
            versions=[{"version": row.version, "createdAt": timestamp(row.created_at)} for row in versions],
            sidecar=flow.row.meta.sidecar,
            triggers=told,
            file=flow.row.meta.file,
        )

    # --- runs

    async def runs(
        self,
        *,
        flow: str | None = None,
        statuses: tuple[str, ...] = (),
        search: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> RunPage:
        """Return a page of runs. `search` looks in ids, codes, errors, and in inputs and outputs of actions."""
        asked = tuple({*statuses, *_OPEN}) if _OPEN.intersection(statuses) else statuses
        size = limit if search is None and asked == statuses else 200
        found: list[RunHeader] = []
        after, looked_at = cursor, 0
        while len(found) < limit and looked_at < 2000:
            page = await self._runtime.runs.runs(flow=flow, statuses=asked, after=after, limit=size)
            for kept in page:
                header = self._as_it_is(kept)
                after = header.id
                if statuses and header.status not in statuses:
                    continue
                if search is None or await self._matches(header, search.casefold()):
                    found.append(header)
                    if len(found) == limit:
                        break
            looked_at += len(page)
            if len(page) < size and len(found) < limit:
                return RunPage(runs=[_run(each) for each in found])
        return RunPage(runs=[_run(each) for each in found], cursor=after)

    def _as_it_is(self, header: RunHeader) -> RunHeader:
        """A run in memory that only waits is told as waiting, as it will be once it is parked."""
        if header.status == "Running" and self._runtime.host.is_waiting(header.id):
            return structs.replace(header, status="Waiting")
        return header

    async def _matches(self, header: RunHeader, wanted: str) -> bool:
        if wanted in f"{header.id} {header.code} {header.client_tracking_id}".casefold():
            return True
        if wanted in compact([header.error, header.outputs]).casefold():
            return True
        trigger = await self._runtime.runs.shown_trigger(header)
        if wanted in compact([trigger.get("inputs"), trigger.get("outputs")]).casefold():
            return True
        rows = await self._journal.history.actions(header.id, values=True, limit=500)
        return any(wanted in compact([row.inputs, row.outputs, row.detail.error]).casefold() for row in rows)

    async def header(self, run_id: str) -> RunHeader:
        header = await self._runtime.runs.run(run_id)
        if header is None:
            raise not_found(f"The run {run_id!r}")
        return header

    async def run(self, run_id: str) -> RunDetail:
        """Return a run with its graph and one line per action."""
        header = await self.header(run_id)
        definition = await self._definition_of(header)
        rows = await self._journal.history.every_action(run_id)
        return RunDetail(
            run=_run(self._as_it_is(header)),
            version=await self._runtime.runs.version(header),
            trigger=await self._runtime.runs.shown_trigger(header),
            error=header.error,
            outputs=header.outputs,
            graph=graph_of(definition),
            actions=action_lines(rows),
        )

    async def _definition_of(self, header: RunHeader) -> Definition:
        source = await self._runtime.runs.source(header)
        return unpack(source) if source is not None else self._runtime.flows.get(header.flow).definition

    async def action(self, run_id: str, action: str, repetition: tuple[int, ...]) -> ActionDetail:
        header = await self.header(run_id)
        row = await self._journal.history.action(run_id, action, repetition)
        if row is None:
            item = await self._runtime.catalog.item(
                f"{run_id}/{action}" + (f"/{repetition_name(repetition)}" if repetition else "")
            )
            if item is None:
                raise not_found(f"The action {action!r} of this run")
            return ActionDetail(
                name=action,
                type="",
                status="Waiting",
                repetition=repetition_name(repetition),
                startedAt=timestamp(item.created_at),
            )
        around = await self._journal.history.every_action(run_id)
        inside = _insides(await self._definition_of(header))
        chain = why([*around, row], row.action, row.repetition, inside=inside)
        return _detail(row, [_reason(each) for each in chain])

    async def repetitions(
        self, run_id: str, action: str, *, statuses: tuple[str, ...] = (), cursor: str | None = None, limit: int = 50
    ) -> RepetitionPage:
        await self.header(run_id)
        after = (cursor, action) if cursor is not None else None
        rows = await self._journal.history.actions(
            run_id, action=action, statuses=statuses, after=after, limit=limit, values=False
        )
        following = repetition_name(rows[-1].repetition) if len(rows) == limit else None
        return RepetitionPage(repetitions=[_detail(row, []) for row in rows], cursor=following)


def approval_of(item: InboxItem) -> Approval:
    detail = item.detail
    options = detail.get("options")
    return Approval(
        id=item.id,
        kind=item.kind,
        status=item.status,
        flow=item.flow,
        run=item.run_id,
        action=str(detail.get("action", "")),
        createdAt=timestamp(item.created_at),
        closedAt=timestamp(item.closed_at) if item.closed_at is not None else None,
        title=str(detail.get("title") or detail.get("action") or ""),
        details=str(detail.get("details") or ""),
        assignedTo=str(detail.get("assignedTo") or ""),
        options=[str(option) for option in options] if options else ["Approve", "Reject"],
        answer=detail.get("answer"),
        comments=detail.get("comments"),
        by=detail.get("by"),
    )


def graph_of(definition: Definition) -> Graph:
    """Return the nodes with their containers, and the run-after edges; levels count within a block."""
    actions = list(walk_actions(definition))
    containers = {action.parent.name for action in actions if action.parent is not None}
    blocks: dict[tuple[str, str], list[Any]] = {}
    for action in actions:
        blocks.setdefault((action.parent.name if action.parent else "", action.branch), []).append(action)
    levels: dict[str, int] = {}
    for members in blocks.values():
        levels.update(ActionGraph.of({member.name: list(member.run_after) for member in members}).levels())
    kinds = {"scope", "foreach", "until", "if", "switch"}
    return Graph(
        triggers=[GraphNode(name=trigger.name, type=trigger.type or "") for trigger in triggers(definition)],
        nodes=[
            GraphNode(
                name=action.name,
                type=action.type or "",
                kind=_kind(action.node.value),
                container=action.parent.name if action.parent else None,
                branch=action.branch or None,
                level=levels.get(action.name, 0),
                isContainer=action.name in containers or (action.type or "").casefold() in kinds,
                pointer=action.node.pointer,
            )
            for action in actions
        ],
        edges=[
            GraphEdge(source=source, target=action.name, statuses=list(statuses))
            for action in actions
            for source, statuses in action.run_after.items()
        ],
    )


def _insides(definition: Definition) -> dict[str, set[str]]:
    """Return the names of everything inside each container, at any depth."""
    found: dict[str, set[str]] = {}
    for action in walk_actions(definition):
        around = action.parent
        while around is not None:
            found.setdefault(around.name, set()).add(action.name)
            around = around.parent
    return found


def _kind(action: Any) -> str | None:
    """Return what a person calls an action that calls out: operation and connector, or method and host."""
    inputs = action.get("inputs") if isinstance(action, dict) else None
    if not isinstance(inputs, dict):
        return None
    host, method = inputs.get("host"), inputs.get("method")
    if isinstance(host, dict) and isinstance(host.get("operationId"), str):
        connector = (
            str(host.get("apiId") or host.get("connectionName") or "").rpartition("/")[2].removeprefix("shared_")
        )
        return f"{host['operationId']} {connector}".strip()
    if isinstance(method, str):
        uri = inputs.get("uri")
        path = inputs.get("path")
        where = urlsplit(uri).netloc if isinstance(uri, str) and not uri.startswith("@") else path
        return f"{method.upper()} {where}" if isinstance(where, str) else method.upper()
    return None


def _run(header: RunHeader) -> RunSummary:
    error = header.error if isinstance(header.error, dict) else {}
    return RunSummary(
        id=header.id,
        flow=header.flow,
        status=header.status,
        startedAt=timestamp(header.started_at),
        endedAt=timestamp(header.ended_at) if header.ended_at is not None else None,
        durationS=_span(header),
        code=header.code,
        message=error.get("message"),
        clientTrackingId=header.client_tracking_id,
        parent=header.parent,
    )


def action_lines(rows: list[ActionRow]) -> list[ActionSummary]:
    first_failed: dict[str, str] = {}
    because: dict[str, Because] = {}
    for row in rows:
        if row.status in _BAD and row.action not in first_failed:
            first_failed[row.action] = repetition_name(row.repetition)
        if row.detail.because is not None and row.action not in because:
            action, status, code = row.detail.because
            because[row.action] = Because(action=action, status=status, code=code)
    return [
        ActionSummary(
            name=line.action,
            type=line.type,
            status=line.status,
            code=line.code,
            startedAt=timestamp(line.started_at),
            endedAt=timestamp(line.ended_at),
            busyS=line.busy_ticks / TICKS_PER_S,
            repetitions=line.repetitions,
            failed=sum(line.by_status.get(status, 0) for status in _BAD),
            byStatus=line.by_status,
            retries=line.retries,
            iterations=line.iterations,
            loops=list(line.loops),
            because=because.get(line.action),
            firstFailed=first_failed.get(line.action),
        )
        for line in run_detail(rows).lines
    ]


def _detail(row: ActionRow, chain: list[dict[str, Any]]) -> ActionDetail:
    detail = row.detail
    secured = [name for name, on in (("inputs", detail.secure_inputs), ("outputs", detail.secure_outputs)) if on]
    return ActionDetail(
        name=row.action,
        type=row.type,
        status=row.status,
        repetition=repetition_name(row.repetition),
        code=row.code,
        startedAt=timestamp(row.started_at),
        endedAt=timestamp(row.ended_at),
        inputs=row.inputs,
        outputs=row.outputs,
        hasInputs=row.has_inputs,
        hasOutputs=row.has_outputs,
        secured=secured,
        error=detail.error,
        failure=detail.failure,
        attempts=[
            AttemptShape(
                startedAt=timestamp(each.started_at),
                endedAt=timestamp(each.ended_at),
                code=each.code,
                statusCode=each.status_code,
                error=each.error,
                waitS=each.wait_s,
            )
            for each in detail.attempts
        ],
        trackingId=detail.tracking_id,
        trackedProperties=detail.tracked,
        why=chain,
    )


def _reason(reason: Any) -> dict[str, Any]:
    return {
        "action": reason.action,
        "repetition": repetition_name(reason.repetition),
        "status": reason.status,
        "code": reason.code,
        "decidedBy": reason.decided_by,
        "error": reason.error,
        "failure": reason.failure,
    }


def _span(header: RunHeader) -> float | None:
    return None if header.ended_at is None else (header.ended_at - header.started_at) / TICKS_PER_S


def _percentile(ordered: list[float], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


__all__ = ["Reading", "action_lines", "approval_of", "graph_of"]
