"""Times out of text, as .NET's `DateTime.Parse` and `ParseExact` read them.

ISO 8601 texts are read by `time.parse_iso`. What is left goes through a reader
of numbers, names and separators:

- three numbers are a date in the culture's order, or year-month-day when the
  first has three digits or more; two are month and day (year from `now`), or
  year and month when one has three digits or more; one alone is no date;
- a month's name leaves one or two numbers: day and year, or the day alone, or
  the year alone when it has three digits or more;
- a weekday's name must be the right one;
- `h:mm[:ss[.f]]` with an optional AM/PM, or `h PM`, is a time; a time alone is today's;
- `Z`, `GMT` or an offset may follow a time.

Two-digit years up to 29 are in this century.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from runafter.values.cultures import EN_US_DATES, DateCulture
from runafter.values.dateformat import month_names, standard_pattern, tokens
from runafter.values.time import (
    TICKS_PER_DAY,
    Timestamp,
    fields,
    fraction_ticks,
    in_zone,
    parse_iso,
    ticks_of,
)

_LAST_SHORT_YEAR = 29
_ZONE_OFFSET = re.compile(r"\s*([+-][0-9]{1,2}(?::?[0-9]{2})?)")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]+))?)?(?![0-9:])")
_CJK = {
    "年": "y",
    "년": "y",
    "月": "M",
    "월": "M",
    "日": "d",
    "일": "d",
    "時": "h",
    "时": "h",
    "시": "h",
    "分": "m",
    "분": "m",
    "秒": "s",
    "초": "s",
}
_YEAR_DIGITS = 3
_AM, _PM = 0, 12
_BLANKS = r"\s*+"
_SPACES = {0xA0: " ", 0x202F: " ", 0x200E: None, 0x200F: None}


class InvalidTime(ValueError):
    """The text is no time."""


def parse_time(text: str, now_ticks: Callable[[], int], culture: DateCulture = EN_US_DATES) -> Timestamp:
    """Return the time that a text tells; `now_ticks` is asked only for the day or the year that it leaves out.

    Raises:
        InvalidTime: the text is no time in the culture, or no time at all (30 February, 24:00).
    """
    try:
        return parse_iso(text) or _Reader(text, culture).read(now_ticks)
    except ValueError as fault:
        raise InvalidTime(f"{text!r} is no time") from fault


@dataclass(slots=True)
class _Number:
    value: int
    digits: int
    unit: str = ""


@dataclass(slots=True)
class _Found:
    numbers: list[_Number] = field(default_factory=list)
    month: int | None = None
    month_after: int = 0
    weekday: int | None = None
    time: tuple[int, int, int, int] | None = None
    half: int | None = None
    zone: str = ""


def _folded(text: str) -> str:
    """Return the text in small letters, each letter in its place: some would become two."""
    return "".join([small if len(small := letter.lower()) == 1 else letter for letter in text])


@lru_cache(maxsize=64)
def _words(culture: DateCulture) -> list[tuple[str, str, int]]:
    """Return the words of a culture as (folded word, what, number), longest first."""
    words: dict[str, tuple[str, int]] = {}
    months = (culture.month_names, culture.month_genitive_names)
    short_months = (culture.month_abbreviations, culture.month_genitive_abbreviations)
    for names in (*months, *short_months):
        _learn(words, "month", names, 1)
    for names in (culture.day_names, culture.day_abbreviations):
        _learn(words, "weekday", names, 0)
    words[_folded(culture.am)] = ("half", _AM)
    words[_folded(culture.pm)] = ("half", _PM)
    for pattern in (culture.long_date, culture.month_day, culture.year_month, culture.short_date):
        for kind, text in tokens(pattern):
            if kind == "'" and text.strip(" .,-/"):
                words.setdefault(_folded(text.strip()), ("filler", 0))
    for word, half in (("am", _AM), ("a", _AM), ("pm", _PM), ("p", _PM)):
        words.setdefault(word, ("half", half))
    words["z"] = words["gmt"] = ("zone", 0)
    words.setdefault("t", ("filler", 0))
    words.setdefault(_folded(culture.era), ("filler", 0))
    known = [(word.translate(_SPACES), *meaning) for word, meaning in words.items() if word and not word.isdigit()]
    return sorted(known, key=lambda entry: -len(entry[0]))


def _learn(words: dict[str, tuple[str, int]], what: str, names: tuple[str, ...], first: int) -> None:
    """Add names, with and without the point that shortens them."""
    for number, name in enumerate(names, first):
        words.setdefault(_folded(name), (what, number))
        words.setdefault(_folded(name).rstrip("."), (what, number))


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str, culture: DateCulture) -> None:
        self.text = text.strip(" \t\r\n\v\f\0").translate(_SPACES)
        self.folded = _folded(self.text)
        self.culture = culture
        self.position = 0
        self.found = _Found()

    def read(self, now_ticks: Callable[[], int]) -> Timestamp:
        if not self.text or len(self.text) > 200:
            raise InvalidTime("nothing to read")
        while self.position < len(self.text):
            letter = self.text[self.position]
            if letter.isdigit() and letter.isascii():
                self._number()
            elif letter in " ,./-" or letter == self.culture.date_separator.strip():
                self._separator(letter)
            else:
                self._word()
        return self._moment(now_ticks)

    def _number(self) -> None:
        found = self.found
        if found.time is None and (match := self._time_pattern().match(self.text, self.position)):
            hour, minute, second, fraction = match.groups()
            found.time = (int(hour), int(minute), int(second or 0), fraction_ticks(fraction or ""))
            self.position = match.end()
            self._offset()
            return
        match = re.compile("[0-9]+").match(self.text, self.position)
        if match is None or len(match[0]) > 8:
            raise InvalidTime("a number is too long")
        self.position = match.end()
        number = _Number(int(match[0]), len(match[0]))
        unit = _CJK.get(self.text[self.position : self.position + 1])
        if unit:
            self.position += 1
            if unit in "hms":
                self._unit_of_time(unit, number.value)
                return
            number.unit = unit
        found.numbers.append(number)

    def _time_pattern(self) -> re.Pattern[str]:
        separator = self.culture.time_separator
        if separator == ":" or self.found.numbers == []:
            return _TIME
        escaped = re.escape(separator)
        return re.compile(
            rf"([0-9]{{1,2}})(?::|{escaped})([0-9]{{1,2}})(?:(?::|{escaped})([0-9]{{1,2}})(?:\.([0-9]+))?)?(?![0-9:])"
        )

    def _unit_of_time(self, unit: str, value: int) -> None:
        hour, minute, second, fraction = self.found.time or (0, 0, 0, 0)
        parts = {"h": hour, "m": minute, "s": second, unit: value}
        self.found.time = (parts["h"], parts["m"], parts["s"], fraction)

    def _offset(self) -> None:
        match = _ZONE_OFFSET.match(self.text, self.position)
        if match:
            self.found.zone = match[1]
            self.position = match.end()

    def _separator(self, letter: str) -> None:
        if letter in ".-/" and not self.found.numbers and self.found.month is None and self.found.weekday is None:
            raise InvalidTime("a date cannot begin with a separator")
        self.position += 1
        following = self.text[self.position : self.position + 1]
        if letter in "./-" and (following in tuple("./-")):
            raise InvalidTime("two separators in a row")
        if letter in "/-" and not following:
            raise InvalidTime("a date cannot end with a separator")

    def _word(self) -> None:
        for word, what, number in _words(self.culture):
            end = self.position + len(word)
            if self.folded.startswith(word, self.position) and not self._goes_on(word, end):
                self.position = end
                self._take(what, number)
                return
        raise InvalidTime("an unknown word")

    def _goes_on(self, word: str, end: int) -> bool:
        following = self.text[end : end + 1]
        return word[-1].isalpha() and word[-1].isascii() and following.isalpha() and following.isascii()

    def _take(self, what: str, number: int) -> None:
        found = self.found
        if what == "month" and found.month is None:
            found.month, found.month_after = number, len(found.numbers)
        elif what == "weekday" and found.weekday is None:
            found.weekday = number
        elif what == "half" and found.half is None:
            self._half(number)
        elif what == "zone" and not found.zone and found.time:
            found.zone = "Z"
        elif what != "filler":
            raise InvalidTime("a word stands twice, or where it cannot")

    def _half(self, half: int) -> None:
        """Take AM or PM: behind a time, behind a lone hour, or before a time."""
        found = self.found
        found.half = half
        if found.time is None:
            rest = self.text[self.position :].lstrip()
            if self._time_pattern().match(rest):
                return
            if not found.numbers:
                raise InvalidTime("half a day without an hour")
            found.time = (found.numbers.pop().value, 0, 0, 0)
        self._offset()

    def _moment(self, now_ticks: Callable[[], int]) -> Timestamp:
        found = self.found
        hour, minute, second, fraction = found.time or (0, 0, 0, 0)
        if found.half is not None:
            if not 0 <= hour <= 12:
                raise InvalidTime("no hour of half a day")
            hour = hour % 12 + found.half
        year, month, day = self._date(now_ticks)
        ticks = ticks_of(year, month, day, hour, minute, second, fraction)
        if found.weekday is not None and (ticks // TICKS_PER_DAY + 1) % 7 != found.weekday:
            raise InvalidTime("the weekday is another")
        moment = Timestamp(ticks)
        return in_zone(moment, found.zone) if found.zone else moment

    def _date(self, now_ticks: Callable[[], int]) -> tuple[int, int, int]:
        found, numbers = self.found, self.found.numbers
        if found.month is not None:
            return self._date_of_month(found.month, now_ticks)
        if any(number.unit for number in numbers):
            units = {number.unit: number for number in numbers}
            year = self._year(units["y"]) if "y" in units else fields(now_ticks()).year
            return year, units["M"].value if "M" in units else 1, units["d"].value if "d" in units else 1
        match numbers:
            case []:
                if found.time is None:
                    raise InvalidTime("neither date nor time")
                today = fields(now_ticks())
                return today.year, today.month, today.day
            case [first, second]:
                return self._two(first, second, now_ticks)
            case [first, second, third]:
                return self._three(first, second, third)
            case _:
                raise InvalidTime("too many numbers, or too few")

    def _date_of_month(self, month: int, now_ticks: Callable[[], int]) -> tuple[int, int, int]:
        match self.found.numbers:
            case [only]:
                if only.digits >= _YEAR_DIGITS:
                    return self._year(only), month, 1
                if only.value > 31:
                    return self._year(only), month, 1
                return fields(now_ticks()).year, month, only.value
            case [first, second]:
                if first.digits >= _YEAR_DIGITS:
                    return self._year(first), month, second.value
                if self._order()[0] == "y" and second.digits < _YEAR_DIGITS:
                    return self._year(first), month, second.value
                return self._year(second), month, first.value
            case _:
                raise InvalidTime("a month's name with too many numbers, or none")

    def _two(self, first: _Number, second: _Number, now_ticks: Callable[[], int]) -> tuple[int, int, int]:
        if first.digits >= _YEAR_DIGITS:
            return self._year(first), second.value, 1
        if second.digits >= _YEAR_DIGITS:
            return self._year(second), first.value, 1
        if self._order().index("M") < self._order().index("d"):
            return fields(now_ticks()).year, first.value, second.value
        return fields(now_ticks()).year, second.value, first.value

    def _three(self, first: _Number, second: _Number, third: _Number) -> tuple[int, int, int]:
        if first.digits >= _YEAR_DIGITS:
            return self._year(first), second.value, third.value
        order = self._order()
        if order[0] == "y" and third.digits >= _YEAR_DIGITS:
            order = "Mdy" if order.index("M") < order.index("d") else "dMy"
        parts = dict(zip(order, (first, second, third), strict=True))
        return self._year(parts["y"]), parts["M"].value, parts["d"].value

    def _order(self) -> str:
        letters = dict.fromkeys(letter for letter in self.culture.short_date if letter in "yMd")
        return "".join(letters) if len(letters) == 3 else "Mdy"

    def _year(self, number: _Number) -> int:
        if number.digits > 2:
            return number.value - self.culture.year_offset
        return number.value + (2000 if number.value <= _LAST_SHORT_YEAR else 1900)


def parse_exact(text: str, pattern: str, now_ticks: Callable[[], int], culture: DateCulture = EN_US_DATES) -> Timestamp:
    """Return the time that a text tells in exactly this format; what the format leaves out is today's date, at 0:00.

    Raises:
        InvalidTime: the text does not fit, or is no time.
        InvalidDateFormat: the format is none.
    """
    if len(pattern) == 1:
        pattern, culture = standard_pattern(pattern, culture)
    match = _exact(pattern, culture).fullmatch(text)
    if match is None:
        raise InvalidTime(f"{text!r} does not fit {pattern!r}")
    try:
        return _assemble(
            {name: value for name, value in match.groupdict().items() if value is not None}, now_ticks, culture
        )
    except ValueError as fault:
        raise InvalidTime(f"{text!r} is no time") from fault


@lru_cache(maxsize=256)
def _exact(pattern: str, culture: DateCulture) -> re.Pattern[str]:
    out: list[str] = [_BLANKS]
    seen: set[str] = set()
    for kind, text in tokens(pattern):
        if kind == "'":
            if text != " ":
                out.append(re.escape(text))
            elif out[-1:] != [_BLANKS]:
                out.append(_BLANKS)
        elif kind in ":/":
            out.append(re.escape(culture.time_separator if kind == ":" else culture.date_separator))
        else:
            name, body = _exact_part(kind, len(text), culture)
            if name in seen:
                out.append(f"(?P={name})")
            else:
                seen.add(name)
                out.append(f"(?P<{name}>{body})")
    return re.compile("".join(out) + _BLANKS, re.IGNORECASE)


def _exact_part(kind: str, count: int, culture: DateCulture) -> tuple[str, str]:
    digits = "[0-9]{2}" if count > 1 else "[0-9]{1,2}"
    match kind:
        case "y":
            return "year" if count > 2 else "short_year", f"[0-9]{{{max(count, 1)}}}" if count > 1 else "[0-9]{1,2}"
        case "M":
            if count <= 2:
                return "month", digits
            names = {*month_names(culture, count, genitive=False), *month_names(culture, count, genitive=True)}
            return "month_name", _any(names)
        case "d":
            if count <= 2:
                return "day", digits
            return "weekday", _any(culture.day_abbreviations if count == 3 else culture.day_names)
        case "H":
            return "hour", digits
        case "h":
            return "half_hour", digits
        case "m":
            return "minute", digits
        case "s":
            return "second", digits
        case "f":
            return "fraction", f"[0-9]{{{count}}}"
        case "F":
            return "fraction", f"[0-9]{{0,{count}}}"
        case "t":
            halves = (culture.am, culture.pm)
            return "half", _any({half[:1] for half in halves} if count == 1 else halves)
        case "g":
            return "era", _any((culture.era,))
        case "K":
            return "zone", r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
        case _:
            return "zone", r"Z|[+-][0-9]{1,2}(?::?[0-9]{2})?" if count > 2 else r"[+-][0-9]{1,2}"


def _any(words: Iterable[str]) -> str:
    names = sorted({word for word in words if word}, key=lambda word: (-len(word), word))
    return "|".join(re.escape(name) for name in names) or "(?!)"


def _assemble(parts: dict[str, str], now_ticks: Callable[[], int], culture: DateCulture) -> Timestamp:
    has_date = {"year", "short_year", "month", "month_name", "day"} & parts.keys()
    month, day = 1, 1
    year = 0
    if not {"year", "short_year"} & parts.keys():
        today = fields(now_ticks())
        year, month, day = (today.year, 1, 1) if has_date else (today.year, today.month, today.day)
    if "year" in parts:
        year = int(parts["year"]) - culture.year_offset
    elif "short_year" in parts:
        short = int(parts["short_year"])
        year = short + (2000 if short <= _LAST_SHORT_YEAR else 1900)
    if "month" in parts:
        month = int(parts["month"])
    elif "month_name" in parts:
        month = _month_of(parts["month_name"], culture)
    day = int(parts.get("day", day))
    hour = int(parts.get("hour", parts.get("half_hour", 0)))
    if "half_hour" in parts and hour > 12:
        raise InvalidTime("no hour of half a day")
    if "half" in parts:
        afternoon = culture.pm.casefold().startswith(parts["half"].casefold()) and culture.am[:1] != culture.pm[:1]
        hour = hour % 12 + (12 if afternoon or parts["half"].casefold() == culture.pm.casefold() else 0)
    moment = Timestamp(
        ticks_of(
            year,
            month,
            day,
            hour,
            int(parts.get("minute", 0)),
            int(parts.get("second", 0)),
            fraction_ticks(parts.get("fraction", "")),
        )
    )
    zone = parts.get("zone")
    return in_zone(moment, zone) if zone else moment


def _month_of(name: str, culture: DateCulture) -> int:
    folded = name.casefold()
    for names in (
        culture.month_names,
        culture.month_genitive_names,
        culture.month_abbreviations,
        culture.month_genitive_abbreviations,
    ):
        for number, known in enumerate(names, 1):
            if known.casefold() == folded:
                return number
    raise InvalidTime(f"{name!r} is no month")
