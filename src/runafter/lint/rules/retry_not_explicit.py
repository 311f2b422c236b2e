from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Change, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

READ = {"type": "exponential", "count": 4, "interval": "PT5S", "minimumInterval": "PT5S", "maximumInterval": "PT1M"}
WRITE = {"type": "exponential", "count": 4, "interval": "PT10S", "minimumInterval": "PT10S", "maximumInterval": "PT1M"}
SEND = {"type": "exponential", "count": 4, "interval": "PT20S", "minimumInterval": "PT20S", "maximumInterval": "PT1M"}


class RetryNotExplicit(Rule):
    """A call leaves its retry policy to the default of the platform and plan.

    Why: the default differs between plans and has changed before: two retries, four, eight or twelve, up to an hour
    apart. The same flow then holds for seconds or for hours.
    Instead: say it: exponential, four times; a read from five seconds on, a change of a known record from ten, and from
    twenty what makes or sends something anew, so that a slow first attempt is over before the second begins.
    Safe when: somebody has looked at the default and wants it; waive with that reason.
    Source: Microsoft Learn, "Limits of automated, scheduled, and instant flows" (retry policy) and "Handle errors and
    exceptions in Azure Logic Apps".
    """

    code = "RTY001"
    severity = "note"
    family = "retry"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            inputs = site.part.get("inputs")
            if inputs is None or not inputs.is_object or call.api == "sendtobatch":
                continue
            written = inputs.get("retryPolicy") or inputs.at("subscribe", "retryPolicy") or site.part.get("retryPolicy")
            if written is not None:
                continue
            policy = READ if call.kind == "read" else WRITE if call.kind in {"update", "delete"} else SEND
            fix = None
            place = inputs.get("subscribe") if site.folded == "httpwebhook" else inputs
            if place is not None and place.node is not None and place.is_object and not place.path:
                fix = Fix(
                    title=f"retry {policy['count']} times, exponentially",
                    changes=(Change(operation="insert", pointer=place.pointer, key="retryPolicy", value=policy),),
                )
            if site.folded == "invokefunction":
                fix = None  # a local function takes no policy
            yield self.issue(
                flow,
                site.part,
                f"{site.name!r} ({call.title}) has no retry policy of its own",
                sites=(site,),
                fix=fix,
            )
