from __future__ import annotations

import re
from collections.abc import Iterator

from runafter.expressions.ast import Literal
from runafter.expressions.template import calls
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_TWELVE = re.compile(r"(?<![hH])hh?[:.]mm(?!.*t)")


class TwelveHourClock(Rule):
    """A time format uses `hh`, the hours 1 to 12, without saying morning or afternoon.

    Why: 03:00 and 15:00 become the same text. Sorted, compared or read back, half of the day is wrong.
    Instead: `HH` for 0 to 23, or add `tt`.
    Safe when: only one half of the day can occur.
    Source: Microsoft Learn, "Custom date and time format strings" (h, H and t).
    """

    code = "DAT002"
    family = "expressions"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for use in flow.uses:
            for call in calls(use.expression):
                for argument in call.arguments:
                    value = argument.value if isinstance(argument, Literal) else None
                    if (
                        isinstance(value, str)
                        and len(value) <= 40
                        and ("y" in value or len(value) <= 9)
                        and _TWELVE.search(value)
                    ):
                        yield self.issue(
                            flow,
                            use.part,
                            f"{call.name}(..., '{value}') writes 3 and 15 o'clock alike",
                            sites=(use.owner,) if use.owner is not None else (),
                            hint=f"'{value.replace('hh', 'HH').replace('h', 'H') if 'hh' not in value else value.replace('hh', 'HH')}'",
                        )
