from __future__ import annotations

import re
from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.part import Part

_SITE = re.compile(r"^https://[\w-]+\.(sharepoint\.com|crm\d*\.dynamics\.com)(/[^@{]*)?$", re.IGNORECASE)


class EnvironmentWrittenIntoActions(Rule):
    """The address of a site or environment is written into several actions.

    Why: the flow cannot move to a test environment without being edited in each place, and the one that was forgotten writes
    into production.
    Instead: an environment variable or a parameter, read by all of them.
    Safe when: the flow will never be anywhere else.
    Source: Microsoft Learn, "Use environment variables in solution cloud flows".
    """

    code = "GOV002"
    severity = "note"
    family = "governance"

    def check(self, flow: Flow) -> Iterator[Issue]:
        places: dict[str, list[tuple[str, Part]]] = {}
        for site, _ in flow.calling:
            parameters = site.part.at("inputs", "parameters")
            for _, part in parameters.members() if parameters is not None else ():
                if isinstance(part.value, str) and _SITE.match(part.value):
                    places.setdefault(part.value.rstrip("/"), []).append((site.name, part))
        for address, found in places.items():
            actions = list(dict.fromkeys(name for name, _ in found))
            if len(actions) > 1:
                name, first = found[0]
                yield self.issue(
                    flow,
                    first,
                    f"{address} is written into {len(actions)} actions, first {name!r}",
                    actions=(name,),
                    evidence=[at(f"also in {other!r}", part) for other, part in dict(found).items() if other != name][
                        :3
                    ],
                )
