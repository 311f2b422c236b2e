"""`runafter runs`: what ran, why it ended as it did, and what can be done about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from runafter.cli.commands.purge import purge
from runafter.cli.database import db_option, existing_database
from runafter.cli.groups import Group
from runafter.cli.history import (
    chain_of,
    find_run,
    got_answer,
    one_action,
    program_of,
    repetition_of,
    ticks_since,
    with_journal,
)
from runafter.cli.output import console, json_option, print_json
from runafter.cli.show import (
    action_line,
    plain_action,
    plain_header,
    plain_reason,
    plain_under_way,
    print_action,
    print_chain,
    print_run,
    short_text,
    spent_text,
    time_text,
)
from runafter.cli.underway import refuse_unawaited, under_way

if TYPE_CHECKING:
    from runafter.definition.nodes import Definition
    from runafter.hosts.embedded.host import Host
    from runafter.journal.journal import Journal
    from runafter.journal.rows import ActionRow, RunHeader
    from runafter.local.run import Job
    from runafter.program.steps import Program

_STATUSES = ["Running", "Waiting", "Succeeded", "Failed", "Cancelled", "TimedOut"]
project_option = click.option(
    "--project",
    metavar="DIR",
    help="Where connections.toml and tenant.yaml lie. Default: where the run was begun.",
)
mock_option = click.option(
    "--mock",
    metavar="FILE|auto",
    multiple=True,
    help="Answers for outside calls, as for `runafter run`. Default: those that the run was begun with.",
)
state_option = click.option(
    "--tenant-state", metavar="FILE", help="SQLite file that keeps the tenant. Default: that of the run's beginning."
)
json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def surroundings(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what answers a run's calls."""
    return project_option(state_option(mock_option(function)))


@click.group("runs", cls=Group)
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
    started = ticks_since(since)

    async def work(journal: Journal) -> list[RunHeader]:
        return await journal.runs(flow=flow, statuses=statuses, code=code, started_from=started, limit=limit)

    found = with_journal(db, work)
    if as_json:
        print_json([plain_header(header) for header in found])
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
            time_text(header.started_at),
            spent_text(header.started_at, header.ended_at),
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
    repetition = repetition_of(item)

    async def work(
        journal: Journal,
    ) -> tuple[RunHeader, list[ActionRow], Program | None, list[dict[str, Any]] | None]:
        header = await find_run(journal, run)
        if action is not None and why is None:
            return header, [await one_action(journal, header, action, repetition)], None, None
        program = await program_of(journal, header)
        rows = await journal.history.every_action(header.id)
        return header, rows, program, None if program is None else await under_way(journal, header, program)

    header, rows, program, begun = with_journal(db, work)
    if why is not None:
        chain = chain_of(rows, why, repetition, header, program)
        if as_json:
            print_json({**plain_header(header), "why": [plain_reason(reason) for reason in chain]})
        else:
            print_chain(chain)
    elif as_json:
        shown = {**plain_header(header), "actions": [plain_action(row) for row in rows]}
        print_json(shown if header.is_finished or begun is None else {**shown, "underWay": plain_under_way(begun)})
    elif action is not None:
        print_action(rows[0])
    else:
        print_run(header, rows, program, begun or ())


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
    within = repetition_of(item) if item is not None else None

    async def work(journal: Journal) -> list[ActionRow]:
        headers = [await find_run(journal, run)] if run is not None else await journal.runs(limit=200)
        found: list[ActionRow] = []
        for header in headers:
            rows = await journal.history.actions(
                header.id, action=action, within=within, statuses=[status.capitalize() if status.islower() else status for status in statuses],
                values=values, limit=limit,
            )  # fmt: skip
            found.extend(row for row in rows if status_code is None or got_answer(row, status_code))
            if len(found) >= limit:
                break
        return found[:limit]

    rows = with_journal(db, work)
    if as_json:
        print_json([plain_action(row) for row in rows])
        return
    for row in rows:
        click.echo(action_line(row) + (f"  run {row.run_id}" if run is None else ""))
        if values:
            for name in ("inputs", "outputs"):
                if getattr(row, f"has_{name}"):
                    click.echo(f"    {name}: {short_text(getattr(row, name))}")
    click.echo(f"{len(rows)} action{'s' if len(rows) != 1 else ''}")


@command.command("resume")
@click.argument("run")
@db_option
@surroundings
@json_flag
def resume(run: str, db: str | None, as_json: bool, **around: Any) -> None:
    """Go on with a run that was stopped or killed, to its end.

    Its calls are answered as when it was begun: by the same mocks, tenant and connections.
    """
    _go_on(run, db, around, as_json=as_json, wake=None)


@command.command("answer")
@click.argument("run")
@click.argument("action")
@click.argument("answer", metavar="JSON|@FILE")
@db_option
@click.option("--item", metavar="I[,J]", help="Which repetition, by loop indexes from 0.")
@surroundings
@json_flag
def answer(run: str, action: str, answer: str, db: str | None, item: str | None, as_json: bool, **around: Any) -> None:
    """Complete ACTION, which waits for a webhook or an approval, and go on with the run.

    JSON is the callback's body, or the action's outputs: {"body": ...}.
    """
    given = json_option(answer, "JSON")
    outputs = given if isinstance(given, dict) and "body" in given else {"body": given}
    repetition = repetition_of(item)

    async def check(journal: Journal) -> None:
        header = await find_run(journal, run)
        program = None if header.is_finished else await program_of(journal, header)
        begun = None if program is None else await under_way(journal, header, program)
        if program is not None and begun is not None:
            refuse_unawaited(header, program, begun, action, repetition)

    with_journal(db, check)

    async def wake(host: Host, run_id: str) -> None:
        if not await host.signal(run_id, action, repetition, outputs):
            raise click.UsageError(f"run {run_id} is over; nothing waits for an answer")

    _go_on(run, db, around, as_json=as_json, wake=wake)


@command.command("cancel")
@click.argument("run")
@db_option
@click.option("--reason", help="Kept with the run.")
def cancel(run: str, db: str | None, reason: str | None) -> None:
    """Cancel a run and what it has under way."""

    async def wake(host: Host, run_id: str) -> None:
        if not await host.cancel(run_id, reason):
            raise click.UsageError(f"run {run_id} is over already")

    _go_on(run, db, None, as_json=False, wake=wake)
    click.echo("Cancelled.")


@command.command("resubmit")
@click.argument("run")
@db_option
@surroundings
@json_flag
def resubmit(run: str, db: str | None, as_json: bool, **around: Any) -> None:
    """Run the same definition again with the same trigger outputs and parameters.

    Its calls are answered as when it was begun: by the same mocks, tenant and connections.
    """
    _go_on(run, db, around, as_json=as_json, wake=None, again=True)


def _go_on(
    run: str,
    db: str | None,
    options: Mapping[str, Any] | None,
    *,
    as_json: bool,
    wake: Callable[[Host, str], Awaitable[None]] | None,
    again: bool = False,
) -> None:
    """Go on with a run, or begin one like it; without `options` nothing of it is carried out, and nothing printed."""
    from runafter.cli.commands.run import plain_result, show_aftermath, snapshot_of, summarise
    from runafter.cli.drive import drive
    from runafter.cli.origin import Around, around_again
    from runafter.local.resume import job_of
    from runafter.program.build import build

    url = existing_database(db)
    quiet = options is None
    found = Around()

    async def prepare(journal: Journal) -> tuple[str, Job]:
        header = await find_run(journal, run)
        if not again and header.is_finished:
            raise click.UsageError(f"run {header.id} is over: {header.status}")

        def around(definition: Definition, settings: Mapping[str, Any]) -> dict[str, Any]:
            nonlocal found
            if options is not None:
                program = build(definition)
                found = around_again(header.id, settings, definition, program, db=url, goes_on=not again, **options)
            names = ("mocks", "auto", "tenant", "connections", "flows")
            return {name: getattr(found, name) for name in names}

        return header.id, await job_of(journal, header, around)

    run_id, job = with_journal(db, prepare)
    live: list[Any] = []

    async def work(host: Host) -> Any:
        if again:
            return await job.drive(host)
        await job.follow(host, run_id)
        if wake is not None:
            await wake(host, run_id)
        else:
            await host.place(run_id)
        return await job.result(host, await host.wait(run_id))

    before = snapshot_of(job.tenant)
    result = drive(job, url, work, live, quiet=as_json or quiet)
    if quiet:
        return
    if as_json:
        print_json(plain_result(result))
    else:
        summarise(result, live[0], db=db, virtual=False)
        if job.tenant is not None and found.sidecar is not None:
            show_aftermath(job.tenant, before, [result], found.sidecar)
    if not result.succeeded:
        raise click.exceptions.Exit(1)
