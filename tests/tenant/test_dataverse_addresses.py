"""The Web API's addresses beyond entity sets and rows: one column, related rows, counts, metadata, unknown actions."""

from __future__ import annotations

import pytest

WEB = "https://contoso.crm4.dynamics.com/api/data/v9.2"
A = "00000000-0000-0000-0000-00000000000a"
SEED = {
    "dataverse": {
        "tables": {
            "accounts": {
                "columns": {"name": "text", "stage": "choice", "_primarycontactid_value": "text"},
                "relationships": {"contact_customer_accounts": {"entity": "contacts", "via": "_parentcustomerid_value"}},
                "rows": [{"accountid": A, "name": "Contoso"}],
            },
            "contacts": {"columns": {"fullname": "text", "_parentcustomerid_value": "text"}},
        }
    }
}  # fmt: skip


@pytest.fixture
async def get(make, http):
    tenant = make(SEED)
    contact = {"fullname": "Ada", "parentcustomerid@odata.bind": f"/accounts({A})"}
    made = await http(tenant, "POST", f"{WEB}/contacts", body=contact)
    ident = made.headers["OData-EntityId"].rpartition("(")[2].rstrip(")")
    bound = {"primarycontactid@odata.bind": f"/contacts({ident})"}
    await http(tenant, "PATCH", f"{WEB}/accounts({A})", body=bound)

    async def ask(path: str, method: str = "GET", **more):
        return await http(tenant, method, f"{WEB}/{path}", **more)

    return ask


async def test_one_column_is_read_in_json_and_bare(get) -> None:
    assert (await get(f"accounts({A})/name")).body["value"] == "Contoso"
    assert (await get(f"accounts({A})/name/$value")).body == "Contoso"


async def test_a_lookup_and_a_relationship_are_followed(get) -> None:
    assert (await get(f"accounts({A})/primarycontactid?$select=fullname")).body["fullname"] == "Ada"
    assert [row["fullname"] for row in (await get(f"accounts({A})/contact_customer_accounts")).body["value"]] == ["Ada"]
    (only,) = (await get(f"accounts({A})/contact_customer_accounts/$ref")).body["value"]
    assert only["@odata.id"].startswith("https://contoso.crm.dynamics.com/api/data/v9.2/contacts(")


async def test_rows_are_counted(get) -> None:
    assert (await get("accounts/$count")).body == "1"


@pytest.mark.parametrize(
    ("path", "method", "named"),
    [
        (f"accounts({A})/nothing", "GET", "nothing"),
        (f"accounts({A})/name", "PUT", "PUT"),
        ("accounts/Microsoft.Dynamics.CRM.DeleteMultiple", "POST", "DeleteMultiple"),
        ("BulkDelete", "POST", "BulkDelete"),
        ("EntityDefinitions(LogicalName='account')/ManyToOneRelationships", "GET", "ManyToOneRelationships"),
        ("EntityDefinitions(LogicalName='nothing')", "GET", "nothing"),
    ],
)
async def test_what_is_not_there_is_refused_by_its_name(get, path: str, method: str, named: str) -> None:
    outcome = await get(path, method)

    assert outcome.status_code == 404
    assert named in (outcome.message or "")


async def test_metadata_is_read_and_not_changed(get) -> None:
    entity = (await get("EntityDefinitions(LogicalName='account')?$select=EntitySetName,MetadataId")).body
    columns = (await get(f"EntityDefinitions({entity['MetadataId']})/Attributes?$select=LogicalName")).body["value"]
    choices = (
        await get(
            "EntityDefinitions(LogicalName='account')/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
        )
    ).body["value"]

    assert entity["EntitySetName"] == "accounts"
    assert [row["LogicalName"] for row in columns] == ["accountid", "name", "stage", "primarycontactid"]
    assert [row["LogicalName"] for row in choices] == ["stage"]
    assert (await get("EntityDefinitions", "POST", body={})).status_code == 405


async def test_a_bulk_message_needs_targets_of_its_table(get) -> None:
    path = "contacts/Microsoft.Dynamics.CRM.CreateMultiple"

    wrong = await get(path, "POST", body={"Targets": [{"@odata.type": "Microsoft.Dynamics.CRM.account"}]})
    empty = await get(path, "POST", body={})

    assert (wrong.status_code, "Microsoft.Dynamics.CRM.contact" in (wrong.message or "")) == (400, True)
    assert (empty.status_code, "Targets" in (empty.message or "")) == (400, True)
