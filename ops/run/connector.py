"""Wire one connector: its source, its translator, the relay, Kafka and the key store."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event as Flag
from typing import Final

from connectors.civil.session import CivilSettings
from connectors.civil.source import connect
from connectors.civil.translate import translator as civil_translator
from connectors.compose import Composer
from connectors.health.history import HealthSource
from connectors.health.translate import translator as health_translator
from connectors.kafka_outlet import KafkaOutlet
from connectors.needs.outbox import NEEDS, OPERATOR, OutboxSource
from connectors.needs.translate import translate as translate_need
from connectors.operator.translate import translate as translate_decision
from connectors.relay import Relay
from connectors.source import Source, Translate
from connectors.tax.drop_folder import TaxSource
from connectors.tax.translate import translator as tax_translator
from ops.initialise import schema_ids
from ops.keystore import open_keystore
from ops.secret_files import PIPELINE
from ops.settings import Settings
from schemas import topics
from schemas.errors import PermanentError
from schemas.ids import Keys

FHIR_CLIENT_ID: Final = "hub"
Wiring = tuple[Source, Translate]
# What is stated by no registry: who states it, and where.
_OWN: Final = {"needs": ("hub", topics.NEEDS), "operator": ("hub", topics.OPERATOR)}


def run(settings: Settings, name: str, stop: Flag) -> None:
    """Relay registry ``name`` until ``stop`` is set.

    Raises:
        PermanentError: no such connector, or a person has to act.
        TransientError: a server did not answer at the start.
    """
    if name not in WIRINGS:
        raise PermanentError(f"no connector {name}; there are: {', '.join(sorted(WIRINGS))}")
    keys = settings.keys
    ids = schema_ids(settings)
    source, translate = WIRINGS[name](settings, keys)
    registry, topic = _OWN.get(name) or (name, topics.EVENTS[name])
    partitions = topics.partitions_of(topic, settings.partitions)
    relay = Relay(
        composer=Composer(
            registry=registry,
            connector=name,
            topic=topic,
            partitions=partitions,
            ids=keys,
            schema_ids=ids,
            key_store=open_keystore(settings, PIPELINE),
        ),
        source=source,
        translate=translate,
        outlet=KafkaOutlet(
            connector=name,
            client_config=settings.kafka(f"connector-{name}"),
            schema_ids=ids,
            partitions=partitions,
        ),
        now=lambda: time.time_ns() // 1000,
    )
    relay.run(stop)


def _civil(settings: Settings, keys: Keys) -> Wiring:
    source = connect(CivilSettings(dsn=settings.civil_source_dsn))
    return source, civil_translator(keys, settings.pinfl_check_digit)


def _health(settings: Settings, keys: Keys) -> Wiring:
    source = HealthSource(
        settings.fhir_url,
        FHIR_CLIENT_ID,
        _fhir_client_secret(settings),
        clock=time.monotonic,
        sleep=time.sleep,
    )
    return source, health_translator(keys, settings.pinfl_check_digit)


def _fhir_client_secret(settings: Settings) -> str:
    path = settings.home / "secrets" / "fhir_client_secret"
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise PermanentError(
            f"{path} cannot be read ({type(error).__name__}): put the client secret there that the "
            "health registry gave the hub; `hub simulate` writes it for its own server"
        ) from error


def _tax(settings: Settings, keys: Keys) -> Wiring:
    source = TaxSource(settings.tax_drop_folder, clock=time.monotonic, sleep=time.sleep)
    return source, tax_translator(keys, settings.pinfl_check_digit)


WIRINGS: Final[dict[str, Callable[[Settings, Keys], Wiring]]] = {
    "civil": _civil,
    "tax": _tax,
    "health": _health,
    "needs": lambda settings, _: (OutboxSource(settings.pipeline_dsn, kinds=NEEDS), translate_need),
    "operator": lambda settings, _: (
        OutboxSource(settings.pipeline_dsn, kinds=OPERATOR),
        translate_decision,
    ),
}
