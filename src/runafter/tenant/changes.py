"""What a run left behind: rows added, changed and deleted between two looks at a tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runafter.connectors.spec import Row
from runafter.tenant.tenant import Tenant

Kind = Literal["added", "changed", "deleted"]
Snapshot = Mapping[tuple[str, str, str], Row]

_INTERNAL = {
    "sql": {"schema", "procedures"},
    "office365": {"messages", "settings", "mailboxes"},
    "approvals": {"rules", "settings", "notifications"},
    "teams": {"settings", "waiting", "teams"},
    "http": {"endpoints"},
    "azuread": {"skus"},
}
_QUIET = {"modified", "modifiedon", "$version", "versionnumber", "@odata.etag", "editor", "createdon", "created"}
_NAMES = ("Title", "displayName", "subject", "title", "uri", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row that is not as it was. `fields` are the (before, after) values of what changed in it."""

    service: str
    table: str
    kind: Kind
    label: str
    row: Row
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


def snapshot(tenant: Tenant) -> Snapshot:
    """Return every row of the tenant as it is now; rows are replaced and never altered, so none is copied."""
    found: dict[tuple[str, str, str], Row] = {}
    for service in tenant.state.services():
        if service.startswith("$"):
            continue
        store = tenant.store_of(service)
        for table in store.tables():
            if is_internal(service, table):
                continue
            rows = ((key, row) for key, row in store.rows(table) if row.get("folder") is not True)
            found.update({(service, table, key): row for key, row in rows})
    return found


def is_internal(service: str, table: str) -> bool:
    """Return whether a table holds what the emulation needs for itself: schemas, rules, subscriptions."""
    return table.startswith("$") or table in _INTERNAL.get(service, ())


def changes(before: Snapshot, after: Snapshot) -> list[Change]:
    """Return what differs, by service and table, in the order of the tables."""
    found = [*_new_and_changed(before, after)]
    for (service, table, key), row in before.items():
        if (service, table, key) not in after:
            found.append(_change(service, table, key, "deleted", row))
    return found


def table_title(service: str, table: str) -> str:
    """Return a table's name as people know it: `Weekly Reports`, `Inventory`, `mails`."""
    if service == "office365" and table == "outbox":
        return "mails"
    bare = table.rsplit("|", 1)[-1] if "|" in table and not table.startswith("files|") else table
    if table.startswith("files|"):
        bare = "files"
    return bare.rsplit("/", 1)[-1].removeprefix("dbo.") if service == "sql" else bare


def _new_and_changed(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    for (service, table, key), row in after.items():
        known = before.get((service, table, key))
        if known is None:
            yield _change(service, table, key, "added", row)
        elif known is not row and known != row:
            differing = {
                name: (known.get(name), row.get(name))
                for name in {**known, **row}
                if known.get(name) != row.get(name) and name.lower() not in _QUIET
            }
            if differing:
                yield _change(service, table, key, "changed", row, differing)


def _change(
    service: str, table: str, key: str, kind: Kind, row: Row, fields: Mapping[str, tuple[Any, Any]] | None = None
) -> Change:
    return Change(
        service=service,
        table=table_title(service, table),
        kind=kind,
        label=key if table.startswith("files|") else label_of(row, key),
        row=row,
        fields=fields or {},
    )


def label_of(row: Mapping[str, Any], key: str = "") -> str:
    """Return what a person calls a row: its title or name, else its first short text, else its key."""
    for name in _NAMES:
        if isinstance(row.get(name), str) and row[name]:
            return str(row[name])
    for name, value in row.items():
        if name.endswith("_name") and isinstance(value, str) and value:
            return value
    texts = (v for n, v in row.items() if isinstance(v, str) and 0 < len(v) <= 60 and not n.startswith(("@", "$")))
    return next(texts, key)
