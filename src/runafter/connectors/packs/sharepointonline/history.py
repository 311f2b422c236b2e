"""What became of items: deletions for the triggers that wait for them, and which columns differ between versions."""

from __future__ import annotations

from typing import Any

from runafter.connectors.answers import Refused, connector_failure, ok
from runafter.connectors.instants import parse_iso
from runafter.connectors.packs.sharepointonline.lists import Lists, SharePointList
from runafter.connectors.spec import Call, Row
from runafter.protocol.events import Outcome

_UNWATCHED = {"ID", "GUID", "$version", "Created", "Author"}


def _opened(call: Call) -> tuple[Lists, SharePointList]:
    lists = Lists(call.store, call.around, call.now, call.user, call.text("dataset"))
    return lists, lists.named(call.text("table"))


def items_deleted(call: Call) -> Outcome:
    """Answer a poll for deleted items with all that the bin holds of the list, the last deletion first."""
    lists, of = _opened(call)
    return ok({"value": lists.binned(of.table)})


def files_deleted(call: Call) -> Outcome:
    lists = Lists(call.store, call.around, call.now, call.user, call.text("dataset"))
    folder = (call.text("folderPath") or "/").strip("/").lower()
    rows = lists.binned(f"files|{lists.site}")
    shown = [row for row in rows if str(row["Path"]).strip("/").lower().startswith(folder)]
    return ok({"value": [{name: value for name, value in row.items() if name != "Path"} for row in shown]})


def _bound(call: Call, lists: Lists, of: SharePointList, text: str) -> tuple[str, Row]:
    """Return (label, row) of the version that a bound names: a label (`2.0`), or the state at a time."""
    current = lists.item(of, call.text("id"))
    if not text:
        return f"{current['$version']}.0", current
    number = text.removesuffix(".0")
    if number.isdigit():
        found = lists.version(of, call.text("id"), int(number))
        if found is not None:
            return f"{number}.0", found
    at = parse_iso(text)
    if at is not None:
        versions = [lists.version(of, call.text("id"), each) for each in range(1, current["$version"] + 1)]
        known = [row for row in versions if row is not None]
        before = [row for row in known if (parse_iso(row["Modified"]) or 0) <= at] or known[:1]
        return f"{before[-1]['$version']}.0", before[-1]
    message = f"'{text}' is neither a version label of the item nor a time."
    raise Refused(connector_failure(400, message, source="sharepointonline.emulated"))


def get_item_changes(call: Call) -> Outcome:
    """Say for each column whether it differs between `since` and `until` (now, where left out)."""
    lists, of = _opened(call)
    since, before = _bound(call, lists, of, call.text("since"))
    until, after = _bound(call, lists, of, call.text("until"))
    names = dict.fromkeys(name for name in (*of.columns, *before, *after) if name not in _UNWATCHED)
    changed: dict[str, Any] = {name: {"hasChanged": before.get(name) != after.get(name)} for name in names}
    lasting = {
        "ItemId": after["ID"],
        "SinceVersionId": before["$version"] * 512,
        "SinceVersionLabel": since,
        "SinceVersionIsMajor": True,
        "EndVersionId": after["$version"] * 512,
        "EndVersionLabel": until,
        "EndVersionIsMajor": True,
    }
    return ok({**lasting, "ColumnHasChanged": changed})
