"""Times to text, in .NET's standard and custom date formats.

A format is compiled once per culture into a `%` template and the values it
takes; formatting then is one tuple and one `%`. Single characters are standard
formats, longer texts are patterns; `%h` makes a pattern of one letter.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter

from runafter.values.cultures import EN_US_DATES, INVARIANT_DATES, DateCulture
from runafter.values.time import Fields, Kind, Timestamp, fields, round_trip

Formatter = Callable[[Timestamp], str]
Part = Callable[[Fields, Kind], object]

_LETTERS = frozenset("dfFghHKmMstyz")
_YEAR, _MONTH, _DAY, _HOUR, _MINUTE, _SECOND, _FRACTION, _WEEKDAY = range(8)
_K: dict[Kind, str] = {"utc": "Z", "unspecified": "", "offset": "+00:00"}


class InvalidDateFormat(ValueError):
    """The text is no date format."""


def format_time(moment: Timestamp, pattern: str, culture: DateCulture = EN_US_DATES) -> str:
    """Return the time under a .NET format string; '' means `G`.

    Raises:
        InvalidDateFormat: a single letter that is no standard format, more than
            seven `f`, an open quote, or a lone `%` or backslash.
    """
    return formatter(pattern, culture)(moment)


@lru_cache(maxsize=1024)
def formatter(pattern: str, culture: DateCulture = EN_US_DATES) -> Formatter:
    """Return the compiled format. Cached; see `format_time`."""
    if pattern in ("o", "O"):
        return round_trip
    if len(pattern) <= 1:
        expanded, culture = standard_pattern(pattern or "G", culture)
        return _compiled(expanded, culture)
    return _compiled(pattern, culture)


def standard_pattern(letter: str, culture: DateCulture) -> tuple[str, DateCulture]:
    """Return the pattern that a standard format stands for, and the culture it is written in.

    Raises:
        InvalidDateFormat: the letter is no standard format.
    """
    if letter in "rRsu":
        invariant = {
            "r": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
            "s": "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
            "u": "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
        }
        return invariant[letter.lower()], INVARIANT_DATES
    patterns = {
        "d": culture.short_date,
        "D": culture.long_date,
        "f": f"{culture.long_date} {culture.short_time}",
        "F": f"{culture.long_date} {culture.long_time}",
        "U": f"{culture.long_date} {culture.long_time}",
        "g": f"{culture.short_date} {culture.short_time}",
        "G": f"{culture.short_date} {culture.long_time}",
        "m": culture.month_day,
        "M": culture.month_day,
        "t": culture.short_time,
        "T": culture.long_time,
        "y": culture.year_month,
        "Y": culture.year_month,
        "o": "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
    }
    patterns["O"] = patterns["o"]
    if letter not in patterns:
        raise InvalidDateFormat(f"{letter!r} is no standard date format")
    return patterns[letter], culture


def tokens(pattern: str) -> list[tuple[str, str]]:
    """Split a pattern into (kind, text): a run of one letter, `:` or `/`, or `'` for literal text.

    Raises:
        InvalidDateFormat: an open quote, or nothing behind `%` or a backslash.
    """
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(pattern):
        letter = pattern[position]
        end = position + 1
        if letter in _LETTERS:
            while pattern[end : end + 1] == letter and letter != "K":
                end += 1
            found.append((letter, pattern[position:end]))
        elif letter in ":/":
            found.append((letter, letter))
        elif letter in "'\"":
            text, end = _quoted(pattern, position)
            found.append(("'", text))
        elif letter == "\\":
            if end >= len(pattern):
                raise InvalidDateFormat("nothing stands behind the backslash")
            found.append(("'", pattern[end]))
            end += 1
        elif letter == "%":
            if pattern[end : end + 1] in ("", "%"):
                raise InvalidDateFormat("nothing stands behind '%'")
        else:
            found.append(("'", letter))
        position = end
    return found


def _quoted(pattern: str, start: int) -> tuple[str, int]:
    quote, position = pattern[start], start + 1
    text: list[str] = []
    while position < len(pattern):
        letter = pattern[position]
        if letter == quote:
            return "".join(text), position + 1
        if letter == "\\":
            position += 1
            letter = pattern[position : position + 1]
        text.append(letter)
        position += 1
    raise InvalidDateFormat("a quote is never closed")


def _compiled(pattern: str, culture: DateCulture) -> Formatter:
    template: list[str] = []
    sources: list[int | Part] = []
    parts = tokens(pattern)
    for index, (kind, text) in enumerate(parts):
        if kind == "'":
            template.append(text.replace("%", "%%"))
        elif kind == ":":
            template.append(culture.time_separator.replace("%", "%%"))
        elif kind == "/":
            template.append(culture.date_separator.replace("%", "%%"))
        else:
            spec, source = _part(kind, len(text), parts, index, culture)
            if kind == "F" and template and template[-1].endswith(".") and parts[index - 1] == ("'", "."):
                template[-1] = template[-1][:-1]
                source = _after_point(len(text))
            template.append(spec)
            sources.append(source)
    return _assembled("".join(template), sources)


def _assembled(template: str, sources: list[int | Part]) -> Formatter:
    indexes = [source for source in sources if isinstance(source, int)]
    if len(indexes) == len(sources):
        if not indexes:
            text = template % ()
            return lambda moment: text
        pick = itemgetter(*indexes)
        return lambda moment: template % pick(fields(moment.ticks))

    parts = [_index_part(source) if isinstance(source, int) else source for source in sources]

    def write(moment: Timestamp) -> str:
        at, kind = fields(moment.ticks), moment.kind
        return template % tuple([part(at, kind) for part in parts])

    return write


def _index_part(index: int) -> Part:
    return lambda at, kind: at[index]


def _part(
    kind: str, count: int, parts: list[tuple[str, str]], index: int, culture: DateCulture
) -> tuple[str, int | Part]:
    """Return the template's piece and its source: a field's number or a function."""
    padded = "%02d" if count > 1 else "%d"
    match kind:
        case "H":
            return padded, _HOUR
        case "m":
            return padded, _MINUTE
        case "s":
            return padded, _SECOND
        case "h":
            return padded, lambda at, kind: at.hour % 12 or 12
        case "d":
            if count <= 2:
                return padded, _DAY
            days = culture.day_abbreviations if count == 3 else culture.day_names
            return "%s", lambda at, kind: days[at.weekday]
        case "M":
            if count <= 2:
                return padded, _MONTH
            months = month_names(culture, count, genitive=is_genitive(parts, index, culture))
            return "%s", lambda at, kind: months[at.month - 1]
        case "y":
            return _year(count, culture.year_offset)
        case "t":
            am, pm = (culture.am[:1], culture.pm[:1]) if count == 1 else (culture.am, culture.pm)
            return "%s", lambda at, kind: am if at.hour < 12 else pm
        case "g":
            return "%s", lambda at, kind: culture.era
        case "K":
            return "%s", lambda at, kind: _K[kind]
        case "z":
            zone = "+0" if count == 1 else "+00" if count == 2 else "+00:00"
            return "%s", lambda at, kind: zone
        case _:
            return _fraction(count, trimmed=kind == "F")


def _year(count: int, offset: int) -> tuple[str, int | Part]:
    if count > 2:
        spec = f"%0{count}d"
        return (spec, _YEAR) if not offset else (spec, lambda at, kind: at.year + offset)
    return "%02d" if count == 2 else "%d", lambda at, kind: (at.year + offset) % 100


def _fraction(count: int, *, trimmed: bool) -> tuple[str, int | Part]:
    if count > 7:
        raise InvalidDateFormat("a fraction has at most seven digits")
    if count == 7 and not trimmed:
        return "%07d", _FRACTION
    divisor = 10 ** (7 - count)
    if trimmed:
        return "%s", lambda at, kind: f"{at.fraction // divisor:0{count}d}".rstrip("0")
    return f"%0{count}d", lambda at, kind: at.fraction // divisor


def _after_point(count: int) -> Part:
    """Return the part for `.FFF`: the point goes when the fraction is zero."""
    divisor = 10 ** (7 - count)

    def write(at: Fields, kind: Kind) -> str:
        digits = f"{at.fraction // divisor:0{count}d}".rstrip("0")
        return f".{digits}" if digits else ""

    return write


def month_names(culture: DateCulture, count: int, *, genitive: bool) -> tuple[str, ...]:
    if count == 3:
        return culture.month_genitive_abbreviations if genitive else culture.month_abbreviations
    return culture.month_genitive_names if genitive else culture.month_names


def is_genitive(parts: list[tuple[str, str]], index: int, culture: DateCulture) -> bool:
    """Return whether a month's name stands beside a day's number, so that Slavic and other languages decline it."""
    if not culture.has_genitive_months:
        return False
    before = [text for kind, text in reversed(parts[:index]) if kind == "d"]
    after = [text for kind, text in parts[index + 1 :] if kind == "d"]
    return any(len(texts[0]) <= 2 for texts in (before, after) if texts)
