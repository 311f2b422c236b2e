"""All action types by name, in any letter case, and the one function that makes a step."""

from __future__ import annotations

from runafter.program.actions.base import Maker, Making
from runafter.program.actions.calls import CALLS, make_call
from runafter.program.actions.control import make_foreach, make_if, make_scope, make_switch, make_until
from runafter.program.actions.data import DATA, make_data
from runafter.program.actions.flow import make_response, make_terminate, make_wait
from runafter.program.actions.variables import VARIABLES, make_variable
from runafter.program.draft import Draft
from runafter.program.hints import did_you_mean
from runafter.program.outline import Site
from runafter.program.steps import AnyStep

MAKERS: dict[str, Maker] = {
    "Scope": make_scope,
    "If": make_if,
    "Switch": make_switch,
    "Foreach": make_foreach,
    "Until": make_until,
    "Wait": make_wait,
    "Response": make_response,
    "Terminate": make_terminate,
    **dict.fromkeys(VARIABLES, make_variable),
    **dict.fromkeys(DATA, make_data),
    **dict.fromkeys(CALLS, make_call),
}
_BY_FOLDED = {name.casefold(): name for name in MAKERS}


def make_step(draft: Draft, site: Site) -> AnyStep | None:
    """Turn an action into its step; None, with a finding, when it has no known type."""
    if not site.part.is_object:
        draft.report("ACT008", f"action {site.name!r} is no object", site.part)
        return None
    type_ = _BY_FOLDED.get(site.folded)
    if type_ is None:
        place = site.part.get("type") or site.part
        if not site.type:
            draft.report("ACT002", f"action {site.name!r} has no 'type'", site.part)
        else:
            hint = did_you_mean(site.type, MAKERS)
            draft.report("ACT001", f"{site.type!r} is no action type (action {site.name!r})", place, hint=hint)
        return None
    return MAKERS[type_](Making(draft, site, type_))
