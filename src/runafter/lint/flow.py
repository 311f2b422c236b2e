"""What a rule sees of one flow: the tree of actions, their calls and expressions, order, and what the build found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from runafter.definition.nodes import Definition
from runafter.errors import Finding
from runafter.expressions.ast import Expression
from runafter.expressions.references import Reference, references
from runafter.lint.effects import CALL_TYPES, Call, call_of
from runafter.lint.order import Order
from runafter.profiles.catalogue import Catalogue
from runafter.profiles.load import get_profile
from runafter.profiles.profile import Profile
from runafter.program.build import problems
from runafter.program.faults import expression_findings
from runafter.program.outline import Outline, Site, read_outline
from runafter.program.part import Part
from runafter.program.retry import RetryFault, RetryPolicy, default_policy, parse_policy
from runafter.program.targets import targets_of

_INNER = frozenset(
    {"actions", "else", "cases", "default", "tools", "runafter", "metadata", "description", "type", "kind"}
)


@dataclass(frozen=True, slots=True)
class Use:
    """One expression as written, with the action that evaluates it (None: a trigger or an output)."""

    expression: Expression
    text: str
    part: Part
    owner: Site | None

    def references(self) -> Iterator[Reference]:
        return references(self.expression)


@dataclass(frozen=True, slots=True)
class TriggerPart:
    """A trigger by name, as written."""

    name: str
    part: Part
    call: Call | None

    @property
    def folded(self) -> str:
        return (self.part.text("type") or "").casefold()


class Flow:
    """One definition under examination. Everything is made once, when a rule first asks."""

    def __init__(self, definition: Definition, *, catalogue: Catalogue | None = None) -> None:
        self.definition = definition
        self.catalogue = catalogue
        self.root = Part(definition.value, definition.node)

    @cached_property
    def profile(self) -> Profile:
        return get_profile(self.definition.profile)

    @property
    def is_power_automate(self) -> bool:
        return self.definition.profile == "power-automate"

    @cached_property
    def findings(self) -> list[Finding]:
        """Everything that reading and building the flow found."""
        return problems(self.definition, catalogue=self.catalogue)

    @cached_property
    def outline(self) -> Outline:
        return read_outline(self.root.get("actions"))

    @property
    def sites(self) -> list[Site]:
        return self.outline.sites

    def named(self, name: str) -> Site | None:
        return self.outline.named.get(name.casefold())

    @cached_property
    def calls(self) -> Mapping[str, Call]:
        """What leaves the flow, by folded action name, in definition order."""
        targets = targets_of(self.definition)
        return {
            site.key: call_of(site.part, site.type, targets[site.name], self.catalogue)
            for site in self.sites
            if site.folded in CALL_TYPES and site.name in targets
        }

    def call(self, site: Site) -> Call | None:
        return self.calls.get(site.key)

    @cached_property
    def calling(self) -> list[tuple[Site, Call]]:
        """Each calling action with its call, in definition order."""
        return [(site, call) for site in self.sites if (call := self.call(site)) is not None]

    @cached_property
    def triggers(self) -> list[TriggerPart]:
        found = self.root.get("triggers")
        targets = targets_of(self.definition)
        rows = []
        for name, part in found.members() if found is not None else ():
            type_ = part.text("type") or ""
            call = call_of(part, type_, targets[name], self.catalogue) if name in targets else None
            rows.append(TriggerPart(name, part, call if type_.casefold() in CALL_TYPES | _NOTIFICATIONS else None))
        return rows

    @cached_property
    def uses(self) -> list[Use]:
        """Every expression of triggers and actions, in the order of the file."""
        return [use for trigger in self.triggers for use in _uses(trigger.part, None)] + [
            use for site in self.sites for use in self.uses_of(site)
        ]

    @cached_property
    def answers(self) -> dict[str, Any]:
        """What analyses found out about this flow, by question, so that it is found out once."""
        return {}

    @cached_property
    def _uses(self) -> dict[int, list[Use]]:
        return {}

    def uses_of(self, site: Site) -> list[Use]:
        """The expressions that an action evaluates itself, without those of the actions inside it."""
        found = self._uses.get(site.order)
        if found is None:
            found = self._uses[site.order] = list(_uses(site.part, site))
        return found

    @cached_property
    def repetitions(self) -> dict[str, int]:
        """How many iterations of each Foreach run at once, by folded name; the dialect's default where none is set."""
        default = int(self.profile.default("foreach_concurrency"))
        return {site.key: _repetitions(site.part, default) for site in self.sites if site.folded == "foreach"}

    @cached_property
    def order(self) -> Order:
        return Order(self.repetitions)

    def retry_of(self, site: Site) -> RetryPolicy | None:
        """The retry policy of a calling action; None where it is computed or refused."""
        policy = site.part.at("inputs", "retryPolicy")
        if policy is None:
            subscribe = site.part.at("inputs", "subscribe", "retryPolicy")
            policy = subscribe if subscribe is not None else site.part.get("retryPolicy")
        if policy is None:
            return default_policy(self.profile)
        try:
            return parse_policy(policy.value, self.profile)
        except RetryFault:
            return None

    def inside(self, site: Site) -> Iterator[Site]:
        """Yield every action inside a container, at any depth, in definition order."""
        for level in site.levels:
            for child in level.sites.values():
                yield child
                yield from self.inside(child)


_NOTIFICATIONS = frozenset({"openapiconnectionnotification", "apiconnectionnotification"})


def _uses(part: Part, owner: Site | None) -> Iterator[Use]:
    for key, member in part.members():
        if owner is not None and key.casefold() in _INNER:
            continue
        for place, text in member.strings():
            if "@" in text:
                for expression in expression_findings(text).expressions:
                    yield Use(expression, text, place, owner)


def _repetitions(part: Part, default: int) -> int:
    options = part.text("operationOptions") or ""
    if "sequential" in options.casefold():
        return 1
    written = part.at("runtimeConfiguration", "concurrency", "repetitions")
    if written is None:
        return default
    if isinstance(written.value, int) and not isinstance(written.value, bool):
        return written.value
    return max(default, 2)
