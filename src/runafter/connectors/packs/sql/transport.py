"""Real databases through SQLAlchemy: SQLite, PostgreSQL, MariaDB/MySQL and SQL Server by URL.

SQLAlchemy is imported when the first connection is made. Calls run in threads,
one transaction each; the pool's size bounds how many at once.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import Refused, connector_failure, failure, ok, refuse
from runafter.connectors.packs.sql.database import bare_table, statements
from runafter.connectors.packs.sql.tsql import TOKEN
from runafter.connectors.spec import LiveCall
from runafter.errors import EnvironmentFault, NotSupported
from runafter.protocol.events import Outcome


def statement_of(text: str) -> str:
    """Return a statement with `@name` parameters as SQLAlchemy's `:name`; texts, casts and `@@ROWCOUNT` stay."""
    out = ""
    for token in TOKEN.finditer(text):
        variable = token.lastgroup == "variable" and token[0][0] == "@" and not token[0].startswith("@@")
        out += f":{token[0][1:]}" if variable else token[0].replace(":", "\\:")
    return out


def procedure_call(dialect: str, name: str, parameters: Mapping[str, Any], *, returns: bool = True) -> str:
    """Return the statement that calls a stored procedure in a dialect.

    `returns` tells PostgreSQL's functions, whose rows are the result set, from its procedures.

    Raises:
        NotSupported: the dialect has no stored procedures.
    """
    wrong = [key for key in parameters if not re.fullmatch(r"@?\w+", key)]
    if wrong or not re.fullmatch(r"[\w.]+", name):
        raise NotSupported(f"{(wrong or [name])[0]!r} is no name of a procedure or parameter", code="CON042")
    marks = [f":{key.lstrip('@')}" for key in parameters]
    match dialect:
        case "mssql":
            return f"EXEC {name} " + ", ".join(f"@{key.lstrip('@')}=:{key.lstrip('@')}" for key in parameters)
        case "postgresql":
            named = ", ".join(f"{key.lstrip('@')} => :{key.lstrip('@')}" for key in parameters)
            verb = "SELECT * FROM" if returns else "CALL"
            return f"{verb} {name}({named})"
        case "mysql" | "mariadb":
            return f"CALL {name}({', '.join(marks)})"
        case _:
            raise NotSupported(f"{dialect} has no stored procedures", code="CON040")


class SqlTransport:
    """One pool of connections to one database."""

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        try:
            import sqlalchemy
        except ImportError as error:
            raise EnvironmentFault(
                "the live SQL connector needs SQLAlchemy", hint="Install runafter[sql].", code="CON041"
            ) from error
        self._sqlalchemy: Any = sqlalchemy
        more: dict[str, Any] = (
            {}
            if ":memory:" in url or url in ("sqlite://", "sqlite:///")
            else {"pool_size": pool_size, "max_overflow": 0}
        )
        if url.startswith("sqlite"):
            more["connect_args"] = {"timeout": 30}
        self.engine: Any = sqlalchemy.create_engine(url, **more)

    @property
    def dialect(self) -> str:
        return str(self.engine.dialect.name)

    async def close(self) -> None:
        await asyncio.to_thread(self.engine.dispose)

    async def __call__(self, call: LiveCall) -> Outcome:
        try:
            return await asyncio.to_thread(self._perform, call)
        except NotSupported as error:
            return Outcome(code=error.code, message=str(error), retriable=False)
        except Refused as error:
            return error.outcome
        except self._sqlalchemy.exc.NoSuchTableError as error:
            return connector_failure(404, f"Could not find the table '{error}'.", source="sql")
        except self._sqlalchemy.exc.OperationalError as error:
            if not _passes(self.dialect, error):
                return connector_failure(400, _words(error), source="sql")
            return Outcome(
                status_code=503,
                code="SqlOperationalError",
                message=_words(error),
                body={"status": 503, "message": _words(error)},
            )
        except self._sqlalchemy.exc.SQLAlchemyError as error:
            return connector_failure(400, _words(error), source="sql")

    def _perform(self, call: LiveCall) -> Outcome:
        given = call.resolved.arguments
        match call.resolved.operation.handler:
            case "execute_query":
                query = given.get("query") or {}
                sets, changed = self._script(str(query.get("query") or ""), query.get("actualParameters") or {})
                body = {f"Table{index + 1}": rows for index, rows in enumerate(sets)}
                return ok({"OutputParameters": {}, "ReturnCode": 0, "ResultSets": body, "RowsAffected": changed})
            case "execute_built_in_query":
                return ok(self._script(str(given.get("query") or ""), given.get("queryParameters") or {})[0])
            case "execute_procedure":
                return self._procedure(str(given.get("procedure", "")), given.get("parameters") or {})
            case "get_items":
                return self._get_items(given)
            case "get_item":
                return self._get_item(given)
            case "post_item":
                return self._insert(given)
            case "patch_item":
                return self._update(given)
            case "delete_item":
                return self._delete(given)
            case other:
                return failure(501, "NotImplemented", f"The live SQL connector has no {other}.")

    def _script(self, text: str, values: Mapping[str, Any]) -> tuple[list[list[dict[str, Any]]], int]:
        sets, changed = list[list[dict[str, Any]]](), 0
        parameters = {key.lstrip("@"): _sent(value) for key, value in values.items()}
        with self.engine.begin() as connection:
            for statement in statements(text):
                bound = self._sqlalchemy.text(statement_of(statement))
                used = {key: parameters[key] for key in bound._bindparams if key in parameters}  # noqa: SLF001
                result = connection.execute(bound, used)
                if result.returns_rows:
                    sets.append([_shown(row) for row in result.mappings()])
                else:
                    changed += max(result.rowcount, 0)
        return sets, changed

    def _procedure(self, name: str, values: Mapping[str, Any]) -> Outcome:
        bare = name.replace("[", "").replace("]", "")
        if self.dialect != "mssql":
            bare = bare.removeprefix("dbo.")  # SQL Server's default schema; other servers have it under no name
        if not re.fullmatch(r"[\w.]+", bare):
            return connector_failure(400, f"'{name}' is no stored procedure.", source="sql")
        parameters = {key.lstrip("@"): _sent(value) for key, value in values.items()}
        with self.engine.begin() as connection:
            parameters = self._in_order(connection, bare, parameters)
            text = procedure_call(self.dialect, bare, parameters, returns=self._returns(connection, bare))
            result = connection.execute(self._sqlalchemy.text(text), parameters)
            rows = [_shown(row) for row in result.mappings()] if result.returns_rows else None
        sets = {} if rows is None else {"Table1": rows}
        return ok({"OutputParameters": {}, "ReturnCode": 0, "ResultSets": sets})

    def _returns(self, connection: Any, name: str) -> bool:
        if self.dialect != "postgresql":
            return True
        text = "SELECT prokind FROM pg_proc WHERE oid = to_regproc(CAST(:name AS TEXT))"
        found = connection.execute(self._sqlalchemy.text(text), {"name": name}).scalar()
        return found not in ("p", b"p")

    def _in_order(self, connection: Any, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return parameters as the procedure declares them: MariaDB and MySQL take them by place, not by name.

        Raises:
            Refused: 400, the procedure has none of this name.
        """
        if self.dialect not in ("mysql", "mariadb") or not parameters:
            return parameters
        schema, _, bare = name.rpartition(".")
        text = (
            "SELECT parameter_name FROM information_schema.parameters WHERE specific_name = :name"
            " AND specific_schema = COALESCE(:schema, DATABASE()) ORDER BY ordinal_position"
        )
        found = connection.execute(
            self._sqlalchemy.text(text), {"name": bare, "schema": None if schema in ("", "dbo") else schema}
        )
        declared = [str(declared) for (declared,) in found]
        given = {key.lower(): value for key, value in parameters.items()}
        strange = sorted(given.keys() - {key.lower() for key in declared})
        if strange:
            raise refuse(
                400, "BadRequest", f"The procedure '{name}' has no parameter '{strange[0]}'; it has {declared}."
            )
        return {key: given[key.lower()] for key in declared if key.lower() in given}

    # -- rows ------------------------------------------------------------------------------------------------------

    def _table(self, given: Mapping[str, Any]) -> tuple[Any, Any]:
        name = str(given.get("table", ""))
        schema, _, _ = name.replace("[", "").replace("]", "").rpartition(".")
        metadata = self._sqlalchemy.MetaData()
        table = self._sqlalchemy.Table(
            bare_table(name),
            metadata,
            autoload_with=self.engine,
            schema=schema if self.dialect == "mssql" and schema else None,
        )
        keys = list(table.primary_key.columns)
        return table, keys[0] if keys else None

    def _get_items(self, given: Mapping[str, Any]) -> Outcome:
        table, _ = self._table(given)
        query = odata.query_of(given)
        statement = self._sqlalchemy.select(table)
        if not query.filter and not query.orderby and query.top is not None and not query.skip:
            statement = statement.limit(query.top)
        with self.engine.connect() as connection:
            rows = [_shown(row) for row in connection.execute(statement).mappings()]
        try:
            page = odata.page(rows, query, page_size=2048)
        except odata.BadQuery as error:
            return failure(400, "BadRequest", str(error))
        return ok({"value": [odata.selected(row, query.select) for row in page.rows]})

    def _get_item(self, given: Mapping[str, Any]) -> Outcome:
        table, key = self._table(given)
        with self.engine.connect() as connection:
            row = (
                connection.execute(self._sqlalchemy.select(table).where(key == _typed(key, given.get("id"))))
                .mappings()
                .first()
            )
        if row is None:
            return connector_failure(404, f"No row was found with Id '{given.get('id')}'.", source="sql")
        return ok(_shown(row))

    def _insert(self, given: Mapping[str, Any]) -> Outcome:
        table, key = self._table(given)
        item = dict(given.get("item") or {})
        with self.engine.begin() as connection:
            result = connection.execute(table.insert().values(**item))
            ident = result.inserted_primary_key[0] if key is not None and result.inserted_primary_key else None
            row = (
                connection.execute(self._sqlalchemy.select(table).where(key == ident)).mappings().first()
                if ident is not None
                else None
            )
        return ok(_shown(row) if row is not None else item)

    def _update(self, given: Mapping[str, Any]) -> Outcome:
        table, key = self._table(given)
        with self.engine.begin() as connection:
            result = connection.execute(
                table.update().where(key == _typed(key, given.get("id"))).values(**dict(given.get("item") or {}))
            )
            if result.rowcount == 0:
                return connector_failure(404, f"No row was found with Id '{given.get('id')}'.", source="sql")
        return self._get_item(given)

    def _delete(self, given: Mapping[str, Any]) -> Outcome:
        table, key = self._table(given)
        with self.engine.begin() as connection:
            result = connection.execute(table.delete().where(key == _typed(key, given.get("id"))))
        if result.rowcount == 0:
            return connector_failure(404, f"No row was found with Id '{given.get('id')}'.", source="sql")
        return ok(None)


def _typed(column: Any, value: Any) -> Any:
    try:
        return column.type.python_type(value)
    except (NotImplementedError, TypeError, ValueError):
        return value


def _sent(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _shown(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): _json_value(value) for name, value in row.items()}


def _json_value(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str() | dict() | list():
            return value
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime() | date() | time():
            return value.isoformat()
        case bytes() | memoryview():
            return base64.b64encode(bytes(value)).decode()
        case _:
            return str(value)


_MYSQL_PASSES = (1040, 1158, 1159, 1160, 1161, 1205, 1213, 2002, 2003, 2006, 2013)
"""Too many connections, network errors, lock waits, deadlocks, a server that is gone: the same call may succeed later."""


def _passes(dialect: str, error: Any) -> bool:
    """Say whether an operational error may pass, or whether the statement itself is at fault."""
    original = error.orig
    match dialect:
        case "sqlite":
            return any(word in str(original) for word in ("locked", "busy", "unable to open", "disk I/O"))
        case "mysql" | "mariadb":
            return bool(getattr(original, "args", None)) and original.args[0] in _MYSQL_PASSES
        case _:
            return True


def _words(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


async def connect(settings: Any) -> SqlTransport:
    """Return a transport; `settings` has `url` and may have `pool_size`."""
    return SqlTransport(str(settings["url"]), pool_size=int(settings.get("pool_size", 20)))
