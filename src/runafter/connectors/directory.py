"""The tenant's directory: users, managers, groups and licences, shared by all connectors that speak of people.

Kept in the state of `azuread`. A tenant without seeded users knows everybody:
an address is a user whose name comes from the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runafter.connectors.answers import refuse
from runafter.connectors.instants import iso
from runafter.connectors.seedshape import ANY, NUMBER, SCALAR, TEXT, YES_NO
from runafter.connectors.spec import Row, Store, Surroundings

USERS = "users"
GROUPS = "groups"
SERVICE = "azuread"


class Directory:
    """Users and groups as one caller sees them at one moment."""

    def __init__(self, around: Surroundings, now: int) -> None:
        self.around = around
        self.now = now
        self.store: Store = around.store_of(SERVICE)

    # -- users -----------------------------------------------------------------------------------------------------

    def users(self) -> list[Row]:
        return [row for _, row in self.store.rows(USERS)]

    @property
    def is_open(self) -> bool:
        return not any(row.get("seeded") for row in self.users())

    def user(self, ident: str) -> Row | None:
        """Return the user with this id, principal name or mail."""
        wanted = ident.strip().lower()
        for row in self.users():
            if wanted in (row["id"], str(row["userPrincipalName"]).lower(), str(row.get("mail") or "").lower()):
                return row
        if self.is_open and "@" in wanted:
            name = wanted.split("@", 1)[0].replace(".", " ").title()
            return self.add({"userPrincipalName": wanted, "mail": wanted, "displayName": name}, seeded=False)
        return None

    def need_user(self, ident: str) -> Row:
        """Return the user.

        Raises:
            Refused: 404 in Graph's words.
        """
        found = self.user(ident)
        if found is None:
            raise refuse(
                404,
                "Request_ResourceNotFound",
                f"Resource '{ident}' does not exist or one of its queried reference-property objects are not present.",
            )
        return found

    def add(self, fields: Mapping[str, Any], *, seeded: bool = True) -> Row:
        """Add a user.

        Raises:
            Refused: 400 when the principal name is taken or missing.
        """
        principal = str(fields.get("userPrincipalName") or fields.get("mail") or "")
        if "@" not in principal:
            raise refuse(400, "Request_BadRequest", "Property userPrincipalName is invalid.")
        if any(str(row["userPrincipalName"]).lower() == principal.lower() for row in self.users()):
            text = "Another object with the same value for property userPrincipalName already exists."
            raise refuse(400, "Request_BadRequest", text)
        words = str(fields.get("displayName") or "").split()
        row: Row = {
            "id": str(fields.get("id") or self.around.new_id()),
            "userPrincipalName": principal,
            "mail": fields.get("mail") or principal,
            "displayName": fields.get("displayName") or principal,
            "givenName": fields.get("givenName") or (words[0] if words else None),
            "surname": fields.get("surname") or (words[-1] if len(words) > 1 else None),
            "accountEnabled": fields.get("accountEnabled", True),
            "mailNickname": fields.get("mailNickname") or principal.split("@", 1)[0],
            "jobTitle": fields.get("jobTitle"),
            "department": fields.get("department"),
            "officeLocation": fields.get("officeLocation"),
            "mobilePhone": fields.get("mobilePhone"),
            "businessPhones": fields.get("businessPhones") or [],
            "usageLocation": fields.get("usageLocation"),
            "manager": fields.get("manager"),
            "assignedLicenses": list(fields.get("assignedLicenses") or []),
            "createdDateTime": iso(self.now),
            "seeded": seeded,
        }
        row |= {key: value for key, value in fields.items() if key not in row and key != "passwordProfile"}
        self.store.put(USERS, row["id"], row)
        return row

    def change(self, ident: str, fields: Mapping[str, Any]) -> Row:
        row = self.need_user(ident)
        changed = {**row, **{k: v for k, v in fields.items() if k not in ("id", "passwordProfile")}}
        self.store.put(USERS, row["id"], changed)
        return changed

    def remove(self, ident: str) -> None:
        row = self.need_user(ident)
        self.store.delete(USERS, row["id"])
        for key, group in self.store.rows(GROUPS):
            if row["id"] in group["members"]:
                self.store.put(GROUPS, key, {**group, "members": [m for m in group["members"] if m != row["id"]]})

    def manager(self, ident: str) -> Row:
        """Return the user's manager.

        Raises:
            Refused: 404 when there is none.
        """
        row = self.need_user(ident)
        found = self.user(str(row["manager"])) if row.get("manager") else None
        if found is None:
            raise refuse(
                404,
                "Request_ResourceNotFound",
                "Resource 'manager' does not exist or one of its queried reference-property objects are not present.",
            )
        return found

    def reports(self, ident: str) -> list[Row]:
        row = self.need_user(ident)
        names = {row["id"], str(row["userPrincipalName"]).lower(), str(row.get("mail") or "").lower()}
        return [other for other in self.users() if str(other.get("manager") or "").lower() in names]

    def license(self, ident: str, add: list[str], remove: list[str]) -> Row:
        """Assign and take away licences by SKU id; seats are counted where the seed says how many there are.

        Raises:
            Refused: 400 when no seat is left or a licence to be removed is not held.
        """
        row = self.need_user(ident)
        held = [entry["skuId"] for entry in row["assignedLicenses"]]
        for sku in remove:
            if sku not in held:
                raise refuse(400, "Request_BadRequest", f"User does not have a corresponding license {sku}.")
            held.remove(sku)
        for sku in add:
            seats = self.store.get("skus", sku)
            used = sum(1 for user in self.users() for entry in user["assignedLicenses"] if entry["skuId"] == sku)
            if seats is not None and sku not in held and used >= int(seats.get("seats", 0)):
                raise refuse(
                    400, "Request_BadRequest", f"Subscription with SKU {sku} does not have any available licenses."
                )
            if sku not in held:
                held.append(sku)
        changed = {**row, "assignedLicenses": [{"skuId": sku, "disabledPlans": []} for sku in held]}
        self.store.put(USERS, row["id"], changed)
        return changed

    # -- groups ----------------------------------------------------------------------------------------------------

    def groups(self) -> list[Row]:
        return [row for _, row in self.store.rows(GROUPS)]

    def group(self, ident: str) -> Row | None:
        wanted = ident.strip().lower()
        for row in self.groups():
            if wanted in (row["id"].lower(), str(row["displayName"]).lower(), str(row.get("mail") or "").lower()):
                return row
        if not self.groups() and wanted:
            return self.add_group({"id": ident, "displayName": ident})
        return None

    def need_group(self, ident: str) -> Row:
        found = self.group(ident)
        if found is None:
            raise refuse(
                404,
                "Request_ResourceNotFound",
                f"Resource '{ident}' does not exist or one of its queried reference-property objects are not present.",
            )
        return found

    def add_group(self, fields: Mapping[str, Any]) -> Row:
        name = str(fields.get("displayName") or "")
        row: Row = {
            "id": str(fields.get("id") or self.around.new_id()),
            "displayName": name,
            "description": fields.get("description"),
            "mail": fields.get("mail") or f"{str(fields.get('mailNickname') or name).replace(' ', '')}@contoso.example",
            "mailNickname": fields.get("mailNickname") or name.replace(" ", ""),
            "mailEnabled": fields.get("mailEnabled", False),
            "securityEnabled": fields.get("securityEnabled", True),
            "groupTypes": list(fields.get("groupTypes") or []),
            "createdDateTime": iso(self.now),
            "deletedDateTime": None,
            "onPremisesLastSyncDateTime": None,
            "onPremisesSyncEnabled": None,
            "visibility": fields.get("visibility"),
            "members": [],
            "owners": [],
            "licences": [str(sku) for sku in fields.get("licences") or []],
        }
        self.store.put(GROUPS, row["id"], row)
        for member in fields.get("members") or []:
            self.join(row["id"], str(member))
        return self.store.get(GROUPS, row["id"]) or row

    def join(self, group: str, user: str) -> None:
        """Add a member, who gets the group's licences.

        Raises:
            Refused: 400 when the user is a member already or no seat is left.
        """
        row, member = self.need_group(group), self.need_user(user)
        if member["id"] in row["members"]:
            text = "One or more added object references already exist for the following modified properties: 'members'."
            raise refuse(400, "Request_BadRequest", text)
        if row.get("licences"):
            self.license(member["id"], list(row["licences"]), [])
        self.store.put(GROUPS, row["id"], {**row, "members": [*row["members"], member["id"]]})

    def leave(self, group: str, user: str) -> None:
        row, member = self.need_group(group), self.need_user(user)
        if member["id"] not in row["members"]:
            raise refuse(404, "Request_ResourceNotFound", f"Resource '{user}' is no member of '{group}'.")
        self.store.put(GROUPS, row["id"], {**row, "members": [m for m in row["members"] if m != member["id"]]})
        held = {entry["skuId"] for entry in member["assignedLicenses"]}
        kept = {sku for other in self.groups_of(member["id"]) for sku in other.get("licences") or ()}
        self.license(member["id"], [], [sku for sku in row.get("licences") or () if sku in held - kept])

    def members(self, group: str) -> list[Row]:
        row = self.need_group(group)
        return [user for user in self.users() if user["id"] in row["members"]]

    def change_group(self, group: str, fields: Mapping[str, Any]) -> Row:
        row = self.need_group(group)
        changed = {**row, **{name: value for name, value in fields.items() if name not in ("id", "members", "owners")}}
        self.store.put(GROUPS, row["id"], changed)
        return changed

    def remove_group(self, group: str) -> None:
        self.store.delete(GROUPS, self.need_group(group)["id"])

    def groups_of(self, user: str) -> list[Row]:
        row = self.need_user(user)
        return [group for group in self.groups() if row["id"] in group["members"]]


def shown_user(row: Row, select: str = "") -> dict[str, Any]:
    """Return a user as Graph shows it."""
    hidden = ("manager", "seeded", "photo")
    out = {key: value for key, value in row.items() if key not in hidden}
    names = [name.strip() for name in select.split(",") if name.strip()]
    return {key: out.get(key) for key in ("id", *names)} if names else out


def shown_group(row: Row) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("members", "owners", "licences")}


_USER = {
    "userPrincipalName": TEXT,
    "mail": TEXT,
    **dict.fromkeys(
        ("id", "displayName", "givenName", "surname", "mailNickname", "jobTitle", "department", "officeLocation",
         "mobilePhone", "usageLocation", "manager", "companyName", "employeeId", "city", "country"), SCALAR
    ),
    "accountEnabled": YES_NO,
    "businessPhones": [SCALAR],
    "assignedLicenses": [ANY],
    "*": ANY,
}  # fmt: skip
GROUP_SEED = {
    "id": TEXT,
    "displayName!": TEXT,
    "description": TEXT,
    "mail": TEXT,
    "mailNickname": TEXT,
    "mailEnabled": YES_NO,
    "securityEnabled": YES_NO,
    "groupTypes": [TEXT],
    "visibility": TEXT,
    "members": [TEXT],
    "owners": [TEXT],
    "licences": [SCALAR],
}
USER_SEED = (TEXT, _USER)
DIRECTORY_SEED = {
    "users": [USER_SEED],
    "groups": [GROUP_SEED],
    "skus": {"*": {"name": TEXT, "seats": NUMBER}},
}


def seed_directory(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `users: [{userPrincipalName, displayName, manager, ...}]`, `groups: [{displayName, members, licences}]`, `skus: {id: {name, seats}}`."""
    directory = Directory(around, now)
    for entry in value.get("users") or []:
        fields = {"userPrincipalName": entry} if isinstance(entry, str) else entry
        directory.add(fields)
    for entry in value.get("groups") or []:
        directory.add_group(entry)
    for sku, entry in (value.get("skus") or {}).items():
        directory.store.put("skus", sku, {"name": entry.get("name", sku), "seats": entry.get("seats", 0)})
