from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Site
from runafter.values.time import duration_s

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000}


class ResponseAfterWait(Rule):
    """A caller is answered only after somebody has decided, or after a long delay.

    Why: the platform closes the call after two minutes; the caller sees 504, repeats, and the flow runs twice.
    Instead: answer at once (202) and call back later, or let the Response be asynchronous.
    Safe when: the caller uses the asynchronous pattern (202 and a location to ask).
    Source: Microsoft Learn, "Limits and configuration reference for Azure Logic Apps" (inbound requests: 120 seconds).
    """

    code = "TMO004"
    family = "timeout"

    def check(self, flow: Flow) -> Iterator[Issue]:
        if not any(trigger.folded == "request" for trigger in flow.triggers):
            return
        limit = float(flow.profile.limit("response_timeout_s"))
        slow = [site for site in flow.sites if _is_slow(flow, site, limit)]
        for site in flow.sites:
            if site.folded != "response" or "async" in (site.part.text("operationOptions") or "").casefold():
                continue
            before = next((each for each in slow if flow.order.is_before(each, site)), None)
            if before is not None and not _answered_before(flow, before):
                yield self.issue(
                    flow,
                    site.part,
                    f"{site.name!r} answers only after {before.name!r}, which may take longer than {limit:.0f} seconds",
                    sites=(site, before),
                    evidence=[at(f"{before.name!r} waits", before)],
                )
                return


def _is_slow(flow: Flow, site: Site, limit_s: float) -> bool:
    call = flow.call(site)
    if call is not None:
        return call.waits
    if site.folded != "wait":
        return False
    interval = site.part.at("inputs", "interval")
    count = interval.get("count") if interval is not None else None
    unit = (interval.text("unit") or "").casefold() if interval is not None else ""
    if count is not None and isinstance(count.value, int) and unit in _UNITS:
        return count.value * _UNITS[unit] > limit_s
    text = interval.value if interval is not None and isinstance(interval.value, str) else ""
    return text.startswith("P") and "@" not in text and duration_s(text) > limit_s


def _answered_before(flow: Flow, wait: Site) -> bool:
    return any(site.folded == "response" and flow.order.is_before(site, wait) for site in flow.sites)
