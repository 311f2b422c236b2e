"""What is typed after `runafter eval`, odd and wrong values included."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from runafter.cli.main import main


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(["eval", *arguments])
    shown = capsys.readouterr()
    assert isinstance(stop.value.code, int)
    return stop.value.code, shown.out, shown.err


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("@item()", "--item", "null"), None),
        (("@coalesce(items('Loop')?['a'], 'none')", "--item", "null"), "none"),
        (("@triggerBody()?['a']", "--trigger", '{"a": 1}'), 1),
        (("@triggerBody()?['a']", "--trigger", '{"body": {"a": 2}, "headers": {}}'), 2),
        (("@utcNow('yyyy')", "--now", "2031-01-02"), "2031"),
    ],
)
def test_values_are_given_as_they_are_meant(
    arguments: tuple[str, ...], printed: object, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = evaluated(capsys, *arguments)

    assert code == 0
    assert json.loads(out) == printed


def test_a_dash_reads_the_expression_from_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("@add(1, 1)\n"))

    assert evaluated(capsys, "-")[:2] == (0, "2\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("@variables('a')", "--variables", "[1]"), "an object of names and values"),
        (("@outputs('a')", "--outputs", "null"), "an object of names and values"),
        (("@utcNow()", "--now", "yesterday"), "no ISO timestamp"),
        (("@item()", "--item", "{bad"), "no JSON"),
        (("@item()", "--item", "[" * 100_000), "nested too deeply"),
        (("@item()", "--item", "@nowhere.json"), "cannot read"),
    ],
)
def test_what_is_given_wrongly_is_a_usage_error(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = evaluated(capsys, *arguments)

    assert (code, out) == (2, "")
    assert said in " ".join(err.split())


def test_a_file_that_is_no_text_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")

    code, _, err = evaluated(capsys, "@item()", "--item", f"@{tmp_path / 'x.json'}")

    assert code == 2
    assert "no text in UTF-8" in " ".join(err.split())
