from __future__ import annotations

import re
from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at

_GIVEN = re.compile(
    r"^(condition|compose|scope|switch|apply_to_each|for_each|do_until|until|set_variable|initialize_variable|"
    r"append_to_(array|string)_variable|increment_variable|http|parse_json|filter_array|select|join|response|terminate|"
    r"delay|html_table|csv_table)(_\d+)?$",
    re.IGNORECASE,
)


class NamesLeftAsGiven(Rule):
    """Most actions bear the names that the designer gave them.

    Why: `Condition_7` in an error message, a run history or an expression tells nobody what it was about.
    Instead: name an action for what it does: `Is_the_amount_above_the_limit`.
    Safe when: the flow is small enough to be seen at once.
    Source: Microsoft Learn, Power Automate coding guidelines, "Use consistent naming conventions".
    """

    code = "NAM001"
    severity = "note"
    family = "naming"

    def check(self, flow: Flow) -> Iterator[Issue]:
        sites = flow.sites
        given = [site for site in sites if _GIVEN.match(site.name)]
        if len(given) >= 8 and 2 * len(given) >= len(sites):
            yield self.issue(
                flow,
                given[0].part,
                f"{len(given)} of {len(sites)} actions bear the designer's names, such as {given[0].name!r}",
                sites=(given[0],),
                evidence=[at(f"{site.name!r}", site) for site in given[:5]],
            )
