"""What the server's own API says, as types; the OpenAPI document is made from them. Times are ISO 8601 in UTC."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class StripRun(Struct, kw_only=True):
    id: str
    status: str
    startedAt: str  # noqa: N815 - JSON names
    durationS: float | None = None  # noqa: N815


class FlowSummary(Struct, kw_only=True):
    """One flow in the list. `successRate` is from 0 to 1 over the last runs that ended, `p50S` and `p95S` theirs."""

    name: str
    title: str
    state: str
    version: str
    owner: str | None = None
    purpose: str | None = None
    criticality: str | None = None
    trigger: str | None = None
    triggerType: str | None = None  # noqa: N815
    runs: list[StripRun] = field(default_factory=list)
    running: int = 0
    waiting: int = 0
    successRate: float | None = None  # noqa: N815
    p50S: float | None = None  # noqa: N815
    p95S: float | None = None  # noqa: N815
    nextAt: str | None = None  # noqa: N815
    errors: int = 0


class GraphNode(Struct, kw_only=True):
    """An action. `container` is the action around it, `branch` the part of it: actions, else, case:NAME, default.

    `kind` is the operation and connector, or the method and host, of an action that calls out.
    """

    name: str
    type: str
    kind: str | None = None
    container: str | None = None
    branch: str | None = None
    level: int = 0
    isContainer: bool = False  # noqa: N815
    pointer: str = ""


class GraphEdge(Struct, kw_only=True):
    source: str
    target: str
    statuses: list[str]


class Graph(Struct, kw_only=True):
    triggers: list[GraphNode]
    nodes: list[GraphNode]
    edges: list[GraphEdge]


class FlowDetail(Struct, kw_only=True):
    flow: FlowSummary
    definition: Any
    graph: Graph
    findings: list[dict[str, Any]]
    versions: list[dict[str, Any]]
    sidecar: dict[str, Any]
    triggers: list[dict[str, Any]]
    file: str = ""


class RunSummary(Struct, kw_only=True):
    id: str
    flow: str
    status: str
    startedAt: str  # noqa: N815
    endedAt: str | None = None  # noqa: N815
    durationS: float | None = None  # noqa: N815
    code: str | None = None
    message: str | None = None
    clientTrackingId: str = ""  # noqa: N815
    parent: str | None = None


class RunPage(Struct, kw_only=True):
    """Newest first; hand `cursor` back for the next page."""

    runs: list[RunSummary]
    cursor: str | None = None


class Because(Struct, kw_only=True):
    action: str
    status: str
    code: str | None = None


class ActionSummary(Struct, kw_only=True):
    """An action over all its repetitions; `status` is the worst of them."""

    name: str
    type: str
    status: str
    code: str | None = None
    startedAt: str | None = None  # noqa: N815
    endedAt: str | None = None  # noqa: N815
    busyS: float = 0.0  # noqa: N815
    repetitions: int = 0
    failed: int = 0
    byStatus: dict[str, int] = field(default_factory=dict)  # noqa: N815
    retries: int = 0
    iterations: int | None = None
    loops: list[str] = field(default_factory=list)
    because: Because | None = None
    firstFailed: str | None = None  # noqa: N815


class RunDetail(Struct, kw_only=True):
    run: RunSummary
    version: str | None
    trigger: dict[str, Any]
    error: Any
    outputs: Any
    graph: Graph
    actions: list[ActionSummary]


class AttemptShape(Struct, kw_only=True):
    startedAt: str  # noqa: N815
    endedAt: str  # noqa: N815
    code: str | None = None
    statusCode: int | None = None  # noqa: N815
    error: Any = None
    waitS: float | None = None  # noqa: N815


class ActionDetail(Struct, kw_only=True):
    """One action in one repetition. `why` is the chain from it to what decided its status."""

    name: str
    type: str
    status: str
    repetition: str
    code: str | None = None
    startedAt: str | None = None  # noqa: N815
    endedAt: str | None = None  # noqa: N815
    inputs: Any = None
    outputs: Any = None
    hasInputs: bool = False  # noqa: N815
    hasOutputs: bool = False  # noqa: N815
    secured: list[str] = field(default_factory=list)
    error: Any = None
    failure: Any = None
    attempts: list[AttemptShape] = field(default_factory=list)
    trackingId: str = ""  # noqa: N815
    trackedProperties: Any = None  # noqa: N815
    why: list[dict[str, Any]] = field(default_factory=list)


class RepetitionPage(Struct, kw_only=True):
    repetitions: list[ActionDetail]
    cursor: str | None = None


class Approval(Struct, kw_only=True):
    id: str
    kind: str
    status: str
    flow: str
    run: str
    action: str
    createdAt: str  # noqa: N815
    closedAt: str | None = None  # noqa: N815
    title: str = ""
    details: str = ""
    assignedTo: str = ""  # noqa: N815
    options: list[str] = field(default_factory=list)
    answer: str | None = None
    comments: str | None = None
    by: str | None = None


class ApprovalPage(Struct, kw_only=True):
    approvals: list[Approval]


class AnswerBody(Struct, kw_only=True, forbid_unknown_fields=True):
    answer: str
    comments: str = ""
    responder: str = ""


class RunBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """`body` is the trigger's body; `outputs` its whole outputs instead."""

    body: Any = None
    outputs: dict[str, Any] | None = None
    trigger: str | None = None


class ResubmitBody(Struct, kw_only=True, forbid_unknown_fields=True):
    actions: list[str] = field(default_factory=list)


class FiredShape(Struct, kw_only=True):
    status: str
    run: str | None = None
    history: str = ""
    code: str | None = None
    error: Any = None


class FiredPage(Struct, kw_only=True):
    fired: list[FiredShape]


class FlowPage(Struct, kw_only=True):
    flows: list[FlowSummary]


class Done(Struct, kw_only=True):
    done: bool


class ErrorDetail(Struct, kw_only=True):
    code: str
    message: str
    hint: str | None = None


class Error(Struct, kw_only=True):
    error: ErrorDetail
