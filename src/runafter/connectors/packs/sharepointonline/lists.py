"""SharePoint's lists: columns, items with versions, and the shapes in which the two faces show them.

A tenant without a seeded site takes any list of any site. With seeded sites,
others do not exist until a flow makes them; with seeded lists in a site, others
of that site do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from runafter.connectors import odata
from runafter.connectors.answers import Refused, refuse
from runafter.connectors.instants import iso, parse_iso
from runafter.connectors.spec import Row, Store, Surroundings

LISTS = "$lists"
_REFERENCE = "#Microsoft.Azure.Connectors.SharePoint.SPListExpandedReference"
_USER = "#Microsoft.Azure.Connectors.SharePoint.SPListExpandedUser"
_ALWAYS = (
    "ID", "Id", "GUID", "Title", "Created", "Modified", "Author", "Editor", "AuthorId", "EditorId", "Attachments",
    "ContentType", "ContentTypeId", "FSObjType", "FileLeafRef", "FileRef", "FileDirRef", "OData__UIVersionString",
    "OData__ModerationStatus", "UniqueId", "FileSystemObjectType", "Folder", "File", "ComplianceAssetId",
)  # fmt: skip
NUMBERS = ("number", "currency", "integer")
COLUMN_TYPES = (
    "text", "note", *NUMBERS, "choice", "person", "boolean", "date", "datetime", "lookup", "hyperlink", "calculated",
)  # fmt: skip
_SYSTEM = ("ID", "Id", "Created", "Modified", "Author", "Editor")


def site_key(dataset: str) -> str:
    """Return a site's URL without escapes, in lower case, without a slash at its end."""
    text = dataset
    while "%" in text and unquote(text) != text:
        text = unquote(text)
    return text.rstrip("/").lower()


def site_path(site: str) -> str:
    return urlsplit(site).path.rstrip("/")


@dataclass(frozen=True, slots=True)
class SharePointList:
    """One list. `columns` empty means that any field goes."""

    site: str
    title: str
    ident: str
    columns: Mapping[str, Mapping[str, Any]]
    conflict_status: int

    @property
    def table(self) -> str:
        return f"{self.site}|{self.title}"

    @property
    def entity_type(self) -> str:
        return "SP.Data." + re.sub(r"\W", lambda m: f"_x{ord(m[0]):04x}_", self.title) + "ListItem"


class Lists:
    """The lists of one site as one caller sees them."""

    def __init__(self, store: Store, around: Surroundings, now: int, user: str, site: str) -> None:
        self.store = store
        self.around = around
        self.now = now
        self.user = user
        self.site = site_key(site)

    def all(self) -> list[SharePointList]:
        return [self._of(row) for _, row in self.store.rows(LISTS) if row["site"] == self.site]

    def _of(self, row: Row) -> SharePointList:
        return SharePointList(row["site"], row["title"], row["id"], row["columns"], row.get("conflict_status", 412))

    def make(self, title: str, columns: Mapping[str, Any] | None = None, **more: Any) -> SharePointList:
        normal = {name: kind if isinstance(kind, dict) else {"type": kind} for name, kind in (columns or {}).items()}
        row = {"site": self.site, "title": title, "id": self.around.new_id(), "columns": normal, **more}
        self.store.put(LISTS, f"{self.site}|{title.lower()}", row)
        return self._of(row)

    def named(self, table: str) -> SharePointList:
        """Return the list with this title or id.

        Raises:
            Refused: 404, when the tenant has seeded sites, or the site seeded lists, and this is none of them.
        """
        sites = dict(self.store.rows("$sites"))
        if self.site not in sites and any("created" not in row for row in sites.values()):
            raise refuse(404, "-1, System.IO.FileNotFoundException", f"The site '{self.site}' does not exist.")
        name = unquote(unquote(table)).strip("{}")
        known = self.all()
        for found in known:
            if name.lower() in (found.title.lower(), found.ident):
                return found
        if any(row["site"] == self.site and not row.get("open") for _, row in self.store.rows(LISTS)):
            text = f"List '{name}' does not exist at site with URL '{self.site}'."
            raise refuse(404, "-1, System.ArgumentException", text)
        return self.make(name, open=True)

    # -- items ---------------------------------------------------------------------------------------------------------

    def fields_of(self, of: SharePointList, item: Mapping[str, Any]) -> Row:
        """Return stored fields of a payload: choice and person objects become their text.

        Raises:
            Refused: 400 for an unknown column or a choice that the column lacks.
        """
        out: Row = {}
        for name, value in item.items():
            if name.startswith(("@odata", "__", "{", "odata.")) or "#" in name or name in _SYSTEM:
                continue
            plain = _plain(value)
            if of.columns and name != "Title" and name not in of.columns:
                text = f"The property '{name}' does not exist on type '{of.entity_type}'. Make sure to only use property names that are defined by the type."
                raise refuse(400, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", text)
            column = of.columns.get(name, {})
            self._checked(name, plain, column)
            out[name] = plain
        return out

    def _checked(self, name: str, value: Any, column: Mapping[str, Any]) -> None:
        kind = column.get("type")
        if value in (None, ""):
            if column.get("required") and value in (None, ""):
                raise refuse(400, "-2130575163, SPException", f"The field '{name}' is required.")
            return
        if kind == "choice" and not column.get("fill_in"):
            choices = column.get("choices") or []
            values = value if isinstance(value, list) else [value]
            wrong = [v for v in values if v not in choices]
            if wrong:
                text = f"The value '{wrong[0]}' is not one of the choices of the field '{name}': {', '.join(map(str, choices))}."
                raise refuse(400, "-2130575155, SPException", text)
        if kind == "boolean" and str(value).lower() not in ("true", "false", "0", "1"):
            raise _unreadable(value, "Edm.Boolean")
        if kind in ("date", "datetime") and parse_iso(str(value)) is None:
            raise _unreadable(value, "Edm.DateTime")
        if kind in NUMBERS and (isinstance(value, bool) or not _is_number(value)):
            raise refuse(400, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException",
                         f"Cannot convert the value '{value}' of the field '{name}' to a number.")  # fmt: skip

    def _unique(self, of: SharePointList, values: Mapping[str, Any], own: Any = None) -> None:
        for name, column in of.columns.items():
            value = values.get(name)
            if not column.get("unique") or value in (None, ""):
                continue
            if any(row.get(name) == value and row["ID"] != own for _, row in self.store.rows(of.table)):
                text = (
                    "The list item could not be added or updated because duplicate values were found in the following "
                    f"field(s) in the list: [{name}]."
                )
                raise refuse(400, "-2130575169, Microsoft.SharePoint.SPDuplicateValuesFoundException", text)

    def add(self, of: SharePointList, item: Mapping[str, Any]) -> Row:
        values = self.fields_of(of, item)
        for name, column in of.columns.items():
            if column.get("required") and values.get(name) in (None, "") and "default" not in column:
                raise refuse(400, "-2130575163, SPException", f"The field '{name}' is required.")
        defaults = {name: column.get("default") for name, column in of.columns.items()}
        self._unique(of, values)
        number = self.store.next_number(of.table)
        row = {
            "ID": number,
            "GUID": self.around.new_id(),
            "Title": None,
            **defaults,
            **values,
            "Created": iso(self.now),
            "Modified": iso(self.now),
            "Author": self.user,
            "Editor": self.user,
            "$version": 1,
        }
        self.store.put(of.table, str(number), row)
        return row

    def item(self, of: SharePointList, ident: str) -> Row:
        row = self.store.get(of.table, str(ident).strip())
        if row is None:
            raise refuse(
                404,
                "-2130575338, System.ArgumentException",
                "Item does not exist. It may have been deleted by another user.",
            )
        return row

    def change(self, of: SharePointList, ident: str, item: Mapping[str, Any], *, if_match: str | None = None) -> Row:
        """Update the fields given; others stay.

        Raises:
            Refused: 412 (or the list's own `conflict_status`) when `if_match` is not the item's version.
        """
        row = self.item(of, ident)
        self.must_match(of, row, if_match)
        values = self.fields_of(of, item)
        self._unique(of, values, row["ID"])
        changed = {**row, **values, "Modified": iso(self.now), "Editor": self.user, "$version": row["$version"] + 1}
        self.store.put(of.table, str(row["ID"]), changed)
        self.store.put("$versions", f"{of.table}|{row['ID']}|{row['$version']}", row)
        return changed

    def version(self, of: SharePointList, ident: str, number: int) -> Row | None:
        """Return an item as it was in a version."""
        row = self.item(of, ident)
        return row if row["$version"] == number else self.store.get("$versions", f"{of.table}|{row['ID']}|{number}")

    def must_match(self, of: SharePointList, row: Row, if_match: str | None) -> None:
        if if_match in (None, "", "*"):
            return
        if if_match.strip().removeprefix("W/") != etag(row):
            text = f"The request ETag value '{if_match}' does not match the object's ETag value '{etag(row)}'."
            raise refuse(of.conflict_status, "-1, Microsoft.SharePoint.Client.ClientServiceException", text)

    def remove(self, of: SharePointList, ident: str, *, if_match: str | None = None) -> None:
        row = self.item(of, ident)
        self.must_match(of, row, if_match)
        self.store.delete(of.table, str(row["ID"]))
        name = row.get("Title") or ""
        self.bin(of.table, {"ID": row["ID"], "Name": name, "FileNameWithExtension": name, "IsFolder": False})

    def bin(self, table: str, entry: Mapping[str, Any]) -> None:
        """Remember what was deleted, by whom and when: the site's bin, which the deletion triggers read."""
        name = self.user.split("@", 1)[0].replace(".", " ").title()
        row = {**entry, "DeletedByUserName": name, "TimeDeleted": iso(self.now), "from": table}
        self.store.put("$bin", f"{table}|{self.store.next_number('bin'):09d}", row)

    def binned(self, table: str) -> list[Row]:
        rows = [row for _, row in self.store.rows("$bin") if row["from"] == table]
        return [{name: value for name, value in row.items() if name != "from"} for row in reversed(rows)]

    def page(self, of: SharePointList, options: Mapping[str, Any], page_size: int) -> odata.Page:
        rows = [row for _, row in self.store.rows(of.table)]
        query = odata.query_of(options)
        known = {*of.columns, *_ALWAYS}
        unknown = [name for name in odata.names_in(query) if of.columns and name.strip("{}") not in known]
        if unknown:
            text = f"Column '{unknown[0]}' does not exist. It may have been deleted by another user."
            raise refuse(400, "-2147024809, System.ArgumentException", text)
        return odata.page(rows, query, page_size=page_size, field=field)

    # -- shapes --------------------------------------------------------------------------------------------------------

    def shown(self, of: SharePointList, row: Row) -> dict[str, Any]:
        """Return an item as the connector shows it."""
        number = row["ID"]
        path = f"{site_path(self.site)}/Lists/{of.title}/"
        out: dict[str, Any] = {"@odata.etag": etag(row), "ItemInternalId": row["GUID"], "ID": number}
        for name, value in row.items():
            if name in ("ID", "GUID", "$version", "Author", "Editor"):
                continue
            kind = of.columns.get(name, {}).get("type")
            if kind == "choice" and isinstance(value, list):
                choices = of.columns[name].get("choices") or []
                out[name] = [{"@odata.type": _REFERENCE, "Id": _index(choices, v), "Value": v} for v in value]
                out[f"{name}#Id"] = [_index(choices, each) for each in value]
            elif kind == "choice" and value is not None:
                choices = of.columns[name].get("choices") or []
                index = _index(choices, value)
                out[name] = {"@odata.type": _REFERENCE, "Id": index, "Value": value}
                out[f"{name}#Id"] = index
            elif kind == "person" and value is not None:
                out[name] = person(value)
                out[f"{name}#Claims"] = person(value)["Claims"]
            else:
                out[name] = value
        out["Author"], out["Editor"] = person(row["Author"]), person(row["Editor"])
        out |= {
            "{Identifier}": f"{path}{number}_.000",
            "{IsFolder}": False,
            "{Link}": f"{self.site}/Lists/{of.title}/DispForm.aspx?ID={number}",
            "{Name}": row.get("Title") or "",
            "{FilenameWithExtension}": row.get("Title") or "",
            "{Path}": path.lstrip("/"),
            "{FullPath}": f"{path}{number}_.000".lstrip("/"),
            "{HasAttachments}": bool(self.attachments(of, str(number))),
            "{VersionNumber}": f"{row['$version']}.0",
        }
        return out

    def attachments(self, of: SharePointList, ident: str) -> list[tuple[str, Row]]:
        return [(k, r) for k, r in self.store.rows("$attachments") if k.startswith(f"{of.table}|{ident}|")]


def field(row: Mapping[str, Any], path: str) -> Any:
    """Return a field as $filter names it: `Status/Value`, `AssignedTo/EMail`, `Author/Title`, `Id`."""
    first, _, rest = path.partition("/")
    value = row.get("ID" if first == "Id" else first)
    if rest and isinstance(value, str):
        return value.split("@", 1)[0] if rest in ("Title", "DisplayName") else value
    return odata.plain_field(row, path) if rest else value


def _unreadable(value: Any, kind: str) -> Refused:
    text = f"Cannot convert the literal '{value}' to the expected type '{kind}'."
    return refuse(400, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", text)


def _index(choices: Any, value: Any) -> int:
    return choices.index(value) if value in choices else -1


def etag(row: Row) -> str:
    return f'"{row["$version"]}"'


def person(mail: Any) -> dict[str, Any]:
    text = str(mail)
    return {
        "@odata.type": _USER,
        "Claims": f"i:0#.f|membership|{text}",
        "DisplayName": text.split("@", 1)[0].replace(".", " ").title(),
        "Email": text,
        "Picture": "",
        "Department": None,
        "JobTitle": None,
    }


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if "Value" in value:
            return value["Value"]
        if "Claims" in value:
            return str(value["Claims"]).rsplit("|", 1)[-1]
        if "Email" in value:
            return value["Email"]
        if "results" in value:
            return [_plain(item) for item in value["results"]]
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
