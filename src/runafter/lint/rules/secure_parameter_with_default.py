from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.reading import is_from_template
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class SecureParameterWithDefault(Rule):
    """A parameter that is declared secure carries its value in the definition.

    Why: everybody who reads the definition, or its repository, reads the secret.
    Instead: no default; the value comes from a parameter file that is not kept, or from a vault.
    Safe when: the default is a placeholder that opens nothing.
    Source: Microsoft Learn, "Secure access and data for workflows in Azure Logic Apps" (secure parameters).
    """

    code = "SEC007"
    severity = "warning"
    family = "security"

    def check(self, flow: Flow) -> Iterator[Issue]:
        declared = flow.root.get("parameters")
        for name, part in declared.members() if declared is not None else ():
            if (part.text("type") or "").casefold() not in {"securestring", "secureobject"}:
                continue
            default = part.get("value") or part.get("defaultValue")
            if default is None or default.value in ("", {}, None) or name in {"$authentication", "$connections"}:
                continue
            if is_from_template(default) or (isinstance(default.value, str) and default.value.startswith("@")):
                continue
            yield self.issue(flow, default, f"the secure parameter {name!r} has its value in the definition")
