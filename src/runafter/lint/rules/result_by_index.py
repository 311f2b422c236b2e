from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.ast import Access, Call, Literal
from runafter.lint.analysis.reading import access_keys, walk
from runafter.lint.finding import Change, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class ResultByIndex(Rule):
    """The first element of `result()` is taken for the result of the scope.

    Why: `result('Scope')` is the array of the results of the actions directly inside it. Its first element is the first
    action; when the second one failed, the first one still says Succeeded.
    Instead: `actions('Scope')?['status']` for the scope itself; Filter array over `result('Scope')` on Failed for what
    failed inside.
    Safe when: the scope holds one action.
    Source: Microsoft Learn, "Reference guide to workflow expression functions" (result: first-level actions only).
    """

    code = "RES001"
    family = "errors"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for use in flow.uses:
            for node in walk(use.expression):
                found = _indexed(node)
                if found is None:
                    continue
                scope, field = found
                site = flow.named(scope)
                if site is None or site.folded != "scope" or sum(len(level.sites) for level in site.levels) < 2:
                    continue
                text = use.text[node.span.start : node.span.end]
                better = f"actions('{site.name}')?['{field}']"
                fix = None
                if field == "status" and use.part.node is not None and not use.part.path and use.text.count(text) == 1:
                    change = Change(operation="set", pointer=use.part.pointer, value=use.text.replace(text, better))
                    fix = Fix(title="read the status of the scope itself", changes=(change,))
                yield self.issue(
                    flow,
                    use.part,
                    f"{text} is the {field} of the first action in {site.name!r}, not of the scope",
                    sites=(use.owner,) if use.owner is not None else (),
                    hint=f"Use {better}." if field == "status" else "Filter result() by status Failed.",
                    fix=fix,
                )
                break


def _indexed(node: object) -> tuple[str, str] | None:
    """Return (scope, field) of `result('scope')[0].field` or `first(result('scope')).field`."""
    if not isinstance(node, Access):
        return None
    root, accesses = access_keys(node)
    if isinstance(root, Call) and root.name.casefold() == "first" and len(root.arguments) == 1:
        inner = root.arguments[0]
        keys = accesses
    elif accesses and isinstance(accesses[0].key, Literal) and accesses[0].key.value == 0 and len(accesses) > 1:
        inner, keys = root, accesses[1:]
    else:
        return None
    if not isinstance(inner, Call) or inner.name.casefold() != "result" or not keys:
        return None
    name = inner.arguments[0] if inner.arguments else None
    field = keys[0].key
    if (
        not isinstance(name, Literal)
        or not isinstance(field, Literal)
        or field.value not in {"status", "error", "code"}
    ):
        return None
    return str(name.value), str(field.value)
