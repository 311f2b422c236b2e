"""Custom number formats such as `#,##0.00;(0);zero`, by .NET's algorithm.

A format has up to three sections (positive, negative, zero), split by `;`.
`0` always writes a digit, `#` only a significant one; the first `.` is the
point; `,` between digits groups, before the point divides by 1000; `%` and `‰`
multiply; `E+0`, `E-0`, `E0` write an exponent; quotes and `\\` write literally.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runafter.values.cultures import NumberCulture


@dataclass(slots=True)
class Digits:
    """A number as `0.d1d2d3... * 10**scale`; zero has no digits."""

    text: str
    scale: int
    negative: bool
    is_double: bool

    def round(self, position: int) -> None:
        """Keep `position` digits, rounding half away from zero; trailing zeros go."""
        if position < len(self.text):
            up = position >= 0 and self.text[position] >= "5"
            kept = self.text[: max(position, 0)]
            if up:
                whole = str(int(kept or "0") + 1)
                self.scale += len(whole) - len(kept)
                kept = whole
            self.text = kept
        self.text = self.text.rstrip("0")
        if not self.text:
            self.scale = 0
            if not self.is_double:
                self.negative = False


@dataclass(slots=True)
class _Section:
    """What a section asks for; positions count digit places from its left."""

    tokens: list[tuple[str, str]]
    places: int = 0
    point: int = -1
    first_zero: int = -1
    last_zero: int = 0
    grouped: bool = False
    shift: int = 0
    scientific: bool = False


def format_custom(digits: Digits, pattern: str, culture: NumberCulture) -> str:
    """Write the digits under a custom pattern; `digits` is rounded in place."""
    sections = _sections(pattern)
    index = 2 if not digits.text else 1 if digits.negative else 0
    index = _existing(sections, index)
    while True:
        section = sections[index]
        if digits.text:
            digits.scale += section.shift
            digits.round(section.places if section.scientific else digits.scale + section.places - section.point)
            zero = _existing(sections, 2)
            if not digits.text and zero != index:
                index = zero
                continue
        else:
            digits.scale = 0
            if not digits.is_double:
                digits.negative = False
        break
    return _write(digits, section, culture, signed=digits.negative and index == 0)


def _existing(sections: tuple[_Section, ...], index: int) -> int:
    return index if index < len(sections) and sections[index].tokens else 0


@lru_cache(maxsize=512)
def _sections(pattern: str) -> tuple[_Section, ...]:
    return tuple(_analysed(tokens) for tokens in _tokens(pattern)[:3])


def _tokens(pattern: str) -> list[list[tuple[str, str]]]:
    """Split a pattern into sections of (kind, text): a kind is the character itself, `'` for a literal, `E` for an exponent."""
    sections: list[list[tuple[str, str]]] = [[]]
    position = 0
    while position < len(pattern):
        letter = pattern[position]
        position += 1
        if letter == ";":
            sections.append([])
        elif letter in "'\"":
            end = pattern.find(letter, position)
            end = len(pattern) if end < 0 else end
            sections[-1].append(("'", pattern[position:end]))
            position = end + 1
        elif letter == "\\":
            sections[-1].append(("'", pattern[position : position + 1]))
            position += 1
        elif letter in "Ee":
            end = position
            if pattern[end : end + 1] in ("+", "-") and pattern[end + 1 : end + 2] == "0":
                end += 1
            while pattern[end : end + 1] == "0":
                end += 1
            kind = "E" if end > position else "'"
            sections[-1].append((kind, pattern[position - 1 : end]))
            position = end
        elif letter in "#0.,%‰":
            sections[-1].append((letter, letter))
        else:
            sections[-1].append(("'", letter))
    return sections


def _analysed(tokens: list[tuple[str, str]]) -> _Section:
    section = _Section(tokens)
    comma_at, commas = -1, 0
    for kind, _ in tokens:
        match kind:
            case "#":
                section.places += 1
            case "0":
                if section.first_zero < 0:
                    section.first_zero = section.places
                section.places += 1
                section.last_zero = section.places
            case ".":
                if section.point < 0:
                    section.point = section.places
            case ",":
                if section.places > 0 and section.point < 0:
                    if comma_at == section.places:
                        commas += 1
                    else:
                        section.grouped = section.grouped or comma_at >= 0
                        comma_at, commas = section.places, 1
            case "%":
                section.shift += 2
            case "‰":
                section.shift += 3
            case "E":
                section.scientific = True
            case _:
                pass
    if section.point < 0:
        section.point = section.places
    if comma_at >= 0:
        if comma_at == section.point:
            section.shift -= commas * 3
        else:
            section.grouped = True
    return section


def _separators(section: _Section, total: int, sizes: tuple[int, ...]) -> set[int]:
    """Return how many digits stand to the right of each group separator."""
    positions: set[int] = set()
    index, size = 0, sizes[0] if sizes else 0
    reached = size
    while size and total > reached:
        positions.add(reached)
        if index < len(sizes) - 1:
            index += 1
            size = sizes[index]
        reached += size
    return positions


def _write(digits: Digits, section: _Section, culture: NumberCulture, *, signed: bool) -> str:
    point = section.point
    first = point - section.first_zero if 0 <= section.first_zero < point else 0
    last = point - section.last_zero if section.last_zero > point else 0
    if section.scientific:
        place, adjust = point, 0
    else:
        place, adjust = max(digits.scale, point), digits.scale - point
    separators: set[int] = set()
    if section.grouped and culture.group_separator:
        shown = place + min(adjust, 0)
        separators = _separators(section, max(first, shown), culture.group_sizes)
    text, used = digits.text, 0
    out: list[str] = []
    if signed and digits.scale != 0:
        out.append(culture.negative_sign)
    point_written = False
    scientific = section.scientific
    for kind, literal in section.tokens:
        if adjust > 0 and kind in "#0.":
            for _ in range(adjust):
                out.append(text[used] if used < len(text) else "0")
                used += used < len(text)
                if place > 1 and place - 1 in separators:
                    out.append(culture.group_separator)
                place -= 1
            adjust = 0
        if kind in "#0":
            digit = ""
            if adjust < 0:
                adjust += 1
                digit = "0" if place <= first else ""
            elif used < len(text):
                digit = text[used]
                used += 1
            elif place > last:
                digit = "0"
            if digit:
                out.append(digit)
                if place > 1 and place - 1 in separators:
                    out.append(culture.group_separator)
            place -= 1
        elif kind == ".":
            if place == 0 and not point_written and (last < 0 or (point < section.places and used < len(text))):
                out.append(culture.decimal_separator)
                point_written = True
        elif kind == "%":
            out.append(culture.percent_symbol)
        elif kind == "‰":
            out.append(culture.per_mille_symbol)
        elif kind == "E":
            out.append(_exponent(digits, literal, point, culture) if scientific else literal)
            scientific = False
        elif kind == "'":
            out.append(literal)
    if signed and digits.scale == 0 and out:
        out.insert(0, culture.negative_sign)
    return "".join(out)


def _exponent(digits: Digits, literal: str, point: int, culture: NumberCulture) -> str:
    exponent = digits.scale - point if digits.text else 0
    zeros = min(literal.count("0"), 10)
    sign = culture.negative_sign if exponent < 0 else culture.positive_sign if "+" in literal else ""
    return f"{literal[0]}{sign}{abs(exponent):0{zeros}d}"
