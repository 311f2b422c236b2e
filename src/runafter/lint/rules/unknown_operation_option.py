from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.reading import is_from_template
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_KNOWN = frozenset(
    ["asynchronous", "disableasyncpattern", "disableautomaticdecompression", "enableschemavalidation", "failwhenlimitsreached", "includeauthorizationheadersinoutputs", "sequential", "singleinstance", "suppressworkflowheaders", "suppressworkflowheadersonresponse"]
)  # fmt: skip


class UnknownOperationOption(Rule):
    """An entry of `operationOptions` is none that the platform knows.

    Why: an option that is misspelt is not refused everywhere; a loop that was meant to be Sequential runs at once.
    Instead: the option as the platform spells it.
    Safe when: the option is newer than this list.
    Source: Microsoft Learn, "Schema reference guide for trigger and action types" (operation options).
    """

    code = "STR015"
    severity = "warning"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        places = [(site.name, site.part) for site in flow.sites] + [(each.name, each.part) for each in flow.triggers]
        for name, part in places:
            written = part.get("operationOptions")
            text = part.text("operationOptions")
            if written is None or not text or "@" in text or is_from_template(written):
                continue
            for option in (each.strip() for each in text.split(",")):
                if option and option.casefold() not in _KNOWN:
                    yield self.issue(
                        flow,
                        written,
                        f"{name!r} has the operation option {option!r}, which is not known",
                        actions=(name,),
                    )
