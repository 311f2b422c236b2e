"""Which values a column's type can hold: SQLite takes any, SQL Server does not. Types after T-SQL's names."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from runafter.connectors.instants import parse_iso
from runafter.connectors.packs.sql.database import failed

_WHOLE = {"TINYINT": (0, 255), "SMALLINT": (-(2**15), 2**15 - 1), "INT": (-(2**31), 2**31 - 1),
          "INTEGER": (-(2**63), 2**63 - 1), "BIGINT": (-(2**63), 2**63 - 1)}  # fmt: skip
_NUMBERS = ("DECIMAL", "NUMERIC", "MONEY", "SMALLMONEY", "FLOAT", "REAL", "DOUBLE")
_TEXTS = ("NVARCHAR", "VARCHAR", "NCHAR", "CHAR")
_TIMES = ("DATETIME", "DATETIME2", "DATETIMEOFFSET", "SMALLDATETIME", "DATE")


def must_fit(name: str, kind: str, value: Any) -> None:
    """Check a value against its column's type.

    Raises:
        Refused: 400, naming column and type.
    """
    found = re.match(r"\s*([A-Za-z0-9]+)\s*(?:\(\s*(\d+|max)[^)]*\))?", kind)
    if found is None or value is None:
        return
    word, size = found[1].upper(), found[2]
    if word in _WHOLE:
        low, high = _WHOLE[word]
        number = _number(value)
        if number is None or number != int(number):
            raise failed(f"Error converting the value '{value}' of the column '{name}' to data type {word.lower()}.")
        if not low <= number <= high:
            raise failed(f"Arithmetic overflow error converting the value of '{name}' to data type {word.lower()}.")
    elif word in _NUMBERS and _number(value) is None:
        raise failed(f"Error converting the value '{value}' of the column '{name}' to data type {word.lower()}.")
    elif word == "BIT" and str(value).lower() not in ("0", "1", "true", "false"):
        raise failed(f"Conversion failed when converting the value '{value}' of '{name}' to data type bit.")
    elif word in _TIMES and parse_iso(str(value)) is None:
        raise failed(f"Conversion failed when converting date and/or time from '{value}', for the column '{name}'.")
    elif word in _TEXTS and size is not None and size.isdigit() and len(str(value)) > int(size):
        raise failed(f"String or binary data would be truncated in the column '{name}' of {size} characters.")


def _number(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(int(value) if isinstance(value, bool) else value).strip())
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None
