"""What expressions name: actions that can have run, loops around, variables, parameters, settings."""

from __future__ import annotations

from collections.abc import Mapping

from runafter.expressions.references import Reference, references
from runafter.program.draft import Draft, Use
from runafter.program.hints import did_you_mean
from runafter.program.outline import LOOPS, Site
from runafter.program.references import unreachable_reason

_IMPLICIT = frozenset({"$connections", "$authentication"})


def check_names(draft: Draft, variables: Mapping[str, Site]) -> None:
    """Check every reference of every expression; `variables` maps folded names to who initializes them."""
    parameters = _parameters(draft)
    for use in draft.uses:
        for reference in references(use.expression):
            match reference.reads:
                case "action":
                    _action(draft, use, reference)
                case "loop" | "iteration":
                    _loop(draft, use, reference)
                case "item":
                    _item(draft, use)
                case "this_action" if use.role not in {"tracked", "closing"}:
                    draft.report("REF011", "action() stands where no action has ended yet", use.part)
                case "variable":
                    _variable(draft, use, reference, variables)
                case "parameter":
                    _parameter(draft, use, reference, parameters)
                case "setting":
                    if draft.profile.name.startswith(("power-automate", "logic-apps-consumption")):
                        draft.report(
                            "REF006",
                            f"appsetting() does not exist in {draft.profile.title}",
                            use.part,
                            severity="warning" if _stands_alone(draft) else None,
                        )


def _action(draft: Draft, use: Use, reference: Reference) -> None:
    if reference.name is None:
        return
    target = draft.outline.named.get(reference.name.casefold())
    if target is None:
        names = [site.name for site in draft.outline.sites]
        draft.report(
            "REF001",
            f"{reference.function}() names {reference.name!r}, an action that does not exist",
            use.part,
            hint=did_you_mean(reference.name, names),
        )
        return
    if reference.function.casefold() == "result" and not target.levels:
        draft.report("REF010", f"result() names {target.name!r}, which holds no actions", use.part)
    if use.owner is None:
        if use.role == "trigger":
            draft.report("EXP020", f"a trigger cannot read {target.name!r}: no action has run yet", use.part)
        return
    if target is use.owner and use.role in {"tracked", "closing"}:
        return
    reason = unreachable_reason(use.owner, target, after_body=use.role in {"loop_condition", "tracked"})
    if reason is not None:
        draft.report(
            "EXP020",
            f"{use.owner.name!r} reads {target.name!r}, which cannot have run: {reason}",
            use.part,
            hint=None if target in use.owner.around() else f"run after {target.name!r} or its container",
        )


def _loop(draft: Draft, use: Use, reference: Reference) -> None:
    if reference.name is None:
        return
    key = reference.name.casefold()
    around = list(use.owner.around()) if use.owner is not None else []
    if use.owner is not None and use.role == "loop_condition":
        around.insert(0, use.owner)
    loops = [site.name for site in around if site.folded in LOOPS]
    if key in {name.casefold() for name in loops}:
        return
    target = draft.outline.named.get(key)
    what = "does not exist" if target is None else f"is not around {use.owner.name!r}" if use.owner else "is not around"
    hint = f"the loops around it: {', '.join(loops)}" if loops else "no loop is around it"
    draft.report("REF004", f"{reference.function}() names {reference.name!r}, a loop that {what}", use.part, hint=hint)


def _item(draft: Draft, use: Use) -> None:
    if use.role in {"each", "trigger"} or use.owner is None:
        return
    if not any(site.folded == "foreach" for site in use.owner.around()):
        draft.report("REF005", f"item() in {use.owner.name!r} has no loop around it", use.part)


def _variable(draft: Draft, use: Use, reference: Reference, variables: Mapping[str, Site]) -> None:
    if reference.name is None:
        return
    known = variables.get(reference.name.casefold())
    if known is None:
        hint = did_you_mean(reference.name, variables)
        draft.report("REF002", f"variable {reference.name!r} is never initialized", use.part, hint=hint)
    elif use.owner is known:
        draft.report("VAR002", f"variable {reference.name!r} is initialized from itself", use.part)
    elif use.owner is not None and unreachable_reason(use.owner, known) is not None:
        draft.report(
            "REF009",
            f"{use.owner.name!r} does not wait for {known.name!r}, which initializes {reference.name!r}",
            use.part,
        )


def _parameter(draft: Draft, use: Use, reference: Reference, parameters: Mapping[str, str]) -> None:
    if reference.name is None:
        return
    key = reference.name.casefold()
    if key in parameters or key in _IMPLICIT:
        return
    draft.report(
        "REF003",
        f"parameter {reference.name!r} is not declared",
        use.part,
        hint=did_you_mean(reference.name, parameters.values()),
        # Logic Apps deploys such a flow (published templates have this fault) and fails when it reads the parameter.
        severity=None if draft.profile.name.startswith("power-automate") else "warning",
    )


def _stands_alone(draft: Draft) -> bool:
    """Say whether this is a Logic Apps definition without its surroundings.

    Its dialect is then a guess, and a Standard project has its settings in
    files beside the workflow, so that nobody can tell what exists.
    """
    alone = draft.definition.container == "definition" and not draft.definition.parameter_values
    return alone and not draft.profile.name.startswith("power-automate")


def _parameters(draft: Draft) -> dict[str, str]:
    declared = draft.root.get("parameters")
    found = {name.casefold(): name for name, _ in declared.members()} if declared is not None else {}
    if draft.profile.name == "logic-apps-standard":
        found.update({name.casefold(): name for name in draft.definition.parameter_values})
    return found
