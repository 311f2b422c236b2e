"""Retry policies: how often and how long an action waits before it calls again.

The engine asks `wait_bounds_s` and lets the host draw a wait from the range;
lint asks `worst_case_hold_s`. Only 408, 429, 5xx and broken connections are
tried again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runafter.profiles.profile import Profile
from runafter.values.time import duration_s, duration_text
from runafter.values.wholes import whole

Kind = Literal["none", "fixed", "exponential"]
_KINDS: dict[str, Kind] = {"none": "none", "fixed": "fixed", "exponential": "exponential"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """`count` retries follow the first call; `interval_s` is the scale of the waits.

    `minimum_s` and `maximum_s` bound each wait of an exponential policy.
    `is_default` tells that the author wrote none.
    """

    kind: Kind
    count: int = 0
    interval_s: float = 0.0
    minimum_s: float = 0.0
    maximum_s: float = 0.0
    is_default: bool = False


NO_RETRY = RetryPolicy(kind="none")


class RetryFault(ValueError):
    """A retry policy that the platform refuses; `field` is the key at fault."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def default_policy(profile: Profile) -> RetryPolicy:
    """Return the policy of an action whose author wrote none.

    Source: Microsoft Learn, "Handle errors and exceptions in Azure Logic Apps" (4 retries, 7.5 s scale,
        5-45 s) and "Limits of automated, scheduled, and instant flows" (2 or 12 retries by plan).
    """
    value = profile.default("retry")
    return RetryPolicy(
        kind=_KINDS[value["type"]],
        count=value["count"],
        interval_s=float(value["interval_s"]),
        minimum_s=float(value["minimum_s"]),
        maximum_s=float(value["maximum_s"]),
        is_default=True,
    )


def parse_policy(value: Any, profile: Profile) -> RetryPolicy:
    """Return the policy that `retryPolicy` says; null and `{"type": "default"}` give the profile's own.

    Raises:
        RetryFault: an unknown type, a missing or wrong field, a count or interval outside the limits.
    """
    if value is None:
        return default_policy(profile)
    if not isinstance(value, Mapping):
        raise RetryFault("a retry policy is an object with 'type', 'count' and 'interval'")
    fields = {str(key).casefold(): item for key, item in value.items()}
    name = str(fields.get("type", "default")).casefold()
    if name == "default":
        return default_policy(profile)
    kind = _KINDS.get(name)
    if kind is None:
        raise RetryFault(
            f"retry policy type {fields['type']!r} is not 'none', 'fixed', 'exponential' or 'default'", field="type"
        )
    if kind == "none":
        return NO_RETRY
    count = _count(fields, profile)
    interval = _interval(fields, "interval", profile)
    if kind == "fixed":
        return RetryPolicy(kind=kind, count=count, interval_s=interval, minimum_s=interval, maximum_s=interval)
    minimum, maximum = float(profile.default("retry_minimum_s")), float(profile.default("retry_maximum_s"))
    if fields.get("minimuminterval") is not None:
        minimum = _interval(fields, "minimumInterval", profile)
    if fields.get("maximuminterval") is not None:
        maximum = _interval(fields, "maximumInterval", profile)
    else:
        maximum = max(maximum, minimum)
    if minimum > maximum:
        raise RetryFault("'minimumInterval' is longer than 'maximumInterval'", field="minimumInterval")
    return RetryPolicy(kind=kind, count=count, interval_s=interval, minimum_s=minimum, maximum_s=maximum)


def wait_bounds_s(policy: RetryPolicy, attempt: int) -> tuple[float, float]:
    """Return the (low, high) seconds between which retry `attempt` must wait.

    `attempt` counts retries from 1; the first call of an action is not a retry.
    Both bounds double with each attempt and stay within the policy's minimum
    and maximum. The host draws the actual wait from this range.

    Raises:
        ValueError: `attempt` is not in 1..policy.count.

    Source: Microsoft Learn, "Handle errors and exceptions in Azure Logic Apps", random interval table.
    """
    if not 1 <= attempt <= policy.count:
        raise ValueError(f"retry {attempt} is not in 1..{policy.count}")
    if policy.kind == "fixed":
        return policy.interval_s, policy.interval_s
    # The table lets `low` pass the cap from some attempt on; measured runs then wait exactly the maximum.
    low = 0.0 if attempt == 1 else policy.interval_s * 2.0 ** (attempt - 2)
    high = policy.interval_s * 2.0 ** (attempt - 1)
    return _clamp(low, policy), _clamp(high, policy)


def is_retriable(status_code: int | None) -> bool:
    """Say whether an answer is worth another call: 408, 429, 5xx, or no answer at all (None)."""
    return status_code is None or status_code in {408, 429} or 500 <= status_code <= 599


def worst_case_hold_s(policy: RetryPolicy, call_timeout_s: float) -> float:
    """Return the longest time an action can hold the run: every call times out, every wait is the longest."""
    waits = sum(wait_bounds_s(policy, attempt)[1] for attempt in range(1, policy.count + 1))
    return (policy.count + 1) * call_timeout_s + waits


def _clamp(seconds: float, policy: RetryPolicy) -> float:
    return min(max(seconds, policy.minimum_s), policy.maximum_s)


def _count(fields: Mapping[str, Any], profile: Profile) -> int:
    value = fields.get("count")
    low, high = profile.limit("retry_count_min"), profile.limit("retry_count_max")
    value = whole(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RetryFault(f"'count' of a retry policy is a whole number from {low} to {high}", field="count")
    if not low <= value <= high:
        raise RetryFault(f"'count' of a retry policy is {value}; allowed are {low} to {high}", field="count")
    return value


def _interval(fields: Mapping[str, Any], name: str, profile: Profile) -> float:
    value = fields.get(name.casefold())
    low, high = profile.limit("retry_interval_min_s"), profile.limit("retry_interval_max_s")
    if not isinstance(value, str):
        raise RetryFault(f"'{name}' of a retry policy is an ISO 8601 duration such as 'PT20S'", field=name)
    try:
        seconds = duration_s(value)
    except ValueError as fault:
        raise RetryFault(f"'{name}' of a retry policy: {fault}", field=name) from None
    if not low <= seconds <= high:
        allowed = f"{duration_text(low)} to {duration_text(high)}"
        raise RetryFault(f"'{name}' of a retry policy is {value}; allowed are {allowed}", field=name)
    return seconds
