"""connections.toml as a file: what stands behind each reference, and faults that name it, the file and the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from runafter.project.connections import connections_in
from runafter.project.project import InvalidProject
from runafter.project.toml_places import place_of

GOOD = """# who stands behind what
[connections.shared_office365]
user = "ada@contoso.example"
idempotent = true

[connections."shared_sql"]
transport = "live"
settings = { url = { env = "ORDERS_DB" } }
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "connections.toml"
    file.write_text(text)
    return file


def fault_of(folder: Path, text: str) -> InvalidProject:
    with pytest.raises(InvalidProject) as caught:
        connections_in(written(folder, text), environ={})
    assert caught.value.file == str(folder / "connections.toml")
    return caught.value


def test_each_reference_is_emulated_or_live_and_knows_its_line(tmp_path: Path) -> None:
    found = connections_in(written(tmp_path, GOOD), environ={"ORDERS_DB": "postgresql://db/orders"})

    assert found["shared_office365"].live is None
    assert (found["shared_office365"].user, found["shared_office365"].idempotent) == ("ada@contoso.example", True)
    live = found["shared_sql"].live
    assert live is not None
    assert live.settings == {"url": "postgresql://db/orders"}
    assert (found["shared_office365"].line, found["shared_sql"].line) == (2, 6)


def test_where_there_is_no_file_there_are_no_connections(tmp_path: Path) -> None:
    assert connections_in(tmp_path / "connections.toml", environ={}) == {}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('[connections.a]\nuser = "x"\ntransport = "cloud"\n', 3, "'cloud' is neither emulated nor live"),
        ('[connections.a]\n\n[connections.b]\nusr = "x"\n', 4, "no setting 'usr'"),
        ('[connections.a]\nidempotent = "yes"\n', 2, "'idempotent' is true or false"),
        ('[connections]\na = { transport = "live" }\n', 2, "needs base_url or settings"),
        (GOOD, 8, "the environment variable ORDERS_DB of 'url' is not set"),
        (('[connections.a]\ntransport = "live"\nbase_url = "https://x.test"\n\n[connections.a.credential]\n'
         'kind = "bearer"\ntoken = "s3cret"\n'), 7, "'token' is a secret"),
        ('[connections.a]\ntransport = "live"\nbase_url = "https://x.test"\ncredential = { kind = "magic" }\n', 4,
         "credential kind 'magic'"),
        ("[connections.a]\nuser = \n", 2, "it is no TOML"),
        ('[shared_teams]\nuser = "x"\n', 1, "no table 'shared_teams'"),
    ],
)  # fmt: skip
def test_a_fault_names_the_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    fault = fault_of(tmp_path, text)

    assert says in fault.message
    assert fault.line == line
    assert fault.column >= 1


def test_a_secret_that_stands_in_the_file_is_not_repeated(tmp_path: Path) -> None:
    fault = fault_of(
        tmp_path,
        '[connections.a]\ntransport = "live"\nbase_url = "https://x.test"\n'
        'credential = { kind = "bearer", token = "s3cret" }\n',
    )

    assert "s3cret" not in fault.message + str(fault.hint)


def test_the_place_of_a_dotted_key_is_its_line() -> None:
    text = '[connections]\na.user = "x"\na."transport" = "live"\n'

    assert place_of(text, ("connections", "a", "transport")) == (3, 1)
    assert place_of(text, ("connections", "a", "timeout")) == (1, 1)
    assert place_of(text, ("other",)) == (0, 0)
