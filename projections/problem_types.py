"""Every problem that the API answers with: its status, its title, and what to do. Pure.

``/problems/<name>`` serves a row, docs/api.md lists them all, and a test compares the two.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Kind(NamedTuple):
    """One type of problem."""

    status: int
    title: str
    advice: str
    retry_after_seconds: int = 0


TYPES: Final[dict[str, Kind]] = {
    # Who asks.
    "token-missing": Kind(
        401, "A bearer token is needed.", "Get one from the token issuer with your client's secret."
    ),
    "token-invalid": Kind(
        401,
        "The token does not count.",
        "Its `rule` says why: expired, for somebody else, of another issuer, or no token at all. "
        "Get a new one.",
    ),
    "client-unknown": Kind(
        401,
        "The hub does not know this client.",
        "It was never added, or it was revoked. Ask the hub's operator.",
    ),
    # What for.
    "purpose-missing": Kind(
        400,
        "A request says its purpose and its legal basis.",
        "Send the headers Hub-Purpose and Hub-Basis, as your agreement names them.",
    ),
    "not-allowed": Kind(
        403,
        "Your rights do not cover this.",
        "Its `rule` says which part is missing; docs/rights.md explains each. It is on record.",
    ),
    # What was sent.
    "invalid-request": Kind(
        422,
        "The request is not of the form documented.",
        "Compare it with /openapi.json. `fields` names what is wrong, where that is known.",
    ),
    "pinfl-invalid": Kind(
        422, "The number is not a PINFL.", "Its `rule` says which check it fails."
    ),
    "parameter-unknown": Kind(
        422,
        "There is no such parameter here.",
        "Leave it out; /openapi.json lists those there are.",
    ),
    "parameter-repeated": Kind(
        422, "A parameter or header is given twice.", "Give each once; none of them is a list."
    ),
    "number-in-url": Kind(
        400,
        "A URL may not hold a national number.",
        "Fourteen digits in a row are refused. Look a number up by POST /v1/persons/lookup, and "
        "treat what was in the URL as disclosed.",
    ),
    "request-malformed": Kind(
        400,
        "The request is not of the form that HTTP has.",
        "Its head, its length or its chunks are not as RFC 9112 has them; the connection ends.",
    ),
    "url-malformed": Kind(
        400, "The URL is not of the form that HTTP has.", "Only printable ASCII, percent-encoded."
    ),
    "url-too-long": Kind(414, "The URL is too long.", "At most 2,048 bytes."),
    "headers-too-large": Kind(431, "The headers are too large.", "At most 16,384 bytes, and 64."),
    "too-large": Kind(413, "A request's body has at most 4,096 bytes.", "Nothing needs more."),
    "too-slow": Kind(408, "The request did not arrive in time.", "Its body has ten seconds."),
    "cursor-invalid": Kind(
        400,
        "The cursor does not belong to this question.",
        "Send it as it was given, with the same client and the same parameters, or begin anew.",
    ),
    "as-of-malformed": Kind(422, "as_of is a day: YYYY-MM-DD.", "For example 2026-03-01."),
    "as-of-out-of-range": Kind(422, "as_of is between 1900-01-01 and 2199-12-31.", "Another day."),
    "as-of-with-said": Kind(
        409,
        "What was said has no as_of.",
        "Ask for mode=judged, or leave as_of out and give known_at.",
    ),
    "known-at-malformed": Kind(
        422,
        "known_at is a moment with its time zone.",
        "YYYY-MM-DDTHH:MM:SSZ, or with +05:00 written as %2B05:00.",
    ),
    "known-at-out-of-range": Kind(
        422, "known_at is not before 2000.", "Nothing is recorded before."
    ),
    "known-at-future": Kind(
        409, "known_at is in the future.", "Nobody knows that yet. as_of may be in the future."
    ),
    "month-ahead": Kind(409, "That month has not begun.", "Ask for one that has."),
    "mode-unknown": Kind(422, "mode is said or judged.", "docs/past.md tells them apart."),
    "idempotency-key-missing": Kind(
        400, "What is written needs an Idempotency-Key.", "Any 8 to 64 letters, digits, - or _."
    ),
    "idempotency-key-reused": Kind(
        409,
        "This Idempotency-Key was used for another request.",
        "A key stands for one request. Take another key.",
    ),
    # What there is.
    "person-unknown": Kind(
        404, "No registry has stated anything of this id.", "It may be of another hub, or a typo."
    ),
    "need-unknown": Kind(
        404, "No such need stands for this person.", "It may have ended; ask for the history."
    ),
    "not-found": Kind(404, "There is nothing here.", "/openapi.json lists what there is."),
    "method-not-allowed": Kind(405, "Not with this method.", "The header Allow says which."),
    "resend-range": Kind(
        409,
        "The feed has no such numbers.",
        "Numbers run from 1 to the last that your feed has come to, at most a million at once.",
    ),
    "resends-waiting": Kind(
        409, "Too many resends of yours wait.", "Ask again when one of them has ended."
    ),
    # How much, and when.
    "rate-limited": Kind(
        429,
        "Too many requests.",
        "Wait for as many seconds as Retry-After says. RateLimit-Policy says how much is allowed.",
        1,
    ),
    "busy": Kind(503, "The hub is busy.", "Try again in a moment.", 1),
    "being-counted": Kind(
        503, "These figures are being counted.", "Ask again when Retry-After has passed.", 10
    ),
    "unavailable": Kind(
        503, "A server behind the hub does not answer.", "Try again; nothing was read.", 5
    ),
    "not-ready": Kind(
        503, "The hub cannot answer now.", "`reasons` names what is missing; docs/api.md.", 5
    ),
    "fault": Kind(500, "A fault of the hub itself; it is in its log.", "Report the `request` id."),
}
