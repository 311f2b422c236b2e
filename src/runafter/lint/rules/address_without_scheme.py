from __future__ import annotations

import re
from collections.abc import Iterator

from runafter.lint.analysis.reading import is_from_template
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_SCHEME = re.compile(r"https?://[^/\s]", re.IGNORECASE)


class AddressWithoutScheme(Rule):
    """The address of a request is written out and is no http or https address.

    Why: the request cannot be sent; every run fails there.
    Instead: the whole address, beginning with `https://`, or a parameter.
    Safe when: something replaces the text before the flow is deployed; a parameter says so better.
    Source: Microsoft Learn, "Schema reference guide for trigger and action types" (HTTP action: uri).
    """

    code = "STR016"
    severity = "error"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site in flow.sites:
            if site.folded not in {"http", "httpwebhook"}:
                continue
            for uri in (site.part.at("inputs", "uri"), site.part.at("inputs", "subscribe", "uri")):
                text = uri.value if uri is not None else None
                if uri is None or not isinstance(text, str) or "@" in text or is_from_template(uri):
                    continue
                if not _SCHEME.match(text.strip()):
                    yield self.issue(
                        flow, uri, f"{site.name!r} calls {text[:60]!r}, which is no web address", sites=(site,)
                    )
