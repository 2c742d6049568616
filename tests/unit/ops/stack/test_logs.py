"""Log lines hold nothing that is not on the list."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from ops import logs
from schemas.errors import PermanentError

PINFL_LIKE = "31234567890123"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("test", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def _only(stream: io.StringIO) -> dict[str, object]:
    (line,) = stream.getvalue().splitlines()
    found: dict[str, object] = json.loads(line)
    return found


def test_a_listed_key_is_kept_and_any_other_dropped(lines: io.StringIO) -> None:
    extra = {"topic": "t", "offset": 7, "surname": "Karimov", "payload": {"a": 1}}

    logging.getLogger("ops.x").info("page_relayed", extra=extra)

    line = _only(lines)
    assert (line["message"], line["topic"], line["offset"]) == ("page_relayed", "t", 7)
    assert line["component"] == "test"
    assert "Karimov" not in lines.getvalue()
    assert "payload" not in line


@pytest.mark.parametrize("value", [PINFL_LIKE, int(PINFL_LIKE), f"person {PINFL_LIKE} failed"])
def test_a_national_number_is_withheld_even_under_a_listed_key(
    lines: io.StringIO, value: object
) -> None:
    logging.getLogger("ops.x").info("page_relayed", extra={"cause": value})

    assert _only(lines)["cause"] == "withheld"


def test_a_structure_is_not_written_out(lines: io.StringIO) -> None:
    logging.getLogger("ops.x").info("page_relayed", extra={"rows": {"name": "Karimov"}})

    assert _only(lines)["rows"] == "dict"


@pytest.mark.parametrize("message", ["person Karimov failed", "failed_%s"])
def test_a_message_of_ours_that_is_not_constant_is_withheld(
    lines: io.StringIO, message: str
) -> None:
    logging.getLogger("streams.x").warning(message, *(["Karimov"] if "%" in message else []))

    assert "Karimov" not in lines.getvalue()
    assert str(_only(lines)["message"]).startswith("message_withheld at test_logs:")


def test_a_library_is_quoted_without_its_values(lines: io.StringIO) -> None:
    logging.getLogger("kafka.conn").warning("lost %s", "Karimov")
    logging.getLogger("kafka.conn").warning("lost Karimov")

    first, second = (json.loads(line)["message"] for line in lines.getvalue().splitlines())
    assert first == "lost %s"
    assert second.startswith("library_message at test_logs:")


def test_an_exception_is_its_type_and_place_not_its_text(lines: io.StringIO) -> None:
    try:
        try:
            raise KeyError("Karimov")
        except KeyError as error:
            raise ValueError("Karimov again") from error
    except ValueError:
        logging.getLogger("ops.x").exception("page_failed")

    line = _only(lines)
    assert "Karimov" not in lines.getvalue()
    told = line["error"]
    assert isinstance(told, dict)
    assert told["type"] == "builtins.ValueError"
    assert told["caused_by"]["type"] == "builtins.KeyError"
    assert "test_logs.py" in told["place"][-1]


def test_an_error_of_our_own_keeps_its_text(lines: io.StringIO) -> None:
    try:
        raise PermanentError("slot hub is lost; run hub init")
    except PermanentError as error:
        logging.getLogger("ops.x").exception("stopped")
        short = logs.summary(error)

    error_line = _only(lines)["error"]
    assert isinstance(error_line, dict)
    assert error_line["text"] == short == "slot hub is lost; run hub init"
