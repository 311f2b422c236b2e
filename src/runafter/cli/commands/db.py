"""`runafter db`: copy the database and see its size."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from runafter.cli.database import db_option, existing_database
from runafter.cli.groups import Group
from runafter.cli.output import print_json


@click.group("db", cls=Group)
def command() -> None:
    """Look after the database."""


@command.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@db_option
def backup(target: Path, db: str | None) -> None:
    """Write a consistent copy to TARGET, also while a server runs."""
    from runafter.storage.upkeep import backup as copy

    click.echo(f"{copy(existing_database(db), target):,} bytes written to {target}")


@command.command("size")
@db_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def size(db: str | None, as_json: bool) -> None:
    """Print the size and the number of rows by table."""
    from runafter.storage.upkeep import size as measure

    found = asyncio.run(measure(existing_database(db)))
    if as_json:
        print_json(found)
        return
    for name, number in found.items():
        click.echo(f"{name:<20}{number:>16,}")
