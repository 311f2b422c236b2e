from __future__ import annotations

import re
from collections.abc import Iterator

from runafter.expressions.ast import Literal
from runafter.expressions.template import calls
from runafter.lint.finding import Change, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_DATE = re.compile(r"^(y{2,4}[-/. ]?mm[-/. ]?dd?|dd?[-/. ]?mm[-/. ]?y{2,4}|mm[-/. ]?dd?[-/. ]?y{2,4}|y{4}[-/.]?mm)")
_HOURS = re.compile(r"hh?:mm")


class MinutesForMonths(Rule):
    """A date format uses `mm`, which are minutes, where months are meant.

    Why: the text looks like a date, sorts like one and is wrong: the 3rd of May at 14:07 becomes 2026-07-03.
    Instead: `MM` for months.
    Safe when: minutes are really meant.
    Source: Microsoft Learn, "Custom date and time format strings" (M month, m minute).
    """

    code = "DAT001"
    severity = "error"
    family = "expressions"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for use in flow.uses:
            for call in calls(use.expression):
                for argument in call.arguments[1:] or call.arguments:
                    value = argument.value if isinstance(argument, Literal) else None
                    if not isinstance(value, str) or not _DATE.match(value) or "M" in value:
                        continue
                    better = _DATE.sub(lambda found: found.group().replace("mm", "MM"), value)
                    fix = None
                    if use.part.node is not None and not use.part.path and use.text.count(value) == 1:
                        change = Change(
                            operation="set", pointer=use.part.pointer, value=use.text.replace(value, better)
                        )
                        fix = Fix(title=f"write {better}", changes=(change,))
                    yield self.issue(
                        flow,
                        use.part,
                        f"{call.name}(..., '{value}') writes minutes where months are meant",
                        sites=(use.owner,) if use.owner is not None else (),
                        hint=f"'{better}'",
                        fix=fix,
                    )
