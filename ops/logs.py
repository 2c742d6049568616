"""Log lines that can be shown to anybody: JSON, a constant message, and listed keys only.

Nothing reaches a log by accident. A message of ours is a ``snake_case`` constant; what
varies goes into ``extra=`` under a key on the list below, and every other key is dropped.
An exception is written as its type and place; its text only where our own rules make it
safe (``HubError``), since a driver's text quotes rows and values. A library's message is
kept as its template, without what it wanted to fill in.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TextIO

from schemas.errors import HubError

# Places, counts and derived ids. Nothing on it may ever hold a person's data.
_WHERE = """
topic partition offset next_offset end_offset cluster_id epoch sequence partition_sequence
generation lsn slot timeline system_id checkpoint schema_id schema_subject group table
"""
_WHAT = """
event_id event_type correlation_id causation_id registry connector component reason_code rule
file_hash version port pid attempt status page transaction state cause through signal exit_code
"""
_HOW_MUCH = """
chunk chunks events records rows bytes suppressed quarantined applied published skipped files
pages causes households persons months findings needs leaves closures facts retries restarts lag
workers seconds delay_seconds milliseconds
"""
ALLOWED = frozenset(f"{_WHERE} {_WHAT} {_HOW_MUCH}".split())

OUR_PACKAGES = frozenset({"schemas", "connectors", "streams", "projections", "ops"})

_CONSTANT = re.compile(r"[a-z][a-z0-9_]*\Z")
_PINFL = re.compile(r"(?<![0-9A-Za-z])\d{14}(?![0-9A-Za-z])")  # 14 digits: a national number
_LONGEST_VALUE = 200
_DEEPEST_CAUSE = 5


class SafeFormatter(logging.Formatter):
    """Render a record as one line of JSON that holds nothing unlisted."""

    def __init__(self, component: str) -> None:
        super().__init__()
        self._component = component

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": safe_message(record),
            "logger": record.name,
            "component": self._component,
        }
        line |= {key: safe_value(value) for key, value in vars(record).items() if key in ALLOWED}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = safe_error(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def configure(component: str, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send every log line of this process to ``stream``, safely rendered."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(SafeFormatter(component))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for package in OUR_PACKAGES:
        logging.getLogger(package).setLevel(level)


def safe_message(record: logging.LogRecord) -> str:
    """Return the constant part of a message."""
    template = str(record.msg)
    if record.name.partition(".")[0] in OUR_PACKAGES:
        constant = _CONSTANT.match(template) and not record.args
        return template if constant else f"message_withheld at {_place(record)}"
    # Without arguments a library's message may be an f-string, filled in already.
    return template if record.args else f"library_message at {_place(record)}"


def safe_value(value: object) -> object:
    """Return ``value`` if it is a number or a short text that cannot name a person."""
    if _PINFL.search(str(value)):
        return "withheld"
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value[:_LONGEST_VALUE]
    return type(value).__name__


def safe_error(error: BaseException, depth: int = 0) -> dict[str, object]:
    """Return the type and place of an exception and of what caused it, not its text."""
    kind = type(error)
    line: dict[str, object] = {"type": f"{kind.__module__}.{kind.__qualname__}"}
    if isinstance(error, HubError):
        line["text"] = safe_value(str(error))
    if (state := getattr(error, "sqlstate", None)) is not None:
        line["sqlstate"] = safe_value(state)
    frames = traceback.extract_tb(error.__traceback__)
    line["place"] = [_frame(frame) for frame in frames[-_DEEPEST_CAUSE:]]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and depth < _DEEPEST_CAUSE:
        line["caused_by"] = safe_error(cause, depth + 1)
    return line


def summary(error: BaseException) -> str:
    """Return an exception in one safe line."""
    if isinstance(error, HubError):
        return str(safe_value(str(error)))
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {_frame(frames[-1])}" if frames else ""
    return f"{type(error).__name__}{place}"


def _place(record: logging.LogRecord) -> str:
    return f"{record.module}:{record.lineno}"


def _frame(frame: traceback.FrameSummary) -> str:
    return f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}"
