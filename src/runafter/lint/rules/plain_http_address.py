from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_NEAR = ("http://localhost", "http://127.0.0.1", "http://[::1]", "http://schemas.", "http://www.w3.org")


class PlainHttpAddress(Rule):
    """A request goes over plain HTTP.

    Why: whoever is on the way can read and change it, its keys included.
    Instead: https.
    Safe when: both ends are in one network that nobody else can enter.
    Source: RFC 9325, "Recommendations for Secure Use of TLS".
    """

    code = "SEC005"
    family = "security"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            uri = site.part.at("inputs", "uri") if call.api == "http" else None
            text = uri.value if uri is not None and isinstance(uri.value, str) else ""
            if uri is not None and text.casefold().startswith("http://") and not text.casefold().startswith(_NEAR):
                yield self.issue(flow, uri, f"{site.name!r} calls {text[:60]} without TLS", sites=(site,))
