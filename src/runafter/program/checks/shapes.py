"""Objects that are none, and values that can never be what an action needs.

What stands where a block of actions or settings belong would else be passed over in silence.
"""

from __future__ import annotations

from typing import Any

from runafter.expressions.ast import Interpolation
from runafter.program.draft import Draft
from runafter.program.faults import expression_findings
from runafter.program.outline import Site
from runafter.program.part import Part

_BLOCKS = {
    "scope": ("actions",),
    "foreach": ("actions",),
    "until": ("actions", "limit"),
    "if": ("actions", "else"),
    "switch": ("cases", "default"),
}
_RESULTS = {"if": ("expression", "boolean"), "until": ("expression", "boolean"), "foreach": ("foreach", "list")}
_OF_ALL = ("limit", "runtimeConfiguration", "trackedProperties")
_HELD: dict[str, tuple[str, ...]] = {
    "actions": ("scope", "if", "foreach", "until"),
    "foreach": ("foreach",),
    "expression": ("if", "until", "switch"),
    "else": ("if",),
    "cases": ("switch",),
    "default": ("switch",),
    "tools": ("agent",),
    "channels": ("agent",),
}
"""What only some types hold; elsewhere it is passed over, and what stands in it with it."""
_KNOWN = frozenset(
    (
        *_HELD,
        *("type", "kind", "inputs", "runafter", "description", "metadata", "operationoptions", "runtimeconfiguration"),
        *("trackedproperties", "limit", "correlation", "retrypolicy", "conditions", "transitions"),
    )
)
_MEANT = {"dependson": "Write runAfter.", "condition": "Put the action into an If.", "timeout": "Write limit.timeout."}
_ROOT = ("actions", "triggers", "parameters", "outputs")


def check_shapes(draft: Draft) -> None:
    for name in _ROOT:
        _object(draft, draft.root.get(name), repr(name))
    outputs = draft.root.get("outputs")
    for name, part in outputs.members() if outputs is not None else ():
        _object(draft, part, f"output {name!r}")
    for site in draft.outline.sites:
        if site.part.is_object:
            _action(draft, site)


def _action(draft: Draft, site: Site) -> None:
    _results(draft, site)
    _properties(draft, site)
    for key in dict.fromkeys((*_BLOCKS.get(site.folded, ()), *_OF_ALL)):
        part = site.part.get(key)
        if _object(draft, part, f"{key!r} of {site.name!r}") is None or part is None:
            continue
        if key in {"else", "default"}:
            _branch(draft, part, f"{key!r} of {site.name!r}")
        elif key == "cases":
            for name, case in part.members():
                if case.is_object:
                    _object(draft, case.get("actions"), f"'actions' of case {name!r} of {site.name!r}")


def _properties(draft: Draft, site: Site) -> None:
    """Report what stands beside `type` and `inputs` and is read by nobody."""
    for key, part in site.part.members():
        folded = key.casefold()
        holders = _HELD.get(folded)
        if holders is not None and site.folded not in holders:
            draft.report("ACT013", f"{site.type} {site.name!r} holds no {key!r}; it is passed over", part)
        elif folded not in _KNOWN:
            hint = _MEANT.get(folded)
            draft.report("ACT013", f"{key!r} of {site.name!r} is no property of an action", part, hint=hint)


def _results(draft: Draft, site: Site) -> None:
    """Report a condition that is no boolean and a loop over what is no list, whatever the run brings."""
    key, wished = _RESULTS.get(site.folded, ("", ""))
    part = site.part.get(key) if key else None
    if part is None or part.value is None:
        return
    value: Any = part.value
    if isinstance(value, str):
        found = expression_findings(value)
        if found.faults or (found.whole is not None and not isinstance(found.whole, Interpolation)):
            return
        if value.startswith("["):
            return  # a template expression that may become anything
        what = "text" if found.whole is None else "text with an expression in it"
    elif isinstance(value, bool | dict if wished == "boolean" else list):
        return
    else:
        what = "an object" if isinstance(value, dict) else f"the value {value!r}"
    name = f"the condition of {site.name!r}" if wished == "boolean" else f"what {site.name!r} loops over"
    draft.report("EXP007", f"{name} is {what}, which is never a {wished}", part)


def _branch(draft: Draft, part: Part, what: str) -> None:
    actions = part.get("actions")
    if actions is not None:
        _object(draft, actions, f"'actions' in {what}")
    elif any(inner.is_object for _, inner in part.members()):
        draft.report("ACT002", f"{what} has no 'actions'", part, hint="put what it holds into 'actions'")


def _object(draft: Draft, part: Part | None, what: str) -> Part | None:
    """Return an object; report what is none and says something. A template expression may still become one."""
    if part is None or part.is_object:
        return part
    value: Any = part.value
    if value not in (None, [], "") and not (isinstance(value, str) and value[:1] in "[@"):
        draft.report("ACT008", f"{what} is no object", part)
    return None
