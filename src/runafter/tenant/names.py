"""What people call the services of a tenant, in seeds, faults and on the command line."""

from __future__ import annotations

EVERYDAY_NAMES = {
    "sharepoint": "sharepointonline",
    "outlook": "office365",
    "entra": "azuread",
    "excel": "excelonline",
    "sentinel": "azuresentinel",
    "blob": "azureblob",
}
"""Everyday name to connector, where they differ."""


def connector_named(name: str) -> str:
    """Return the connector that an everyday name or an apiId (`shared_teams`) means; any other name as it is."""
    bare = name.strip().lower().removeprefix("shared_")
    return EVERYDAY_NAMES.get(bare, bare)


def everyday_name(connector: str) -> str:
    """Return what people call a connector: `sharepointonline` sharepoint."""
    return next((name for name, known in EVERYDAY_NAMES.items() if known == connector), connector)
