from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.ast import Access, Call, Literal
from runafter.lint.analysis.reading import access_keys, walk
from runafter.lint.finding import Change, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.outline import Site


class FirstOfEmptyList(Rule):
    """A search's first row is read by `[0]`, and nothing asks whether there is one.

    Why: when the search finds nothing, the action fails with an index out of range that names no reason.
    Instead: `first(...)?['field']` with a test for null, or a condition on `length(...)` before it; `[0]` becomes `?[0]`
    where null will do.
    Safe when: the search always finds something.
    Source: Microsoft Learn, "Reference guide to workflow expression functions" (the `?` operator).
    """

    code = "VAL004"
    severity = "note"
    family = "validation"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for use in flow.uses:
            told: set[str] = set()
            for node in walk(use.expression):
                name = _searched(node)
                target = flow.named(name) if name else None
                call = flow.call(target) if target is not None else None
                if (
                    target is None
                    or call is None
                    or call.kind != "read"
                    or name in told
                    or not isinstance(node, Access)
                ):
                    continue
                if use.owner is not None and _is_asked(flow, use.owner, target):
                    continue
                told.add(name or "")
                text = use.text[node.span.start : node.span.end]
                fix = None
                if (
                    use.part.node is not None
                    and not use.part.path
                    and use.text.count(text) == 1
                    and text.endswith("[0]")
                ):
                    better = f"{text[:-3].rstrip('?')}?[0]"
                    change = Change(operation="set", pointer=use.part.pointer, value=use.text.replace(text, better))
                    fix = Fix(title="read null instead of failing", changes=(change,))
                yield self.issue(
                    flow,
                    use.part,
                    f"{text} fails when {target.name!r} finds nothing",
                    sites=(use.owner, target) if use.owner is not None else (target,),
                    fix=fix,
                )


def _searched(node: object) -> str | None:
    """Return the action in `body('Search')?['value'][0]`, folded."""
    if not isinstance(node, Access) or node.optional or not isinstance(node.key, Literal) or node.key.value != 0:
        return None
    root, accesses = access_keys(node)
    if not isinstance(root, Call) or root.name.casefold() not in {"body", "outputs"} or not root.arguments:
        return None
    last = accesses[-2].key if len(accesses) > 1 else None
    first = root.arguments[0]
    if not isinstance(last, Literal) or str(last.value).rsplit("/", 1)[-1].casefold() != "value":
        return None
    return str(first.value) if isinstance(first, Literal) else None


def _is_asked(flow: Flow, reader: Site, target: Site) -> bool:
    """Tell whether a condition around or before the reader looks at the search."""
    around = set(reader.around())
    for test in flow.sites:
        if test.folded not in {"if", "switch"} or not (
            test in around or flow.order.is_before(test, reader) or test is reader
        ):
            continue
        if target.key in repr((test.part.get("expression") or test.part).value).casefold():
            return True
    return False
