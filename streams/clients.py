"""The same place and the same principal for the three clients of Kafka that are in use here.

What kafka-python takes is the form in which it is handed around: ``ops/settings.py`` makes it.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import faust


def for_aiokafka(client_config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of an aiokafka client: it takes a TLS context instead of a file."""
    config = {name: value for name, value in client_config.items() if name != "ssl_cafile"}
    if (context := _tls(client_config)) is not None:
        config["ssl_context"] = context
    return config


def for_faust(client_config: Mapping[str, Any]) -> faust.auth.Credentials | None:
    """Return the ``broker_credentials`` of a Faust app; none without SASL."""
    if "sasl_mechanism" not in client_config:
        return None
    return faust.SASLCredentials(
        mechanism=client_config["sasl_mechanism"],
        username=client_config["sasl_plain_username"],
        password=client_config["sasl_plain_password"],
        ssl_context=_tls(client_config),
    )


def _tls(client_config: Mapping[str, Any]) -> ssl.SSLContext | None:
    if client_config.get("security_protocol") != "SASL_SSL":
        return None
    return ssl.create_default_context(cafile=client_config.get("ssl_cafile"))
