from __future__ import annotations

import re
from collections.abc import Iterator

from runafter.expressions.ast import Call, Expression, Interpolation, Literal
from runafter.expressions.template import calls
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.faults import expression_findings
from runafter.program.part import Part

_SAFE = frozenset(
    [
        "replace",
        "guid",
        "utcnow",
        "adddays",
        "addhours",
        "addminutes",
        "formatdatetime",
        "int",
        "float",
        "length",
        "add",
        "sub",
        "startofday",
        "addtotime",
        "getpasttime",
        "getfuturetime",
        "converttimezone",
        "uricomponent",
        "encodeuricomponent",
        "base64",
        "ticks",
        "workflow",
        "parameters",
    ]
)
_HUMAN = re.compile(
    r"((display|first|last|full|sur|customer|product|company|vendor|file|user|item)_?name|title|subject|text(_\d+)?|descr\w*|comment|company|customer|vendor|city|street|manager|author|keyword|search\w*|"
    r"label|question|answer|department|product|category)'?\]?$",
    re.IGNORECASE,
)
_FIELD = re.compile(r"([\w/]+)\s+(?:eq|ne)\s+'$")
_KEY = re.compile(r"(id|_value|guid|key|number|code)$", re.IGNORECASE)


class UnescapedTextInFilter(Rule):
    """Text of a person goes between the quotes of a filter as it is.

    Why: a name such as O'Brien ends the quotes early: the call fails with 400, or the filter means something else.
    Instead: `replace(value, '''', '''''')`, which doubles each quote.
    Safe when: the value can hold no quote (an id, a date, a choice).
    Source: OData 4.01, URL conventions, section 5.1.1.6.1 (single quotes are doubled).
    """

    code = "SEC003"
    severity = "note"
    family = "security"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, _ in flow.calling:
            for name in ("$filter", "filter"):
                part = site.part.at("inputs", "parameters", name) or site.part.at("inputs", "queries", name)
                found = _unsafe(part) if part is not None else None
                if part is not None and found is not None:
                    yield self.issue(
                        flow,
                        part,
                        f"{site.name!r} puts {found} between quotes as it is: a quote in it breaks the filter",
                        sites=(site,),
                        hint=f"replace({found}, '''', '''''')",
                    )
                    break


def _unsafe(part: Part) -> str | None:
    text = part.value if isinstance(part.value, str) else ""
    whole = expression_findings(text).whole
    parts: tuple[str | Expression, ...] = ()
    if isinstance(whole, Interpolation):
        parts = whole.parts
    elif isinstance(whole, Call) and whole.name.casefold() == "concat":
        parts = tuple(a.value if isinstance(a, Literal) and isinstance(a.value, str) else a for a in whole.arguments)
    for before, here, after in zip(parts, parts[1:], parts[2:], strict=False):
        if isinstance(here, str) or not isinstance(before, str) or not isinstance(after, str):
            continue
        if not before.endswith("'") or not after.startswith("'"):
            continue
        field = _FIELD.search(before)
        if field is not None and _KEY.search(field[1]):
            continue
        shown: str = text[here.span.start : here.span.end]
        if any(call.name.casefold() in _SAFE for call in calls(here)) or not _HUMAN.search(shown):
            continue
        return shown
    return None
