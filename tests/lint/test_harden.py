"""Repairs are minimal, found again by nobody, and make nothing worse."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from tools.corpus_harden import tally

from runafter.cli.main import cli
from runafter.connectors.registry import catalogue
from runafter.definition.nodes import Definition
from runafter.lint.harden import GROUPS, SAFE, harden
from runafter.lint.readiness import readiness
from runafter.lint.run import all_rules, check
from runafter.local.read import read
from runafter.program.build import problems

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
SAMPLES = sorted(ROOT.glob("examples/*/fragile/flow.json"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.parent.name)
def test_a_second_application_changes_nothing(path: Path) -> None:
    once = harden(read(path), only=tuple(GROUPS), catalogue=catalogue())
    again = harden(read(once.after.source.data()), only=tuple(GROUPS), catalogue=catalogue())

    assert once.is_changed
    assert once.repaired
    assert not again.is_changed


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.parent.name)
def test_what_was_repaired_is_not_found_again_and_nothing_new_is(path: Path) -> None:
    before = read(path)
    done = harden(before, catalogue=catalogue())

    def found(definitions: Sequence[Definition]) -> Counter[str]:
        issues = check(definitions, catalogue=catalogue()).issues
        return Counter(issue.code for issue in issues if issue.waived is None)

    old, new = found(before), found(done.definitions)
    assert not new - old
    assert not set(new) & {"RTY001", "TMO001", "TMO002", "ERR001", "VAL001", "TRG001", "CAP001", "RAC001"}
    assert problems(done.definitions[0]) == []


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.parent.name)
def test_a_fragile_twin_gets_all_five_layers(path: Path) -> None:
    (definition,) = read(path)

    done = harden([definition], catalogue=catalogue())

    graded = readiness(done.definitions[0], catalogue=catalogue())
    assert readiness(definition, catalogue=catalogue()).grade == 0
    assert graded.grade == 5, [layer.missing for layer in graded.layers]


def test_a_handler_inside_of_a_loop_moves_into_the_scope_with_it() -> None:
    mail = {
        "type": "OpenApiConnection",
        "inputs": {
            "host": {"apiId": "/providers/Microsoft.PowerApps/apis/shared_office365", "operationId": "SendEmailV2"},
            "parameters": {
                "emailMessage/To": "a@fabrikam.example",
                "emailMessage/Subject": "s",
                "emailMessage/Body": "b",
            },
        },
        "runAfter": {"Ask_again": ["Succeeded"]},
    }
    loop = {
        "type": "Until",
        "expression": "@equals(outputs('Poll')?['statusCode'], 200)",
        "limit": {"count": 5, "timeout": "PT1H"},
        "actions": {
            "Poll": {
                "type": "Http",
                "inputs": {"method": "GET", "uri": "https://erp.fabrikam.example/7"},
                "runAfter": {},
            },
            "Wait": {
                "type": "Wait",
                "inputs": {"interval": {"count": 1, "unit": "Minute"}},
                "runAfter": {"Poll": ["Succeeded", "Failed", "TimedOut"]},
            },
        },
        "runAfter": {},
    }
    trigger = {"type": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1}}
    flow = {"definition": {"triggers": {"Daily": trigger}, "actions": {"Ask_again": loop, "Tell": mail}}}
    (definition,) = read(json.dumps(flow).encode())

    done = harden([definition], catalogue=catalogue())

    actions = done.definitions[0].value["actions"]
    assert set(actions["Try"]["actions"]) == {"Ask_again", "Tell"}
    assert actions["Catch"]["runAfter"] == {"Try": ["Failed", "TimedOut"]}


def test_only_the_lines_of_a_repair_change(tmp_path: Path) -> None:
    path = tmp_path / "flow.json"
    text = SAMPLES[0].read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")

    result = CliRunner().invoke(cli, ["harden", str(path), "--only", "retry,timeout,deduplication", "--write"])

    assert result.exit_code == 0
    old, new = text.splitlines(), path.read_text(encoding="utf-8").splitlines()
    kept = iter(new)
    missing = [line for line in old if not any(_bare(line) == _bare(each) for each in kept)]
    assert missing == []
    assert CliRunner().invoke(cli, ["harden", str(path), "--only", "retry,timeout,deduplication"]).exit_code == 0


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.parent.name)
def test_line_ends_and_tabs_of_the_author_stay(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tabs = re.sub(r"^(?:  )+", lambda match: "\t" * (len(match.group()) // 2), text, flags=re.MULTILINE)

    plain = harden(read(text.encode()), catalogue=catalogue()).after.source.text
    windows = harden(read(tabs.replace("\n", "\r\n").encode()), catalogue=catalogue()).after.source.text

    assert windows.count("\n") == windows.count("\r\n")
    assert re.search(r"^\t* +\S", windows, flags=re.MULTILINE) is None
    assert windows.replace("\r\n", "\n").replace("\t", "  ") == plain


def test_work_in_a_scope_keeps_its_lines_and_its_order() -> None:
    before = SAMPLES[0].read_text(encoding="utf-8")

    done = harden(read(SAMPLES[0]), only=("scopes",), catalogue=catalogue())

    gone = [line for line in difflib.ndiff(_lines(before), _lines(done.after.source.text)) if line.startswith("- ")]
    assert gone == ["- runAfter: {", "- Initialize_count: [", "- Succeeded", "- ]", "- }"]
    (inside,) = (each for each in done.after.source.text.splitlines() if '"Create_user": {' in each)
    (outside,) = (each for each in before.splitlines() if '"Create_user": {' in each)
    assert inside == "    " + outside


def _lines(text: str) -> list[str]:
    return [_bare(line).replace('"', "") for line in text.splitlines()]


def _bare(line: str) -> str:
    return line.strip().rstrip(",")


def test_the_diff_is_shown_and_the_file_left_alone() -> None:
    before = SAMPLES[0].read_bytes()

    result = CliRunner().invoke(cli, ["harden", str(SAMPLES[0])])

    assert result.exit_code == 1
    assert '"retryPolicy": {' in result.output
    assert SAMPLES[0].read_bytes() == before


@pytest.mark.parametrize(
    "arguments", [(str(ROOT / "examples"), "--print"), (str(SAMPLES[0]), "--only", "magic"), ("-", "--write")]
)
def test_what_cannot_be_repaired_is_refused(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, ["harden", *arguments], input=SAMPLES[0].read_bytes())

    assert result.exit_code == 2


def test_all_flows_of_a_folder_are_repaired_in_their_files(tmp_path: Path) -> None:
    for sample in SAMPLES[:2]:
        copy = tmp_path / sample.parent.parent.name / "flow.json"
        copy.parent.mkdir()
        copy.write_bytes(sample.read_bytes())

    shown = CliRunner().invoke(cli, ["harden", str(tmp_path), "-w"])
    written = CliRunner().invoke(cli, ["harden", str(tmp_path), "--write"])

    assert shown.output.count("+++ b/") == 2
    assert written.exit_code == 0
    assert "readiness 0/5, then 5/5" in written.output
    assert "set the parameter runRecordAddress" in written.output
    assert {readiness(each, catalogue=catalogue()).grade for each in read(tmp_path)} == {5}
    assert CliRunner().invoke(cli, ["harden", str(tmp_path)]).exit_code == 0


def test_what_the_project_accepts_stays(tmp_path: Path) -> None:
    (tmp_path / "runafter.toml").write_text(
        '[check]\nignore = ["TMO"]\n\n[[check.waive]]\ncode = "RTY001"\nreason = "the plan has it"\n', encoding="utf-8"
    )
    flow = tmp_path / "flow.json"
    flow.write_bytes(SAMPLES[3].read_bytes())

    printed = CliRunner().invoke(cli, ["harden", str(flow), "--print"]).output
    scopes = json.loads(printed)["properties"]["definition"]["actions"]["Try"]["actions"]

    assert "retryPolicy" not in json.dumps(scopes)
    assert "limit" not in scopes["Post_card_and_wait"]


def test_every_repair_belongs_to_a_rule() -> None:
    known = {rule.code for rule in all_rules()}

    assert {code for codes in GROUPS.values() for code in codes} <= known
    assert set(SAFE) <= set(GROUPS)


def test_names_that_nobody_knows_are_refused() -> None:
    with pytest.raises(ValueError, match="no repair is named 'x'"):
        harden(read(SAMPLES[0]), only=("x",))
    with pytest.raises(ValueError, match="one file"):
        harden([])


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real definitions is not beside the repository")
def test_real_flows_are_repaired_and_end_as_before(record_property: Callable[[str, object], None]) -> None:
    result = tally(CORPUS, every=6, offset=1)

    record_property("flows", result.fixable)
    record_property("findings", f"{result.before.total()} -> {result.after.total()}")
    assert result.fixable > 50
    assert result.changed >= 0.9 * result.fixable
    assert result.halved >= 0.9 * result.fixable
    assert result.same_end >= 0.99 * result.fixable
    assert result.builds == result.stable == result.no_new == result.fixable
    assert result.after.total() <= 0.05 * result.before.total()


def test_the_diff_of_a_file_on_one_line_is_laid_out(tmp_path: Path) -> None:
    path = tmp_path / "flow.json"
    path.write_text(json.dumps(json.loads(SAMPLES[0].read_text(encoding="utf-8"))), encoding="utf-8")

    shown = CliRunner().invoke(cli, ["harden", str(path), "--diff"])

    assert max(map(len, shown.stdout.splitlines())) < 1_000
    assert "laid out" in shown.stderr
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1


def test_the_diff_marks_a_last_line_without_an_end(tmp_path: Path) -> None:
    path = tmp_path / "flow.json"
    call = {"type": "Http", "inputs": {"method": "GET", "uri": "https://api.example"}}
    text = json.dumps({"definition": {"triggers": {}, "actions": {"Call": call}}})
    path.write_text(text, encoding="utf-8")

    shown = CliRunner().invoke(cli, ["harden", str(path), "--diff", "--only", "retry"])

    assert shown.stdout.count("\n\\ No newline at end of file\n") == 2
