"""`runafter approvals` and `runafter review`: what waits for people, answered from a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runafter.cli.database import db_option, with_runtime
from runafter.cli.groups import Group
from runafter.cli.output import console, print_json
from runafter.cli.show import time_text

if TYPE_CHECKING:
    from runafter.catalog.rows import InboxItem
    from runafter.server.runtime import Runtime


@click.group("approvals", cls=Group)
def approvals() -> None:
    """List what waits for people, and answer it.

    ID is an approval's id as `list` prints it, or its beginning.
    """


@click.group("review", cls=Group)
def review() -> None:
    """List runs that ended badly and wait for somebody to look, and close them.

    A flow's runs land here when its flow.toml says review = ["Failed"].
    """


command = approvals


def _list(db: str | None, *, everything: bool, as_json: bool, kinds: set[str], nothing: str) -> None:
    async def work(runtime: Runtime) -> list[InboxItem]:
        found = await runtime.catalog.items(status=None if everything else "open")
        return [item for item in found if item.kind in kinds]

    found = with_runtime(db, work)
    if as_json:
        print_json([_plain(item) for item in found])
        return
    if not found:
        click.echo(nothing)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "flow", "title", "for", "since", "answer"):
        table.add_column(name, overflow="fold")
    for item in found:
        detail = item.detail
        table.add_row(
            item.id,
            item.flow,
            str(detail.get("title") or detail.get("action") or ""),
            str(detail.get("assignedTo") or ""),
            time_text(item.created_at),
            str(detail.get("answer") or ("/".join(detail.get("options") or ["Approve", "Reject"]))),
        )
    console().print(table)


def _answer(db: str | None, identity: str, answer: str, comment: str, by: str) -> None:
    async def work(runtime: Runtime) -> InboxItem:
        whole = await _find(runtime, identity)
        return await runtime.answer(whole, answer, comments=comment, responder=by)

    item = with_runtime(db, work)
    again = item.detail.get("again")
    click.echo(f"{item.id}: {answer}" + (f"; run {again} goes on with it" if again else ""))


async def _find(runtime: Runtime, identity: str) -> str:
    found = [item.id for item in await runtime.catalog.items(status="open") if item.id.startswith(identity)]
    if identity in found or len(found) == 1:
        return identity if identity in found else found[0]
    raise click.UsageError(f"{'nothing open begins' if not found else f'{len(found)} ids begin'} with {identity!r}")


def _plain(item: InboxItem) -> dict[str, Any]:
    shown = {key: value for key, value in item.detail.items() if key != "callback_url"}
    return {
        "id": item.id,
        "kind": item.kind,
        "flow": item.flow,
        "run": item.run_id,
        "status": item.status,
        "createdAt": time_text(item.created_at),
        **shown,
    }


@approvals.command("list")
@db_option
@click.option("--all", "everything", is_flag=True, help="Answered ones too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_approvals(db: str | None, everything: bool, as_json: bool) -> None:
    """List approvals and callbacks that wait."""
    _list(db, everything=everything, as_json=as_json, kinds={"approval", "callback"}, nothing="Nothing waits.")


@approvals.command("answer")
@click.argument("identity", metavar="ID")
@click.argument("answer")
@db_option
@click.option("--comment", default="", help="Handed to the flow with the answer.")
@click.option("--by", default="", metavar="ADDRESS", help="Who answers; whoever was asked by default.")
def answer_approval(identity: str, answer: str, db: str | None, comment: str, by: str) -> None:
    """Answer the approval ID with one of its options, as Approve or Reject. A server on the same database goes on with its run."""
    _answer(db, identity, answer, comment, by)


@review.command("list")
@db_option
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_reviews(db: str | None, everything: bool, as_json: bool) -> None:
    """List runs that wait for somebody to look at them."""
    _list(db, everything=everything, as_json=as_json, kinds={"review"}, nothing="Nothing to review.")


@review.command("close")
@click.argument("identity", metavar="ID")
@db_option
@click.option("--again", is_flag=True, help="Run it again with the same trigger.")
@click.option("--comment", default="", help="Kept with the item.")
@click.option("--by", default="", metavar="ADDRESS", help="Who closes it.")
def close_review(identity: str, db: str | None, again: bool, comment: str, by: str) -> None:
    """Close the review ID."""
    from runafter.server.inbox import RUN_AGAIN

    _answer(db, identity, RUN_AGAIN if again else "Done", comment, by)
