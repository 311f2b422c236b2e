"""Which runs an event starts, and what becomes of one that is delivered more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runafter.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from runafter.local.run import Job


def started(job: Job, make: Callable[..., Job], *, as_json: bool) -> list[Job]:
    """Return the jobs that the event starts, by the trigger's conditions and split-on; exit when there are none."""
    from runafter.hosts.clock import machine_clock
    from runafter.local.triggers import decided

    trigger = next(iter(job.program.triggers.values()), None)
    if trigger is None or (not trigger.conditions and trigger.split_on is None and trigger.correlation is None):
        return [job]
    decision = decided(
        job.program, job.trigger_outputs, machine_clock(), parameters=job.parameters, app_settings=job.app_settings
    )
    if decision.status == "Succeeded" and decision.runs:
        return [
            make(trigger=run.trigger["outputs"], client_tracking_id=run.client_tracking_id) for run in decision.runs
        ]
    if as_json:
        print_json({"status": decision.status, "code": decision.code, "error": decision.error, "actions": {}})
    elif decision.status == "Failed":
        message = (decision.error or {}).get("message", "")
        click.echo(f"The trigger {trigger.name!r} fails, no run starts: {decision.code}: {message}", err=True)
    else:
        why = "its conditions do not hold" if decision.code == "TriggerConditionNotMet" else "there is no item"
        click.echo(f"The trigger {trigger.name!r} starts no run: {why}.", err=True)
    raise click.exceptions.Exit(1 if decision.status == "Failed" else 0)


def delivered(jobs: list[Job], times: int, make: Callable[..., Job], key: str | None) -> list[Job]:
    """Return the jobs of all deliveries: with a key each event starts one run, without it one a delivery.

    Raises:
        click.UsageError: the key is no expression, or cannot be evaluated for this event.
    """
    from runafter.errors import ExpressionError
    from runafter.local.triggers import key_of

    if times == 1:
        return jobs
    claimed: set[str] = set()
    kept: list[Job] = []
    for number in range(1, times + 1):
        for job in jobs:
            try:
                value = None if key is None else key_of(key, job.program, job.trigger_outputs, job.parameters)
            except ExpressionError as fault:
                raise click.UsageError(f"deduplication_key: {fault.message}") from fault
            if value is not None and value in claimed:
                click.echo(f"Delivery {number} of {times}: the key {value!r} is claimed, no run starts.", err=True)
                continue
            if value is not None:
                claimed.add(value)
            kept.append(job if number == 1 else make(trigger=job.trigger_outputs))
    return kept
