"""What all lists of the management interface share: `$filter`, `$top`, `$skiptoken` and `nextLink`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote, urlencode

from starlette.requests import Request

from runafter.server.answers import BadRequest, number_of
from runafter.values.time import parse_iso

_MOST = 250
# Microsoft's clients take a list of repetitions to be one page (`x-ms-pageable` without a link), so it is a long one.
REPETITIONS = 5_000
_TERM = re.compile(r"\s*(\w+)\s+(eq|ge|gt|le|lt)\s+('(?:[^']|'')*'|[^\s']+)\s*", re.IGNORECASE)


def listed(request: Request, public_url: str, value: list[Any], following: str | int | None) -> dict[str, Any]:
    """Return a page; `nextLink` is the same address with the place to go on."""
    if following is None:
        return {"value": value}
    query = {**request.query_params, "$skiptoken": str(following)}
    return {
        "value": value,
        "nextLink": f"{public_url}{quote(unquote(request.url.path))}?{urlencode(query)}",
    }


def page_of(request: Request, whole: int | None = None) -> tuple[int, int]:
    """Return (how many, from where); `whole` is both the default and the most of a list that clients expect whole."""
    skip = request.query_params.get("$skiptoken", "")
    top = number_of(request, "$top", whole or 30, whole or _MOST)
    return top, int(skip) if skip.isdecimal() and len(skip) < 8 else 0


def after_of(request: Request) -> str | None:
    return request.query_params.get("$skiptoken") or None


def terms_of(request: Request) -> list[tuple[str, str, str]]:
    """Return the terms of `$filter` as (folded name, operator, value); they are joined by `and`.

    Raises:
        BadRequest: another form, or a field that runs have not.
    """
    text = request.query_params.get("$filter", "").strip()
    if not text:
        return []
    found = []
    for part in re.split(r"\s+and\s+", text, flags=re.IGNORECASE):
        term = _TERM.fullmatch(part)
        if term is None or term[1].casefold() not in {"status", "starttime", "clienttrackingid"}:
            raise BadRequest(
                f"$filter cannot be read at {part!r}",
                code="InvalidFilter",
                hint="Use Status, StartTime, ClientTrackingId.",
            )
        value = term[3][1:-1].replace("''", "'") if term[3].startswith("'") else term[3]
        found.append((term[1].casefold(), term[2].casefold(), value))
    return found


def statuses_of(request: Request) -> list[str]:
    """Return the wished statuses; none for all.

    Raises:
        BadRequest: they are compared with something else than `eq`.
    """
    found = [(operator, value) for name, operator, value in terms_of(request) if name == "status"]
    if any(operator != "eq" for operator, _ in found):
        raise BadRequest("status is compared with eq", code="InvalidFilter")
    return [value for _, value in found]


def fits(wanted: list[tuple[str, str, str]], started_at: int, tracking: str) -> bool:
    for name, operator, value in wanted:
        if name == "clienttrackingid" and value != tracking:
            return False
        if name == "starttime":
            bound = ticks_of(value)
            fits = {
                "ge": started_at >= bound,
                "gt": started_at > bound,
                "le": started_at <= bound,
                "lt": started_at < bound,
            }
            if not fits.get(operator, False):
                return False
    return True


def ticks_of(text: str) -> int:
    parsed = parse_iso(text)
    if parsed is None:
        raise BadRequest(f"{text!r} is no ISO 8601 time")
    return parsed.ticks
