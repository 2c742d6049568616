"""Let an agency in, and lock it out.

The order of effects, and what a crash after each step means:

    1  the agency is known (PostgreSQL, with its leaf)     it has no grant: nothing is sent
    2  its two topics (Kafka)                              empty, and nobody may read them
    3  rules that let it read them (Kafka)                 of a user who does not exist yet
    4  a new password's digest, for the schema gateway     nobody knows it; noted as not handed over
    5  the same password at Kafka (SCRAM)                  likewise
    6  the password is shown, or is in its file (0600)     it counts; a repeat makes a new one
    7  noted that it was handed over (PostgreSQL)          done

The command can be given again after a crash at any point: what is there is found, and a password
that was not handed over for certain is replaced by a new one, which is shown.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from ops.agency import kafka
from ops.secret_files import ADMIN, write_private
from ops.settings import Settings
from ops.stack.kafka_admin import kafka_admin
from projections import feeds_access
from projections.agencies import add_agency, agencies, revoke_agency
from projections.agency_rows import Connection, UnknownAgencyError
from schemas.errors import PermanentError, TransientError

_PASSWORD_BYTES = 32
Hand = Callable[[str], None]  # shows a password, or writes it to its file


@dataclass(frozen=True, slots=True)
class Desk:
    """Who acts, when, and on which servers."""

    settings: Settings
    who: str
    now: datetime

    def open(self) -> closing[Connection]:
        """Return a connection to the hub's database.

        Raises:
            TransientError: it does not answer.
        """
        try:
            connection = psycopg.connect(self.settings.hub_dsn, autocommit=True, connect_timeout=5)
        except psycopg.OperationalError as error:
            raise TransientError("the hub's database does not answer; see `hub status`") from error
        return closing(connection)


def add(desk: Desk, agency: str, title: str, days: int, hand: Hand) -> bool:
    """Let an agency in; return whether a password was handed over now.

    Raises:
        PermanentError: the name is no name, or Kafka refuses.
        TransientError: a server does not answer; the same command goes on.
    """
    with desk.open() as connection:
        add_agency(connection, agency, title, now=desk.now, who=desk.who)
        with kafka_admin(desk.settings.kafka(ADMIN)) as client:
            kafka.make_topics(client, agency, days)
            kafka.allow(client, agency)
            found = feeds_access.access(connection, agency)
            if found is not None and found.given_at is not None and kafka.has_user(client, agency):
                return False
        _new_password(desk, connection, agency, hand)
    return True


def rotate(desk: Desk, agency: str, hand: Hand) -> None:
    """Give an agency that is let in a new password; the old one counts no more.

    Raises:
        UnknownAgencyError: there is no such agency, or it was revoked.
        TransientError: a server does not answer; the same command goes on.
    """
    with desk.open() as connection:
        standing = {each.agency for each in agencies(connection) if each.revoked_at is None}
        if agency not in standing:
            raise UnknownAgencyError(f"no agency {agency}: see `hub agency list`")
        _new_password(desk, connection, agency, hand)


def end(desk: Desk, agency: str, reason: str, *, locked_out: bool) -> None:
    """End an agency: every grant, every client; its feed ends with a last record.

    Order: locked out at the schema gateway, then at Kafka, then revoked with its leaf. A crash in
    between leaves an agency that stands but cannot sign on; the same command goes on.
    """
    with desk.open() as connection:
        if locked_out:
            feeds_access.lock_out(connection, agency, now=desk.now, who=desk.who)
            with kafka_admin(desk.settings.kafka(ADMIN)) as client:
                kafka.lock_out(client, agency)
        with connection.transaction():
            revoke_agency(connection, agency, now=desk.now, who=desk.who)
            feeds_access.explain(connection, agency, reason, now=desk.now, who=desk.who)


def _new_password(desk: Desk, connection: Connection, agency: str, hand: Hand) -> None:
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    with kafka_admin(desk.settings.kafka(ADMIN)) as client:
        # First, so that what is noted as handed over is never another than Kafka takes.
        feeds_access.set_password(connection, agency, password, now=desk.now, who=desk.who)
        kafka.set_password(client, agency, password)
    hand(password)
    feeds_access.handed_over(connection, agency, now=desk.now, who=desk.who)


def write_password(path: Path, password: str) -> None:
    """Write a password to a file that only its owner may read.

    Raises:
        PermanentError: the file cannot be written.
    """
    try:
        write_private(path, password)
    except OSError as error:
        raise PermanentError(f"{path} cannot be written ({type(error).__name__})") from error
