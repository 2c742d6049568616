"""Errors of the API: problem+json (RFC 9457) with stable types; none repeats what was sent.

A problem's type is a path of the API itself, ``/problems/<name>``, where its meaning can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from starlette.responses import Response

from projections.problem_types import TYPES

MOST_BYTES: Final = 4_096  # of a request's body; a lookup has about thirty
MEDIA_TYPE: Final = "application/problem+json"
PREFIX: Final = "/problems/"


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """A request that is refused.

    Args:
        name: a row of ``TYPES``.
        rule: which rule refused it, by a stable name; goes into the answer and onto the record.
        headers: of the answer.
        more: members of the problem; nothing that was sent.
    """

    def __init__(
        self,
        name: str,
        rule: str = "",
        headers: Mapping[str, str] | None = None,
        **more: str | int,
    ) -> None:
        super().__init__(name)
        self.name, self.rule = name, rule or name
        self.headers = dict(headers or {})
        self.more: dict[str, str | int] = dict(more)
        if rule:
            self.more["rule"] = rule

    def response(self) -> Response:
        """Return the answer."""
        return problem(self.name, headers=self.headers, **self.more)


def problem(name: str, headers: Mapping[str, str] | None = None, **more: str | int) -> Response:
    """Return an error as RFC 9457 has it."""
    kind = TYPES[name]
    body = {"type": PREFIX + name, "title": kind.title, "status": kind.status, **more}
    said = dict(headers or {})
    if kind.retry_after_seconds:
        said.setdefault("Retry-After", str(kind.retry_after_seconds))
    return Response(orjson.dumps(body), kind.status, said, MEDIA_TYPE)
