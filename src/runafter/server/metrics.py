"""Counts and durations for Prometheus, by flow and outcome. The labels are bounded: flows, statuses, connectors and codes."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from runafter.connectors.resolve import connector_name
from runafter.protocol.commands import CallOperation, FinishRun, RecordAction
from runafter.protocol.events import Outcome

if TYPE_CHECKING:
    from runafter.hosts.outside import Outside

_TICKS_PER_S = 10_000_000
_SPANS_S = (0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 3600, 86_400)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Spread:
    """Durations of one kind: how many fell below each of `_SPANS_S`, their number and sum."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(_SPANS_S) + 1)
        self.sum_s = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(_SPANS_S, seconds)] += 1
        self.sum_s += seconds

    def buckets(self) -> list[tuple[str, float]]:
        names = [*(str(float(span)) for span in _SPANS_S), "+Inf"]
        return list(zip(names, accumulate(self.counts), strict=True))


class Metrics:
    """What happened, counted in plain numbers that become samples when somebody asks: a run counts eight times.

    `env` names the environment in every sample of a flow.
    """

    def __init__(self, env: str) -> None:
        self._env = env
        self._began: dict[str, int] = {}
        self._waiting: Callable[[], int] = int
        self._overflows: Callable[[], Mapping[tuple[str, str], int]] = dict
        self._runs: dict[tuple[str, str], int] = defaultdict(int)
        self._run_s: dict[str, _Spread] = defaultdict(_Spread)
        self._action_s: dict[tuple[str, str], _Spread] = defaultdict(_Spread)
        self._calls: dict[tuple[str, str, str], int] = defaultdict(int)
        self._throttled: dict[tuple[str, str], int] = defaultdict(int)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def waiting_by(self, count: Callable[[], int], overflows: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        """Read how many runs wait for their slot, and how many events found no place by flow and trigger, when asked."""
        self._waiting, self._overflows = count, overflows

    def began(self, run_id: str, at: int) -> None:
        self._began.setdefault(run_id, at)

    def ended(self, flow: str, run_id: str, finish: FinishRun) -> None:
        started_at = self._began.pop(run_id, None)
        self._runs[flow, finish.status] += 1
        if started_at is not None:
            self._run_s[flow].add((finish.at - started_at) / _TICKS_PER_S)

    def settled(self, flow: str, record: RecordAction) -> None:
        if record.status != "Skipped":
            self._action_s[flow, record.status].add((record.ended_at - record.started_at) / _TICKS_PER_S)

    def called(self, call: CallOperation, outcome: Outcome) -> None:
        connector = connector_name(call.target.api) if call.target.api else call.target.type.casefold()
        connection = call.target.connection or ""
        code = str(outcome.status_code) if outcome.status_code is not None else outcome.code or "none"
        self._calls[connector, connection, code] += 1
        if outcome.status_code == 429:
            self._throttled[connector, connection] += 1

    def collect(self) -> Iterable[Metric]:
        """Yield the samples, for the registry."""
        runs = CounterMetricFamily("flow_runs", "Runs that ended.", labels=["flow", "env", "status"])
        for (flow, status), count in self._runs.items():
            runs.add_metric([flow, self._env, status], count)
        yield runs
        run_s = HistogramMetricFamily("flow_run_duration_seconds", "How long runs took.", labels=["flow", "env"])
        for flow, spread in self._run_s.items():
            run_s.add_metric([flow, self._env], spread.buckets(), spread.sum_s)
        yield run_s
        action_s = HistogramMetricFamily(
            "flow_action_duration_seconds",
            "How long actions took, retries and waits included.",
            labels=["flow", "env", "status"],
        )
        for (flow, status), spread in self._action_s.items():
            action_s.add_metric([flow, self._env, status], spread.buckets(), spread.sum_s)
        yield action_s
        calls = CounterMetricFamily(
            "connector_requests", "Calls of connectors.", labels=["connector", "connection", "code"]
        )
        for names, count in self._calls.items():
            calls.add_metric(names, count)
        yield calls
        throttled = CounterMetricFamily(
            "connector_throttled", "Calls that were answered with 429.", labels=["connector", "connection"]
        )
        for pair, count in self._throttled.items():
            throttled.add_metric(pair, count)
        yield throttled
        overflows = CounterMetricFamily(
            "flow_trigger_overflows",
            "Events that found no place in a trigger's queue: refused to callers, lost to polls.",
            labels=["flow", "env", "trigger"],
        )
        for (flow, trigger), count in self._overflows().items():
            overflows.add_metric([flow, self._env, trigger], count)
        yield overflows
        yield GaugeMetricFamily("flow_runs_waiting", "Runs that wait for their slot.", value=self._waiting())

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
