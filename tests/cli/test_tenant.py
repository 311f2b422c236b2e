"""`runafter tenant`: seeded into a file, looked into; and a run watched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import runafter
from runafter.cli.live import LiveRun
from runafter.cli.main import cli
from runafter.cli.watch import moment_of
from runafter.errors import NotSupported
from runafter.local.tenant import open_tenant
from runafter.protocol.commands import FinishRun, NoteStarted, RecordAction
from runafter.tenant.changes import changes, snapshot
from runafter.tenant.show import rows

EXAMPLES = Path(__file__).parents[2] / "examples"
SEED = str(EXAMPLES / "order_fan_out" / "tenant.yaml")


@pytest.fixture
def state(tmp_path: Path) -> str:
    return str(tmp_path / "tenant.db")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_a_seeded_tenant_is_kept_and_shown(state: str) -> None:
    seeded = call("tenant", "seed", SEED, "--state", state)
    shown = call("tenant", "show", "--state", state)
    stock = call("tenant", "show", "sql", "inventory", "--state", state, "--json")

    assert seeded.exit_code == shown.exit_code == 0
    assert "sharepoint  Orders" in " ".join(shown.output.split("\n")).replace("   ", "  ")
    assert json.loads(stock.output)[0] == {"Sku": "LAMP-01", "OnHand": 200}


def test_a_tenant_with_content_is_replaced_on_request_only(state: str) -> None:
    call("tenant", "seed", SEED, "--state", state)

    refused = call("tenant", "seed", SEED, "--state", state)
    replaced = call("tenant", "seed", SEED, "--state", state, "--replace")

    assert (refused.exit_code, replaced.exit_code) == (2, 0)
    assert "--replace" in refused.output


def test_a_tenant_that_is_not_there_says_how_to_make_one(state: str) -> None:
    found = call("tenant", "show", "--state", state)

    assert found.exit_code == 2
    assert "runafter tenant seed" in found.output


def test_a_seed_can_be_looked_into_without_a_file() -> None:
    found = call("tenant", "show", "sharepoint", "Orders", "--seed", SEED)

    assert "SO-1004" in found.output


def test_people_and_mails_have_names_of_their_own() -> None:
    tenant = open_tenant({"users": [{"userPrincipalName": "ada@contoso.example", "displayName": "Ada"}]})

    assert [user["displayName"] for user in rows(tenant, "users")] == ["Ada"]


def test_changes_tell_added_changed_and_deleted_rows_apart() -> None:
    content = {"sql": {"tables": {"T": {"columns": {"Id": "INT", "N": "TEXT"}, "rows": [{"Id": 1, "N": "a"}]}}}}
    tenant = open_tenant(content)
    before = snapshot(tenant)
    store = tenant.store_of("sql")
    ((key, row),) = store.rows("default/dbo.T") or store.rows("default/T")
    table = next(name for name in store.tables() if name.endswith("T"))

    store.put(table, key, {**row, "N": "b"})
    store.put(table, "new", {"Id": 2, "N": "c"})
    changed = changes(before, snapshot(tenant))
    store.delete(table, key)
    deleted = changes(before, snapshot(tenant))

    assert [(change.kind, dict(change.fields)) for change in changed] == [("changed", {"N": ("a", "b")}), ("added", {})]
    assert [change.kind for change in deleted] == ["added", "deleted"]


def test_a_watched_run_folds_what_went_well_and_opens_handlers_of_failures() -> None:
    folder = EXAMPLES / "order_fan_out"
    seen: list[NoteStarted | RecordAction | FinishRun] = []
    result = runafter.run(
        runafter.read(folder / "flow.json")[0],
        tenant=folder / "tenant.yaml",
        trigger=json.loads((folder / "trigger.json").read_text("utf-8")),
        faults=folder / "faults" / "confirmation_fails.yaml",
        listener=lambda _, notice: seen.append(notice) if isinstance(notice, NoteStarted | RecordAction) else None,
    )
    view = LiveRun(result.program)
    for notice in seen:
        view.apply(notice)

    from rich.console import Console

    console = Console(width=200)
    with console.capture() as capture:
        console.print(view.tree(folded=True))
    drawn = capture.get()

    assert "Validate_order  (8 inside)" in drawn
    assert "Parse_order" not in drawn
    assert "Release_inventory" in drawn
    assert max(map(moment_of, seen)) >= min(map(moment_of, seen)) > 0


def test_watching_needs_the_virtual_clock() -> None:
    assert "--watch needs --virtual" in call("run", SEED, "--watch", "3").output


def test_an_unknown_table_is_refused_with_the_names_that_people_know(state: str) -> None:
    call("tenant", "seed", SEED, "--state", state)
    refused = call("tenant", "show", "sharepoint", "Nope", "--state", state)
    tables = call("tenant", "show", "sharepoint", "--state", state, "--json")

    assert isinstance(refused.exception, NotSupported | SystemExit)
    assert "it has Orders" in f"{refused.exception} {refused.output}"
    assert [row["table"].rpartition("|")[2] for row in json.loads(tables.stdout)] == ["Orders"]


def test_where_no_mail_was_sent_none_is_shown(state: str) -> None:
    call("tenant", "seed", SEED, "--state", state)

    assert json.loads(call("tenant", "show", "mails", "--state", state, "--json").stdout) == []
