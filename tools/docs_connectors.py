"""Write the reference pages of connectors from their manifests.

python -m tools.docs_connectors docs/reference/connectors [--check]
"""

from __future__ import annotations

import importlib.resources
import inspect
import sys
from pathlib import Path

from runafter.connectors.manifest import Manifest, Operation, Throttle
from runafter.connectors.quality import RULES, quality_of, read_exemptions
from runafter.connectors.registry import FolderPack, built_in_packs
from runafter.connectors.sources import UNVERIFIED


def _parameters(operation: Operation) -> str:
    names = [f"**{name}**" if required else name for name, required in operation.facts.parameters.items()]
    names += [f"{name}/…" for name in operation.facts.open_parameters]
    return ", ".join(names).replace("|", "\\|") or "none"


def _operation(operation: Operation) -> list[str]:
    facts = operation.facts
    kind = "trigger" if facts.is_trigger else facts.effect
    lines = [f"### {facts.operation}", "", f"{facts.title}. *{kind}*{', idempotent' if facts.idempotent else ''}.", ""]
    routes = ", ".join(f"`{method} {path}`" for method, path in operation.routes)
    if routes:
        lines.append(f"- Consumption: {routes}")
    if operation.aliases:
        lines.append(f"- Also known as: {', '.join(operation.aliases)}")
    lines.append(f"- Parameters (required ones in bold): {_parameters(operation)}")
    if operation.webhook and not facts.is_trigger:
        lines.append("- Waits for an answer through its callback.")
    if operation.note:
        lines.append(f"- {operation.note}")
    lines.append(f"- {_seen(facts.source)}")
    return [*lines, ""]


def _seen(source: str) -> str:
    """Return a source as a page shows it."""
    return f"**Not verified**: {source}." if source == UNVERIFIED else f"Source: {source}."


def _limits(manifest: Manifest) -> list[str]:
    if not manifest.throttles:
        return []
    lines = ["## Limits", "", "| limit | value | answers | source |", "|---|---|---|---|"]
    for throttle in manifest.throttles:
        only = f" ({', '.join(throttle.only)})" if throttle.only else ""
        answer = f"{throttle.status} {throttle.code}" if throttle.code != str(throttle.status) else str(throttle.status)
        lines.append(f"| {throttle.name} | {throttle.limit:g} {throttle.unit}{only} | {answer} | {_where(throttle)} |")
    return [*lines, ""]


def _where(throttle: Throttle) -> str:
    return (
        f"**not verified**: {UNVERIFIED}"
        if throttle.source == UNVERIFIED
        else f"{throttle.source}, read {throttle.read}"
    )


def _share(manifest: Manifest) -> str:
    seen = sum(operation.facts.source != UNVERIFIED for operation in manifest.operations.values())
    return f"{seen} of {len(manifest.operations)}"


def _verified(manifest: Manifest) -> str:
    facts = [operation.facts.source for operation in manifest.operations.values()]
    facts += [throttle.source for throttle in manifest.throttles]
    missing = sum(source == UNVERIFIED for source in facts)
    return f"{len(facts) - missing} of {len(facts)} operations and limits were seen at their source"


def page(pack: FolderPack) -> str:
    """Return one connector's page."""
    manifest = pack.manifest
    names = [*manifest.apis, *manifest.providers]
    lines = [f"# {manifest.title}", "", manifest.about, "", f"- Names: {', '.join(f'`{name}`' for name in names)}"]
    lines.append(f"- {_seen(manifest.source)}")
    lines.append(f"- Verified: {_verified(manifest)}; the shapes of answers are the emulator's own reading of it.")
    exempt = read_exemptions(
        importlib.resources.files(pack.package).joinpath("quality.toml").read_text("utf-8"), origin=pack.package
    )
    quality = quality_of(pack, exempt)
    lines.append(f"- Level: {quality.level or 'none'}")
    for refusal in manifest.refusals:
        lines.append(f"- Refused: {refusal}")
    lines.append("")
    seed = getattr(pack._module("emulator"), "seed", None)  # noqa: SLF001
    if seed is not None and seed.__doc__:
        lines += ["## Seed", "", inspect.cleandoc(seed.__doc__), ""]
    lines += _limits(manifest)
    lines += ["## Operations", ""]
    for operation in sorted(manifest.operations.values(), key=lambda o: o.id.lower()):
        lines += _operation(operation)
    lines += ["## Quality", "", "| rule | level | state |", "|---|---|---|"]
    for rule in RULES:
        state = (
            "met"
            if rule.name in quality.met
            else f"exempt: {quality.exempt[rule.name]}"
            if rule.name in quality.exempt
            else "not met"
        )
        lines.append(f"| {rule.text} | {rule.level} | {state} |")
    return "\n".join(lines).rstrip() + "\n"


def index(packs: list[FolderPack]) -> str:
    """Return the list of all connectors."""
    lines = ["# Connectors", "", "| connector | names | operations | verified |", "|---|---|---:|---:|"]
    for pack in packs:
        manifest = pack.manifest
        shown = ", ".join(f"`{name}`" for name in (*manifest.apis[:2], *manifest.providers)) or "built in"
        lines.append(
            f"| [{manifest.title}]({manifest.name}.md) | {shown} | {len(manifest.operations)} | {_share(manifest)} |"
        )
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """Return every page by file name."""
    packs = sorted(built_in_packs(), key=lambda pack: pack.manifest.title.lower())
    return {"README.md": index(packs)} | {f"{pack.manifest.name}.md": page(pack) for pack in packs}


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0])
    found = pages()
    if "--check" in arguments:
        stale = [
            name
            for name, text in found.items()
            if not (folder / name).is_file() or (folder / name).read_text("utf-8") != text
        ]
        print("\n".join(f"stale: {name}" for name in stale) or "current")
        return 1 if stale else 0
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in found.items():
        (folder / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
