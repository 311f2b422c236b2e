from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.reading import actions_read, expressions_in
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at

_LISTS = ("getitems", "listrecords", "getfileitems", "getitems_v2", "getallitems")


class FilteredAfterReading(Rule):
    """A whole list is read, and most of it is thrown away by the next action.

    Why: all rows travel, page by page, and are kept in the history; what lies behind the first page is never seen by the
    filter at all.
    Instead: `$filter` at the reading action, and Filter array only for what OData cannot say.
    Safe when: the list is small, or the whole of it is used as well.
    Source: Microsoft Learn, "Filter and copy data with Power Automate" (OData filter queries).
    """

    code = "LST001"
    severity = "note"
    family = "limits"

    def check(self, flow: Flow) -> Iterator[Issue]:
        readers: dict[str, list[str]] = {}
        for site in flow.sites:
            for name in actions_read(use.expression for use in flow.uses_of(site)):
                readers.setdefault(name, []).append(site.key)
        for site in flow.sites:
            if site.folded != "query":
                continue
            for name in actions_read(expressions_in(site.part.at("inputs", "from"))):
                source = flow.outline.named.get(name)
                call = flow.call(source) if source is not None else None
                if source is None or call is None or call.kind != "read" or set(readers.get(name, [])) - {site.key}:
                    continue
                operation = source.part.at("inputs", "host", "operationId")
                if operation is None or str(operation.value).casefold() not in _LISTS:
                    continue
                parameters = source.part.at("inputs", "parameters")
                names = {key.casefold() for key, _ in parameters.members()} if parameters is not None else set()
                if names & {"$filter", "fetchxml", "view"}:
                    continue
                yield self.issue(
                    flow,
                    source.part,
                    f"{source.name!r} reads the whole list, and {site.name!r} keeps some of it",
                    sites=(source, site),
                    evidence=[at(f"{site.name!r} filters", site)],
                    hint="Put the condition into $filter.",
                )
