"""Looking into a tenant: what a person would check after a run."""

from __future__ import annotations

from typing import Any

from runafter.errors import NotSupported
from runafter.tenant.changes import table_title
from runafter.tenant.names import connector_named
from runafter.tenant.tenant import Tenant


def tables(tenant: Tenant) -> dict[str, dict[str, int]]:
    """Return the number of rows by service and table."""
    return {
        service: {
            table: len(tenant.store_of(service).rows(table)) for table in sorted(tenant.store_of(service).tables())
        }
        for service in tenant.state.services()
        if not service.startswith("$")
    }


SHORTCUTS = {
    "users": ("azuread", "users"),
    "groups": ("azuread", "groups"),
    "mails": ("office365", "outbox"),
    "posts": ("teams", "posts"),
}
"""What people look for first, by a name of its own."""


def rows(tenant: Tenant, service: str, table: str | None = None) -> list[dict[str, Any]]:
    """Return the rows of a service's table, found by its name or as people know it (`Weekly Reports`, `Inventory`, `mails`).

    Raises:
        NotSupported: the service or the table holds nothing under this name; names what there is.
        UnknownConnector: there is no such service.
    """
    if table is None and service.lower() in SHORTCUTS:
        service, table = SHORTCUTS[service.lower()]
        return [row for _, row in tenant.store_of(service).rows(table)]
    name = tenant.registry.pack_of(connector_named(service)).manifest.name
    store = tenant.store_of(name)
    known = store.tables()
    if table is None:
        return [{"table": key, "rows": len(store.rows(key))} for key in sorted(known) if not key.startswith("$")]
    wanted = table.lower()
    found = [
        key
        for key in known
        if key.lower() == wanted
        or key.lower().endswith(("/" + wanted, "|" + wanted))
        or table_title(name, key).lower() == wanted
    ]
    if not found:
        titles = sorted({table_title(name, key) for key in known if not key.startswith("$")})
        raise NotSupported(f"{name} has no table {table!r}; it has {', '.join(titles) or 'none'}", code="TEN005")
    return [_named(key, ident, row) for key in found for ident, row in store.rows(key)]


def _named(table: str, ident: str, row: dict[str, Any]) -> dict[str, Any]:
    """A file is known by its path, which only its key tells."""
    return {"path": ident, **row} if table.startswith("files|") else row


def summary(tenant: Tenant) -> dict[str, Any]:
    """Return counts of what the tenant served: calls by operation, throttled and faulty ones, rows."""
    calls: dict[str, int] = {}
    throttled: dict[str, int] = {}
    faults: dict[str, int] = {}
    for served in tenant.served:
        name = f"{served.connector}.{served.operation}"
        calls[name] = calls.get(name, 0) + 1
        if served.throttled_by:
            throttled[served.throttled_by] = throttled.get(served.throttled_by, 0) + 1
        if served.fault:
            faults[served.fault] = faults.get(served.fault, 0) + 1
    return {"calls": calls, "throttled": throttled, "faults": faults, "rows": tables(tenant)}
