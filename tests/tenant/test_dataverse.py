"""Dataverse rows, keys, lookups, rollups, actions, changesets and webhooks."""

from __future__ import annotations

import pytest

from runafter.protocol.commands import CallOperation, Target

API = "shared_commondataserviceforapps"
WEB = "https://contoso.crm4.dynamics.com/api/data/v9.2"
SEED = {
    "dataverse": {
        "tables": {
            "accounts": {
                "columns": {"name": "text", "accountnumber": "text", "revenue": "number", "_parentaccountid_value": "text",
                            "new_contacts": "number"},
                "required": ["name"],
                "alternate_keys": [["accountnumber"]],
                "rollups": {"new_contacts": {"entity": "contacts", "via": "_parentcustomerid_value", "delay_s": 30}},
                "relationships": {"contact_customer_accounts": {"entity": "contacts", "via": "_parentcustomerid_value"}},
                "rows": [{"accountid": "00000000-0000-0000-0000-00000000000a", "name": "Contoso", "accountnumber": "C1", "revenue": 10},
                         {"accountid": "00000000-0000-0000-0000-00000000000b", "name": "Fabrikam", "accountnumber": "F1", "revenue": 20}],
            },
            "contacts": {"columns": {"fullname": "text", "_parentcustomerid_value": "text"}, "rows": []},
        },
        "actions": {"new_Approve": {"returns": {"ok": True}}},
    }
}  # fmt: skip
A = "00000000-0000-0000-0000-00000000000a"


async def test_a_created_row_can_be_read_changed_listed_and_deleted(make, call) -> None:
    tenant = make(SEED)
    made = await call(
        tenant, API, "CreateRecord", {"entityName": "accounts", "item/name": "Woodgrove", "item/revenue": 5}
    )
    ident = made.body["accountid"]

    await call(tenant, API, "UpdateRecord", {"entityName": "accounts", "recordId": ident, "item/revenue": 7})
    read = await call(tenant, API, "GetItem", {"entityName": "accounts", "recordId": ident, "$select": "name,revenue"})
    listed = await call(
        tenant, API, "ListRecords", {"entityName": "accounts", "$filter": "revenue lt 10 and contains(name,'wood')"}
    )
    gone = await call(tenant, API, "DeleteRecord", {"entityName": "accounts", "recordId": ident})
    again = await call(tenant, API, "GetItem", {"entityName": "accounts", "recordId": ident})

    assert made.status_code == 201
    assert (read.body["name"], read.body["revenue"], "statecode" in read.body) == ("Woodgrove", 7, False)
    assert [row["accountid"] for row in listed.body["value"]] == [ident]
    assert gone.status_code == 204
    assert (again.status_code, again.code) == (404, "0x80040217")


async def test_update_creates_what_is_not_there_and_update_only_does_not(make, call) -> None:
    tenant = make(SEED)
    ident = "00000000-0000-0000-0000-0000000000ff"
    item = {"entityName": "accounts", "recordId": ident, "item/name": "New"}

    only = await call(tenant, API, "UpdateOnlyRecord", item)
    upserted = await call(tenant, API, "UpdateRecord", item)

    assert only.status_code == 404
    assert (upserted.status_code, upserted.body["accountid"]) == (200, ident)


async def test_an_alternate_key_finds_a_row_and_is_unique(make, call) -> None:
    tenant = make(SEED)

    read = await call(tenant, API, "GetItem", {"entityName": "accounts", "recordId": "accountnumber='C1'"})
    twice = await call(
        tenant, API, "CreateRecord", {"entityName": "accounts", "item/name": "X", "item/accountnumber": "c1"}
    )

    assert read.body["name"] == "Contoso"
    assert (twice.status_code, twice.code) == (412, "0x80060892")


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"item/nope": 1, "item/name": "x"}, "0x80048d19"),
        ({"item/revenue": 1}, "0x80040203"),
        ({"item/name": 5}, "0x80048d19"),
    ],
)
async def test_a_wrong_payload_is_400_with_the_services_code(make, call, item, code) -> None:
    tenant = make(SEED)

    outcome = await call(tenant, API, "CreateRecord", {"entityName": "accounts", **item})

    assert (outcome.status_code, outcome.code) == (400, code)


async def test_a_bad_table_is_404(make, call) -> None:
    tenant = make(SEED)

    outcome = await call(tenant, API, "CreateRecord", {"entityName": "nope", "item/name": "x"})

    assert (outcome.status_code, outcome.code) == (404, "0x8006088a")


async def test_lookups_bind_expand_and_filter(make, call) -> None:
    tenant = make(SEED)
    contact = {"entityName": "contacts", "item/fullname": "Ada", "item/parentcustomerid@odata.bind": f"/accounts({A})"}
    await call(tenant, API, "CreateRecord", contact)

    listed = await call(
        tenant,
        API,
        "ListRecords",
        {
            "entityName": "contacts",
            "$expand": "parentcustomerid($select=name)",
            "$filter": f"_parentcustomerid_value eq {A}",
        },
    )
    back = await call(
        tenant,
        API,
        "GetItem",
        {"entityName": "accounts", "recordId": A, "$expand": "contact_customer_accounts($select=fullname)"},
    )
    refused = await call(tenant, API, "ListRecords", {"entityName": "accounts", "$expand": "nonsense"})

    assert listed.body["value"][0]["parentcustomerid"]["name"] == "Contoso"
    assert [row["fullname"] for row in back.body["contact_customer_accounts"]] == ["Ada"]
    assert (refused.status_code, "'nonsense'" in (refused.message or "")) == (400, True)


async def test_a_rollup_follows_its_children_after_its_delay(make, call, clock) -> None:
    tenant = make(SEED)
    contact = {"entityName": "contacts", "item/fullname": "Ada", "item/parentcustomerid@odata.bind": f"/accounts({A})"}
    for _ in range(3):
        await call(tenant, API, "CreateRecord", contact)

    clock.advance(29)
    before = await call(tenant, API, "GetItem", {"entityName": "accounts", "recordId": A})
    clock.advance(1)
    after = await call(tenant, API, "GetItem", {"entityName": "accounts", "recordId": A})

    assert (before.body["new_contacts"], after.body["new_contacts"]) == (0, 3)


async def test_actions_answer_by_seed_or_by_handler(make, call) -> None:
    tenant = make(SEED)
    tenant.handle("dataverse/new_Double", lambda given: {"value": given["number"] * 2})

    seeded = await call(tenant, API, "PerformUnboundAction", {"actionName": "new_Approve"})
    handled = await call(tenant, API, "PerformUnboundAction", {"actionName": "new_Double", "item/number": 21})
    unknown = await call(tenant, API, "PerformUnboundAction", {"actionName": "new_Nope"})

    assert seeded.body == {"ok": True}
    assert handled.body == {"value": 42}
    assert unknown.status_code == 404


async def test_fetchxml_selects_rows_and_refuses_joins_by_name(make, call) -> None:
    tenant = make(SEED)
    xml = '<fetch><entity name="account"><attribute name="name"/><filter><condition attribute="revenue" operator="gt" value="15"/></filter></entity></fetch>'
    joined = '<fetch><entity name="account"><link-entity name="contact"/></entity></fetch>'

    found = await call(tenant, API, "ListRecords", {"entityName": "accounts", "fetchXml": xml})
    refused = await call(tenant, API, "ListRecords", {"entityName": "accounts", "fetchXml": joined})

    assert [row["name"] for row in found.body["value"]] == ["Fabrikam"]
    assert (refused.status_code, "link-entity" in (refused.message or "")) == (400, True)


async def test_a_row_change_calls_who_subscribed_for_it(make, call) -> None:
    tenant = make(SEED)
    heard = list[tuple[str, str]]()
    tenant.on_signal = lambda url, outputs: heard.append((url, outputs["body"]["name"]))
    subscription = {"subscriptionRequest/message": 3, "subscriptionRequest/entityname": "account", "subscriptionRequest/scope": 4,
                    "subscriptionRequest/filteringattributes": "revenue"}  # fmt: skip
    await call(tenant, API, "SubscribeWebhookTrigger", subscription, callback_url="cb:1")

    await call(tenant, API, "UpdateRecord", {"entityName": "accounts", "recordId": A, "item/name": "Renamed"})
    await call(tenant, API, "UpdateRecord", {"entityName": "accounts", "recordId": A, "item/revenue": 11})

    assert heard == [("cb:1", "Renamed")]


def _changeset(second: str) -> str:
    return "\r\n".join([
        "--batch_1", "Content-Type: multipart/mixed; boundary=set_1", "",
        "--set_1", "Content-Type: application/http", "Content-ID: 1", "",
        f"POST {WEB}/accounts HTTP/1.1", "Content-Type: application/json", "", '{"name": "One"}',
        "--set_1", "Content-Type: application/http", "Content-ID: 2", "",
        f"POST {WEB}/accounts HTTP/1.1", "Content-Type: application/json", "", second,
        "--set_1--", "--batch_1--", ""])  # fmt: skip


@pytest.mark.parametrize(("second", "status", "rows"), [('{"name": "Two"}', 200, 4), ('{"nope": 1}', 400, 2)])
async def test_a_changeset_is_all_or_nothing(make, http, second: str, status: int, rows: int) -> None:
    tenant = make(SEED)
    headers = {"Content-Type": "multipart/mixed; boundary=batch_1"}

    outcome = await http(tenant, "POST", f"{WEB}/$batch", headers=headers, body=_changeset(second))

    assert outcome.status_code == status
    assert len(tenant.store_of("dataverse").rows("accounts")) == rows


async def test_the_web_api_honours_if_match(make, http) -> None:
    tenant = make(SEED)
    read = await http(tenant, "GET", f"{WEB}/accounts({A})")

    fresh = await http(
        tenant, "PATCH", f"{WEB}/accounts({A})", headers={"If-Match": read.body["@odata.etag"]}, body={"revenue": 1}
    )
    stale = await http(
        tenant, "PATCH", f"{WEB}/accounts({A})", headers={"If-Match": read.body["@odata.etag"]}, body={"revenue": 2}
    )

    assert (fresh.status_code, stale.status_code) == (204, 412)
    assert (await http(tenant, "GET", f"{WEB}/accounts({A})")).body["revenue"] == 1


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        ("OpenApiConnection", {"parameters": {"entityName": "accounts", "$top": 1}}),
        ("ApiConnection", {"method": "get", "path": "/api/data/v9.1/@{encodeURIComponent(encodeURIComponent('accounts'))}".replace("@{encodeURIComponent(encodeURIComponent('accounts'))}", "accounts"), "queries": {"$top": 1}}),
        ("ApiConnection", {"method": "get", "path": "/v2/datasets/org.crm%252Fx/tables/accounts/items", "queries": {"$top": 1}}),
    ],
)  # fmt: skip
async def test_both_dialects_and_the_legacy_connector_reach_the_same_rows(make, type_, inputs) -> None:
    tenant = make(SEED)
    operation = "ListRecords" if type_ == "OpenApiConnection" else None
    target = Target(type=type_, api="shared_commondataservice", operation=operation)

    outcome = await tenant.perform(CallOperation(id="r/a/1", run_id="r", action="a", target=target, inputs=inputs))

    assert [row["name"] for row in outcome.body["value"]] == ["Contoso"]
