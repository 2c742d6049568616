"""A client that may change things at Kafka; what it says when Kafka does not answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from schemas.errors import TransientError

if TYPE_CHECKING:
    from kafka.admin import KafkaAdminClient


@contextmanager
def kafka_admin(client_config: Mapping[str, Any]) -> Iterator[KafkaAdminClient]:
    """Open a client and close it.

    Raises:
        TransientError: Kafka does not answer, or lets nobody in.
    """
    # Here, because it takes half a second that `hub down` need not wait.
    from kafka.admin import KafkaAdminClient  # noqa: PLC0415
    from kafka.errors import KafkaError  # noqa: PLC0415

    try:
        client = KafkaAdminClient(**client_config)
        try:
            yield client
        finally:
            client.close()
    except KafkaError as error:
        raise TransientError(
            f"Kafka does not answer ({type(error).__name__}); see `hub status`"
        ) from error
