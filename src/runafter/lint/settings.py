"""What a project's `runafter.toml` says about `check`, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runafter.errors import DefinitionError, Severity
from runafter.lint.waivers import Waiver, iso_date

_FIELDS = frozenset({"select", "ignore", "fail-on", "baseline", "severity", "waive"})
_WAIVER_FIELDS = frozenset({"code", "reason", "expires", "path", "action"})
LEVELS = ("error", "warning", "note", "never")
SEVERITIES: dict[str, Severity] = {"error": "error", "warning": "warning", "note": "note"}


class InvalidSettings(DefinitionError):
    """The `[check]` table of a `runafter.toml`, or a `flow.toml`'s waivers, are at fault."""

    code = "CHK001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`select` and `ignore` are codes or their beginnings; `baseline` is relative to the settings' file.

    `severity` maps codes, or their beginnings, to what findings count as; the longest that fits wins. `off` is in
    `ignore` already.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str | None = None
    baseline: str | None = None
    severity: Mapping[str, Severity] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()


def read_settings(table: Mapping[str, Any], known: Iterable[str], *, file: str) -> Settings:
    """Return the settings of a `[check]` table; `known` are the codes that there are.

    Raises:
        InvalidSettings: an unknown field or code, or a value of the wrong kind.
    """
    codes = tuple(known)
    _refuse_unknown(table, _FIELDS, "check", file)
    level = table.get("fail-on")
    if level is not None and level not in LEVELS:
        raise InvalidSettings(f"fail-on {level!r} is not one of {', '.join(LEVELS)}", file=file)
    baseline = table.get("baseline")
    if baseline is not None and not isinstance(baseline, str):
        raise InvalidSettings("'baseline' is the name of a file", file=file)
    severity, off = _severities(table.get("severity", {}), codes, file)
    return Settings(
        select=_codes(table.get("select", ()), codes, "select", file),
        ignore=(*_codes(table.get("ignore", ()), codes, "ignore", file), *off),
        fail_on=level,
        baseline=baseline,
        severity=severity,
        waivers=read_waivers(table.get("waive", ()), codes, file=file),
    )


def read_waivers(rows: Any, known: Iterable[str], *, file: str, path: str = "") -> tuple[Waiver, ...]:
    """Return the waivers of a `[[waive]]` array; `path` is the pattern of files where they name none.

    Raises:
        InvalidSettings: no reason, an unknown code, or an end that is no date.
    """
    codes = tuple(known)
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not all(isinstance(row, Mapping) for row in rows):
        raise InvalidSettings("'waive' is an array of tables", file=file, hint="Write [[check.waive]].")
    return tuple(_waiver(row, codes, file, path) for row in rows)


def _waiver(row: Mapping[str, Any], codes: tuple[str, ...], file: str, path: str) -> Waiver:
    _refuse_unknown(row, _WAIVER_FIELDS, "waive", file)
    code = row.get("code")
    (folded,) = _codes([code], codes, "waive.code", file)
    reason = row.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise InvalidSettings(f"the waiver of {folded} gives no reason", file=file, hint="Say why it is accepted.")
    expires = row.get("expires", "")
    written = expires if isinstance(expires, str) else getattr(expires, "isoformat", lambda: "")()
    if (written[:10] and iso_date(written[:10]) is None) or (expires != "" and not written):
        raise InvalidSettings(f"expires {expires!r} is no date", file=file, hint="Write 2027-06-30.")
    for name in ("path", "action"):
        if not isinstance(row.get(name, ""), str):
            raise InvalidSettings(f"{name!r} of a waiver is text", file=file)
    return Waiver(
        code=folded,
        reason=reason.strip(),
        expires=written[:10],
        path=row.get("path", path),
        action=row.get("action", ""),
        origin=file,
    )


def _codes(value: Any, known: tuple[str, ...], name: str, file: str) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise InvalidSettings(f"{name!r} holds codes as text", file=file, hint='Write ["RAC", "RTY001"].')
    folded = tuple(item.strip().upper() for item in value)
    for code in folded:
        if not code or not any(each.startswith(code) for each in known):
            raise InvalidSettings(f"no code begins with {code!r}", file=file, hint="See 'runafter rule --list'.")
    return folded


def _severities(value: Any, known: tuple[str, ...], file: str) -> tuple[dict[str, Severity], tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise InvalidSettings("'severity' is a table of codes", file=file, hint='Write RTY001 = "warning".')
    codes = _codes(list(value), known, "severity", file)
    found: dict[str, Severity] = {}
    off: list[str] = []
    for code, word in zip(codes, value.values(), strict=True):
        if word == "off":
            off.append(code)
        elif word in SEVERITIES:
            found[code] = SEVERITIES[word]
        else:
            raise InvalidSettings(f"severity {word!r} of {code} is not error, warning, note or off", file=file)
    return found, tuple(off)


def _refuse_unknown(table: Mapping[str, Any], fields: frozenset[str], name: str, file: str) -> None:
    for key in table:
        if key not in fields:
            raise InvalidSettings(
                f"'{name}' has no field {key!r}", file=file, hint=f"It has {', '.join(sorted(fields))}."
            )
