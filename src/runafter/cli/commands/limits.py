"""`runafter limits`: what connectors and dialects allow, each with source and date, and what is safe inside a loop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runafter.cli.groups import Group
from runafter.cli.output import console, print_json

if TYPE_CHECKING:
    from runafter.connectors.limits import Limit, SafeConcurrency

OVERRIDES = "limits.toml"
override_option = click.option(
    "--override",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=f'TOML with [limits."connector.limit"] tables. Default: {OVERRIDES} of the working folder.',
)


@click.group("limits", cls=Group)
def command() -> None:
    """List what the platform and its connectors allow, and what is safe inside a loop."""


@command.command("list")
@click.argument("connector", required=False)
@click.option(
    "--dialect", help="A dialect's own limits instead: power-automate, logic-apps-consumption, logic-apps-standard."
)
@override_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_limits(connector: str | None, dialect: str | None, override: Path | None, as_json: bool) -> None:
    """List every limit with its scope, source and date; of one CONNECTOR, or of a dialect."""
    rows = _of_dialect(dialect) if dialect is not None else [_row(limit) for limit in _limits(connector, override)]
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo("No limits known.")
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    shown = [name for name in rows[0] if name != "note"]
    for name in shown:
        table.add_column(name, overflow="fold", no_wrap=name in ("limit", "allows", "value"))
    for row in rows:
        table.add_row(*(str(row[name]) for name in shown))
    console().print(table)


@command.command("explain")
@click.argument("connector")
@click.option(
    "--calls",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Calls of an iteration.",
)
@click.option(
    "--seconds",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="How long an iteration takes: calls in series add up.",
)
@click.option(
    "--safety", default=2.0, show_default=True, type=click.FloatRange(min=0, min_open=True), help="Divide by this."
)
@override_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain_limits(
    connector: str, calls: float, seconds: float, safety: float, override: Path | None, as_json: bool
) -> None:
    """Say how many iterations of a loop may be in flight against CONNECTOR.

    Two answers are printed: the usual formula limit / calls / safety, whose
    result is iterations a minute and not at once, and the one that knows how
    long an iteration takes, which is the one to use. 429s of a service count as
    calls too, so a setting above it makes the loop slower.
    """
    from runafter.connectors.limits import explain

    connector = _connector(connector)
    try:
        found = explain(connector, calls=calls, iteration_s=seconds, safety=safety, overrides=_overrides(override))
    except ValueError as fault:
        raise click.UsageError(str(fault)) from fault
    if as_json:
        print_json([_explained(each) for each in found])
        return
    if not found:
        click.echo(f"No limit of {connector} counts calls over time: only the loop's own cap of 50 holds.")
        return
    from rich.text import Text

    out = console()
    for index, each in enumerate(found):
        throttle = each.limit.throttle
        out.print(Text.assemble((each.limit.key, "bold"), f"  {_allows(each.limit)}, per {throttle.scope}"))
        minute = throttle.per_minute or 0.0
        out.print(
            f"  formula     floor({minute:g} / {calls:g} / {safety:g}) = {each.by_formula} iterations a minute, "
            f"not at once; as a setting it would be {min(each.by_formula, 50)}"
        )
        out.print(
            f"  time-aware  floor({minute:g} / 60 x {seconds:g} s / {calls:g} / {safety:g}) = {each.by_time} iterations at once"
        )
        out.print(
            f"  source      {throttle.source}, {throttle.read or 'not looked at'}"
            + (", overridden" if each.limit.overridden else "")
        )
        if index == 0:
            out.print(Text.assemble("  ", (f"set the loop's concurrency to {each.recommended}", "bold green")))


def _connector(name: str) -> str:
    from runafter.tenant.names import connector_named

    return connector_named(name)


def _limits(connector: str | None, override: Path | None) -> list[Limit]:
    from runafter.connectors.limits import limits, limits_of

    overrides = _overrides(override)
    try:
        return limits(overrides) if connector is None else limits_of(_connector(connector), overrides)
    except ValueError as fault:
        raise click.UsageError(str(fault)) from fault


def _overrides(override: Path | None) -> dict[str, dict[str, Any]]:
    from runafter.connectors.limits import read_overrides

    place = override or Path(OVERRIDES)
    if override is None and not place.is_file():
        return {}
    try:
        return read_overrides(place.read_text("utf-8"))
    except (OSError, ValueError) as fault:
        raise click.UsageError(f"{place}: {fault}") from fault


def _row(limit: Limit) -> dict[str, Any]:
    throttle = limit.throttle
    return {
        "limit": limit.key,
        "allows": _allows(limit),
        "per": throttle.scope,
        "source": throttle.source,
        "read": throttle.read or "not looked at",
        "note": throttle.note,
    }


def _allows(limit: Limit) -> str:
    throttle = limit.throttle
    match throttle.kind:
        case "concurrency":
            return f"{throttle.limit:g} at once"
        case "bucket":
            return f"{throttle.limit:g} at once, then {throttle.rate:g} a second"
        case "execution_time":
            return f"{throttle.limit:g} s of service time in {throttle.window_s:g} s"
        case _:
            return f"{throttle.limit:g} calls in {throttle.window_s:g} s"


def _explained(each: SafeConcurrency) -> dict[str, Any]:
    return {
        **_row(each.limit),
        "callsPerIteration": each.calls,
        "iterationSeconds": each.iteration_s,
        "safety": each.safety,
        "formula": each.by_formula,
        "timeAware": each.by_time,
        "recommended": each.recommended,
        "used": each.used,
    }


def _of_dialect(name: str) -> list[dict[str, Any]]:
    from runafter.profiles.load import get_profile

    try:
        profile = get_profile(name)
    except ValueError as fault:
        raise click.UsageError(str(fault)) from fault
    return [
        {"limit": key, "value": f"{fact.value} {fact.unit}".strip(), "source": fact.source, "read": fact.date}
        for key, fact in profile.limits.items()
    ]
