from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Change, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class TerminateWithoutMessage(Rule):
    """The flow ends itself as Failed without saying why.

    Why: whoever opens the run sees "Failed" and an empty error. Alerts cannot tell one cause from another.
    Instead: `runError` with a code and a message that names the item and the reason.
    Safe when: never.
    Source: Microsoft Learn, "Schema reference for trigger and action types" (Terminate action, runError).
    """

    code = "ERR005"
    family = "errors"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site in flow.sites:
            if site.folded != "terminate" or (site.part.at("inputs") is None):
                continue
            inputs = site.part.get("inputs")
            if inputs is None or (inputs.text("runStatus") or "").casefold() != "failed":
                continue
            error = inputs.get("runError")
            message = error.get("message") if error is not None else None
            if message is not None and message.value not in (None, ""):
                continue
            fix = None
            if inputs.node is not None and not inputs.path:
                value = {"code": "Failed", "message": f"{site.name}: ended on purpose"}
                if error is None:
                    change = Change(operation="insert", pointer=inputs.pointer, key="runError", value=value)
                elif message is None and error.is_object:
                    change = Change(operation="insert", pointer=error.pointer, key="message", value=value["message"])
                else:
                    change = Change(operation="set", pointer=(message or error).pointer, value=value["message"])
                fix = Fix(title="say why the run ends", changes=(change,))
            yield self.issue(
                flow, site.part, f"{site.name!r} ends the run as Failed without a message", sites=(site,), fix=fix
            )
