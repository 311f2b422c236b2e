"""A run in the database, printed: the tree of its actions, one action in full, the chain behind a skip."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from runafter.cli.output import console, print_json

if TYPE_CHECKING:
    from runafter.journal.rows import ActionRow, RunHeader
    from runafter.program.steps import Program
    from runafter.views.why import Reason

_CONTAINERS = {"Scope", "If", "Switch", "Foreach", "Until"}


def print_run(
    header: RunHeader, rows: Sequence[ActionRow], program: Program | None, begun: Sequence[dict[str, Any]] = ()
) -> None:
    """Print the run's tree with what has settled and what has `begun`, its error, and the first message of each failure."""
    from rich.text import Text

    from runafter.cli.live import SIGNS, LiveRun
    from runafter.cli.underway import show_under_way

    out = console()
    sign, colour = SIGNS.get(header.status, ("?", "white"))
    out.print(Text.assemble((header.flow, "bold"), f"  {header.id}"))
    out.print(
        Text.assemble(
            (f"{sign} {header.status}", f"bold {colour}"),
            f"  {time_text(header.started_at)}  {spent_text(header.started_at, header.ended_at)}",
        )
    )
    if isinstance(header.error, dict):
        out.print(Text(f"  {header.error.get('code', '')}: {header.error.get('message', '')}", style="red"))
    if program is None:
        for row in rows:
            click.echo(action_line(row))
    else:
        live = LiveRun(program)
        for row in rows:
            live.apply(row.record())
        show_under_way(live, begun)
        out.print(live.tree())
    for row in _first_failures(rows):
        where = ", item " + ",".join(map(str, row.repetition)) if row.repetition else ""
        message = row.detail.error.get("message", "") if isinstance(row.detail.error, dict) else row.code or ""
        out.print(Text.assemble((f"✗ {row.action}{where}: ", "red"), message))


def _first_failures(rows: Iterable[ActionRow]) -> list[ActionRow]:
    found: dict[str, ActionRow] = {}
    for row in rows:
        if row.status in {"Failed", "TimedOut"} and row.type not in _CONTAINERS:
            found.setdefault(row.action, row)
    return sorted(found.values(), key=lambda row: (row.started_at, row.order))


def print_chain(chain: Sequence[Reason]) -> None:
    """Print what decided an action's status, link by link, down to the root cause."""
    for depth, reason in enumerate(chain):
        indent = "  " * depth
        where = "[" + ",".join(map(str, reason.repetition)) + "]" if reason.repetition else ""
        click.echo(f"{indent}{reason.action}{where}: {reason.status}" + (f" ({reason.code})" if reason.code else ""))
        if reason.decided_by is not None and depth + 1 < len(chain):
            following = chain[depth + 1]
            code = f" with code {following.code}" if following.code else ""
            ended = "took another branch" if reason.error is not None else f"ended {following.status}{code}"
            click.echo(f"{indent}  because {following.action!r} {ended}")
        if reason.decided_by is None and isinstance(reason.error, dict) and reason.error.get("message"):
            click.echo(f"{indent}  {reason.error['message']}")
        if reason.failure is not None:
            _print_failure(reason.failure)


def print_action(row: ActionRow) -> None:
    click.echo(action_line(row))
    for attempt in row.detail.attempts:
        wait = f", waited {attempt.wait_s:.1f} s" if attempt.wait_s else ""
        click.echo(f"  attempt failed: {attempt.status_code or attempt.code}{wait}")
    if row.detail.error is not None:
        click.echo(f"  error: {short_text(row.detail.error, 2000)}")
    if row.detail.failure is not None:
        _print_failure(row.detail.failure)
    for name in ("inputs", "outputs"):
        if getattr(row.detail, f"secure_{name}"):
            click.echo(f"{name}: (secured)")
        elif getattr(row, f"has_{name}"):
            click.echo(f"{name}:")
            print_json(getattr(row, name))


def _print_failure(failure: Any) -> None:
    """Print the failing expression, the values of its parts and the items around it."""
    if not isinstance(failure, dict):
        return
    if failure.get("expression"):
        click.echo(f"  expression: {failure['expression']}")
    for part in failure.get("values") or ():
        if isinstance(part, dict):
            value = f"! {part['error']}" if part.get("error") else short_text(part.get("value"))
            click.echo(f"    {part.get('expression')} = {value}")
    if "item" in failure:
        click.echo(f"  item: {short_text(failure['item'], 500)}")
    for loop in failure.get("loops") or ():
        if isinstance(loop, dict):
            item = f": {short_text(loop['item'], 500)}" if "item" in loop else ""
            click.echo(f"  in {loop.get('loop')}, item {loop.get('index')}{item}")


def action_line(row: ActionRow) -> str:
    from runafter.cli.live import SIGNS

    where = "[" + ",".join(str(index) for index in row.repetition) + "]" if row.repetition else ""
    again = sum(attempt.wait_s is not None for attempt in row.detail.attempts)
    retries = f"  {again} {'retry' if again == 1 else 'retries'}" if again else ""
    code = f"  {row.code}" if row.code else ""
    return f"{SIGNS.get(row.status, ('?', ''))[0]} {row.action}{where}  {row.type}  {row.status}{code}  {spent_text(row.started_at, row.ended_at)}{retries}"


def plain_header(header: RunHeader) -> dict[str, Any]:
    return {
        "name": header.id,
        "flow": header.flow,
        "status": header.status,
        "code": header.code,
        "error": header.error,
        "outputs": header.outputs,
        "startTime": time_text(header.started_at),
        "endTime": time_text(header.ended_at) if header.ended_at is not None else None,
        "parent": header.parent,
        "clientTrackingId": header.client_tracking_id or None,
    }


def plain_action(row: ActionRow) -> dict[str, Any]:
    """Return an action row as plain JSON."""
    import msgspec

    plain: dict[str, Any] = {
        "action": row.action,
        "type": row.type,
        "repetition": list(row.repetition),
        "status": row.status,
        "code": row.code,
        "startTime": time_text(row.started_at),
        "endTime": time_text(row.ended_at),
        **msgspec.to_builtins(row.detail),
    }
    for name in ("inputs", "outputs"):
        if getattr(row, f"has_{name}") and getattr(row, name) is not None:
            plain[name] = getattr(row, name)
    return plain


def plain_under_way(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is under way as plain JSON."""
    return [
        {
            **{name: row[name] for name in ("action", "type", "status")},
            "repetition": list(row["repetition"]),
            "startTime": time_text(row["started_at"]),
            **{name: row[name] for name in ("done", "of", "attempt") if row.get(name) is not None},
        }
        for row in rows
    ]


def plain_reason(reason: Reason) -> dict[str, Any]:
    """Return one link of a chain as plain JSON."""
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(reason)
    return plain


def short_text(value: Any, limit: int = 160) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def time_text(ticks: int) -> str:
    from runafter.values.time import Timestamp, round_trip

    return round_trip(Timestamp(ticks, "utc"))[:23] + "Z"


def spent_text(start: int, end: int | None) -> str:
    from runafter.cli.live import duration

    return duration((end - start) / 10_000_000) if end is not None else "running"
