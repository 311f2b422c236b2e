from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_BLOCKS = frozenset({"foreach", "until", "scope", "if", "switch"})
_SIDES = frozenset({"inputs", "outputs"})


class SecureSettingWithoutEffect(Rule):
    """What should be hidden in the run history is not: the secure setting names something else, or stands at a block.

    Why: the setting works on `inputs` and `outputs` of single actions and triggers. Elsewhere it looks safe and is not.
    Instead: `"runtimeConfiguration": {"secureData": {"properties": ["inputs", "outputs"]}}` at each action that holds the
    secret.
    Safe when: never.
    Source: Microsoft Learn, "Secure access and data for workflows in Azure Logic Apps" (hide data from run history).
    """

    code = "SEC006"
    severity = "warning"
    family = "security"

    def check(self, flow: Flow) -> Iterator[Issue]:
        places = [(site.name, site.part, site.folded) for site in flow.sites]
        places += [(each.name, each.part, "") for each in flow.triggers]
        for name, part, type_ in places:
            secure = part.at("runtimeConfiguration", "secureData", "properties")
            if secure is None:
                continue
            if type_ in _BLOCKS:
                yield self.issue(flow, secure, f"{name!r} is a block, where secure data has no effect", actions=(name,))
                continue
            for item in secure.items():
                if not isinstance(item.value, str) or item.value.casefold() not in _SIDES:
                    yield self.issue(
                        flow,
                        item,
                        f"{name!r} hides {item.value!r}, which is neither inputs nor outputs",
                        actions=(name,),
                    )
