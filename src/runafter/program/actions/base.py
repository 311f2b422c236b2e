"""What every action type has in common while it becomes a step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from runafter.expressions.template import Template
from runafter.program.draft import Draft, Role
from runafter.program.graph import make_block
from runafter.program.hints import did_you_mean
from runafter.program.outline import Level, Site
from runafter.program.part import Part, is_dynamic
from runafter.program.steps import AnyStep, Block, StaticResult
from runafter.values.time import duration_s


@dataclass(slots=True)
class Making:
    """One action on its way to a step; `inputs` is its `inputs` member."""

    draft: Draft
    site: Site
    type: str

    @property
    def part(self) -> Part:
        return self.site.part

    @property
    def inputs(self) -> Part | None:
        return self.site.part.get("inputs")

    def template(self, part: Part | None, role: Role = "inputs") -> Template:
        return self.draft.template(part, self.site, role)

    def report(self, code: str, message: str, part: Part | None = None, **more: Any) -> None:
        self.draft.report(code, message, part if part is not None else self.part, **more)

    def require(self, *names: str, of: Part | None = None) -> bool:
        """Report each absent member of `inputs` (or of another part); an expression in its place may bring them."""
        holder = of if of is not None else self.inputs
        if holder is not None and isinstance(holder.value, str):
            return True
        missing = [name for name in names if holder is None or not holder.has(name)]
        for name in missing:
            self.report("ACT002", f"{self.type} action {self.site.name!r} has no '{name}'", holder)
        return not missing

    def choice(self, part: Part | None, allowed: Iterable[str], what: str) -> None:
        """Report a literal string that is none of `allowed`, letter case aside."""
        known = list(allowed)
        if part is None or not isinstance(part.value, str) or is_dynamic(part.value):
            return
        if part.value.casefold() not in {each.casefold() for each in known}:
            hint = did_you_mean(part.value, known) or f"one of: {', '.join(known)}"
            self.report("ACT005", f"{part.value!r} is no {what}", part, hint=hint)

    def options(self) -> tuple[str, ...]:
        """The `operationOptions`, split at commas."""
        text = self.part.text("operationOptions") or ""
        return tuple(option.strip() for option in text.split(",") if option.strip())

    def has_option(self, name: str) -> bool:
        return name.casefold() in {option.casefold() for option in self.options()}

    def block(self, branch: str, name: str = "") -> Block:
        """The block of one branch of this container; empty where there is none."""
        for level in self.site.levels:
            if level.branch == (branch, name):
                return level_block(level)
        return make_block({})

    def common(self) -> dict[str, Any]:
        """The fields that all steps have."""
        site = self.site
        secured = secured_names(self.part)
        return {
            "name": site.name,
            "type": self.type,
            "kind": self.part.text("kind"),
            "pointer": self.part.pointer,
            "order": site.order,
            "run_after": run_after_of(site),
            "loops": site.loops(),
            "container": site.container.name if site.container is not None else None,
            "timeout_s": self._timeout_s(),
            "secure_inputs": "inputs" in secured,
            "secure_outputs": "outputs" in secured,
            "tracked": self._tracked(),
            "static_result": self._static_result(),
        }

    def seconds(self, part: Part | None, what: str) -> float | None:
        """Read a literal duration; None where absent, an expression, or reported."""
        if part is None or (isinstance(part.value, str) and is_dynamic(part.value)):
            return None
        try:
            seconds = duration_s(part.value if isinstance(part.value, str) else str(part.value))
        except ValueError as fault:
            self.report("ACT005", f"{what}: {fault}", part)
            return None
        if seconds <= 0:
            self.report("ACT005", f"{what} is {part.value}; it must be longer than nothing", part)
            return None
        return seconds

    def _timeout_s(self) -> float | None:
        if self.site.folded == "until":
            return None  # the limit of an Until is the loop's own
        written = self.part.at("limit", "timeout")
        if written is not None and isinstance(written.value, str) and is_dynamic(written.value):
            self.report("ACT005", "limit.timeout is an expression, which nobody evaluates", written, severity="warning")
        return self.seconds(written, "limit.timeout")

    def _tracked(self) -> Template | None:
        tracked = self.part.get("trackedProperties")
        return None if tracked is None else self.template(tracked, "tracked")

    def _static_result(self) -> StaticResult | None:
        wished = self.part.at("runtimeConfiguration", "staticResult")
        if wished is None or (wished.text("staticResultOptions") or "").casefold() != "enabled":
            return None
        name = wished.text("name") or ""
        found = self.draft.root.at("staticResults", name)
        if found is None or not found.is_object:
            self.report("REF008", f"static result {name!r} does not exist", wished)
            return None
        return StaticResult(
            status=found.text("status") or "Succeeded",
            code=found.text("code"),
            error=_value(found, "error"),
            outputs=_value(found, "outputs"),
        )


Maker = Callable[[Making], AnyStep]


def run_after_of(site: Site) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The run-after entries that name siblings, in the siblings' own spelling."""
    siblings = site.level.sites
    return tuple(
        (siblings[name.casefold()].name, statuses)
        for name, statuses in site.run_after.items()
        if name.casefold() in siblings
    )


def level_block(level: Level) -> Block:
    return make_block({site.name: run_after_of(site) for site in level.sites.values()})


def secured_names(part: Part) -> set[str]:
    """What `runtimeConfiguration.secureData.properties` hides: `inputs`, `outputs`."""
    properties = part.at("runtimeConfiguration", "secureData", "properties")
    return {str(item.value).casefold() for item in properties.items()} if properties is not None else set()


def _value(part: Part, key: str) -> Any:
    found = part.get(key)
    return None if found is None else found.value
