"""What an expression reads, found without evaluating it: actions, variables, parameters, loops, the trigger.

Each read carries the property path that follows it: `body('X')?['a']?['b']`
reads action X with the path ('a', 'b'). Renaming, unused-variable checks,
mocks made from usage and the engine's forgetting of results all start here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from typing import Literal as OneOf

from runafter.expressions.ast import Access, Call, Expression, Interpolation, Literal, Span
from runafter.expressions.template import Template

Reads = OneOf["action", "variable", "parameter", "loop", "iteration", "item", "trigger", "setting", "this_action"]

READERS: Final[dict[str, Reads]] = {
    "actions": "action",
    "body": "action",
    "actionbody": "action",
    "outputs": "action",
    "actionoutputs": "action",
    "result": "action",
    "formdatavalue": "action",
    "formdatamultivalues": "action",
    "multipartbody": "action",
    "variables": "variable",
    "parameters": "parameter",
    "appsetting": "setting",
    "items": "loop",
    "iterationindexes": "iteration",
    "item": "item",
    "trigger": "trigger",
    "triggeroutputs": "trigger",
    "triggerbody": "trigger",
    "triggerformdatavalue": "trigger",
    "triggerformdatamultivalues": "trigger",
    "triggermultipartbody": "trigger",
    "action": "this_action",
}
"""What each function reads, by casefolded name. `body()` and `outputs()` without a name read the action at hand."""

_NAMED: Final = frozenset({"action", "variable", "parameter", "setting", "loop", "iteration"})
_TO_BODY: Final[dict[str, tuple[str, ...]]] = {
    "body": (),
    "actionbody": (),
    "outputs": ("body",),
    "actionoutputs": ("body",),
    "actions": ("outputs", "body"),
    "triggerbody": (),
    "triggeroutputs": ("body",),
    "trigger": ("outputs", "body"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One read.

    `name` is None where the function takes none, or where it is computed when
    the flow runs (`is_computed`). `path` ends at the first key that is computed;
    then `is_path_whole` is false. Spans count within the string that was parsed.
    """

    reads: Reads
    function: str
    name: str | None
    is_computed: bool
    span: Span
    name_span: Span | None
    path: tuple[str | int, ...]
    is_path_whole: bool

    @property
    def body_path(self) -> tuple[str | int, ...] | None:
        """The path below the body of the action or trigger; None where the read does not lead into a body."""
        lead = _TO_BODY.get(self.function.casefold())
        if lead is None or len(self.path) < len(lead):
            return None
        for wished, found in zip(lead, self.path, strict=False):
            if not isinstance(found, str) or found.casefold() != wished:
                return None
        return self.path[len(lead) :]


def references(expression: Expression) -> Iterator[Reference]:
    """Yield every read of an expression, in the order of the text."""
    waiting: list[Expression] = [expression]
    while waiting:
        node = waiting.pop()
        keys: list[Expression] = []
        match node:
            case Literal():
                continue
            case Interpolation():
                waiting.extend(part for part in reversed(node.parts) if not isinstance(part, str))
                continue
            case Call():
                root = node
            case Access():
                found, keys = _chain(node)
                waiting.extend(key for key in reversed(keys) if not isinstance(key, Literal))
                if not isinstance(found, Call):
                    waiting.append(found)
                    continue
                root = found
        waiting.extend(reversed(root.arguments))
        reads = READERS.get(root.name.casefold())
        if reads is not None:
            yield _reference(root, reads, node.span, keys)


def references_of(template: Template) -> Iterator[tuple[str, Reference]]:
    """Yield every read of a template with the JSON pointer of the string it stands in."""
    for pointer, expression, _ in template.expressions:
        for reference in references(expression):
            yield pointer, reference


def _chain(node: Access) -> tuple[Expression, list[Expression]]:
    """Return what a chain of accesses starts from, and its keys from left to right."""
    keys: list[Expression] = []
    at: Expression = node
    while isinstance(at, Access):
        keys.append(at.key)
        at = at.target
    return at, keys[::-1]


def _reference(root: Call, reads: Reads, span: Span, keys: list[Expression]) -> Reference:
    name: str | None = None
    computed = False
    name_span: Span | None = None
    if reads == "action" and not root.arguments:
        reads = "this_action"
    elif reads in _NAMED and root.arguments:
        first = root.arguments[0]
        name_span = first.span
        if isinstance(first, Literal) and isinstance(first.value, str):
            name = first.value
        else:
            computed = True
    path: list[str | int] = []
    for key in keys:
        value = key.value if isinstance(key, Literal) else None
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            break
        path.append(value)
    return Reference(
        reads=reads,
        function=root.name,
        name=name,
        is_computed=computed,
        span=span,
        name_span=name_span,
        path=tuple(path),
        is_path_whole=len(path) == len(keys),
    )
