"""The longest time that an action can hold the run: time limits, attempts and waits together."""

from __future__ import annotations

from runafter.lint.flow import Flow
from runafter.program.outline import Site
from runafter.program.retry import default_policy, worst_case_hold_s
from runafter.values.time import duration_s


def hold_s(flow: Flow, site: Site) -> float:
    """Return seconds: the action's own time limit, or all its attempts and the waits between, whichever is shorter."""
    policy = flow.retry_of(site) or default_policy(flow.profile)
    worst = worst_case_hold_s(policy, float(flow.profile.limit("http_timeout_s")))
    limit = limit_s(site)
    return min(worst, limit) if limit is not None else worst


def limit_s(site: Site) -> float | None:
    """Return the action's `limit.timeout`; None where it has none or computes it."""
    limit = site.part.at("limit", "timeout")
    if limit is None or not isinstance(limit.value, str) or "@" in limit.value:
        return None
    try:
        return duration_s(limit.value)
    except ValueError:
        return None
