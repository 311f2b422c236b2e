"""How a culture writes numbers and dates, in .NET's terms.

Names and symbols come from CLDR (babel, imported when a culture other than
en-US or the invariant one is asked for). The .NET patterns are derived from
CLDR's by the rules that .NET itself uses where it runs on ICU:

- the short date is CLDR's short one, its year always four digits;
- the long date is CLDR's full one, the month-day and year-month patterns are
  the skeletons `MMMMd` and `yMMMM`;
- of a CLDR time pattern only digits' letters, ':' , '.', plain and no-break
  spaces and quoted text survive, so that en-US reads `1:05PM` (its CLDR
  pattern has a narrow no-break space there);
- AM and PM are the wide forms (`p. m.` in Spanish, 오후 in Korean);
- numbers, percents and plain numbers have three decimals unless told
  otherwise; money has what the currency has.

Any name is taken: an unknown one gets CLDR's root culture, as ICU does.
Thai counts years from the Buddhist era. Other calendars and native digits
are not modelled: Persian and Arabic cultures get Gregorian dates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babel import Locale


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberCulture:
    """Symbols and patterns of numbers. In patterns `n` is the number, `$` the currency, `-` the sign, `%` the percent."""

    decimal_separator: str = "."
    group_separator: str = ","
    group_sizes: tuple[int, ...] = (3,)
    negative_sign: str = "-"
    positive_sign: str = "+"
    percent_symbol: str = "%"
    per_mille_symbol: str = "‰"
    nan_symbol: str = "NaN"
    infinity_symbol: str = "∞"
    currency_symbol: str = "$"
    currency_decimals: int = 2
    currency_decimal_separator: str = "."
    currency_group_separator: str = ","
    currency_positive: str = "$n"
    currency_negative: str = "-$n"
    percent_positive: str = "n%"
    percent_negative: str = "-n%"
    decimals: int = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DateCulture:
    """Names and .NET patterns of dates. Weeks start on Sunday, as .NET's `DayOfWeek` does."""

    day_names: tuple[str, ...]
    day_abbreviations: tuple[str, ...]
    month_names: tuple[str, ...]
    month_abbreviations: tuple[str, ...]
    month_genitive_names: tuple[str, ...]
    month_genitive_abbreviations: tuple[str, ...]
    am: str
    pm: str
    era: str
    date_separator: str
    time_separator: str
    short_date: str
    long_date: str
    short_time: str
    long_time: str
    month_day: str
    year_month: str
    year_offset: int = 0

    @property
    def has_genitive_months(self) -> bool:
        return (
            self.month_names != self.month_genitive_names
            or self.month_abbreviations != self.month_genitive_abbreviations
        )


_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_SHORT_DAYS = tuple(name[:3] for name in _DAYS)
_SHORT_MONTHS = tuple(name[:3] for name in _MONTHS)

EN_US_NUMBERS = NumberCulture()
INVARIANT_NUMBERS = NumberCulture(
    currency_symbol="¤",
    infinity_symbol="Infinity",
    percent_positive="n %",
    percent_negative="-n %",
    currency_negative="($n)",
    decimals=2,
)
EN_US_DATES = DateCulture(
    day_names=_DAYS,
    day_abbreviations=_SHORT_DAYS,
    month_names=_MONTHS,
    month_abbreviations=_SHORT_MONTHS,
    month_genitive_names=_MONTHS,
    month_genitive_abbreviations=_SHORT_MONTHS,
    am="AM",
    pm="PM",
    era="AD",
    date_separator="/",
    time_separator=":",
    short_date="M/d/yyyy",
    long_date="dddd, MMMM d, yyyy",
    short_time="h:mmtt",
    long_time="h:mm:sstt",
    month_day="MMMM d",
    year_month="MMMM yyyy",
)
INVARIANT_DATES = DateCulture(
    day_names=_DAYS,
    day_abbreviations=_SHORT_DAYS,
    month_names=_MONTHS,
    month_abbreviations=_SHORT_MONTHS,
    month_genitive_names=_MONTHS,
    month_genitive_abbreviations=_SHORT_MONTHS,
    am="AM",
    pm="PM",
    era="A.D.",
    date_separator="/",
    time_separator=":",
    short_date="MM/dd/yyyy",
    long_date="dddd, dd MMMM yyyy",
    short_time="HH:mm",
    long_time="HH:mm:ss",
    month_day="MMMM dd",
    year_month="yyyy MMMM",
)

_SPACES = dict.fromkeys(map(ord, "\u00a0\u202f\u2009"), " ")
_BIDI_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c"))
_TIME_LETTERS = frozenset("Hhms:.")


def number_culture(name: str | None) -> NumberCulture:
    """Return how `name` writes numbers; None and '' mean en-US."""
    if not name or name.lower() == "en-us":
        return EN_US_NUMBERS
    return _numbers_of(name.replace("_", "-").lower())


def date_culture(name: str | None) -> DateCulture:
    """Return how `name` writes dates; None and '' mean en-US."""
    if not name or name.lower() == "en-us":
        return EN_US_DATES
    return _dates_of(name.replace("_", "-").lower())


@lru_cache(maxsize=256)
def _locale(name: str) -> Locale:
    from babel import Locale, UnknownLocaleError

    parts = name.split("-")
    while parts:
        try:
            return Locale.parse("-".join(parts), sep="-")
        except (UnknownLocaleError, ValueError):
            parts.pop()
    return Locale("root")


@lru_cache(maxsize=256)
def _numbers_of(name: str) -> NumberCulture:
    locale = _locale(name)
    symbols = _symbols(_Data(locale))
    pattern = _pattern(locale.decimal_formats[None].pattern)
    currency, decimals = _currency(locale)
    positive, negative = _affixes(locale.currency_formats["standard"].pattern, "¤", "$")
    percent, negative_percent = _affixes(locale.percent_formats[None].pattern, "%", "%")
    decimal = symbols.get("decimal", ".")
    group = _spaced(symbols.get("group", ","))
    return NumberCulture(
        decimal_separator=decimal,
        group_separator=group,
        group_sizes=_group_sizes(pattern),
        negative_sign=_plain(symbols.get("minusSign", "-")),
        positive_sign=_plain(symbols.get("plusSign", "+")),
        percent_symbol=_plain(symbols.get("percentSign", "%")),
        per_mille_symbol=symbols.get("perMille", "‰"),
        nan_symbol=symbols.get("nan", "NaN"),
        infinity_symbol=symbols.get("infinity", "∞"),
        currency_symbol=currency,
        currency_decimals=decimals,
        currency_decimal_separator=symbols.get("currencyDecimal", decimal),
        currency_group_separator=_spaced(symbols.get("currencyGroup", group)),
        currency_positive=positive,
        currency_negative=negative,
        percent_positive=percent,
        percent_negative=negative_percent,
    )


class _Data:
    """The CLDR data of a locale, aliases followed.

    babel's own views write a followed alias into data that locales share, so
    that German stand-alone months turn Japanese once Japanese ones were read.
    """

    def __init__(self, locale: Locale) -> None:
        from babel.localedata import Alias, load

        self._alias = Alias
        self._root: Any = load(str(locale))

    def at(self, *path: str) -> dict[Any, Any]:
        """Return the table at a path, empty where there is none."""
        value = self._root
        for key in path:
            value = self._follow(value).get(key, {})
        return self._follow(value)

    def _follow(self, value: Any) -> dict[Any, Any]:
        if isinstance(value, tuple):
            alias, own = value
            return {**self._follow(alias), **own}
        if isinstance(value, self._alias):
            return self.at(*value.keys)
        return dict(value)


def _symbols(data: _Data) -> dict[str, str]:
    """Return the symbols of Latin digits, or else of the culture's own."""
    systems = data.at("number_symbols")
    system = next((name for name in ("latn", *sorted(systems)) if name in systems), "latn")
    return data.at("number_symbols", system)


def _currency(locale: Locale) -> tuple[str, int]:
    if not locale.territory:
        return "¤", 2
    from babel.core import get_global
    from babel.numbers import get_territory_currencies

    codes = get_territory_currencies(locale.territory)
    if not codes:
        return "¤", 2
    digits: Any = get_global("currency_fractions")
    return locale.currency_symbols.get(codes[0], codes[0]), digits.get(codes[0], digits["DEFAULT"])[0]


def _plain(text: str) -> str:
    return text.translate(_BIDI_MARKS)


def _spaced(text: str) -> str:
    """Return the text with plain spaces: measured group separators are never no-break spaces."""
    return _plain(text).translate(_SPACES)


def _pattern(pattern: str) -> str:
    return _spaced(pattern)


def _group_sizes(pattern: str) -> tuple[int, ...]:
    groups = [part for part in pattern.split(";", maxsplit=1)[0].split(".", maxsplit=1)[0].split(",")[1:] if part]
    sizes = tuple(len(re.sub(r"[^#0]", "", group)) for group in reversed(groups))
    if not sizes:
        return (0,)
    return sizes[:1] if len(sizes) > 1 and sizes[0] == sizes[1] else sizes


def _affixes(pattern: str, symbol: str, letter: str) -> tuple[str, str]:
    """Return .NET's positive and negative pattern of a CLDR one such as `#,##0.00 ¤`."""
    positive, _, negative = _pattern(pattern).partition(";")
    short = re.sub(r"[#0][#0,.]*", "n", positive).replace("'", "").replace(symbol, letter)
    if not negative:
        return short, f"-{short}"
    return short, re.sub(r"[#0][#0,.]*", "n", negative).replace("'", "").replace(symbol, letter)


@lru_cache(maxsize=256)
def _dates_of(name: str) -> DateCulture:
    locale = _locale(name)
    data = _Data(locale)
    months, days = _tables(data, "months", range(1, 13)), _tables(data, "days", range(7))
    short_date = _date_pattern(str(locale.date_formats["short"].pattern))
    short_date = re.sub(r"(?<!y)yy(?!y)", "yyyy", short_date)
    long_time = _time_pattern(str(locale.time_formats["medium"].pattern))
    abbreviated = data.at("day_periods", "format", "abbreviated")
    period = {**abbreviated, **data.at("day_periods", "format", "wide")}
    skeletons: Any = locale.datetime_skeletons
    thai = locale.language == "th"
    return DateCulture(
        day_names=_from_sunday(days["stand-alone", "wide"]),
        day_abbreviations=_from_sunday(days["stand-alone", "abbreviated"]),
        month_names=months["stand-alone", "wide"],
        month_abbreviations=months["stand-alone", "abbreviated"],
        month_genitive_names=months["format", "wide"],
        month_genitive_abbreviations=months["format", "abbreviated"],
        am=period.get("am", "AM"),
        pm=period.get("pm", "PM"),
        era="พ.ศ." if thai else data.at("eras", "abbreviated").get(1, "CE"),
        date_separator=_separator(short_date, "dyM") or "/",
        time_separator=_separator(long_time, "Hhms") or ":",
        short_date=short_date,
        long_date=_date_pattern(str(locale.date_formats["full"].pattern)),
        short_time=_time_pattern(str(locale.time_formats["short"].pattern)),
        long_time=long_time,
        month_day=_date_pattern(_skeleton(skeletons, ("MMMMd", "MMMd"), "MMMM d")),
        year_month=_date_pattern(_skeleton(skeletons, ("yMMMM", "yMMM"), "MMMM y")),
        year_offset=543 if thai else 0,
    )


def _skeleton(skeletons: Any, names: tuple[str, ...], default: str) -> str:
    for name in names:
        if name in skeletons:
            return re.sub(r"M{3,}", "MMMM", str(skeletons[name].pattern))
    return default


def _tables(data: _Data, name: str, numbers: range) -> dict[tuple[str, str], tuple[str, ...]]:
    return {
        (context, width): tuple(data.at(name, context, width)[number] for number in numbers)
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
    }


def _from_sunday(days: tuple[str, ...]) -> tuple[str, ...]:
    return days[6:] + days[:6]


def _date_pattern(pattern: str) -> str:
    """Return .NET's form of a CLDR date pattern."""
    out = []
    for part in re.finditer(r"'[^']*'|(?P<letter>[A-Za-z])(?P=letter)*|[^A-Za-z']", pattern):
        text, letter = part[0], part["letter"]
        if letter is None:
            out.append(text.translate(_SPACES) if text[0] != "'" else text)
        elif letter == "y":
            out.append("yyyy" if len(text) != 2 else "yy")
        elif letter in "Ec":
            out.append("dddd" if len(text) >= 4 else "ddd")
        elif letter in "LM":
            out.append("M" * min(len(text), 4))
        elif letter == "G":
            out.append("g")
        elif letter == "d":
            out.append(text[:2])
    return "".join(out).strip()


def _time_pattern(pattern: str) -> str:
    out = []
    for part in re.finditer(r"'[^']*'|.", pattern):
        text = part[0]
        if text[0] == "'" or text in _TIME_LETTERS:
            out.append(text)
        elif text in " \u00a0":
            out.append(" ")
        elif text in "abB" and "tt" not in out:
            out.append("tt")
    return "".join(out).strip()


def _separator(pattern: str, letters: str) -> str:
    """Return what stands between the first two parts of a pattern."""
    found = re.search(rf"[{letters}]+([^{letters}]+)[{letters}]", pattern)
    return found[1].replace("'", "") if found else ""
