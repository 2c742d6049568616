"""The users of Kafka: each principal gets the password that lies in its file.

Kafka keeps a salted hash of each password among its metadata. ``broker`` alone is known to Kafka
from its configuration; it makes the others, so nothing of them has to be there when Kafka starts.
Every call sets every password again: whatever happened before, the files are right afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Final

from ops.secret_files import ADMIN, BROKER, KAFKA_PRINCIPALS, kafka_password
from ops.settings import Settings
from ops.stack.kafka_admin import kafka_admin
from schemas.errors import PermanentError, TransientError

_MECHANISM: Final = "SCRAM-SHA-512"
_ITERATIONS: Final = 4096  # the least Kafka takes; the passwords are random and long
_SECONDS: Final = 20.0  # a password is known a moment after Kafka has said so
_POLL_SECONDS: Final = 0.05


def create_users(settings: Settings, principals: Iterable[str] = KAFKA_PRINCIPALS) -> None:
    """Give each principal the password of its file; on return Kafka lets ``admin`` in.

    One request: after a crash all passwords are the new ones or none is, and the next call sets
    them.

    Raises:
        TransientError: Kafka does not answer.
        PermanentError: Kafka refuses.
    """
    folder = settings.secrets_folder
    set_passwords(settings, {each: kafka_password(folder, each) for each in principals})
    wait_until_let_in(settings, ADMIN, kafka_password(folder, ADMIN))


def set_passwords(settings: Settings, passwords: Mapping[str, str]) -> None:
    """Have these passwords count, and no others, from the next connection of each principal on.

    Raises:
        TransientError: Kafka does not answer.
        PermanentError: Kafka refuses.
    """
    # Here, because it takes half a second that `hub down` need not wait.
    from kafka.admin import UserScramCredentialUpsertion  # noqa: PLC0415

    wanted = [
        UserScramCredentialUpsertion(principal, _MECHANISM, password, iterations=_ITERATIONS)
        for principal, password in passwords.items()
    ]
    with kafka_admin(settings.kafka(BROKER)) as admin:
        answers = admin.alter_user_scram_credentials(wanted)
    refused = sorted(name for name, why in answers.items() if why is not None)
    if refused:
        raise PermanentError(f"Kafka takes no password for {', '.join(refused)}")


def wait_until_let_in(settings: Settings, principal: str, password: str) -> None:
    """Return once Kafka knows a password that was set a moment ago.

    Raises:
        TransientError: it does not.
    """
    from kafka.admin import KafkaAdminClient  # noqa: PLC0415
    from kafka.errors import KafkaError  # noqa: PLC0415

    client_config = settings.kafka(principal) | {"sasl_plain_password": password}
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            KafkaAdminClient(**client_config).close()
        except KafkaError as error:
            if time.monotonic() > deadline:
                raise TransientError(
                    f"Kafka does not let {principal} in ({type(error).__name__}); "
                    "run the command again"
                ) from error
            time.sleep(_POLL_SECONDS)
        else:
            return
