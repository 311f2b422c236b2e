"""Counts and durations for Prometheus, by flow and outcome. The labels are bounded: flows, statuses, connectors and codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from runafter.connectors.resolve import connector_name
from runafter.protocol.commands import CallOperation, FinishRun, RecordAction
from runafter.protocol.events import Outcome

if TYPE_CHECKING:
    from runafter.hosts.outside import Outside

_TICKS_PER_S = 10_000_000
_SPANS_S = (0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 3600, 86_400)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """One registry per server. `env` names the environment in every sample of a flow."""

    def __init__(self, env: str) -> None:
        self._env = env
        self._began: dict[str, int] = {}
        self._registry = CollectorRegistry()
        self._runs = Counter("flow_runs", "Runs that ended.", ["flow", "env", "status"], registry=self._registry)
        self._run_s = Histogram(
            "flow_run_duration_seconds",
            "How long runs took.",
            ["flow", "env"],
            buckets=_SPANS_S,
            registry=self._registry,
        )
        self._action_s = Histogram(
            "flow_action_duration_seconds",
            "How long actions took, retries and waits included.",
            ["flow", "env", "status"],
            buckets=_SPANS_S,
            registry=self._registry,
        )
        self._calls = Counter(
            "connector_requests", "Calls of connectors.", ["connector", "connection", "code"], registry=self._registry
        )
        self._throttled = Counter(
            "connector_throttled",
            "Calls that were answered with 429.",
            ["connector", "connection"],
            registry=self._registry,
        )
        self._waiting = Gauge("flow_runs_waiting", "Runs that wait for their slot.", registry=self._registry)

    def waiting_by(self, count: Callable[[], int]) -> None:
        """Read how many runs wait for their slot when asked."""
        self._waiting.set_function(count)

    def began(self, run_id: str, at: int) -> None:
        self._began.setdefault(run_id, at)

    def ended(self, flow: str, run_id: str, finish: FinishRun) -> None:
        started_at = self._began.pop(run_id, None)
        self._runs.labels(flow, self._env, finish.status).inc()
        if started_at is not None:
            self._run_s.labels(flow, self._env).observe((finish.at - started_at) / _TICKS_PER_S)

    def settled(self, flow: str, record: RecordAction) -> None:
        if record.status != "Skipped":
            spent = (record.ended_at - record.started_at) / _TICKS_PER_S
            self._action_s.labels(flow, self._env, record.status).observe(spent)

    def called(self, call: CallOperation, outcome: Outcome) -> None:
        connector = connector_name(call.target.api) if call.target.api else call.target.type.casefold()
        connection = call.target.connection or ""
        code = str(outcome.status_code) if outcome.status_code is not None else outcome.code or "none"
        self._calls.labels(connector, connection, code).inc()
        if outcome.status_code == 429:
            self._throttled.labels(connector, connection).inc()

    def text(self) -> bytes:
        """Return everything in Prometheus' text form."""
        return generate_latest(self._registry)


class Counted:
    """An outside whose calls are counted."""

    def __init__(self, inner: Outside, metrics: Metrics) -> None:
        self._inner = inner
        self._metrics = metrics

    async def perform(self, call: CallOperation) -> Outcome:
        outcome = await self._inner.perform(call)
        self._metrics.called(call, outcome)
        return outcome
