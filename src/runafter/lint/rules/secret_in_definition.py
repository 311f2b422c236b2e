from __future__ import annotations

import re
from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.part import Part

_NAMES = re.compile(
    r"^(password|pwd|passwd|secret|client[_-]?secret|api[_-]?key|x-api-key|apikey|subscription-key|"
    r"ocp-apim-subscription-key|x-functions-key|access[_-]?token|private[_-]?key|account[_-]?key|pfx|authorization)$",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"[?&](sig|sv=[^&]*&sig)=[A-Za-z0-9%+/=_-]{20,}")
_CONNECTION = re.compile(r"(AccountKey|SharedAccessKey|Password|Pwd)\s*=\s*[^;@{\s]{6,}", re.IGNORECASE)
_BLANK = re.compile(
    r"^(<.*>|\[.*\]|\*+|x+|your[_ -].*|todo|changeme|null|none|false|true|\{.*\}|.*(placeholder|replace).*)$",
    re.IGNORECASE,
)


class SecretInDefinition(Rule):
    """A password, key or signed address stands in the definition in plain text.

    Why: everybody who can export, review or read the flow has it, and so has its source control, for ever.
    Instead: a Key Vault reference, a SecureString parameter or environment variable, a managed identity; and change the
    secret, since it is known.
    Safe when: it is no secret (a public key, a documented sample).
    Source: Microsoft Learn, "Secure access and data in Azure Logic Apps"; OWASP, "Use of hard-coded password".
    """

    code = "SEC001"
    severity = "error"
    family = "security"

    def check(self, flow: Flow) -> Iterator[Issue]:
        parts = [(trigger.name, trigger.part.get("inputs")) for trigger in flow.triggers]
        parts += [(site.name, site.part.get("inputs")) for site in flow.sites]
        for name, part in parts:
            for place, key in _secrets(part, ""):
                yield self.issue(
                    flow, place, f"{name!r} holds a secret in plain text: {key}", actions=(name,),
                    hint="Move it to a vault or a secure parameter, and change it.",
                )  # fmt: skip


def _secrets(part: Part | None, key: str) -> Iterator[tuple[Part, str]]:
    if part is None:
        return
    if part.is_object:
        if part.has("$schema") or (part.has("type") and part.has("properties")):
            return  # a JSON schema names fields, it holds none
        for name, member in part.members():
            yield from _secrets(member, name)
    elif isinstance(part.value, list):
        for member in part.items():
            yield from _secrets(member, key)
    elif isinstance(part.value, str) and part.value:
        text = part.value
        if _NAMES.match(key.rsplit("/", 1)[-1]) and _is_literal(text, key):
            yield part, repr(key)
        elif _SIGNED.search(text):
            yield part, "a signed address"
        elif _CONNECTION.search(text) and "@" not in text:
            yield part, "a connection string"


def _is_literal(text: str, key: str) -> bool:
    if "@" in text or text.startswith("[") or len(text) < 6 or _BLANK.match(text):
        return False
    if key.casefold() == "authorization":
        scheme, _, rest = text.partition(" ")
        return scheme.casefold() in {"basic", "bearer", "apikey", "token"} and len(rest) >= 8 and not _BLANK.match(rest)
    return " " not in text.strip()
