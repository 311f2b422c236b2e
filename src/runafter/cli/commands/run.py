"""`runafter run`: a flow, run to its end and shown while it happens."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from runafter.cli.dialect import known_profile
from runafter.cli.output import console, json_option, print_json, read_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from runafter.cli.live import LiveRun
    from runafter.definition.nodes import Definition
    from runafter.local.run import Job, Notice, RunResult
    from runafter.program.steps import Program
    from runafter.project.project import Sidecar
    from runafter.tenant.changes import Snapshot
    from runafter.tenant.tenant import Tenant


@click.command("run")
@click.argument("path")
@click.option(
    "--flow", metavar="NAME", help="Which flow, where PATH holds several; the others can be called as child flows."
)
@click.option(
    "--trigger",
    metavar="JSON|@FILE",
    help='The trigger\'s body, or its outputs: {"body": ..., "headers": ...}; or its name, to press it without inputs.',
)
@click.option(
    "--set", "settings", metavar="PARAM=VALUE", multiple=True, help="A parameter; VALUE is JSON, or text. Repeatable."
)
@click.option(
    "--mock",
    metavar="FILE|auto",
    multiple=True,
    help="Answers for outside calls (YAML or JSON); 'auto' infers what is not given.",
)
@click.option(
    "--tenant",
    metavar="FILE",
    help="Seed of an emulated tenant that answers connector and HTTP calls. Default: tenant.yaml beside the flow.",
)
@click.option("--no-tenant", is_flag=True, help="Leave out the tenant.yaml that lies beside the flow.")
@click.option(
    "--faults",
    metavar="FILE|RULE",
    multiple=True,
    help="What goes wrong in the tenant: a YAML file, or a rule as dataverse.create=503@20%. Repeatable.",
)
@click.option(
    "--tenant-profile",
    metavar="NAME",
    help="How slow and strict the tenant is: instant (default), unlimited, documented, calibrated-sharepoint ...",
)
@click.option(
    "--tenant-state", metavar="FILE", help="SQLite file that keeps the tenant, for further runs and `tenant show`."
)
@click.option(
    "--duplicate-deliveries",
    metavar="N",
    type=click.IntRange(1, 100),
    default=1,
    help="Deliver the event N times, as a platform may that delivers at least once; flow.toml's key holds.",
)
@click.option("--virtual", is_flag=True, help="Virtual clock: nothing waits, nothing is sent.")
@click.option(
    "--watch",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    help="Play a virtual run on the terminal in this time, containers folded where nothing happens.",
)
@click.option("--seed", type=int, default=None, help="Seed of the virtual clock's chance. Default 0.")
@click.option(
    "--variables",
    type=click.Choice(["atomic", "racy"]),
    default="atomic",
    show_default=True,
    help="racy loses updates as the platform does.",
)
@click.option(
    "--in-flight",
    type=click.IntRange(1, 1000),
    default=50,
    show_default=True,
    help="Outside calls of the run at one time.",
)
@click.option(
    "--timeout",
    metavar="DURATION",
    help="How long the run may take, as PT30M or P1D; then it is TimedOut. Default: the platform's 30 or 90 days.",
)
@click.option(
    "--db",
    metavar="URL",
    help="Database: a path, sqlite:///..., postgresql://... Default .runafter/runs.db (none with --virtual).",
)
@click.option("--profile", callback=known_profile, help="Dialect; detected by default.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    path: str,
    flow: str | None,
    trigger: str | None,
    settings: tuple[str, ...],
    mock: tuple[str, ...],
    tenant: str | None,
    no_tenant: bool,
    faults: tuple[str, ...],
    tenant_profile: str | None,
    tenant_state: str | None,
    duplicate_deliveries: int,
    virtual: bool,
    watch: float | None,
    seed: int | None,
    variables: str,
    in_flight: int,
    timeout: str | None,
    db: str | None,
    profile: str | None,
    as_json: bool,
) -> None:
    """Run the flow at PATH to its end.

    Without --virtual the run is durable: it lies in the database, survives a
    kill, and `runafter runs` shows and resumes it. HTTP actions without a mock
    are sent for real; connector calls need a mock or a tenant. With an emulated
    tenant nothing is sent, and what changed in it is printed at the end.

    In a folder with a flow.json that one is run, on the tenant.yaml and with the
    trigger.json beside it. The trigger's conditions and split-on hold: an event
    starts no run, one, or many. Exit code 0 only if all runs Succeeded.
    """
    from runafter.cli.beside import beside, main_flow, open_beside, shown
    from runafter.cli.deliveries import delivered, started
    from runafter.cli.mocking import read_mocks
    from runafter.cli.origin import origin_of
    from runafter.cli.select import one_flow
    from runafter.local.read import read
    from runafter.local.triggers import declared_key

    if seed is not None and not virtual:
        raise click.UsageError("--seed needs --virtual: real time is not drawn from a seed.")
    if watch is not None and not virtual:
        raise click.UsageError("--watch needs --virtual: a real run is shown while it happens.")
    definitions = read(read_source(path), profile=profile)
    definition = (main_flow(path, definitions) if flow is None else None) or one_flow(definitions, flow)
    near = beside(path, definition)
    mocks, auto = read_mocks(mock)
    connections = near.connections()
    place = open_beside(
        near,
        seed_file=tenant,
        leave_out=no_tenant,
        mocked=auto,
        emulates=any(setting.live is None for setting in connections.values()),
        faults=faults,
        profile=tenant_profile,
        state=tenant_state,
        seed=seed or 0,
    )
    is_named = trigger is not None and trigger.casefold() in _trigger_names(definition)
    given = None if is_named else json_option(trigger, "--trigger")
    sample = near.file("trigger.json") if given is None and not auto and mocks.trigger is None else None
    if sample is not None and place is not None:
        given = json_option(f"@{sample}", "--trigger")
        click.echo(f"Triggered by {shown(sample)}.", err=True)
    elif is_named:
        given = {}
    make = partial(
        _job,
        definition,
        flows=[other for other in definitions if other is not definition],
        parameters=_parameters(settings, definition),
        mocks=mocks,
        auto=auto,
        variables=variables,
        in_flight=in_flight,
        duration_limit=_duration(timeout),
        key_headers=near.sidecar().key_headers,
        tenant=place,
        connections=connections,
        origin=origin_of(
            path,
            near,
            mocks=mock,
            faults=faults,
            tenant=tenant,
            no_tenant=no_tenant,
            tenant_profile=tenant_profile,
            tenant_state=tenant_state,
            dialect=profile,
        ).plain(),
    )
    job = make(trigger=given)
    if given is None and not auto and mocks.trigger is None and _needs_trigger(job.program, definition, path, flow):
        raise click.exceptions.Exit(2)
    jobs = [job] if given is None else started(job, make, as_json=as_json)
    jobs = delivered(jobs, duplicate_deliveries, make, near.sidecar().deduplication_key or declared_key(definition))
    before = snapshot_of(place)
    results = [_one(each, db, seed or 0, virtual=virtual, watch=watch, as_json=as_json) for each in jobs]
    if as_json:
        plain = [plain_result(result) for result in results]
        print_json(plain[0] if len(plain) == 1 else plain)
    elif place is not None:
        show_aftermath(place, before, results, near.sidecar())
    if not all(result.succeeded for result in results):
        raise click.exceptions.Exit(1)


def _trigger_names(definition: Definition) -> set[str]:
    written = definition.node.value
    triggers = written.get("triggers") if isinstance(written, dict) else None
    return {str(name).casefold() for name in triggers} if isinstance(triggers, dict) else set()


def _job(definition: Definition, **options: Any) -> Job:
    from runafter.local.mocks import MockError
    from runafter.local.run import Job

    try:
        return Job(definition, **options)
    except MockError as fault:
        raise click.UsageError(str(fault)) from fault


def _one(job: Job, db: str | None, seed: int, *, virtual: bool, watch: float | None, as_json: bool) -> RunResult:
    live: list[LiveRun] = []
    result = (
        _virtually(job, seed, db, live, watch=watch, as_json=as_json)
        if virtual
        else _really(job, db, live, as_json=as_json)
    )
    if not as_json:
        summarise(result, live[0], db=db, virtual=virtual)
    return result


def snapshot_of(tenant: Tenant | None) -> Snapshot:
    """Return what the tenant holds, to be compared with what it will hold."""
    from runafter.tenant.changes import snapshot

    return {} if tenant is None else snapshot(tenant)


def show_aftermath(tenant: Tenant, before: Snapshot, results: Sequence[RunResult], sidecar: Sidecar) -> None:
    """Print what the runs changed in the tenant, and what they undid by the sidecar's word."""
    from runafter.cli.aftermath import print_aftermath
    from runafter.tenant.changes import changes, snapshot

    runs = {result.run_id for result in results}
    undoing = set((sidecar.raw.get("compensation") or {}).values())
    done = {name for result in results for name, found in result.actions.items() for each in found
            if each.status == "Succeeded"}  # fmt: skip
    order = [name for result in results for name in result.actions if name in undoing & done]
    served = [call for call in tenant.served if call.run_id in runs]
    print_aftermath(changes(before, snapshot(tenant)), served, undone=dict.fromkeys(order), unmet=tenant.faults.unmet)


def _duration(text: str | None) -> timedelta | None:
    from datetime import timedelta

    from runafter.values.time import duration_s

    if text is None:
        return None
    try:
        return timedelta(seconds=duration_s(text))
    except ValueError as fault:
        raise click.BadParameter(
            f"{text!r} is no ISO 8601 duration; write PT30M or P1D", param_hint="--timeout"
        ) from fault


def _parameters(settings: Sequence[str], definition: Definition) -> dict[str, Any]:
    import json
    from difflib import get_close_matches

    found: dict[str, Any] = {}
    parameters = definition.value.get("parameters")
    declared = list(parameters) if isinstance(parameters, dict) else []
    for setting in settings:
        name, sign, text = setting.partition("=")
        if not sign:
            raise click.BadParameter(f"{setting!r} has no '='; write --set name=value", param_hint="--set")
        if name.casefold() not in {each.casefold() for each in declared}:
            near = get_close_matches(name, declared, n=1, cutoff=0.4)
            said = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(declared) or 'none'}"
            raise click.BadParameter(f"the flow has no parameter {name!r}; {said}", param_hint="--set")
        try:
            found[name] = json.loads(text)
        except json.JSONDecodeError:
            found[name] = text
        if _takes_text(parameters, name) and not isinstance(found[name], str):
            found[name] = text  # a number that is meant as text, such as a postal code
    return found


def _takes_text(parameters: Any, name: str) -> bool:
    entry = next((each for known, each in parameters.items() if known.casefold() == name.casefold()), None)
    kind = entry.get("type") if isinstance(entry, dict) else None
    return isinstance(kind, str) and kind.casefold() in {"string", "securestring"}


def _needs_trigger(program: Program, definition: Definition, path: str, flow: str | None) -> bool:
    """Say what the flow reads of its trigger, when it reads anything; True when it does."""
    from runafter.local.infer import Inference
    from runafter.local.shapes import Shape

    body: Shape = Inference(program, given_parameters=definition.parameter_values).trigger.property("body").find()
    if not body.properties and body.element is None:
        return False
    names = ", ".join(body.properties) or "a list"
    option = f" --flow {flow!r}" if flow else ""
    click.echo(f"The flow reads of its trigger's body: {names}.", err=True)
    click.echo("Give one with --trigger JSON or --trigger @FILE, or let it be made up:", err=True)
    click.echo(
        f"  runafter sample {path}{option} > trigger.json && runafter run {path}{option} --trigger @trigger.json",
        err=True,
    )
    click.echo(f"  runafter run {path}{option} --mock auto --virtual", err=True)
    return True


def _virtually(
    job: Job, seed: int, db: str | None, live: list[LiveRun], *, watch: float | None, as_json: bool
) -> RunResult:
    import asyncio
    import sys

    from runafter.cli.live import LiveRun
    from runafter.cli.watch import play
    from runafter.local.run import keep_virtual

    view = LiveRun(job.program)
    live.append(view)
    seen: list[Notice] = []
    job.listener = lambda run_id, notice: _follow(job, seen, run_id, notice)
    result = job.run_virtually(seed=seed)
    if db is not None:
        result = asyncio.run(keep_virtual(result, job, db))
    if watch is not None and not as_json and sys.stdout.isatty():
        play(view, seen, watch)
    else:
        for notice in seen:
            view.apply(notice)
    if not as_json:
        console().print(view.tree(folded=watch is not None))
    return result


def _follow(job: Job, seen: list[Notice], run_id: str, notice: Notice) -> None:
    from runafter.protocol.commands import SendResponse

    if not isinstance(notice, SendResponse) and (not job.run_id or run_id == job.run_id):
        seen.append(notice)


def _really(job: Job, db: str | None, live: list[LiveRun], *, as_json: bool) -> RunResult:
    from runafter.cli.drive import drive
    from runafter.local.machine import database_url

    url = database_url(db)

    async def work(host: Any) -> RunResult:
        return await job.drive(host)

    return drive(job, url, work, live, quiet=as_json)


def summarise(result: RunResult, view: LiveRun, *, db: str | None, virtual: bool) -> None:
    """Print how a run ended, what failed, and how to look closer."""
    import json

    from rich.text import Text

    from runafter.cli.live import SIGNS, duration, print_failures, retries_of

    out = console()
    print_failures(view)
    sign, colour = SIGNS.get(result.status, ("?", "white"))
    settled = sum(len(records) for records in result.actions.values())
    retries = sum(
        retries_of(record.status, len(record.attempts)) for records in result.actions.values() for record in records
    )
    spent = duration(result.duration.total_seconds()) + (" of virtual time" if virtual else "")
    parts = [f"{settled} action{'s' if settled != 1 else ''}", spent]
    if retries:
        parts.append(f"{retries} {'retry' if retries == 1 else 'retries'}")
    out.print(Text.assemble((f"{sign} {result.status}", f"bold {colour}"), "  " + ", ".join(parts)))
    if isinstance(result.error, dict) and result.error.get("message"):
        out.print(Text(f"  {result.error.get('code', '')}: {result.error['message']}", style=colour))
    if result.response is not None:
        body = json.dumps(shown_response(result)["body"], ensure_ascii=False, default=str)
        out.print(Text(f"  response {result.response.status_code}: {body if len(body) < 300 else body[:297] + '...'}"))
    if not virtual or db is not None:
        option = f" --db {db}" if db else ""
        out.print(Text(f"  runafter runs show {result.run_id}{option}", style="dim"))


def shown_response(result: RunResult) -> dict[str, Any]:
    """Return the response as it may be printed: the caller gets a secured one, the terminal does not."""
    import msgspec

    assert result.response is not None
    plain: dict[str, Any] = msgspec.to_builtins(result.response)
    plain.setdefault("body", None)
    records = result.actions.get(result.response.action, ())
    if any(record.secure_inputs or record.secure_outputs for record in records):
        plain |= {"headers": {}, "body": "(secured)"}
    return plain


def plain_result(result: RunResult) -> dict[str, Any]:
    """Return a result as plain JSON."""
    return {
        "runId": result.run_id,
        "status": result.status,
        "code": result.code,
        "error": result.error,
        "outputs": result.outputs,
        "durationSeconds": result.duration.total_seconds(),
        "response": shown_response(result) if result.response is not None else None,
        "variables": dict(result.variables),
        "actions": {name: [_plain_record(record) for record in records] for name, records in result.actions.items()},
    }


def _plain_record(record: Any) -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(record)
    plain.pop("c", None)
    for name in ("inputs", "outputs"):
        if not getattr(record, f"has_{name}"):
            plain.pop(name, None)
        plain.pop(f"has_{name}", None)
    return plain
