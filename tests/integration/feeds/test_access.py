"""An agency reads its own feed, and its own schemas; all else is refused. Tried, not read."""

from __future__ import annotations

import json
import threading
import time
import warnings
from contextlib import ExitStack, closing, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx
import pytest
import uvicorn
from confluent_kafka import Consumer, KafkaError, KafkaException  # type: ignore[import-untyped]
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import (
    ClusterAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
)
from kafka.errors import KafkaError as PlainKafkaError
from psycopg_pool import ConnectionPool

from ops.agency import access, kafka
from ops.schemas_gateway.app import create_app
from ops.schemas_gateway.doorman import PostgresDoorman
from ops.stack import acls
from ops.stack.kafka_admin import kafka_admin
from projections import feeds_access
from schemas import topics
from streams.feeds.names import feed_topic, resend_topic, user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.feeds.rig import Rig

pytestmark = pytest.mark.long


def try_to_read(rig: Rig, agency: str, topic: str, group: str) -> int | str:
    """Return how many records come, or by which error none does."""
    config = rig.client(agency)
    consumer = Consumer(
        {
            "bootstrap.servers": config["bootstrap_servers"],
            "security.protocol": config["security_protocol"],
            "sasl.mechanism": config["sasl_mechanism"],
            "sasl.username": config["sasl_plain_username"],
            "sasl.password": config["sasl_plain_password"],
            "group.id": group,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    consumer.subscribe([topic])
    count, deadline = 0, time.monotonic() + 20
    try:
        while time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is None:
                continue
            error = message.error()
            if error is None:
                count += 1
            elif error.code() == KafkaError._PARTITION_EOF:
                return count
            else:
                return str(error.name())
    except KafkaException as error:
        return str(error.args[0].name())
    finally:
        consumer.close()
    return "nothing came"


def test_an_agency_reads_its_feed_and_nothing_else(rig: Rig) -> None:
    mine, other = rig.agency("mine"), rig.agency("other")
    for agency in (mine, other):
        rig.grant(agency, "pension-law", "pension")
    rig.write([rig.event("tax.income_reported", 1, n) for n in range(3)])
    rig.settle()
    assert try_to_read(rig, mine, feed_topic(mine), f"{mine}.readers") == 3
    foreign = [feed_topic(other), resend_topic(other), *topics.EVENTS.values()]
    foreign += [topics.NEEDS, topics.OPERATOR, topics.QUARANTINE, topics.CHECKPOINTS]
    foreign += list(rig.sources.values())
    for topic in foreign:
        assert try_to_read(rig, mine, topic, f"{mine}.x") == "TOPIC_AUTHORIZATION_FAILED", topic
    group = f"{other}.readers"
    assert try_to_read(rig, mine, feed_topic(mine), group) == "GROUP_AUTHORIZATION_FAILED"


def test_an_agency_whose_name_goes_on_where_anothers_ends_is_somebody_else(rig: Rig) -> None:
    tax, office = rig.agency("tax"), rig.agency("tax", after="-office")
    for agency in (tax, office):
        rig.grant(agency, "pension-law", "pension")
    rig.write([rig.event("tax.income_reported", 1, 1)])
    rig.settle()

    group = f"{office}.readers"
    assert try_to_read(rig, tax, feed_topic(tax), group) == "GROUP_AUTHORIZATION_FAILED"
    with gateway(rig) as url:
        seen = {}
        for agency in (tax, office):
            with registry_client(url, f"{user(agency)}:{rig.passwords[agency]}") as client:
                (subject,) = client.get_subjects()
                seen[agency] = client.get_latest_version(subject)
        signed_on = (user(tax), rig.passwords[tax])
        for path in ("", "/schema", "/versions"):
            number = seen[office].schema_id
            there = httpx.get(f"{url}/schemas/ids/{number}{path}", auth=signed_on)
            nowhere = httpx.get(f"{url}/schemas/ids/99999999{path}", auth=signed_on)
            assert (there.status_code, there.content) == (404, nowhere.content), path
        there = httpx.get(f"{url}/subjects/{seen[office].subject}/versions/latest", auth=signed_on)
        assert there.status_code == 404


def test_an_agency_writes_nothing_and_changes_nothing(rig: Rig) -> None:
    mine = rig.agency("mine")
    producer = KafkaProducer(**rig.client(mine), max_block_ms=5000, enable_idempotence=False)
    with closing(producer):
        for topic in (feed_topic(mine), resend_topic(mine)):
            with pytest.raises(TopicAuthorizationFailedError):
                producer.send(topic, b"x").get(10)
    writer = KafkaProducer(**rig.client(mine), transactional_id="hub-connector-feeds")
    with closing(writer), pytest.raises(TransactionalIdAuthorizationFailedError):
        writer.init_transactions()
    admin = KafkaAdminClient(**rig.client(mine))
    with closing(admin):
        with pytest.raises((ClusterAuthorizationFailedError, TopicAuthorizationFailedError)):
            admin.create_topics([NewTopic("feed.stolen.v1", 1, 1)])
        # Of topics only its own are shown to it.
        assert set(admin.list_topics()) == {feed_topic(mine), resend_topic(mine)}


def test_a_rotated_password_and_a_lock_out(rig: Rig) -> None:
    mine = rig.agency("mine")
    old = rig.passwords[mine]
    desk = desk_of(rig)
    access.rotate(desk, mine, lambda new: rig.passwords.update({mine: new}))
    assert rig.passwords[mine] != old
    new = rig.passwords[mine]
    rig.until(lambda: can_sign_on(rig, mine))
    rig.passwords[mine] = old
    assert not can_sign_on(rig, mine)
    rig.passwords[mine] = new
    access.end(desk, mine, "the agreement has ended", locked_out=True)
    access.end(desk, mine, "the agreement has ended", locked_out=True)  # a repeat is fine
    rig.until(lambda: not can_sign_on(rig, mine))
    with kafka_admin(rig.settings.kafka("admin")) as client:
        assert not acls.of_principal(client, user(mine))
        assert kafka.has_user(client, mine)  # never deleted: ops/agency/kafka.py says why


def can_sign_on(rig: Rig, agency: str) -> bool:
    try:
        KafkaAdminClient(**rig.client(agency), bootstrap_timeout_ms=3000).close()
    except PlainKafkaError:
        return False
    return True


def desk_of(rig: Rig) -> access.Desk:
    from datetime import UTC, datetime  # noqa: PLC0415

    return access.Desk(rig.settings, "test", datetime.now(UTC))


@pytest.mark.parametrize("step", ["make_topics", "allow", "set_password", "hand"])
def test_add_goes_on_after_a_crash_at_any_step(rig: Rig, step: str) -> None:
    """The same command again ends in the same state, and the password that is shown counts."""
    name, desk, shown = f"new-{rig.suffix}", desk_of(rig), list[str]()
    rig.made.append(name)

    class CrashError(Exception):
        pass

    def crash(*_: Any, **__: Any) -> None:
        raise CrashError

    crashing = nullcontext() if step == "hand" else patch.object(kafka, step, crash)
    with crashing, pytest.raises(CrashError):
        access.add(desk, name, "new", 7, crash if step == "hand" else shown.append)
    assert access.add(desk, name, "new", 7, shown.append)
    assert not access.add(desk, name, "new", 7, shown.append)
    rig.passwords[name] = shown[0]
    assert len(shown) == 1
    rig.until(lambda: can_sign_on(rig, name))
    with kafka_admin(rig.settings.kafka("admin")) as client:
        assert acls.of_principal(client, user(name)) == frozenset(kafka.rules(name))


@pytest.mark.parametrize("after", ["the digest", "Kafka"])
def test_a_new_password_that_was_not_shown_is_made_up_for(rig: Rig, after: str) -> None:
    """Killed in `rotate-password` before it was shown: `add` makes and shows another."""
    name, desk, shown = rig.agency("mine"), desk_of(rig), list[str]()
    where: Any = feeds_access if after == "the digest" else kafka
    whole = where.set_password

    def dies(*terms: Any, **more: Any) -> None:
        whole(*terms, **more)
        raise KeyboardInterrupt

    with patch.object(where, "set_password", dies), pytest.raises(KeyboardInterrupt):
        access.rotate(desk, name, shown.append)
    assert shown == []
    assert access.add(desk, name, "mine", 7, shown.append)
    assert not access.add(desk, name, "mine", 7, shown.append)

    (rig.passwords[name],) = shown
    rig.until(lambda: can_sign_on(rig, name))


@contextmanager
def gateway(rig: Rig) -> Iterator[str]:
    pool = ConnectionPool(
        rig.settings.pipeline_dsn, min_size=1, max_size=2, kwargs={"autocommit": True}, open=False
    )
    upstream = httpx.Client(base_url=rig.settings.registry_url)
    with pool, upstream:
        app = create_app(upstream, PostgresDoorman(pool, time.monotonic))
        server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, log_config=None))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            rig.until(lambda: server.started)
            port = server.servers[0].sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()


def registry_client(url: str, credentials: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a library of its own, while it is imported
        from confluent_kafka.schema_registry import (  # type: ignore[import-untyped]  # noqa: PLC0415
            SchemaRegistryClient,
        )
    return SchemaRegistryClient({"url": url, "basic.auth.user.info": credentials})


def test_the_gate_shows_an_agency_its_own_schemas_only(rig: Rig) -> None:
    mine, other = rig.agency("mine"), rig.agency("other")
    for agency in (mine, other):
        rig.grant(agency, "pension-law", "pension")
    rig.write([rig.event("tax.income_reported", 1, 1)])
    rig.settle()
    # An agency's namespace; the name of the record stands behind it.
    subject = f"{feed_topic(mine)}-hub.feed.{mine.replace('-', '_')}.IncomeReported"
    theirs = subject.replace(mine, other).replace(mine.replace("-", "_"), other.replace("-", "_"))
    with gateway(rig) as url, ExitStack() as closer:
        credentials = f"{user(mine)}:{rig.passwords[mine]}"
        with registry_client(url, credentials) as client:
            assert client.get_subjects() == [subject]
            latest = client.get_latest_version(subject)
            schema = client.get_schema(latest.schema_id)
            assert json.loads(schema.schema_str)["name"].endswith("IncomeReported")
        with registry_client(url, f"{user(other)}:{rig.passwords[other]}") as client:
            foreign = client.get_latest_version(theirs)
        signed_on = closer.enter_context(
            httpx.Client(base_url=url, auth=(user(mine), rig.passwords[mine]))
        )
        there = signed_on.get(f"/schemas/ids/{foreign.schema_id}")
        nowhere = signed_on.get("/schemas/ids/99999999")
        assert (there.status_code, there.content) == (404, nowhere.content)
        there = signed_on.get(f"/subjects/{theirs}/versions/latest")
        nowhere = signed_on.get(f"/subjects/{theirs}x/versions/latest")
        assert (there.status_code, there.content) == (404, nowhere.content)
        internal = rig.ids.of(topics.NEEDS, "hub.need_detected")
        refused = [f"/schemas/ids/{internal}", "/config", "/mode", f"/subjects/{subject}/../x"]
        assert {signed_on.get(path).status_code for path in refused} == {404}
        for method in ("POST", "PUT", "DELETE"):
            for path in (f"/subjects/{subject}", f"/subjects/{subject}/versions", "/config"):
                assert signed_on.request(method, path, json={}).status_code == 403
        # What was sent before an end can be read to the end; who is locked out reads nothing.
        for locked_out, status in ((False, 200), (True, 401)):
            access.end(desk_of(rig), mine, "it has ended", locked_out=locked_out)
            assert signed_on.get(f"/subjects/{subject}/versions/latest").status_code == status
        for auth in (None, (user(mine), "wrong"), (mine, rig.passwords[mine]), ("admin", "")):
            assert httpx.get(f"{url}/subjects", auth=auth).status_code == 401
        assert httpx.get(f"{url}/subjects", headers={"Authorization": "Basic %"}).status_code == 401
    leaves = rig.rows("body FROM kept.audit_leaves WHERE kind = 'refusal'")
    assert leaves
    assert len(leaves) < 15
    assert rig.passwords[mine] not in json.dumps(leaves)
