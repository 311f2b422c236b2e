from __future__ import annotations

from collections.abc import Iterator

from runafter.errors import ExpressionError, NotSupported
from runafter.expressions.ast import Access, Call, Expression, Interpolation
from runafter.expressions.evaluate import ClockNotGiven, evaluate
from runafter.lint.analysis.reading import walk, written
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_FREE = frozenset(
    ["utcnow", "guid", "rand", "workflow", "item", "items", "variables", "parameters", "appsetting", "trigger", "triggerbody", "triggeroutputs", "triggerformdatavalue", "triggerformdatamultivalues", "triggermultipartbody", "action", "actions", "body", "outputs", "actionbody", "actionoutputs", "result", "formdatavalue", "formdatamultivalues", "multipartbody", "iterationindexes", "listcallbackurl", "agentparameters", "convertfromutc", "converttoutc", "converttimezone"]
)  # fmt: skip
_LONGEST = 2_000


class ConstantExpressionFails(Rule):
    """A part of an expression holds constants only, and evaluating it fails.

    Why: `int('abc')` or `div(1, 0)` fails in every run, and the platform refuses to save it.
    Instead: correct the constant.
    Safe when: never.
    Source: Microsoft Learn, "Cloud flow error code reference" (InvalidTemplate: type mismatch in a constant expression),
    page of 2026-04-09, read 2026-11-21.
    """

    code = "EXP022"
    severity = "error"
    family = "expressions"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for use in flow.uses:
            for node in walk(use.expression):
                if not isinstance(node, Call) or not node.arguments or not _is_constant(node):
                    continue
                text = written(use, node)
                if len(text) > _LONGEST:
                    continue
                try:
                    evaluate(f"@{text}", profile=flow.definition.profile)
                except ClockNotGiven:
                    continue
                except ExpressionError as fault:
                    yield self.issue(
                        flow,
                        use.part,
                        f"{text[:80]} fails whenever it is evaluated: {fault.message[:200]}",
                        sites=(use.owner,) if use.owner is not None else (),
                    )
                    break
                except (ValueError, TypeError, NotSupported):
                    continue


def _is_constant(expression: Expression) -> bool:
    return not any(
        (isinstance(node, Call) and (node.name.casefold() in _FREE or not node.arguments))
        or isinstance(node, Access | Interpolation)
        for node in walk(expression)
    )
