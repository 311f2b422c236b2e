"""Whether a call writes a value that was computed from what another call read."""

from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.ast import Access, Call, Expression, Interpolation, Literal
from runafter.lint.analysis.flowing import Origin, derives, origins
from runafter.lint.analysis.reading import access_keys, expressions_in, variable_writes, variables_read, walk
from runafter.lint.flow import Flow
from runafter.program.outline import Site
from runafter.program.part import Part

_ARITHMETIC = frozenset({"add", "sub", "mul", "div", "union", "setproperty", "addproperty", "removeproperty"})
_TEXT = frozenset({"concat"})
_NOT_WRITTEN = frozenset(
    ["host", "authentication", "retrypolicy", "serviceproviderconfiguration", "uri", "path", "method", "headers",
     "id", "recordid", "itemid", "rowid", "rowkey", "idcolumn", "dataset", "table", "entityname", "source", "drive",
     "file", "server", "database"]
)  # fmt: skip
_NUMBERING = frozenset({"incrementvariable", "decrementvariable"})


def changed_by(flow: Flow, writer: Site, reader: Site) -> Site | None:
    """Return the action that computes what `writer` writes from what `reader` read; None where nothing does.

    Sums and the like count whatever the field. Text counts where something is added to the field that was read;
    a template that mentions another field is no change of that.
    """
    for field, part in _written(writer.part.get("inputs")):
        for origin in origins(flow, writer, expressions_in(part)):
            if origin.owner is not writer and flow.call(origin.owner) is not None:
                continue
            if _computes(flow, origin, field, reader) or _counts(flow, origin, reader):
                return origin.owner
    return None


def _written(inputs: Part | None, above: str = "") -> Iterator[tuple[str, Part]]:
    """Yield each value that a call sends, with the path of its field, folded: `notes`, `status/value`, `body`."""
    if inputs is None:
        return
    if not inputs.is_object:
        yield above, inputs
        return
    for key, part in inputs.members():
        folded = key.casefold()
        if above or folded not in _NOT_WRITTEN:
            name = "" if folded in {"parameters", "item"} else folded.removeprefix("item/")
            yield from _written(part, "/".join(each for each in (above, name) if each))


def _computes(flow: Flow, origin: Origin, field: str, reader: Site) -> bool:
    for node in walk(origin.expression):
        if isinstance(node, Call) and node.name.casefold() in _ARITHMETIC:
            if derives(flow, origin.owner, node.arguments, reader):
                return True
        elif isinstance(node, Interpolation) or (isinstance(node, Call) and node.name.casefold() in _TEXT):
            parts = node.arguments if isinstance(node, Call) else node.parts
            if len(parts) > 1 and any(
                _reads_field(flow, origin.owner, part, field, reader) for part in parts if not isinstance(part, str)
            ):
                return True
    return False


def _reads_field(flow: Flow, owner: Site, expression: Expression, field: str, reader: Site) -> bool:
    """Tell whether a value is the field that was read, under the name by which it is written back."""
    return any(
        _is_field(node, field) and derives(flow, origin.owner, [node], reader)
        for origin in origins(flow, owner, [expression])
        for node in walk(origin.expression)
        if isinstance(node, Access | Call)
    )


def _is_field(expression: Expression, field: str) -> bool:
    base, accesses = access_keys(expression)
    if not isinstance(base, Call):
        return False
    keys = [str(access.key.value).casefold() for access in accesses if isinstance(access.key, Literal)]
    path = "/".join(key for key in keys if not key.isdigit())
    path = path if base.name.casefold() in {"outputs", "actions"} else f"body/{path}".rstrip("/")
    last = field.removeprefix("body/")
    return path == f"body/{last}" or path.endswith(f"/{last}") or (field == "body" and path == "body")


def _counts(flow: Flow, origin: Origin, reader: Site) -> bool:
    """Tell whether a value is a variable that begins with what was read and is counted up or down."""
    variables = variables_read([origin.expression])
    counted = {name for site, name, _ in variable_writes(flow) if site.folded in _NUMBERING}
    return bool(variables & counted) and derives(flow, origin.owner, [origin.expression], reader)
