"""What a seed may say is known of every service; a slip is named with its place and what was probably meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runafter.connectors.registry import built_in_packs
from runafter.connectors.seedshape import ANY, InvalidSeed, check_shape
from runafter.tenant.clock import ManualClock
from runafter.tenant.seeds import apply_seed, read_seed, seed_file
from runafter.tenant.tenant import Tenant

SITE = "https://contoso.sharepoint.com/sites/ops"


@pytest.mark.parametrize(
    ("text", "pointer", "words"),
    [
        ("sharepoint: {site: {}}", "/sharepoint/site", "Did you mean 'sites'"),
        (f"sharepoint: {{sites: {{'{SITE}': {{list: {{}}}}}}}}", "/list", "Did you mean 'lists'"),
        (f"sharepoint: {{sites: {{'{SITE}': {{lists: {{L: {{item: []}}}}}}}}}}", "/lists/L/item", "'items'"),
        (
            f"sharepoint: {{sites: {{'{SITE}': {{lists: {{L: {{columns: {{S: {{type: choice, choises: [a]}}}}}}}}}}}}}}",
            "/columns/S/choises",
            "'choices'",
        ),
        (
            f"sharepoint: {{sites: {{'{SITE}': {{lists: {{L: {{columns: {{S: choise}}}}}}}}}}}}",
            "/columns/S",
            "'choice'",
        ),
        ("outlook: {mesages: []}", "/outlook/mesages", "'messages'"),
        ("outlook: {messages: [{to: a@x.example, subjct: Hi}]}", "/outlook/messages/0/subjct", "'subject'"),
        ("outlook: {messages: [{subject: Hi}]}", "/outlook/messages/0", "'to' is missing"),
        ("teams: {teams: [{id: a, chanels: [b]}]}", "/teams/teams/0/chanels", "'channels'"),
        ("dataverse: {tables: {accounts: {row: []}}}", "/dataverse/tables/accounts/row", "'rows'"),
        ("dataverse: {tables: {accounts: 3}}", "/dataverse/tables/accounts", "3 stands here; a list or a mapping"),
        ("sql: {tables: {dbo.A: {colums: {}}}}", "/sql/tables/dbo.A/colums", "'columns'"),
        ("sql: {databases: {default: {procedure: {}}}}", "/sql/databases/default/procedure", "'procedures'"),
        ("excel: {workbook: {}}", "/excel/workbook", "'workbooks'"),
        ("approvals: {rule: {}}", "/approvals/rule", "'rules'"),
        ("approvals: {rules: {'*': {answr: Approve}}}", "/approvals/rules/*/answr", "'answer'"),
        ("http: {endpoints: [{uri: 'https://x.example'}]}", "/http/endpoints/0/uri", "'url'"),
        ("users: [{userPrincipalName: a@x.example, displayNmae: A}]", "/users/0/displayNmae", "'displayName'"),
        ("groups: [{displayName: G, member: [a@x.example]}]", "/groups/0/member", "'members'"),
        ("licences: {E5: many}", "/licences/E5", "'many' stands here; a number is meant"),
        ("connections: {robot: {usr: a@x.example}}", "/connections/robot/usr", "'user'"),
        ("faults: {dataverse: 503}", "/faults", "a mapping stands here; a list is meant"),
        ("faults: [{operation: sql.*, staus: 503}]", "/faults/0/staus", "'status'"),
        ("user: [a]", "/user", "a list stands here; a text is meant"),
        ("smtp: {outbox: []}", "/smtp", "takes no seed"),
        ("onedrive: {file: {}}", "/onedrive/file", "'files'"),
        ("keyvault: {secret: {}}", "/keyvault/secret", "'secrets'"),
        ("planner: {tasks: [{id: t1, planId: p1, titel: A}]}", "/planner/tasks/0/titel", "'title'"),
    ],
)
def test_a_slip_in_a_seed_is_named_with_its_place(text: str, pointer: str, words: str) -> None:
    tenant = Tenant(clock=ManualClock())

    with pytest.raises(InvalidSeed) as told:
        apply_seed(tenant, read_seed(text))

    assert told.value.pointer.endswith(pointer)
    assert words in str(told.value)
    assert not [name for name in tenant.state.services() if name != "$tenant"]


@pytest.mark.parametrize(
    "text", ["users:", "sharepoint:", "connections: {robot: }", "faults:", "sharepoint: {sites: }"]
)
def test_a_key_without_content_says_nothing(text: str) -> None:
    apply_seed(Tenant(clock=ManualClock()), read_seed(text))

    check_shape({"a": {"*": ANY}}, None, "")


def test_a_slip_in_a_file_has_its_line(tmp_path: Path) -> None:
    seed = tmp_path / "tenant.yaml"
    seed.write_text("user: ada@x.example\n\nteams:\n  teams:\n  - id: ops\n    chanels: [General]\n", encoding="utf-8")

    with pytest.raises(InvalidSeed) as told:
        seed_file(Tenant(clock=ManualClock()), seed)

    assert (told.value.file, told.value.line, told.value.column) == (str(seed), 6, 5)


def test_a_content_that_the_service_refuses_has_the_line_of_its_service(tmp_path: Path) -> None:
    seed = tmp_path / "tenant.yaml"
    seed.write_text("user: ada@x.example\nusers: [bob@x.example, bob@x.example]\n", encoding="utf-8")

    with pytest.raises(InvalidSeed, match="already exists") as told:
        seed_file(Tenant(clock=ManualClock()), seed)

    assert told.value.line == 2


def test_a_free_key_beside_known_ones_is_kept() -> None:
    tenant = Tenant(clock=ManualClock())

    apply_seed(tenant, {"users": [{"userPrincipalName": "a@x.example", "extension_costCentre": "7"}]})

    [(_, row)] = tenant.store_of("azuread").rows("users")
    assert row["extension_costCentre"] == "7"


@pytest.mark.parametrize("pack", built_in_packs(), ids=lambda pack: pack.manifest.name)
def test_a_pack_that_takes_a_seed_says_what_may_stand_in_it(pack: Any) -> None:
    shape = pack.seed_shape()

    assert shape is None or shape != ANY
