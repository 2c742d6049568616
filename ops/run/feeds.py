"""Run the relay of the feeds: wire it to Kafka, the schema registry, the key store, the tables."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from threading import Event as Flag
from typing import Final

import httpx

from ops.initialise import schema_ids
from ops.keystore import open_keystore
from ops.run.feed_outlet import FeedOutlet
from ops.secret_files import PIPELINE
from ops.settings import Settings
from projections.feeds import FeedStore
from schemas import registry, topics
from schemas.catalogue import EventType
from schemas.errors import TransientError
from schemas.rights import load_policy
from streams.feeds.names import schema_subject
from streams.feeds.reader import SourceReader
from streams.feeds.relay import FeedRelay
from streams.feeds.shapes import SOURCES

log = logging.getLogger(__name__)

PRINCIPAL: Final = "feeds"
_TIMEOUT_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.1  # between steps with little in them: a leaf and a row of each feed


def run(settings: Settings, stop: Flag) -> None:
    """Relay until ``stop`` is set; a server that does not answer is waited for.

    Raises:
        PermanentError: a person has to act.
    """
    while not stop.is_set():
        try:
            with ExitStack() as closer:
                relay = open_relay(settings, closer)
                _work(relay, stop)
        except TransientError as error:
            log.warning("feeds_retried", extra={"cause": str(error)})
            stop.wait(_RETRY_SECONDS)


def _work(relay: FeedRelay, stop: Flag) -> None:
    while not stop.is_set():
        began = time.monotonic()
        relay.step()
        stop.wait(max(0.0, _PAUSE_SECONDS - (time.monotonic() - began)))


def open_relay(
    settings: Settings,
    closer: ExitStack,
    *,
    sources: Mapping[str, str] | None = None,
    principal: str = PRINCIPAL,
) -> FeedRelay:
    """Return the relay; ``closer`` lets go of what it uses.

    Args:
        settings: where the servers are.
        closer: closed by the caller, whatever happens.
        sources: by name of a source topic, where its events really are; None: there.
        principal: who reads and writes at Kafka.

    Raises:
        TransientError: a server does not answer.
    """
    ids = schema_ids(settings)
    client = closer.enter_context(
        httpx.Client(base_url=settings.registry_url, timeout=_TIMEOUT_SECONDS)
    )
    config = settings.kafka(principal)
    types = {(sources or {}).get(topic, topic): ids.types(topic) for topic in SOURCES}
    front, behind = SourceReader(config, types), SourceReader(config, types)
    outlet = FeedOutlet(config, ids)
    store = FeedStore(settings.pipeline_dsn)
    key_store = open_keystore(settings, PIPELINE)
    for each in (front, behind, outlet, store, key_store):
        closer.enter_context(closing(each))
    return FeedRelay(
        policy=load_policy(),
        pseudonym_key=settings.secrets.pseudonym_key,
        types=types,
        said=((sources or {}).get(topics.NEEDS, topics.NEEDS),),
        store=store,
        key_store=key_store,
        front=front,
        behind=behind,
        outlet=outlet,
        schema_id=FeedSchemas(client).id_of,
        now=lambda: datetime.now(UTC),
    )


class FeedSchemas:
    """The ids of the feeds' schemas; a new one is registered when it is first needed."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._ids: dict[tuple[str, str], int] = {}

    def id_of(self, topic: str, row: EventType) -> int:
        """Return what the schema registry calls the schema; see ``schemas.registry``."""
        known = self._ids.get((topic, row.text))
        if known is None:
            subject = schema_subject(topic, row.full_name)
            known = registry.register_schema(self._client, subject, row.text)
            self._ids[topic, row.text] = known
        return known
