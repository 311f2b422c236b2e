"""What a run left in the tenant, for people: mails, posts, rows, what was undone, retried, throttled."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from runafter.cli.output import console
from runafter.tenant.changes import Change

if TYPE_CHECKING:
    from rich.text import Text

    from runafter.tenant.journal import Served

MOST_ROWS = 4
"""How many rows of one table are named; the last one always, those between are counted."""
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RUN = re.compile(r"\d{20,}CU\d+")
_SIGNS = {"added": ("+", "green"), "changed": ("~", "yellow"), "deleted": ("-", "red")}
_SERVICES = {
    "azuread": "Entra ID",
    "office365": "Outlook",
    "sharepointonline": "SharePoint",
    "teams": "Teams",
    "sql": "SQL",
    "dataverse": "Dataverse",
    "approvals": "Approvals",
    "http": "HTTP",
    "office365users": "Office 365 Users",
}
_ORDER = ["azuread", "sharepointonline", "dataverse", "sql", "office365", "teams", "approvals", "http"]


def print_aftermath(
    changes: Sequence[Change], served: Sequence[Served], *, undone: Iterable[str] = (), unmet: Sequence[str] = ()
) -> None:
    """Print the tenant's changes by service and table, then how its calls went; `unmet` are rules of faults without a call."""
    from rich.text import Text

    out = console()
    out.print()
    out.print(Text("What changed in the tenant", style="bold"))
    if not changes:
        out.print(Text("  nothing", style="bright_black"))
    tables: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        tables.setdefault((change.service, change.table), []).append(change)
    rank = {service: index for index, service in enumerate(_ORDER)}
    for (service, table), found in sorted(tables.items(), key=lambda entry: rank.get(entry[0][0], len(rank))):
        out.print(Text.assemble(("  " + _SERVICES.get(service, service), "bold cyan"), f"  {table}  ", _counts(found)))
        named = found if len(found) <= MOST_ROWS else found[: MOST_ROWS - 1]
        for change in named:
            out.print(_line(change))
        if len(named) < len(found):
            out.print(Text(f"      … {len(found) - MOST_ROWS} more", style="bright_black"))
            out.print(_line(found[-1]))
    for line in call_lines(served, undone):
        out.print(line)
    if unmet:
        out.print(Text.assemble(("No call met", "bold yellow"), f"  the fault of {', '.join(unmet)}"))
    waiting = [each for each in changes if (each.service, each.row.get("status")) == ("approvals", "Pending")]
    if waiting:
        who = waiting[0].row["approvers"][0]["email"]
        answer = f'  tenant.yaml can answer: approvals: {{rules: {{"{who}": {{answer: Approve, after_s: 3600}}}}}}'
        out.print(Text(f"Unanswered  {len(waiting)} approval{'s' if len(waiting) != 1 else ''}", style="bold yellow"))
        out.print(Text(answer, style="bright_black"), soft_wrap=True)


def call_lines(served: Sequence[Served], undone: Iterable[str] = ()) -> list[Text]:
    """Return a line each for calls, retries, throttled calls, injected faults and what was undone."""
    from rich.text import Text

    lines = [Text.assemble(("Calls", "bold"), f"  {len(served)} to {_listed(c.connector for c in served)}")]
    again = Counter(call.action for call in served if not call.call_id.endswith("/1") and "/poll" not in call.call_id)
    refused = Counter(_limit(call) for call in served if call.throttled_by or call.status == 429)
    faulty = Counter(
        f"{call.action}: {call.status or call.fault}" for call in served if call.fault and call.status != 429
    )
    if again:
        lines.append(Text.assemble(("Retries", "bold yellow"), f"  {again.total()}: {_counted(again)}"))
    if refused:
        lines.append(Text.assemble(("Throttled", "bold yellow"), f"  {refused.total()}: {_counted(refused)}"))
    if faulty:
        lines.append(Text.assemble(("Faults", "bold red"), f"  {faulty.total()}: {_counted(faulty)}"))
    names = list(undone)
    if names:
        lines.append(Text.assemble(("Undone", "bold magenta"), "  " + ", ".join(names)))
    return lines


def _limit(call: Served) -> str:
    """Return whose limit refused a call, in people's words."""
    service, _, limit = (call.throttled_by or f"{call.connector}.injected").partition(".")
    return f"{_SERVICES.get(service, service)} ({limit})"


def _counts(found: Sequence[Change]) -> Text:
    from rich.text import Text

    text = Text()
    for kind, (sign, colour) in _SIGNS.items():
        number = sum(change.kind == kind for change in found)
        if number:
            text.append(f"{sign}{number} ", style=colour)
    return text


def _line(change: Change) -> Text:
    from rich.text import Text

    sign, colour = _SIGNS[change.kind]
    return Text.assemble((f"      {sign} ", colour), _told(change))


def _told(change: Change) -> str:
    row = change.row
    if change.table == "mails":
        to = row.get("to")
        return f"{change.label}  → {', '.join(to) if isinstance(to, list) else to}"
    if change.table == "posts":
        return _shortened(_bare(row.get("message")))
    if change.kind != "changed":
        plain = [_value(value) for value in row.values() if value not in (None, "") and not _RUN.fullmatch(str(value))]
        return _shortened(", ".join(plain[:3]) if change.service == "sql" else change.label)
    fields = [f"{name} {_value(old)} → {_value(new)}" for name, (old, new) in list(change.fields.items())[:3]]
    more = f" and {len(change.fields) - 3} more" if len(change.fields) > 3 else ""
    return f"{_shortened(change.label)}: {', '.join(fields)}{more}"


def _bare(message: Any) -> str:
    if isinstance(message, dict):
        return _first_text(message) or "a card"
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", str(message or ""))).strip()


def _first_text(card: Any) -> str | None:
    if isinstance(card, dict):
        if isinstance(card.get("text"), str):
            return str(card["text"])
        card = list(card.values())
    if isinstance(card, list):
        return next((text for text in map(_first_text, card) if text), None)
    return None


def _value(value: Any) -> str:
    if value is None or value == "":
        return "·"
    if isinstance(value, list):
        return str(len(value))
    text = str(value)
    return text[:8] + "…" if _GUID.fullmatch(text) else _shortened(text, 32)


def _shortened(text: str, most: int = 96) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_SERVICES.get(name, name) for name in sorted(set(names), key=lambda n: _SERVICES.get(n, n)))


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} ×{number}" if number > 1 else name for name, number in counter.most_common(6))
