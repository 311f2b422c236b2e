from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Change, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.outline import Site


class SecretReadInTheOpen(Rule):
    """A secret is read from a vault, and the run history shows it.

    Why: outputs are kept with every run, for everybody who may see runs.
    Instead: `"runtimeConfiguration": {"secureData": {"properties": ["inputs", "outputs"]}}` at the reading action.
    Safe when: never.
    Source: Microsoft Learn, "Secure access and data in Azure Logic Apps" (secure inputs and outputs).
    """

    code = "SEC002"
    family = "security"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            if not _reads_secret(site, call.api, call.title):
                continue
            secure = site.part.at("runtimeConfiguration", "secureData", "properties")
            if secure is not None and "outputs" in repr(secure.value).casefold():
                continue
            fix = None
            if site.part.node is not None and not site.part.path and site.part.get("runtimeConfiguration") is None:
                value = {"secureData": {"properties": ["inputs", "outputs"]}}
                change = Change(operation="insert", pointer=site.part.pointer, key="runtimeConfiguration", value=value)
                fix = Fix(title="keep inputs and outputs out of the run history", changes=(change,))
            yield self.issue(
                flow, site.part, f"{site.name!r} reads a secret, and the run history shows it", sites=(site,), fix=fix
            )


def _reads_secret(site: Site, api: str, title: str) -> bool:
    folded = title.casefold()
    if "keyvault" in api:
        return "secret" in folded and "list" not in folded and "metadata" not in folded
    uri = site.part.at("inputs", "uri")
    address = uri.value.casefold() if uri is not None and isinstance(uri.value, str) else ""
    return (".vault.azure.net/secrets" in address) or address.endswith(("/oauth2/token", "/oauth2/v2.0/token"))
