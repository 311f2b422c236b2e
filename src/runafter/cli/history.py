"""Runs and their actions, looked up in a database for the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import click

from runafter.cli.database import existing_database

if TYPE_CHECKING:
    from runafter.journal.journal import Journal
    from runafter.journal.rows import ActionRow, RunHeader
    from runafter.program.steps import Program
    from runafter.views.why import Reason

T = TypeVar("T")


def with_journal(db: str | None, work: Callable[[Journal], Awaitable[T]]) -> T:
    from runafter.journal.journal import Journal
    from runafter.storage.open import open_storage

    url = existing_database(db)

    async def open_and_work() -> T:
        storage = await open_storage(url)
        try:
            return await work(Journal(storage))
        finally:
            await storage.close()

    return asyncio.run(open_and_work())


async def find_run(journal: Journal, name: str) -> RunHeader:
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


async def program_of(journal: Journal, header: RunHeader) -> Program | None:
    """Return the program that the run was begun with, None where its source was not kept."""
    from runafter.local.package import load_program

    kept = await journal.definition(header.program)
    return None if kept is None else load_program(header.program, kept[1])


async def one_action(journal: Journal, header: RunHeader, name: str, repetition: tuple[int, ...]) -> ActionRow:
    row = await journal.history.action(header.id, name, repetition)
    if row is not None:
        return row
    found = _pick(await journal.history.every_action(header.id), name, repetition, header)
    return await journal.history.action(header.id, found.action, found.repetition) or found


def _pick(rows: list[ActionRow], name: str, repetition: tuple[int, ...], header: RunHeader) -> ActionRow:
    """Return the only row that can be meant."""
    rows = [item for item in rows if item.action.casefold() == name.casefold()]
    if not rows:
        raise click.UsageError(f"no action {name!r} has settled in run {header.id}")
    for item in rows:
        if item.repetition == repetition:
            return item
    if len(rows) == 1 and not repetition:
        return rows[0]
    failed = [item for item in rows if item.status in {"Failed", "TimedOut"}]
    which = ",".join(str(index) for index in (failed or rows)[0].repetition)
    raise click.UsageError(
        f"{name!r} has {len(rows)} repetitions, {len(failed)} failed; choose one with --item, e.g. --item {which}"
    )


def chain_of(
    rows: list[ActionRow], name: str, repetition: tuple[int, ...], header: RunHeader, program: Program | None
) -> list[Reason]:
    """Return what decided the action's status, down to the root cause."""
    from runafter.views.why import why

    inside = {} if program is None else {step: _inside(program, step) for step in program.steps}
    for depth in range(len(repetition), -1, -1):
        chain = why(rows, name, repetition[:depth], inside=inside)
        if chain:
            return chain
    row = _pick(rows, name, repetition, header)
    return why(rows, row.action, row.repetition, inside=inside)


def _inside(program: Program, name: str) -> set[str]:
    from runafter.cli.live import blocks_of

    found: set[str] = set()
    for _, block in blocks_of(program.steps[name]):
        for inner in block.names:
            found |= {inner, *_inside(program, inner)}
    return found


def got_answer(row: ActionRow, wanted: str) -> bool:
    if row.code is not None and row.code.casefold() == wanted.casefold():
        return True
    codes = {str(attempt.status_code) for attempt in row.detail.attempts if attempt.status_code is not None}
    names = {str(attempt.code).casefold() for attempt in row.detail.attempts}
    numbers = _status_numbers()
    if row.code is not None:
        codes.add(numbers.get(row.code.casefold(), row.code))
    if wanted.casefold().endswith("xx"):
        return any(code.isdigit() and code.startswith(wanted[0]) for code in codes)
    if numbers.get(wanted.casefold(), wanted) in codes:
        return True
    return wanted.casefold() in names


@cache
def _status_numbers() -> dict[str, str]:
    """Return `404` for `notfound`: the platform's names, and those that it has none of, as TooManyRequests."""
    from http import HTTPStatus

    from runafter.engine.outcome import status_name

    named = {status.name.replace("_", "").casefold(): str(status.value) for status in HTTPStatus}
    return named | {status_name(number).casefold(): str(number) for number in range(100, 600)}


def repetition_of(text: str | None) -> tuple[int, ...]:
    if not text:
        return ()
    try:
        return tuple(int(part) for part in text.replace("-", ",").split(","))
    except ValueError as fault:
        raise click.BadParameter(
            f"{text!r} is no list of indexes; write --item 17 or --item 3,0", param_hint="--item"
        ) from fault


def ticks_since(text: str | None) -> int | None:
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
