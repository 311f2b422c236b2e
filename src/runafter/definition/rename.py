"""Renaming an action with everything that names it: run-after entries, expressions, and the code of scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runafter.definition.edit import Edits
from runafter.definition.nodes import Definition, Node
from runafter.definition.structure import ActionNode, walk_actions
from runafter.definition.write import quoted

_NAMING = frozenset(
    {
        "actions", "body", "outputs", "result", "items", "iterationindexes", "actionbody", "actionoutputs",
        "formdatavalue", "formdatamultivalues", "multipartbody",
    }
)  # fmt: skip
_LITERAL = re.compile(r"'(?:[^']|'')*'")
# A string, a call whose first argument is a string, or a name; strings give nothing back, so that no text takes long.
_TOKEN = re.compile(r"'(?:[^']|'')*+'?|(?P<name>\w++)(?P<gap>\s*+\(\s*+)(?P<quoted>'(?:[^']|'')*+')|\w++")
_SCRIPTS = frozenset({"javascriptcode", "csharpscriptcode", "powershellcode"})
# `workflowContext.actions.Name` and `["Name"]` of JavaScript, `GetActionResults("Name")` of C#, `-ActionName Name` of
# PowerShell. The C# name: Microsoft Learn, "workflow context class definition", read 2026-11-21; JavaScript's as in
# public definitions; PowerShell's from memory.
_IN_SCRIPT = re.compile(
    r"(?P<way>\bworkflowContext\s*\.\s*actions\s*(?P<forgiving>\?)?)"
    r"(?:\.\s*(?P<name>[\w$]++)|(?:(?<=\?)\.)?\s*\[\s*(?P<text>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')\s*\])"
    r"|(?P<call>\bGetActionResults?\s*\(\s*\"|-ActionName\s+[\"']?)(?P<named>[^\"'\n]+?)(?=[\"'\s)|;])",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")


def rename_action(definition: Definition, old: str, new: str) -> Node:
    """Return the document with an action renamed: its key, every run-after entry, every expression that names it.

    Names are compared without regard to case, as the platform does. Also seen
    are expressions inside the strings of ARM template expressions, the code and
    the declared dependencies of scripts, and `dependsOn` of the schema of 2015.

    Raises:
        ValueError: there is no such action, or `new` is taken.
    """
    folded = old.casefold()
    edits = Edits(definition.document)
    actions = list(walk_actions(definition))
    if not any(action.name.casefold() == folded for action in actions):
        raise ValueError(f"no action named {old!r}")
    if any(action.name.casefold() == new.casefold() != folded for action in actions):
        raise ValueError(f"the name {new!r} is taken")
    renamed: set[int] = set()
    for action in actions:
        after = action.node.get_ci("runAfter")
        entries = [entry for _, entry in after.members()] if after is not None else []
        for node in (action.node, *entries):
            if str(node.key).casefold() == folded:
                edits.rename_node(node, new)
                renamed.add(id(node))
    for action in actions:
        for named in _named_in(action):
            if isinstance(named.value, str) and named.value.casefold() == folded:
                edits.set_node(named, new)
    codes = {id(code): code for action in actions if (code := _code_of(action)) is not None}
    for node in codes.values():
        changed = rename_in_script(node.value, old, new)
        if changed != node.value:
            edits.set_node(node, changed)
    for node, is_key in _strings(definition.node):
        if id(node) in codes and not is_key:
            continue
        text = str(node.key) if is_key else node.value
        changed = rename_in_text(text, old, new, arm=definition.container == "arm")
        if changed == text:
            continue
        if not is_key:
            edits.set_node(node, changed)
        elif id(node) not in renamed:
            edits.rename_node(node, changed)
    return edits.apply()


def rename_in_text(text: str, old: str, new: str, *, arm: bool = False) -> str:
    """Return a string of the definition with references to an action renamed; text outside expressions stays.

    With `arm` a string in brackets is a template expression, whose string
    literals hold the text.
    """
    if "@" not in text:
        return text
    if arm and len(text) > 2 and text[0] == "[" and text[1] != "[" and text[-1] == "]":
        return _LITERAL.sub(lambda match: _in_literal(match.group(), old, new), text)
    parts, position = [], 0
    for start, end in _expressions(text):
        parts.append(text[position:start])
        parts.append(_rename_calls(text[start:end], old, new))
        position = end
    parts.append(text[position:])
    return "".join(parts)


def rename_in_script(code: str, old: str, new: str) -> str:
    """Return the code of a script with references to an action renamed."""

    def renamed(match: re.Match[str]) -> str:
        way, name, text, call, named = match.group("way", "name", "text", "call", "named")
        found = named if call else name if name is not None else text[1:-1]
        if found.casefold() != old.casefold():
            return match.group()
        if call:
            return call + new
        if name is not None and _IDENTIFIER.fullmatch(new):
            return match.group()[: match.start("name") - match.start()] + new
        if name is None and text[0] == "'":
            written = "'" + new.replace("\\", "\\\\").replace("'", "\\'") + "'"
        else:
            written = quoted(new)
        return f"{way}{'.' if match.group('forgiving') else ''}[{written}]"

    return _IN_SCRIPT.sub(renamed, code)


def _named_in(action: ActionNode) -> Iterator[Node]:
    """Yield the strings of an action that are names of others and no expressions."""
    conditions = action.node.get_ci("conditions")
    for condition in conditions.items() if conditions is not None else ():
        depends = condition.get_ci("dependsOn")
        if depends is not None:
            yield depends
    declared = action.node.find("/inputs/explicitDependencies/actions")
    if declared is not None and action.type.casefold() in _SCRIPTS:
        yield from declared.items()


def _code_of(action: ActionNode) -> Node | None:
    code = action.node.find("/inputs/code") if action.type.casefold() in _SCRIPTS else None
    return code if code is not None and code.kind == "string" and not code.value.startswith("@") else None


def _in_literal(literal: str, old: str, new: str) -> str:
    text = literal[1:-1].replace("''", "'")
    return "'" + rename_in_text(text, old, new).replace("'", "''") + "'"


def _rename_calls(expression: str, old: str, new: str) -> str:
    def renamed(match: re.Match[str]) -> str:
        name, gap, quoted_name = match.group("name", "gap", "quoted")
        if name is None or name.casefold() not in _NAMING:
            return match.group()
        if quoted_name[1:-1].replace("''", "'").casefold() != old.casefold():
            return match.group()
        return f"{name}{gap}'" + new.replace("'", "''") + "'"

    return _TOKEN.sub(renamed, expression)


def _string_end(text: str, start: int) -> int:
    position = start + 1
    while position < len(text):
        if text[position] == "'":
            if text[position + 1 : position + 2] == "'":
                position += 2
                continue
            return position + 1
        position += 1
    return position


def _expressions(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of expressions in a string: after a leading `@`, or inside `@{...}`."""
    if text.startswith("@") and not text.startswith(("@@", "@{")):
        yield 1, len(text)
        return
    position = 2 if text.startswith("@@") else 0
    while (start := text.find("@{", position)) >= 0:
        if start > 0 and text[start - 1] == "@":
            position = start + 2
            continue
        end = start + 2
        depth = 1
        while end < len(text) and depth:
            if text[end] == "'":
                end = _string_end(text, end)
                continue
            depth += (text[end] == "{") - (text[end] == "}")
            end += 1
        yield start + 2, end - 1 if depth == 0 else end
        position = end


def _strings(node: Node) -> Iterator[tuple[Node, bool]]:
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if here.kind == "string":
            yield here, False
        elif here.kind == "object":
            for key, child in here.members():
                if "@" in key:
                    yield child, True
                waiting.append(child)
        elif here.kind == "array":
            waiting.extend(here.items())
