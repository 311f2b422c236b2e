"""Mock files of unit tests of Logic Apps Standard (`*-mock.json`: `triggerMocks` and `actionMocks`), as answers."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

_NAMES = {status.name.replace("_", "").casefold(): int(status) for status in HTTPStatus}
_DIRECT = {"statuscode", "headers", "body"}


class UnreadableMock(ValueError):
    """An entry that is none of the format."""


def is_of_unit_test(data: Mapping[str, Any]) -> bool:
    """Tell whether a mock file is one that the designer of Logic Apps Standard made for a unit test."""
    return bool(data) and {str(key).casefold() for key in data} <= {"triggermocks", "actionmocks"}


def from_unit_test(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `trigger` and the `actions` of a mock file with the same meaning.

    Raises:
        UnreadableMock: names the entry.
    """
    parts = {str(key).casefold(): value for key, value in data.items()}
    found: dict[str, Any] = {"actions": {}}
    for _, entry in _entries(parts.get("triggermocks"), "triggerMocks"):
        outputs = _folded(entry).get("outputs")
        found.setdefault("trigger", outputs if isinstance(outputs, Mapping) else {})
    for name, entry in _entries(parts.get("actionmocks"), "actionMocks"):
        found["actions"][name] = _answer(_folded(entry), f"actionMocks/{name}")
    return found


def _entries(value: Any, place: str) -> list[tuple[str, Mapping[str, Any]]]:
    if value is None:
        return []
    if not isinstance(value, Mapping):
        raise UnreadableMock(f"{place} is no object")
    for name, entry in value.items():
        if not isinstance(entry, Mapping):
            raise UnreadableMock(f"{place}/{name} is no object")
    return [(str(name), entry) for name, entry in value.items()]


def _folded(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key).casefold(): value for key, value in entry.items()}


def _answer(entry: Mapping[str, Any], place: str) -> dict[str, Any]:
    status = str(entry.get("status") or "Succeeded")
    given = entry.get("outputs")
    outputs: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    folded = _folded(outputs)
    code = _status_code(folded.get("statuscode"), place)
    direct = {key: folded[key] for key in ("headers", "body") if folded.get(key) is not None}
    if status.casefold() == "succeeded":
        if set(folded) - _DIRECT:
            return {"status": code or 200, "outputs": dict(outputs)}
        return {"status": code or 200, **direct}
    if status.casefold() != "failed":
        raise UnreadableMock(f"{place}: the status {status!r} cannot be mocked, only Succeeded and Failed")
    error = entry.get("error")
    why = _folded(error) if isinstance(error, Mapping) else {}
    if code is None or code < HTTPStatus.BAD_REQUEST:
        code = _NAMES.get(str(why.get("code")).casefold(), 400)
    if why:
        error = {"code": str(why.get("code") or "BadRequest"), "message": str(why.get("message") or "")}
        direct.setdefault("body", {"error": error})
    return {"status": code, **direct}


def _status_code(value: Any, place: str) -> int | None:
    """A number, or the name that .NET has for it: `OK`, `BadRequest`."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = str(value)
    if text.isdecimal():
        return int(text)
    if text.casefold() not in _NAMES:
        raise UnreadableMock(f"{place}: {text!r} is no HTTP status")
    return _NAMES[text.casefold()]
