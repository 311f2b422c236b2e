"""What people write from other languages, and how the Workflow Definition Language says it."""

from __future__ import annotations

from typing import Final

OPERATORS: Final[dict[str, str]] = {
    "===": "equals(a, b)",
    "!==": "not(equals(a, b))",
    "==": "equals(a, b)",
    "!=": "not(equals(a, b))",
    "<>": "not(equals(a, b))",
    "<=": "lessOrEquals(a, b)",
    ">=": "greaterOrEquals(a, b)",
    "=>": "a Select or Filter array action, whose expression reads item()",
    "&&": "and(a, b)",
    "||": "or(a, b)",
    "??": "coalesce(a, b)",
    "<": "less(a, b)",
    ">": "greater(a, b)",
    "=": "equals(a, b)",
    "!": "not(a)",
    "&": "and(a, b), or concat(a, b) for text",
    "|": "or(a, b)",
    "+": "add(a, b), or concat(a, b) for text",
    "-": "sub(a, b)",
    "*": "mul(a, b)",
    "/": "div(a, b)",
    "%": "mod(a, b)",
    ":": "if(condition, a, b)",
    ":=": "a Set variable action",
    ";": "one expression alone; several stand in actions of their own",
}

FUNCTIONS: Final[dict[str, str]] = {
    "filter": "use a Filter array action and read body('Filter_array'); count with length(body('Filter_array'))",
    "where": "use a Filter array action and read body('Filter_array')",
    "map": "use a Select action and read body('Select')",
    "select": "use a Select action and read body('Select')",
    "foreach": "use an Apply to each action, or Select for values",
    "reduce": "use an Apply to each with a variable, or xpath() with sum()",
    "sum": "use xpath(xml(...), 'sum(...)'), or an Apply to each with a variable",
    "average": "divide: div(<sum>, length(<array>))",
    "avg": "divide: div(<sum>, length(<array>))",
    "count": "use length(<array>)",
    "countif": "use a Filter array action and length(body('Filter_array'))",
    "sumif": "use a Filter array action and an Apply to each with a variable",
    "len": "use length(<text or array>)",
    "size": "use length(<array>)",
    "isnull": "use equals(<value>, null), or coalesce(<value>, <default>)",
    "isblank": "use empty(<value>)",
    "isempty": "use empty(<value>)",
    "isnullorempty": "use empty(<value>), which takes null too",
    "ifnull": "use coalesce(<value>, <default>)",
    "nvl": "use coalesce(<value>, <default>)",
    "iif": "use if(<condition>, <a>, <b>)",
    "ifs": "nest if(<condition>, <a>, if(...))",
    "switch": "use a Switch action, or nest if()",
    "case": "use a Switch action, or nest if()",
    "xor": "use not(equals(a, b)) on two booleans",
    "upper": "use toUpper(<text>)",
    "uppercase": "use toUpper(<text>)",
    "toupper": "use toUpper(<text>)",
    "lower": "use toLower(<text>)",
    "lowercase": "use toLower(<text>)",
    "left": "use substring(<text>, 0, n), or take(<text>, n)",
    "right": "use slice(<text>, -n)",
    "mid": "use substring(<text>, start, length)",
    "substr": "use substring(<text>, start, length)",
    "concatenate": "use concat(a, b)",
    "append": "use union(<array>, createArray(x)), or an Append to array variable action",
    "push": "use union(<array>, createArray(x)), or an Append to array variable action",
    "array_append": "use union(<array>, createArray(x))",
    "now": "use utcNow()",
    "today": "use startOfDay(utcNow())",
    "getdate": "use utcNow()",
    "date": "use utcNow() or parseDateTime()",
    "dateadd": "use addDays() or addToTime(<timestamp>, n, 'Day')",
    "datediff": "use dateDifference(a, b)",
    "tostring": "use string(<value>)",
    "str": "use string(<value>)",
    "text": "use formatNumber() or formatDateTime()",
    "parseint": "use int(<text>)",
    "tonumber": "use int(<text>) or float(<text>)",
    "number": "use int(<text>) or float(<text>)",
    "value": "use int(<text>) or float(<text>)",
    "round": "use formatNumber(<number>, 'F0') and float()",
    "floor": "use int(first(split(string(<number>), '.')))",
    "ceil": "use add(int(first(split(string(<number>), '.'))), 1) where there is a fraction",
    "abs": "use if(less(x, 0), mul(x, -1), x)",
    "pow": "multiply with mul()",
    "lookup": "use first(body('Filter_array'))",
    "find": "use indexOf(<text>, <search>), or a Filter array action",
    "search": "use indexOf(<text>, <search>)",
    "includes": "use contains(<collection>, <value>)",
    "in": "use contains(<array>, <value>)",
    "any": "use greater(length(body('Filter_array')), 0)",
    "all": "use equals(length(body('Filter_array')), length(<array>))",
    "distinct": "use union(<array>, <array>)",
    "unique": "use union(<array>, <array>)",
    "keys": "use a Select over xpath, or a Parse JSON action with known names",
    "values": "use a Parse JSON action with known names",
    "object": "use json('{...}'), or setProperty(json('{}'), <name>, <value>)",
    "list": "use createArray(a, b)",
    "tojson": "use string(<value>)",
    "parsejson": "use json(<text>)",
    "regex": "there are no regular expressions; use indexOf(), split() and replace()",
    "match": "there are no regular expressions; use contains() or indexOf()",
    "ismatch": "there are no regular expressions; use contains() or indexOf()",
    "error": "use a Terminate action",
    "true": "it is a value: write true",
    "false": "it is a value: write false",
    "null": "it is a value: write null",
    "none": "write null",
    "not_equals": "use not(equals(a, b))",
    "notequals": "use not(equals(a, b))",
    "equal": "use equals(a, b)",
    "plus": "use add(a, b)",
    "subtract": "use sub(a, b)",
    "multiply": "use mul(a, b)",
    "divide": "use div(a, b)",
    "env": "use parameters('<name>'), or appsetting('<name>') in Logic Apps Standard",
    "output": "use outputs('<action>')",
    "variable": "use variables('<name>')",
    "parameter": "use parameters('<name>')",
}

WORDS: Final[dict[str, str]] = {
    "and": "and(a, b)",
    "or": "or(a, b)",
    "not": "not(a)",
    "eq": "equals(a, b)",
    "ne": "not(equals(a, b))",
    "gt": "greater(a, b)",
    "lt": "less(a, b)",
    "ge": "greaterOrEquals(a, b)",
    "le": "lessOrEquals(a, b)",
    "is": "equals(a, b)",
    "in": "contains(b, a)",
    "like": "contains(a, b), startsWith(a, b) or endsWith(a, b)",
    "contains": "contains(a, b)",
    "startswith": "startsWith(a, b)",
    "endswith": "endsWith(a, b)",
    "mod": "mod(a, b)",
    "div": "div(a, b)",
    "then": "if(condition, a, b)",
    "else": "if(condition, a, b)",
}
"""Operators that are words, and stand between two values or, as `not`, before one."""

METHODS: Final[dict[str, str]] = {
    "tostring": "string(x)",
    "length": "length(x)",
    "count": "length(x)",
    "toupper": "toUpper(x)",
    "touppercase": "toUpper(x)",
    "tolower": "toLower(x)",
    "tolowercase": "toLower(x)",
    "trim": "trim(x)",
    "replace": "replace(x, 'old', 'new')",
    "split": "split(x, ',')",
    "join": "join(x, ',')",
    "substring": "substring(x, start, length)",
    "slice": "slice(x, start, end)",
    "indexof": "indexOf(x, 'text')",
    "includes": "contains(x, y)",
    "contains": "contains(x, y)",
    "startswith": "startsWith(x, 'text')",
    "endswith": "endsWith(x, 'text')",
    "push": "union(x, createArray(y))",
    "concat": "concat(x, y)",
    "map": "a Select action",
    "filter": "a Filter array action",
    "adddays": "addDays(x, n)",
    "format": "formatDateTime(x, 'yyyy-MM-dd'), or formatNumber(x, '0.00')",
    "max": "max(a, b)",
    "min": "min(a, b)",
    "now": "utcNow()",
    "parse": "json(x)",
    "stringify": "string(x)",
}

_LONGEST = 3
_OPERAND = frozenset("a1')]")
"""What `previous` is after a value: a name, a digit, text, or the end of a call or an index."""


def foreign_hint(text: str) -> str | None:
    """Say how the language expresses what this faulty text borrows from others; None when nothing is recognised."""
    found: dict[str, str] = {}
    at, previous = 0, ""
    while at < len(text):
        char = text[at]
        if char == "'":
            at = _after_literal(text, at)
            previous = "'"
            continue
        if char.isalpha() or char == "_":
            start = at
            while at < len(text) and (text[at].isalnum() or text[at] == "_"):
                at += 1
            what, advice = _word(text[start:at], text[at:].lstrip()[:1], previous)
            if advice is not None:
                found.setdefault(what, advice)
            previous = "word" if what.startswith("no operator") else "a"
            continue
        if char.isdigit():
            at += 1
            previous = "1"
            continue
        operator = _operator(text, at, previous)
        if operator == ":" and ("[" in text[:at] and text[:at].rfind("[") > text[:at].rfind("]")):
            found.setdefault("no slices", "write take(skip(x, start), count), or slice(text, start, end)")
            at, previous = at + 1, ":"
            continue
        if operator == ":" and "?" not in text[:at]:
            found.setdefault("no object literals", "use json('{\"a\": 1}')")
            at, previous = at + 1, ":"
            continue
        if operator is not None:
            found.setdefault(f"no operator `{operator}`", f"write {OPERATORS[operator]}")
            at += len(operator)
            previous = operator
            continue
        if char == '"':
            found.setdefault("no double quotes", "write text in single quotes, '...', doubled inside: 'it''s'")
        elif char == "[" and previous in {"", "(", ",", "=="}:
            found.setdefault("no array literals", "use createArray(1, 2), or json('[]')")
        elif char == "{" and previous != "@":
            found.setdefault("no object literals", "use json('{\"a\": 1}')")
        elif char == "@" and text[at + 1 : at + 2] == "{":
            found.setdefault("no `@{...}` inside an expression", "leave out the @{ and }")
        elif char == "`":
            found.setdefault("no template literals", "use concat('a', b)")
        if not char.isspace():
            previous = char
        at += 1
    if not found:
        return None
    return "; ".join(f"{what}: {advice}" for what, advice in found.items())


def _word(word: str, following: str, previous: str) -> tuple[str, str | None]:
    """Return what is foreign about a word of the text, and the advice; the word is not in a literal."""
    folded = word.lower()
    if following == "(":
        if previous == ".":
            method = METHODS.get(folded)
            return f"no methods as `.{word}()`", f"write {method}" if method else "write a function around the value"
        if folded not in _own_names() and folded not in WORDS:
            return f"no function `{word}`", FUNCTIONS.get(folded)
    is_infix = previous in _OPERAND and following != ""
    is_prefix = folded == "not" and previous not in {".", "'"} and following not in {"", "(", ",", ")"}
    if folded in WORDS and (is_infix or is_prefix):
        return f"no operator `{word}`", f"write {WORDS[folded]}"
    return word, None


def function_hint(name: str) -> str | None:
    """Say how the language does what a function of other languages does."""
    return FUNCTIONS.get(name.lower())


def _own_names() -> frozenset[str]:
    from runafter.expressions.functions.registry import REGISTRY

    return frozenset(REGISTRY)


def _operator(text: str, at: int, previous: str) -> str | None:
    for length in range(_LONGEST, 0, -1):
        operator = text[at : at + length]
        if len(operator) == length and operator in OPERATORS:
            is_sign = operator in "+-" and (text[at + 1 : at + 2].isdigit() or text[at + 1 : at + 2] == ".")
            if is_sign and previous in {"", "(", ",", "["}:
                return None
            return operator
    return None


def _after_literal(text: str, at: int) -> int:
    at += 1
    while at < len(text):
        if text[at] == "'":
            if text[at + 1 : at + 2] != "'":
                return at + 1
            at += 1
        at += 1
    return at
