"""Count how many connector calls of real definitions resolve to an operation of a pack.

    python -m tools.connector_coverage CORPUS_FOLDER [--write docs/reference/connector-coverage.md]

The folder holds `power-automate`, `logic-apps-consumption` and
`logic-apps-standard` as gzipped JSON lines with a `definition` each. A call
counts as resolved when a pack has the operation and an emulated handler for it.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runafter.connectors.check import parameter_findings
from runafter.connectors.registry import default_registry
from runafter.connectors.resolve import UnknownConnector, UnknownOperation, connector_name, cut_expressions
from runafter.protocol.commands import Target

KINDS = {
    "power-automate": "Power Automate",
    "logic-apps-consumption": "Logic Apps Consumption",
    "logic-apps-standard": "Logic Apps Standard",
}
GOALS = {"power-automate": 90, "logic-apps-consumption": 60, "logic-apps-standard": 30}
_NAMED = re.compile(r"\[['\"](?!connectionId|\$connections|connection\b|id\b|X-MS-APIM-Tokens)([^'\"]+)['\"]\]")


def actions(table: Any) -> Iterator[dict[str, Any]]:
    """Yield every action or trigger below a table of them."""
    if not isinstance(table, dict):
        return
    for action in table.values():
        if not isinstance(action, dict):
            continue
        yield action
        yield from actions(action.get("actions"))
        for inner in (action.get("else"), action.get("default")):
            if isinstance(inner, dict):
                yield from actions(inner.get("actions"))
        for branches in (action.get("cases"), action.get("tools")):
            for branch in branches.values() if isinstance(branches, dict) else ():
                if isinstance(branch, dict):
                    yield from actions(branch.get("actions"))


def plain_template(text: str) -> str:
    """Return what an ARM expression `[concat('/a/', parameters('x'))]` writes, unknown parts as `@{x}`."""
    if not (text.startswith("[") and text.endswith("]")) or text.startswith("[["):
        return text
    body = text[1:-1].strip()
    pieces = re.findall(r"'((?:[^']|'')*)'", body)
    if body.startswith("format("):
        if not pieces:
            return text
        first = pieces[0].replace("''", "'").replace("{{", "\x01").replace("}}", "\x02")
        return re.sub(r"\{\d+\}", "@{x}", first).replace("\x01", "{").replace("\x02", "}")
    if not body.startswith("concat("):
        return text
    out, at, depth, inner = "", len("concat("), 0, body[: -1 if body.endswith(")") else None]
    while at < len(inner):
        if inner[at] == "'" and depth == 0:
            end = at + 1
            while end < len(inner) and not (inner[end] == "'" and inner[end + 1 : end + 2] != "'"):
                end += 2 if inner[end] == "'" else 1
            out += inner[at + 1 : end].replace("''", "'")
            at = end + 1
        elif inner[at] in ", ":
            at += 1
        else:
            start, depth, quoted = at, 0, False
            while at < len(inner):
                char = inner[at]
                quoted ^= char == "'"
                if not quoted:
                    if char == "," and depth == 0:
                        break
                    depth += (char == "(") - (char == ")")
                at += 1
            nested = inner[start:at].strip()
            filled = plain_template(f"[{nested}]") if nested.startswith(("concat(", "format(")) else ""
            out += filled or ("'" if "quote" in nested.lower() else "@{x}")
            depth = 0
    return out


@dataclass(slots=True)
class CallSite:
    """One connector call as a definition writes it."""

    target: Target
    inputs: dict[str, Any]
    label: str


def call_site(action: dict[str, Any], ids: dict[str, str]) -> CallSite | None:
    """Return the connector call of an action, None when it is none or a placeholder (no connector, no operation)."""
    kind = str(action.get("type") or "")
    inputs = action.get("inputs")
    if not isinstance(inputs, dict):
        return None
    lowered = kind.lower()
    host = inputs.get("host")
    host = host if isinstance(host, dict) else {}
    if lowered.startswith("openapiconnection"):
        api = str(host.get("apiId") or ids.get(str(host.get("connectionName")), "") or host.get("connectionName") or "")
        operation = str(host.get("operationId") or "")
        if not api and not operation:
            return None
        target = Target(type=kind, api=api, operation=operation or None)
        return CallSite(target, inputs, f"{connector_name(api)} {operation}")
    if lowered == "serviceprovider":
        provider = inputs.get("serviceProviderConfiguration")
        provider = provider if isinstance(provider, dict) else {}
        api, operation = str(provider.get("serviceProviderId") or ""), str(provider.get("operationId") or "")
        if not api or not operation:
            return None
        return CallSite(
            Target(type=kind, api=api, operation=operation), inputs, f"{api.rsplit('/', 1)[-1]} {operation}"
        )
    if lowered.startswith("apiconnection"):
        written = json.dumps(host.get("connection") or host.get("api") or {})
        found = _NAMED.findall(written)
        named = re.search(r'"referenceName": "([^"]+)"', written)
        name = named[1] if named else found[0] if found else ""
        if not name or "path" not in inputs:
            return None
        path = plain_template(str(inputs["path"]))
        method = str(inputs.get("method") or "")
        target = Target(type=kind, api=ids.get(name) or name)
        seen = {**inputs, "path": path}
        shown = re.sub("\x00\\d+\x00", "{}", cut_expressions(path)[0])
        return CallSite(target, seen, f"{connector_name(target.api or '')} {method.upper()} {shown}".replace("  ", " "))
    return None


def connection_ids(record: dict[str, Any]) -> dict[str, str]:
    """Return connector by connection name, where the record tells it."""
    found = dict[str, str]()
    references = record.get("connectionReferences")
    for name, entry in references.items() if isinstance(references, dict) else ():
        api = entry.get("api") if isinstance(entry, dict) else None
        ident = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(api, dict) and isinstance(api.get("name"), str):
            found[name] = api["name"]
        elif isinstance(api, dict) and isinstance(api.get("id"), str):
            found[name] = api["id"].rsplit("/", 1)[-1]
        elif isinstance(ident, str):
            found[name] = ident.rsplit("/", 1)[-1]
    return {name: api for name, api in found.items() if api and "(" not in api and "]" not in api}


@dataclass(slots=True)
class Coverage:
    """Counts of one kind of definition."""

    calls: int = 0
    resolved: int = 0
    flows: int = 0
    whole: int = 0
    unknown_parameters: Counter[str] = field(default_factory=Counter)
    unresolved: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        return 100 * self.resolved / self.calls if self.calls else 0.0

    @property
    def whole_share(self) -> float:
        return 100 * self.whole / self.flows if self.flows else 0.0


def measure(records: Iterator[dict[str, Any]]) -> Coverage:
    """Count the calls of definitions."""
    registry = default_registry()
    coverage = Coverage()
    for record in records:
        definition = record["definition"]
        ids = connection_ids(record)
        sites = [
            site
            for table in (definition.get("triggers"), definition.get("actions"))
            for action in actions(table)
            if (site := call_site(action, ids)) is not None
        ]
        missed = 0
        for site in sites:
            coverage.calls += 1
            try:
                resolved = registry.resolve(site.target, site.inputs)
                if resolved.pack.emulated(resolved.operation.id) is None:
                    raise UnknownOperation(resolved.operation.id)
            except (UnknownConnector, UnknownOperation):
                coverage.unresolved[site.label] += 1
                missed += 1
                continue
            coverage.resolved += 1
            name = f"{resolved.pack.manifest.name}/{resolved.operation.id}"
            coverage.operations[name] += 1
            for finding in parameter_findings(resolved.operation, resolved.arguments):
                if finding.code == "CON012":
                    coverage.unknown_parameters[finding.message] += 1
        if sites:
            coverage.flows += 1
            coverage.whole += missed == 0
    return coverage


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def report(found: dict[str, Coverage]) -> str:
    """Return the table as Markdown."""
    lines = [
        "# Coverage of connectors",
        "",
        "How many connector calls of real, public definitions resolve to an operation that a pack carries out,",
        "triggers included. Made by `tools/connector_coverage.py` from a collection that is not part of this repository.",
        "",
        "| Definitions | calls | resolved | share | flows with calls | every call resolved |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for kind, coverage in found.items():
        lines.append(
            f"| {KINDS[kind]} | {coverage.calls} | {coverage.resolved} | {coverage.share:.1f}% | {coverage.flows} "
            f"| {coverage.whole} ({coverage.whole_share:.1f}%) |"
        )
    flows, whole = sum(c.flows for c in found.values()), sum(c.whole for c in found.values())
    calls, resolved = sum(c.calls for c in found.values()), sum(c.resolved for c in found.values())
    lines.append(
        f"| all | {calls} | {resolved} | {100 * resolved / max(1, calls):.1f}% | {flows} | {whole} ({100 * whole / max(1, flows):.1f}%) |"
    )
    lines += ["", "## Not resolved, by frequency", "", "| calls | connector and operation |", "|---:|---|"]
    missing: Counter[str] = sum((c.unresolved for c in found.values()), Counter())
    for label, count in sorted(missing.items(), key=lambda item: (-item[1], item[0])):
        shown = label.replace("|", "\\|")
        lines.append(f"| {count} | `{shown[:110]}` |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0])
    found = {kind: measure(read_records(folder / f"{kind}.jsonl.gz")) for kind in KINDS}
    text = report(found)
    if "--write" in arguments:
        Path(arguments[arguments.index("--write") + 1]).write_text(text, "utf-8")
    print(text if "--all" in arguments else "\n".join(text.splitlines()[:60]))
    if "--parameters" in arguments:
        for coverage in found.values():
            for message, count in coverage.unknown_parameters.most_common(80):
                print(count, message)
    return 0 if all(found[kind].share >= goal for kind, goal in GOALS.items()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
