from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.template import calls
from runafter.lint.analysis.reading import expressions_in
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_SAFE = frozenset({"parameters", "utcnow", "adddays", "int", "float", "guid", "formatdatetime", "workflow", "length"})


class QueryFromText(Rule):
    """A SQL statement is put together from the flow's values.

    Why: a quote in a value breaks the statement, and whoever fills in the value can change what it does.
    Instead: the query's parameters (`@name` with formal and actual parameters), or a stored procedure.
    Safe when: the values are numbers that the flow made itself.
    Source: OWASP, "SQL Injection"; Microsoft Learn, SQL Server connector, "Execute a SQL query (V2)" (formalParameters).
    """

    code = "SEC004"
    family = "security"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            if "sql" not in call.api and "database" not in call.api:
                continue
            places = [
                site.part.at("inputs", "parameters", name) for name in ("query/query", "query")
            ] + [site.part.at("inputs", "body", "query")]  # fmt: skip
            for part in places:
                expressions = expressions_in(part)
                if part is None or not expressions or not isinstance(part.value, str | dict):
                    continue
                names = {found.name.casefold() for expression in expressions for found in calls(expression)}
                if names & _SAFE and not names - _SAFE:
                    continue
                if isinstance(part.value, str) and not any(word in part.value.casefold() for word in _VERBS):
                    continue
                yield self.issue(
                    flow,
                    part,
                    f"{site.name!r} puts values into the text of a SQL statement",
                    sites=(site,),
                    hint="Hand them over as parameters of the query.",
                )
                break


_VERBS = ("select ", "insert ", "update ", "delete ", "exec ", "merge ")
