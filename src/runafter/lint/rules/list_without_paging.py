from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_FIRST_PAGE = {
    ("shared_sharepointonline", "getitems"): 100,
    ("shared_sharepointonline", "getfileitems"): 100,
    ("shared_sql", "getitems_v2"): 2048,
    ("shared_excelonlinebusiness", "getitems"): 256,
    ("shared_commondataserviceforapps", "listrecords"): 5000,
}
_PAGING = ("$top", "$skiptoken", "maxpagesize")


class ListWithoutPaging(Rule):
    """A list is read with the default page size, and later pages are not.

    Why: the connector answers with the first hundred rows (SharePoint) or so and says nothing. The flow works in the test
    and forgets rows in production.
    Instead: `"runtimeConfiguration": {"paginationPolicy": {"minimumItemCount": 5000}}`, or a `$top` that says how many are
    wanted.
    Safe when: the filter finds a few rows at most; then say so with `$top`.
    Source: Microsoft Learn, "Get more data, items, or records by using pagination in Azure Logic Apps"; connector pages.
    """

    code = "PAG001"
    severity = "note"
    family = "limits"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            operation = site.part.at("inputs", "host", "operationId")
            name = operation.value.casefold() if operation is not None and isinstance(operation.value, str) else ""
            page = _FIRST_PAGE.get((call.api, name))
            if page is None or site.part.at("runtimeConfiguration", "paginationPolicy") is not None:
                continue
            parameters = site.part.at("inputs", "parameters")
            names = {key.casefold() for key, _ in parameters.members()} if parameters is not None else set()
            if names & set(_PAGING) or (page >= 2048 and names & {"$filter", "fetchxml"}):
                continue
            if "$filter" in names and parameters is not None and _finds_one(parameters.value):
                continue
            yield self.issue(
                flow,
                site.part,
                f"{site.name!r} reads the first {page} rows and no more: no pagination and no $top",
                sites=(site,),
            )


def _finds_one(parameters: object) -> bool:
    """Tell whether a filter asks for one key or name."""
    text = str(parameters.get("$filter", "")) if isinstance(parameters, dict) else ""
    return " eq " in text.casefold() and any(
        word in text.casefold() for word in ("id eq", "guid eq", "number eq", "email eq", "name eq", "fileleafref eq")
    )
