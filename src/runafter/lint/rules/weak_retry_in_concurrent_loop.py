from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Change, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

ADVICE = {"type": "exponential", "count": 4, "interval": "PT20S"}


class WeakRetryInConcurrentLoop(Rule):
    """A call in a concurrent loop retries at a fixed interval, seldom, or not at all.

    Why: iterations that are refused together come back together. Fixed waits keep them in step, and a short policy is used
    up while the limit still holds: the item is lost.
    Instead: exponential, four or five times, from twenty seconds.
    Safe when: the service has no limit that the loop can reach.
    Source: Microsoft Learn, "Retry pattern" and "Handle throttling problems (429) in Azure Logic Apps".
    """

    code = "RTY004"
    family = "retry"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            loop = flow.order.concurrent_loop(site)
            policy = flow.retry_of(site)
            if loop is None or policy is None or policy.is_default or call.waits or call.kind == "send":
                continue
            if policy.kind == "exponential" and policy.count >= 4:
                continue
            if policy.kind == "none" and call.kind in {"create", "send", "execute", "unknown"}:
                continue
            written = site.part.at("inputs", "retryPolicy")
            said = {"none": "does not retry", "fixed": "retries at a fixed interval"}.get(policy.kind)
            said = said or f"retries {policy.count} times only"
            fix = None
            if written is not None and written.node is not None and not written.path:
                fix = Fix(
                    title="retry 4 times, exponentially, from 20 seconds",
                    changes=(Change(operation="set", pointer=written.pointer, value=ADVICE),),
                )
            yield self.issue(
                flow,
                written or site.part,
                f"{site.name!r} {said}, in {loop.name!r}, which runs {flow.repetitions[loop.key]} iterations at once",
                sites=(site, loop),
                fix=fix,
            )
