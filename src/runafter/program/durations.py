"""ISO 8601 durations as the platform writes them: `PT1H30M`, `P1D`, `PT0.5S`."""

from __future__ import annotations

import re

_DURATION = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?P<time>T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_SECONDS = {
    "years": 31_536_000,
    "months": 2_592_000,
    "weeks": 604_800,
    "days": 86_400,
    "hours": 3_600,
    "minutes": 60,
    "seconds": 1,
}


def duration_s(text: str) -> float:
    """Return the seconds of an ISO 8601 duration; a year counts 365 days, a month 30.

    Raises:
        ValueError: the text is no duration.
    """
    match = _DURATION.fullmatch(text.strip().upper())
    parts = {name: match[name] for name in _SECONDS if match[name] is not None} if match else {}
    if match is None or not parts or match["time"] == "T":
        raise ValueError(f"{text!r} is no ISO 8601 duration such as 'PT30S', 'PT1H30M' or 'P1D'")
    return float(sum(_SECONDS[name] * float(value) for name, value in parts.items()))


def duration_text(seconds: float) -> str:
    """Return the shortest ISO 8601 duration of these seconds: `PT1M30S`, `P1D`."""
    whole = int(seconds)
    fraction = seconds - whole
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    last = f"{left + fraction:.7f}".rstrip("0").rstrip(".") if fraction else str(left)
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + (f"{last}S" if last != "0" else "")
    if not days and not time:
        return "PT0S"
    return f"P{f'{days}D' if days else ''}{'T' + time if time else ''}"
