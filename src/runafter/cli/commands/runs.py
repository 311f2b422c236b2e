"""`runafter runs`: what ran, why it ended as it did, and what can be done about it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runafter.cli.commands.purge import purge
from runafter.cli.output import console, json_option, print_json

if TYPE_CHECKING:
    from runafter.hosts.embedded.host import Host
    from runafter.journal.journal import Journal
    from runafter.journal.rows import ActionRow, RunHeader
    from runafter.local.run import Job

T = TypeVar("T")
_STATUSES = ["Running", "Waiting", "Succeeded", "Failed", "Cancelled", "TimedOut"]
db_option = click.option(
    "--db", metavar="URL", help="Database: a path, sqlite:///..., postgresql://... Default .runafter/runs.db."
)
json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("runs")
def command() -> None:
    """Show and steer the runs in a database.

    RUN is a run's name, the beginning of one, or `last`.
    """


command.add_command(purge)


@command.command("list")
@db_option
@click.option("--flow", metavar="NAME", help="Only runs of this flow.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(_STATUSES, case_sensitive=False),
    help="Only these. Repeatable.",
)
@click.option("--code", help="Only runs that ended with this code, e.g. ActionFailed.")
@click.option(
    "--since",
    metavar="ISO|DURATION",
    help="Only runs begun since: 2026-11-21T08:00:00Z, or PT2H for the last two hours.",
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@json_flag
def list_runs(
    db: str | None,
    flow: str | None,
    statuses: tuple[str, ...],
    code: str | None,
    since: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List runs, newest first."""
    started = _ticks_since(since)

    async def work(journal: Journal) -> list[RunHeader]:
        return await journal.runs(flow=flow, statuses=statuses, code=code, started_from=started, limit=limit)

    found = _with_journal(db, work)
    if as_json:
        print_json([_plain_header(header) for header in found])
        return
    if not found:
        click.echo("No runs.")
        return
    from rich.table import Table
    from rich.text import Text

    from runafter.cli.live import SIGNS

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("run", "flow", "status", "started", "duration", "code"):
        table.add_column(name, no_wrap=name != "flow")
    for header in found:
        sign, colour = SIGNS.get(header.status, ("?", "white"))
        status = Text(f"{sign} {header.status}", style=colour)
        table.add_row(
            header.id,
            header.flow,
            status,
            _time(header.started_at),
            _spent(header.started_at, header.ended_at),
            header.code or "",
        )
    console().print(table)


@command.command("show")
@click.argument("run")
@db_option
@click.option(
    "--why", metavar="ACTION", help="The chain of predecessors and statuses that decided that ACTION was skipped."
)
@click.option("--action", metavar="NAME", help="One action in full: inputs, outputs, error, retries.")
@click.option("--item", metavar="I[,J]", help="With --action: which repetition, by loop indexes from 0.")
@json_flag
def show(run: str, db: str | None, why: str | None, action: str | None, item: str | None, as_json: bool) -> None:
    """Show a run: its actions, what failed and with which values."""
    repetition = _repetition(item)

    async def work(journal: Journal) -> Any:
        header = await _find(journal, run)
        if why is not None:
            return header, await _chain(journal, header, why, repetition)
        if action is not None:
            row = await _one_action(journal, header, action, repetition)
            return header, [row]
        return header, await _all_actions(journal, header.id)

    header, rows = _with_journal(db, work)
    if as_json:
        print_json({**_plain_header(header), "actions": [plain_action(row) for row in rows]})
    elif why is not None:
        _print_chain(rows)
    elif action is not None:
        _print_action(rows[0])
    else:
        _print_run(header, rows)


@command.command("actions")
@click.argument("run", required=False)
@db_option
@click.option("--name", "action", metavar="NAME", help="Only this action.")
@click.option("--status", "statuses", multiple=True, help="Only these statuses. Repeatable.")
@click.option(
    "--status-code",
    metavar="CODE",
    help="Only those that got this answer in any attempt: 429, 5xx, NotFound, ActionFailed.",
)
@click.option("--item", metavar="I[,J]", help="Only this item of a loop, and what is nested in it.")
@click.option("--values", is_flag=True, help="With inputs and outputs.")
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(1, 1_000_000))
@json_flag
def actions(
    run: str | None,
    db: str | None,
    action: str | None,
    statuses: tuple[str, ...],
    status_code: str | None,
    item: str | None,
    values: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List settled actions and their repetitions: of RUN, or of the latest runs."""
    within = _repetition(item) if item is not None else None

    async def work(journal: Journal) -> list[ActionRow]:
        headers = [await _find(journal, run)] if run is not None else await journal.runs(limit=200)
        found: list[ActionRow] = []
        for header in headers:
            rows = await journal.history.actions(
                header.id, action=action, within=within, statuses=[status.capitalize() if status.islower() else status for status in statuses],
                values=values, limit=limit,
            )  # fmt: skip
            found.extend(row for row in rows if status_code is None or _got(row, status_code))
            if len(found) >= limit:
                break
        return found[:limit]

    rows = _with_journal(db, work)
    if as_json:
        print_json([plain_action(row) for row in rows])
        return
    for row in rows:
        click.echo(_action_line(row) + (f"  run {row.run_id}" if run is None else ""))
        if values:
            for name in ("inputs", "outputs"):
                if getattr(row, f"has_{name}"):
                    click.echo(f"    {name}: {_short(getattr(row, name))}")
    click.echo(f"{len(rows)} action{'s' if len(rows) != 1 else ''}")


@command.command("resume")
@click.argument("run")
@db_option
@click.option("--mock", metavar="FILE|auto", multiple=True, help="Answers for outside calls, as for `runafter run`.")
@json_flag
def resume(run: str, db: str | None, mock: tuple[str, ...], as_json: bool) -> None:
    """Go on with a run that was stopped or killed, to its end."""
    _go_on(run, db, mock, as_json=as_json, wake=None)


@command.command("answer")
@click.argument("run")
@click.argument("action")
@click.argument("answer", metavar="JSON|@FILE")
@db_option
@click.option("--item", metavar="I[,J]", help="Which repetition, by loop indexes from 0.")
@click.option("--mock", metavar="FILE|auto", multiple=True, help="Answers for outside calls, as for `runafter run`.")
@json_flag
def answer(
    run: str, action: str, answer: str, db: str | None, item: str | None, mock: tuple[str, ...], as_json: bool
) -> None:
    """Complete ACTION, which waits for a webhook or an approval, and go on with the run.

    JSON is the callback's body, or the action's outputs: {"body": ...}.
    """
    given = json_option(answer, "JSON")
    outputs = given if isinstance(given, dict) and "body" in given else {"body": given}
    repetition = _repetition(item)

    async def wake(host: Host, run_id: str) -> None:
        if not await host.signal(run_id, action, repetition, outputs):
            raise click.UsageError(f"run {run_id} is over; nothing waits for an answer")

    _go_on(run, db, mock, as_json=as_json, wake=wake)


@command.command("cancel")
@click.argument("run")
@db_option
@click.option("--reason", help="Kept with the run.")
def cancel(run: str, db: str | None, reason: str | None) -> None:
    """Cancel a run and what it has under way."""

    async def wake(host: Host, run_id: str) -> None:
        if not await host.cancel(run_id, reason):
            raise click.UsageError(f"run {run_id} is over already")

    _go_on(run, db, (), as_json=False, wake=wake, quiet=True)
    click.echo("Cancelled.")


@command.command("resubmit")
@click.argument("run")
@db_option
@click.option("--mock", metavar="FILE|auto", multiple=True, help="Answers for outside calls, as for `runafter run`.")
@json_flag
def resubmit(run: str, db: str | None, mock: tuple[str, ...], as_json: bool) -> None:
    """Run the same definition again with the same trigger outputs and parameters."""
    _go_on(run, db, mock, as_json=as_json, wake=None, again=True)


def _go_on(
    run: str,
    db: str | None,
    mock: Sequence[str],
    *,
    as_json: bool,
    wake: Callable[[Host, str], Awaitable[None]] | None,
    again: bool = False,
    quiet: bool = False,
) -> None:
    from runafter.cli.commands.run import plain_result, read_mocks, summarise
    from runafter.cli.drive import drive
    from runafter.local.machine import database_url
    from runafter.local.resume import job_of

    mocks, auto = read_mocks(mock)
    url = database_url(db)

    async def prepare(journal: Journal) -> tuple[str, Job]:
        header = await _find(journal, run)
        if not again and header.is_finished:
            raise click.UsageError(f"run {header.id} is over: {header.status}")
        return header.id, await job_of(journal, header, mocks=mocks, auto=auto)

    run_id, job = _with_journal(db, prepare)
    live: list[Any] = []

    async def work(host: Host) -> Any:
        if again:
            return await job.drive(host)
        job.follow(host, run_id)
        if wake is not None:
            await wake(host, run_id)
        else:
            await host.place(run_id)
        return await job.result(host, await host.wait(run_id))

    result = drive(job, url, work, live, quiet=as_json or quiet)
    if quiet:
        return
    if as_json:
        print_json(plain_result(result))
    else:
        summarise(result, live[0], db=db, virtual=False)
    if not result.succeeded:
        raise click.exceptions.Exit(1)


def _with_journal(db: str | None, work: Callable[[Journal], Awaitable[T]]) -> T:
    from pathlib import Path

    from runafter.journal.journal import Journal
    from runafter.local.machine import DEFAULT_DB
    from runafter.storage.open import open_storage

    if db is None and not Path(DEFAULT_DB).exists():
        raise click.UsageError(f"there is no database {DEFAULT_DB} in this folder; name one with --db")

    async def open_and_work() -> T:
        storage = await open_storage(db or DEFAULT_DB)
        try:
            return await work(Journal(storage))
        finally:
            await storage.close()

    return asyncio.run(open_and_work())


async def _find(journal: Journal, name: str) -> RunHeader:
    if name == "last":
        newest = await journal.runs(limit=1)
        if newest:
            return newest[0]
        raise click.UsageError("there are no runs")
    found = await journal.run(name)
    if found is not None:
        return found
    similar = [header for header in await journal.runs(limit=5000) if header.id.startswith(name)]
    if len(similar) == 1:
        return similar[0]
    raise click.UsageError(f"{'no' if not similar else len(similar)} runs begin with {name!r}; see runafter runs list")


async def _all_actions(journal: Journal, run_id: str) -> list[ActionRow]:
    found: list[ActionRow] = []
    after: tuple[str, str] | None = None
    while True:
        page = await journal.history.actions(run_id, after=after, limit=5000)
        found.extend(page)
        if len(page) < 5000:
            return found
        from runafter.protocol.ids import repetition_name

        after = (repetition_name(page[-1].repetition), page[-1].action)


async def _one_action(journal: Journal, header: RunHeader, name: str, repetition: tuple[int, ...]) -> ActionRow:
    row = await journal.history.action(header.id, name, repetition)
    if row is not None:
        return row
    rows = [item for item in await _all_actions(journal, header.id) if item.action.casefold() == name.casefold()]
    if not rows:
        raise click.UsageError(f"no action {name!r} has settled in run {header.id}")
    exact = [item for item in rows if item.repetition == repetition]
    if exact:
        return await journal.history.action(header.id, exact[0].action, repetition) or exact[0]
    if len(rows) == 1 and not repetition:
        return await journal.history.action(header.id, rows[0].action, rows[0].repetition) or rows[0]
    failed = [item for item in rows if item.status in {"Failed", "TimedOut"}]
    which = ",".join(str(index) for index in (failed or rows)[0].repetition)
    raise click.UsageError(
        f"{name!r} has {len(rows)} repetitions, {len(failed)} failed; choose one with --item, e.g. --item {which}"
    )


async def _chain(journal: Journal, header: RunHeader, name: str, repetition: tuple[int, ...]) -> list[ActionRow]:
    chain: list[ActionRow] = []
    seen: set[str] = set()
    wanted: str | None = name
    while wanted is not None and wanted.casefold() not in seen:
        seen.add(wanted.casefold())
        row = None
        for depth in range(len(repetition), -1, -1):
            row = row or await journal.history.action(header.id, wanted, repetition[:depth])
        if row is None:
            row = await _one_action(journal, header, wanted, repetition)
        chain.append(row)
        wanted = row.detail.because[0] if row.detail.because is not None else None
    return chain


def _print_chain(chain: list[ActionRow]) -> None:
    for depth, row in enumerate(chain):
        indent = "  " * depth
        click.echo(f"{indent}{row.action}: {row.status}" + (f" ({row.code})" if row.code else ""))
        if row.detail.because is not None:
            name, status, code = row.detail.because
            click.echo(f"{indent}  because {name!r} ended {status}" + (f" with code {code}" if code else ""))
        message = row.detail.error.get("message") if isinstance(row.detail.error, dict) else None
        if message:
            click.echo(f"{indent}  {message}")


def _print_action(row: ActionRow) -> None:
    click.echo(_action_line(row))
    for attempt in row.detail.attempts:
        wait = f", waited {attempt.wait_s:.1f} s" if attempt.wait_s else ""
        click.echo(f"  attempt failed: {attempt.status_code or attempt.code}{wait}")
    if row.detail.error is not None:
        click.echo(f"  error: {_short(row.detail.error, 2000)}")
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
            value = f"! {part['error']}" if part.get("error") else _short(part.get("value"))
            click.echo(f"    {part.get('expression')} = {value}")
    if "item" in failure:
        click.echo(f"  item: {_short(failure['item'], 500)}")
    for loop in failure.get("loops") or ():
        if isinstance(loop, dict):
            item = f": {_short(loop['item'], 500)}" if "item" in loop else ""
            click.echo(f"  in {loop.get('loop')}, item {loop.get('index')}{item}")


def _print_run(header: RunHeader, rows: list[ActionRow]) -> None:
    from rich.text import Text

    from runafter.cli.live import SIGNS

    out = console()
    sign, colour = SIGNS.get(header.status, ("?", "white"))
    out.print(Text.assemble((header.flow, "bold"), f"  {header.id}"))
    out.print(
        Text.assemble(
            (f"{sign} {header.status}", f"bold {colour}"),
            f"  {_time(header.started_at)}  {_spent(header.started_at, header.ended_at)}",
        )
    )
    if isinstance(header.error, dict):
        out.print(Text(f"  {header.error.get('code', '')}: {header.error.get('message', '')}", style="red"))
    groups: dict[str, list[ActionRow]] = {}
    for row in sorted(rows, key=lambda item: item.order):
        groups.setdefault(row.action, []).append(row)
    for name, found in groups.items():
        failed = [row for row in found if row.status in {"Failed", "TimedOut"}]
        shown = (failed or found)[0]
        status = shown.status if failed or len({row.status for row in found}) == 1 else "Succeeded"
        sign, colour = SIGNS.get(status, ("?", "white"))
        indent = "  " * (len(shown.repetition) + 1)
        count = f"  x{len(found)}" + (f", {len(failed)} failed" if failed else "") if len(found) > 1 else ""
        retries = sum(len(row.detail.attempts) for row in found)
        more = f"  {retries} retries" if retries else ""
        code = f"  {shown.code}" if failed and shown.code else ""
        out.print(
            Text.assemble(
                indent,
                (f"{sign} ", colour),
                name,
                (count, "cyan"),
                (f"  {_spent(shown.started_at, shown.ended_at)}", "bright_black"),
                (more, "yellow"),
                (code, "red"),
            )
        )
        if (
            failed
            and isinstance(shown.detail.error, dict)
            and shown.type not in {"Scope", "If", "Switch", "Foreach", "Until"}
        ):
            out.print(Text(f"{indent}  {shown.detail.error.get('message', '')}", style="red"))
            if shown.repetition:
                out.print(Text(f"{indent}  item {','.join(map(str, shown.repetition))}", style="red"))


def _action_line(row: ActionRow) -> str:
    from runafter.cli.live import SIGNS

    where = "[" + ",".join(str(index) for index in row.repetition) + "]" if row.repetition else ""
    retries = f"  {len(row.detail.attempts)} retries" if row.detail.attempts else ""
    code = f"  {row.code}" if row.code else ""
    return f"{SIGNS.get(row.status, ('?', ''))[0]} {row.action}{where}  {row.type}  {row.status}{code}  {_spent(row.started_at, row.ended_at)}{retries}"


def _got(row: ActionRow, wanted: str) -> bool:
    if row.code is not None and row.code.casefold() == wanted.casefold():
        return True
    from http import HTTPStatus

    codes = [str(attempt.status_code) for attempt in row.detail.attempts if attempt.status_code is not None]
    names = {str(attempt.code).casefold() for attempt in row.detail.attempts}
    codes += [
        str(status.value)
        for status in HTTPStatus
        if row.code is not None and row.code.casefold() == status.name.replace("_", "").casefold()
    ]
    if wanted.casefold().endswith("xx"):
        return any(code.startswith(wanted[0]) for code in codes)
    return wanted in codes or wanted.casefold() in names


def _plain_header(header: RunHeader) -> dict[str, Any]:
    return {
        "name": header.id,
        "flow": header.flow,
        "status": header.status,
        "code": header.code,
        "error": header.error,
        "outputs": header.outputs,
        "startTime": _time(header.started_at),
        "endTime": _time(header.ended_at) if header.ended_at is not None else None,
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
        "startTime": _time(row.started_at),
        "endTime": _time(row.ended_at),
        **msgspec.to_builtins(row.detail),
    }
    for name in ("inputs", "outputs"):
        if getattr(row, f"has_{name}") and getattr(row, name) is not None:
            plain[name] = getattr(row, name)
    return plain


def _repetition(text: str | None) -> tuple[int, ...]:
    if not text:
        return ()
    try:
        return tuple(int(part) for part in text.replace("-", ",").split(","))
    except ValueError as fault:
        raise click.BadParameter(
            f"{text!r} is no list of indexes; write --item 17 or --item 3,0", param_hint="--item"
        ) from fault


def _short(value: Any, limit: int = 160) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _time(ticks: int) -> str:
    from runafter.values.time import Timestamp, round_trip

    return round_trip(Timestamp(ticks, "utc"))[:23] + "Z"


def _spent(start: int, end: int | None) -> str:
    from runafter.cli.live import duration

    return duration((end - start) / 10_000_000) if end is not None else "running"


def _ticks_since(text: str | None) -> int | None:
    if text is None:
        return None
    from runafter.hosts.clock import machine_clock
    from runafter.values.time import duration_s, parse_iso

    if text[:1].upper() == "P":
        try:
            return machine_clock() - round(duration_s(text) * 10_000_000)
        except ValueError as fault:
            raise click.BadParameter(f"{text!r} is no ISO 8601 duration", param_hint="--since") from fault
    moment = parse_iso(text)
    if moment is None:
        raise click.BadParameter(f"{text!r} is no ISO 8601 time", param_hint="--since")
    return moment.ticks
