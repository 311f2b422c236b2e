"""Drive a run on the machine's clock from a terminal: live tree, Ctrl-C parks the run and says how to resume."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from runafter.cli.live import LiveRun, print_line
from runafter.cli.output import console
from runafter.protocol.commands import RecordAction, SendResponse

if TYPE_CHECKING:
    from runafter.hosts.embedded.host import Host
    from runafter.local.run import Job, Notice

T = TypeVar("T")


def drive(job: Job, db: str, work: Callable[[Host], Awaitable[T]], live: list[LiveRun], *, quiet: bool) -> T:
    """Run `work(host)` on a host over `db`, showing the job's run; Ctrl-C stops the host and keeps the run."""
    view = LiveRun(job.program)
    live.append(view)
    draws = not quiet and sys.stdout.isatty()

    def listener(run_id: str, notice: Notice) -> None:
        if job.run_id and run_id != job.run_id:
            return
        if isinstance(notice, SendResponse):
            return
        view.apply(notice)
        if not quiet and not draws and isinstance(notice, RecordAction):
            print_line(notice)

    job.listener = listener
    return asyncio.run(_drive(job, db, work, view, draws=draws))


async def _drive(job: Job, db: str, work: Callable[[Host], Awaitable[T]], view: LiveRun, *, draws: bool) -> T:
    loop = asyncio.get_running_loop()
    async with job.machine(db) as host:
        task = asyncio.ensure_future(work(host))
        with contextlib.suppress(NotImplementedError):  # loops of Windows take no signals
            loop.add_signal_handler(signal.SIGINT, task.cancel)
        try:
            if draws:
                return await _drawn(task, view)
            return await task
        except asyncio.CancelledError:
            click.echo(
                "\nStopped. The run is safe"
                + (f"; go on with: runafter runs resume {job.run_id} --db {db}" if job.run_id else "."),
                err=True,
            )
            raise click.exceptions.Exit(130) from None
        finally:
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(signal.SIGINT)


async def _drawn(task: asyncio.Future[T], view: LiveRun) -> T:
    from rich.live import Live

    with Live(
        console=console(), refresh_per_second=8, get_renderable=view.tree, vertical_overflow="ellipsis", transient=True
    ):
        await asyncio.wait({task})
    console().print(view.tree())
    return task.result()
