"""Archives from strangers are read within limits, or refused with the reason."""

from __future__ import annotations

import io
import zipfile

import pytest
from tests.definition.cases import files, zipped

from runafter.definition.read import archive, read_bytes
from runafter.errors import UnreadableSource


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableSource) as caught:
        read_bytes(data, "x.zip")
    return caught.value.code


@pytest.mark.parametrize(
    "name",
    ["../evil.json", "a/../../evil.json", "..\\evil.json", "/etc/evil.json", "C:\\evil.json", "\\\\host\\evil.json"],
)
def test_names_that_leave_the_archive_are_refused(name: str) -> None:
    assert refusal(zipped({name: b"{}"})) == "DEF005"


def test_a_member_that_unpacks_to_far_more_than_it_holds_is_refused() -> None:
    assert refusal(zipped({"bomb.json": bytes(40 * 1024 * 1024)})) == "DEF005"


def test_the_sum_of_all_members_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 5000)

    assert refusal(zipped({f"{n}.json": b"x" * 900 for n in range(7)}, zipfile.ZIP_STORED)) == "DEF002"


def test_the_number_of_members_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 10)

    assert refusal(zipped({f"{n}.json": b"{}" for n in range(11)})) == "DEF005"


def test_archives_in_archives_are_read_to_a_depth() -> None:
    once = zipped({"inner.zip": zipped(files("solution"))})
    data = once
    for _ in range(4):
        data = zipped({"outer.zip": data})

    assert [definition.name for definition in read_bytes(once, "x.zip")] == ["Daily mail"]
    assert refusal(data) == "DEF005"


def test_a_size_that_the_archive_lies_about_does_not_matter() -> None:
    data = bytearray(zipped({"a.json": bytes(3 * 1024 * 1024)}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = data.index(mark) + offset
        data[start : start + 4] = (10).to_bytes(4, "little")

    assert refusal(bytes(data)) in {"DEF006", "DEF007"}


def test_encrypted_and_damaged_archives_are_refused() -> None:
    data = zipped(files("package"))
    encrypted = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := data.find(mark, start)) >= 0:
            encrypted[start + offset] |= 1
            start += 4
    wrong_sum = bytearray(data)
    wrong_sum[data.index(b"definition.json") + 40] ^= 0xFF

    assert refusal(bytes(encrypted)) == "DEF006"
    assert refusal(bytes(wrong_sum)) == "DEF006"
    assert refusal(data[: len(data) // 2]) == "DEF006"
    assert refusal(b"PK\x03\x04") == "DEF006"


def test_an_unknown_compression_is_refused() -> None:
    data = bytearray(zipped({"a.json": b"{}"}))
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(mark) + offset] = 77

    assert refusal(bytes(data)) == "DEF006"


def test_pictures_and_apps_are_left_out_unread() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("App.msapp", zipped({"../x": b""}))
        for name, data in files("package").items():
            made.writestr(name, data)

    assert len(read_bytes(buffer.getvalue(), "x.zip")) == 1
