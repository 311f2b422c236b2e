from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runafter.journal import codec
from runafter.journal.codec import CorruptJournal
from runafter.protocol.events import CallFinished, Event, Outcome, RunStarted, SignalReceived

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


def call(body: object, **more: object) -> CallFinished:
    outcome = Outcome(status_code=200, body=body, **more)  # type: ignore[arg-type]
    return CallFinished(id="r/A//1", at=5, action="A", outcome=outcome, draw=0.25)


def there_and_back(event: Event) -> Event:
    data, content = codec.split_event(event, codec.encode(event))
    key, body = content or (None, None)
    return codec.join_event("r", 3, codec.VERSION, data, zlib.crc32(data), key, body)


@given(JSON)
def test_any_json_value_reads_back_equal(value: object) -> None:
    assert there_and_back(call(value)) == call(value)
    data, content = codec.split_value({"statusCode": 200, "body": value})
    assert codec.join_value(data, content[1] if content else None) == {"statusCode": 200, "body": value}


@pytest.mark.parametrize(
    "event",
    [
        call("x" * 9000),
        call({"a": ["\ud800" * 5000]}),
        call(None, outputs={"deep": "y" * 9000}, has_outputs=True),
        call("x" * 9000, headers={"h": "z" * 9000}),
        SignalReceived(action="Ask", at=1, outputs={"body": "x" * 9000}),
        RunStarted(at=1, run_id="r", program="p", trigger={"outputs": {"body": "x" * 9000}}),
    ],
)
def test_large_values_are_kept_apart_and_joined_again(event: Event) -> None:
    data, content = codec.split_event(event, codec.encode(event))

    assert content is not None
    assert len(data) < 500
    assert there_and_back(event) == event


def test_order_of_keys_and_kinds_of_numbers_survive() -> None:
    body = {"b": 1, "a": 1.0, "c": 12345678901234567890123, "text": "x" * 9000}

    found = there_and_back(call(body))

    assert isinstance(found, CallFinished)
    assert repr(found.outcome.body) == repr(body)


def test_a_changed_byte_is_noticed() -> None:
    data = codec.encode(call(1))
    changed = data.replace(b"200", b"500")

    with pytest.raises(CorruptJournal, match="run r is damaged at position 3: the checksum does not fit"):
        codec.join_event("r", 3, codec.VERSION, changed, zlib.crc32(data), None, None)


def test_a_missing_or_changed_content_is_noticed() -> None:
    event = call("x" * 9000)
    data, content = codec.split_event(event, codec.encode(event))
    assert content is not None

    with pytest.raises(CorruptJournal, match="its content is missing"):
        codec.join_event("r", 3, codec.VERSION, data, zlib.crc32(data), content[0], None)
    with pytest.raises(CorruptJournal, match="checksum of its content"):
        codec.join_event("r", 3, codec.VERSION, data, zlib.crc32(data), content[0], content[1][:-1])


def test_what_is_no_event_is_named() -> None:
    data = b'{"e":"SomethingElse"}'

    with pytest.raises(CorruptJournal, match="version 1 cannot be read") as caught:
        codec.join_event("r", 3, codec.VERSION, data, zlib.crc32(data), None, None)
    assert caught.value.code == "JRN001"


def test_a_row_of_a_newer_release_is_refused() -> None:
    data = codec.encode(call(1))

    with pytest.raises(CorruptJournal, match="newer Runafter"):
        codec.join_event("r", 3, codec.VERSION + 1, data, zlib.crc32(data), None, None)


def test_a_row_of_an_older_version_is_brought_up_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "VERSION", 3)
    monkeypatch.setattr(
        codec,
        "UPCASTERS",
        {
            1: lambda plain: {**plain, "name": plain.pop("operation")},
            2: lambda plain: {**plain, "action": plain.pop("name")},
        },
    )
    data = b'{"e":"SignalReceived","at":4,"operation":"Ask","outputs":{"body":1}}'

    event = codec.join_event("r", 0, 1, data, zlib.crc32(data), None, None)

    assert event == SignalReceived(action="Ask", at=4, outputs={"body": 1})
