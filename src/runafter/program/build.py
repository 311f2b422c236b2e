"""From a definition to a program, with everything that is wrong with it in one pass."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from runafter.definition.nodes import Definition
from runafter.errors import Finding, InvalidDefinition
from runafter.expressions.references import references
from runafter.profiles.catalogue import Catalogue
from runafter.profiles.load import get_profile
from runafter.profiles.profile import Profile
from runafter.program.actions.base import level_block
from runafter.program.actions.calls import SCRIPTS
from runafter.program.actions.registry import make_step
from runafter.program.checks.limits import check_limits
from runafter.program.checks.names import check_names
from runafter.program.checks.operations import check_operations
from runafter.program.checks.order import check_order
from runafter.program.checks.placement import check_placement
from runafter.program.checks.shapes import check_shapes
from runafter.program.checks.variables import check_variables, declared_variables
from runafter.program.draft import Draft, in_tool
from runafter.program.outline import Site, read_outline
from runafter.program.part import Part, is_dynamic
from runafter.program.references import read_actions, read_after_loop
from runafter.program.steps import AnyStep, CallStep, Parameter, Program, Trigger
from runafter.program.triggers import make_triggers

_RANK = {"error": 0, "warning": 1, "note": 2}


def problems(
    definition: Definition, *, catalogue: Catalogue | None = None, profile: Profile | str | None = None
) -> list[Finding]:
    """Return everything that is wrong with a definition, in the order of the file.

    With a `catalogue`, connector calls are checked against it too. `profile`
    overrides the dialect that was detected.
    """
    return list(_make(definition, catalogue, profile)[1])


def build(
    definition: Definition, *, catalogue: Catalogue | None = None, profile: Profile | str | None = None
) -> Program:
    """Return the program of a definition; its findings are kept in `Program.findings`.

    Raises:
        InvalidDefinition: a finding is an error; all findings are in it.
    """
    made, findings = _make(definition, catalogue, profile)
    if any(finding.severity == "error" for finding in findings):
        raise InvalidDefinition(findings)
    return _program(made, findings)


@dataclass(slots=True)
class _Made:
    """Everything made from a definition, before it is known to be sound."""

    draft: Draft
    steps: list[tuple[Site, AnyStep]]
    triggers: dict[str, Trigger]
    parameters: dict[str, Parameter]
    outputs: dict[str, Any]
    variables: dict[str, str]


def _make(
    definition: Definition, catalogue: Catalogue | None, profile: Profile | str | None
) -> tuple[_Made, tuple[Finding, ...]]:
    if not isinstance(profile, Profile):
        profile = get_profile(profile or _profile_name(definition))
    root = Part(definition.value, definition.node)
    actions = root.get("actions")
    outline = read_outline(actions)
    draft = Draft(definition=definition, profile=profile, root=root, outline=outline)
    if not root.is_object:
        draft.report("ACT008", "the definition is no object", root)
    elif actions is None:
        draft.report("ACT002", "the definition has no 'actions'", root, severity="warning")
    triggers = make_triggers(draft)
    steps = [(site, step) for site in outline.sites if (step := make_step(draft, site)) is not None]
    parameters = _parameters(draft)
    outputs = {
        name: draft.template(part.get("value"), None, "output")
        for name, part in (root.get("outputs") or Part({}, None)).members()
        if part.is_object
    }
    declared = declared_variables(draft, steps)
    check_order(draft)
    check_placement(draft)
    check_names(draft, {key: each.site for key, each in declared.items()})
    check_variables(draft, steps, declared)
    check_limits(draft, declared)
    check_shapes(draft)
    for text in definition.unresolved:
        node = definition.node.find(definition.unresolved_at.get(text, ""))
        place = Part(node.value, node) if node is not None else root
        draft.report("REF007", f"template expression is not resolved: {text}", place)
    if catalogue is not None:
        calls = [(site.part, step.target) for site, step in steps if isinstance(step, CallStep)]
        calls += [
            (part, trigger.target)
            for name, trigger in triggers.items()
            if trigger.target is not None and (part := root.at("triggers", name)) is not None
        ]
        check_operations(draft, calls, catalogue)
    made = _Made(
        draft=draft,
        steps=steps,
        triggers=triggers,
        parameters=parameters,
        outputs=outputs,
        variables={each.name: each.type for each in declared.values()},
    )
    return made, _sorted([*definition.findings, *draft.findings])


def _program(made: _Made, findings: tuple[Finding, ...]) -> Program:
    draft = made.draft
    read = read_actions(draft.outline, (ref for use in draft.uses for ref in references(use.expression)))
    after = read_after_loop(
        draft.outline, ((ref, use.owner) for use in draft.uses for ref in references(use.expression))
    )
    if any(step.type in SCRIPTS for _, step in made.steps):
        read = None  # code reads the whole context
    # The tools of an Agent are checked but never run: they have no place in a block.
    running = [(site, step) for site, step in made.steps if not in_tool(site)]
    steps: Mapping[str, AnyStep] = {
        step.name: step
        if read is None or (site.key in read and site.key in after)
        else replace(step, is_read=site.key in read, is_read_after_loop=False)
        for site, step in running
    }
    return Program(
        name=draft.definition.name,
        hash=content_hash(draft.root.value),
        profile=draft.profile,
        definition=draft.definition,
        root=level_block(draft.outline.root),
        steps=steps,
        names={name.casefold(): name for name in steps},
        triggers=made.triggers,
        parameters=made.parameters,
        outputs=made.outputs,
        variables=made.variables,
        findings=findings,
    )


def content_hash(value: Any) -> str:
    """Return 32 hex digits that identify a definition's content; key order and spacing do not count."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def _profile_name(definition: Definition) -> str:
    stateless = (definition.workflow_kind or "").casefold() == "stateless"
    if stateless and definition.profile == "logic-apps-standard":
        return "logic-apps-stateless"
    return definition.profile


def _parameters(draft: Draft) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    declared = draft.root.get("parameters")
    for name, part in declared.members() if declared is not None else ():
        if not part.is_object:
            draft.report("ACT008", f"parameter {name!r} is no object", part)
            continue
        value = part.get("value")
        default = value if value is not None else part.get("defaultValue")
        allowed = part.get("allowedValues")
        type_ = part.text("type") or "Object"
        if type_.casefold() not in _PARAMETER_TYPES and not is_dynamic(type_):
            place = part.get("type") or part
            draft.report("ACT005", f"{type_!r} is no type of a parameter", place, severity="warning")
        found[name] = Parameter(
            name=name,
            type=type_,
            default=default.value if default is not None else None,
            has_default=default is not None,
            allowed=tuple(allowed.value) if allowed is not None and isinstance(allowed.value, list) else (),
            schema_name=metadata.text("schemaName") if (metadata := part.get("metadata")) is not None else None,
        )
    return found


_PARAMETER_TYPES = frozenset({"string", "securestring", "int", "float", "bool", "array", "object", "secureobject"})


def _sorted(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda each: (each.line, each.column, _RANK[each.severity], each.code)))
