"""Read what Microsoft's `azure-connectors` client calls: the methods and paths of managed connectors.

The client is made from the connectors' definitions. A manifest's operation
whose source is `client` must be among its calls; a test holds them to it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

MODULES = {
    "arm": ("arm", "azurevm"),
    "dataverse": ("commondataservice",),
    "excelonlinebusiness": ("excelonlinebusiness", "excelonline"),
    "onedriveforbusiness": ("onedriveforbusiness", "onedrive"),
    "planner": ("planner", "todo"),
}
"""The client's modules by connector, where they are not one of the same name."""


@dataclass(frozen=True, slots=True)
class ClientCall:
    """One method of a client: its verb and its path with `{}` for parameters."""

    name: str
    verb: str
    path: str


def folder() -> Path | None:
    """Return where the client is installed, None where it is not."""
    try:
        found = find_spec("azure.connectors")
    except ModuleNotFoundError:
        return None
    return Path(found.origin).parent if found is not None and found.origin else None


def calls(connector: str) -> list[ClientCall]:
    """Return what the client of a connector calls; nothing for one that it lacks."""
    place = folder()
    if place is None:
        return []
    files = [place / f"{module}.py" for module in MODULES.get(connector, (connector,))]
    return [call for file in files if file.is_file() for call in _calls(file)]


def normal(path: str) -> str:
    """Return a path as it can be compared: parameters as `{}`, lower case, no query."""
    return re.sub(r"/{2,}", "/", re.sub(r"\{[^{}]*\}", "{}", path.partition("?")[0]).lower().rstrip("/"))


def _calls(file: Path) -> Iterator[ClientCall]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.AsyncFunctionDef) and not function.name.startswith("_"):
            verb, path = "", ""
            for node in ast.walk(function):
                match node:
                    case ast.Assign(targets=[ast.Name(id="path" | "request_url")], value=ast.JoinedStr() as text) if (
                        not path
                    ):
                        path = _template(text)
                    case ast.Call(func=ast.Attribute(attr="send_async"), args=[ast.Constant(value=str(found)), *_]):
                        verb = found
            if verb:
                yield ClientCall(function.name.removesuffix("_async"), verb, path)


def _template(text: ast.JoinedStr) -> str:
    out = ""
    for piece in text.values:
        if isinstance(piece, ast.Constant):
            out += str(piece.value)
        elif "connection_runtime_url" not in ast.unparse(piece):
            out += "{}"
    return out
