"""Which migrations a database still needs, and whether it is one that we understand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from runafter.storage.api import Dialect
from runafter.storage.faults import SchemaMismatch

CREATE_TABLE = (
    "CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)"
)
READ_APPLIED = "SELECT number, checksum FROM migrations"
INSERT_APPLIED = "INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One numbered file; `statements` are run in one transaction with its row in `migrations`."""

    number: int
    name: str
    checksum: str
    statements: tuple[str, ...]


def migrations(dialect: Dialect) -> list[Migration]:
    """Return all migrations of this version of Runafter, in order."""
    found = []
    for file in resources.files("runafter.storage.migrations").joinpath(dialect).iterdir():
        if not file.name.endswith(".sql"):
            continue
        source = file.read_text(encoding="utf-8")
        lines = [line for line in source.splitlines() if not line.lstrip().startswith("--")]
        found.append(
            Migration(
                number=int(file.name.split("_")[0]),
                name=file.name,
                checksum=hashlib.blake2b(source.encode(), digest_size=16).hexdigest(),
                statements=tuple(part.strip() for part in "\n".join(lines).split(";") if part.strip()),
            )
        )
    return sorted(found, key=lambda one: one.number)


def pending(dialect: Dialect, applied: Mapping[int, str]) -> list[Migration]:
    """Return what must still run on a database whose `applied` maps numbers to checksums.

    Raises:
        SchemaMismatch: the database knows a migration that we do not know, or another text of one.
    """
    ours = migrations(dialect)
    by_number = {one.number: one for one in ours}
    for number, checksum in sorted(applied.items()):
        known = by_number.get(number)
        if known is None:
            raise SchemaMismatch(
                f"the database has migration {number}, which this version of Runafter does not know",
                hint="A newer Runafter has written it. Upgrade, or use another database.",
            )
        if known.checksum != checksum:
            raise SchemaMismatch(
                f"migration {known.name} was applied to the database in another wording",
                hint="The database belongs to another build of Runafter; use that build or another database.",
            )
    return [one for one in ours if one.number not in applied]
