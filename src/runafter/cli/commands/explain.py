"""`runafter explain`: what the platform's settings amount to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from runafter.cli.dialect import known_profile
from runafter.cli.groups import Group

if TYPE_CHECKING:
    from runafter.program.retry import RetryPolicy


@click.group("explain", cls=Group)
def command() -> None:
    """Say what settings amount to."""


@command.command("retry")
@click.option(
    "--policy", metavar="JSON", help='A retryPolicy, as {"type": "exponential", "count": 4, "interval": "PT7S"}.'
)
@click.option(
    "--profile", callback=known_profile, help="Dialect or plan; by default all, with what holds unless a policy is set."
)
@click.option(
    "--timeout",
    metavar="DURATION",
    default="PT2M",
    show_default=True,
    help="How long one call may take before it fails.",
)
def retry(policy: str | None, profile: str | None, timeout: str) -> None:
    """Say how long one failing action holds up a run: every call times out, every wait is the longest.

    Time limit x (retries + 1) + waits. With --profile or --policy each wait is shown.
    """
    from runafter.profiles.load import get_profile, profile_names
    from runafter.program.retry import RetryFault, default_policy, parse_policy, worst_case_hold_s
    from runafter.values.time import duration_s

    try:
        call_s = float(duration_s(timeout))
    except ValueError as fault:
        raise click.BadParameter(f"{timeout!r} is no ISO 8601 duration; write PT2M", param_hint="--timeout") from fault
    names = [profile] if profile is not None else list(profile_names())
    if policy is not None:
        chosen = get_profile(names[0])
        try:
            parsed = parse_policy(json.loads(policy), chosen)
        except (ValueError, RetryFault) as fault:
            raise click.BadParameter(str(fault), param_hint="--policy") from fault
        _show(f"as {chosen.name} reads it", parsed, worst_case_hold_s(parsed, call_s), call_s, waits=True)
        return
    for name in names:
        found = default_policy(get_profile(name))
        _show(name, found, worst_case_hold_s(found, call_s), call_s, waits=profile is not None)


def _show(title: str, policy: RetryPolicy, hold_s: float, call_s: float, *, waits: bool) -> None:
    from runafter.program.retry import wait_bounds_s

    calls = policy.count + 1
    click.echo(
        f"{title}: {policy.kind}, {policy.count} retries; {calls} calls of {_time(call_s)} and the waits: "
        f"up to {hold_s / 60:.1f} min"
    )
    for attempt in range(1, policy.count + 1) if waits else ():
        low, high = wait_bounds_s(policy, attempt)
        span: Any = _time(high) if low == high else f"{_time(low)} to {_time(high)}"
        click.echo(f"  before retry {attempt:>2}  {span}")


def _time(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 120 else f"{seconds / 60:g} min"
