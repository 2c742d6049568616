"""What went to an agency in clear leaves Kafka's files when its days are over."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ops.agency import kafka
from ops.keystore import open_keystore
from ops.stack.kafka_admin import kafka_admin
from projections import resends
from projections.keystore import Erasure
from streams.feeds.names import feed_topic, resend_topic
from tests.acceptance.forms import files_with, forms

if TYPE_CHECKING:
    from tests.integration.feeds.rig import Rig

WORD = "Qzretentiony"
FORMS = sorted(forms(WORD))
LAW = ("social-registry", "social-support")
# What a topic is given is in days, as docs/agencies.md says them. Here a second is a day.
_DAY_IN_SECONDS = 86_400


def places(rig: Rig) -> set[str]:
    """Return the topics of this test in whose files the word lies, in whichever form."""
    data = rig.settings.home / "kafka" / "data"
    mine = [folder for folder in data.iterdir() if rig.suffix in folder.name]
    return {folder.name for folder in mine if files_with(folder, FORMS, ())}


def named(rig: Rig, who: object, number: int, form: bytes) -> dict[str, Any]:
    name = {"surname": form.decode(), "given_name": "Zulfiya", "patronymic": None}
    return rig.event("civil.person_identifier_assigned", who, number, identity=name)


def hurry(rig: Rig, topic: str) -> None:
    """Let a second be a day for this topic: each time that it was given is cut by the same."""
    with kafka_admin(rig.settings.kafka("admin")) as client:
        given = kafka.settings_of(client, topic)
        # What it was not given is Kafka's own: as long as a week, and not cut.
        own = {name: int(given[name]) for name in ("retention.ms", "segment.ms")}
        defaults = {"retention.ms": 604_800_000, "segment.ms": 604_800_000}
        assert own["retention.ms"] == 7 * 86_400_000
        cut = {
            name: str(value // _DAY_IN_SECONDS)
            for name, value in own.items()
            if name == "retention.ms" or value != defaults[name]
        }
        kafka.alter(client, topic, cut | {"file.delete.delay.ms": "0"})


def test_the_words_leave_with_the_days(rig: Rig) -> None:
    """In a feed that goes on, in one that ended, and in what was sent again."""
    busy, ended = rig.agency("busy"), rig.agency("ended")
    rig.grant(busy, *LAW)
    last = rig.grant(ended, *LAW)
    rig.write([named(rig, "her", number, form) for number, form in enumerate(FORMS)])
    rig.settle()
    with closing(rig.connect()) as connection:
        now = datetime.now(UTC)
        resends.ask(connection, busy, 1, len(FORMS), "k", now, "test")
    rig.settle()
    rig.revoke(last)
    rig.settle()
    hers = {feed_topic(busy), feed_topic(ended), resend_topic(busy)}
    assert {each.value["identity"]["surname"] for each in rig.read(busy)} == {
        form.decode() for form in FORMS
    }
    assert places(rig) == {f"{topic}-0" for topic in hers}, "in clear where it was sent, only there"

    later = rig.write([named(rig, "her", 100, FORMS[0])], applied=False)
    with closing(open_keystore(rig.settings)) as keys:
        keys.erase([Erasure(b"e" * 16, rig.person("her"), "identity")], datetime.now(UTC))
    rig.relay.key_store.forget()  # type: ignore[attr-defined] # within a minute, by itself
    rig.apply(later)
    rig.settle()
    assert rig.read(busy)[-1].value["redacted"] == ["identity"]
    assert places(rig) == {f"{topic}-0" for topic in hers}, "erased, and the feeds hold it still"

    for topic in hers:
        hurry(rig, topic)
    others = iter(range(1_000_000))

    def is_gone() -> bool:
        rig.write([rig.event("tax.income_reported", "another", next(others))])
        rig.settle(1)
        return not places(rig)

    rig.until(is_gone, 180)
    assert rig.read(ended) == []
    with kafka_admin(rig.settings.kafka("admin")) as client:
        kafka.alter(client, feed_topic(busy), {"retention.ms": str(7 * 86_400_000)})
    rig.write([rig.event("tax.income_reported", "another", next(others))])
    rig.settle()
    assert rig.read(busy)[-1].name == "IncomeReported", "the feed goes on"


def test_the_erasure_counts_the_longest_feed(rig: Rig) -> None:
    first, second = rig.agency("first"), rig.agency("second")
    with kafka_admin(rig.settings.kafka("admin")) as client:
        found = kafka.kept_for(client, [first])
        assert found == timedelta(days=7, hours=12)
        assert found < timedelta(days=8), "as docs/privacy.md promises"
        kafka.alter(client, feed_topic(second), {"retention.ms": str(30 * 86_400_000)})
        assert kafka.kept_for(client, [first, second]) == timedelta(days=30, hours=12)
        kafka.alter(client, resend_topic(second), {"retention.ms": "-1"})
        assert kafka.kept_for(client, [first, second]) is None
        assert kafka.kept_for(client, []) == timedelta(0)


def test_a_feed_of_before_is_put_right_and_keeps_its_days(rig: Rig) -> None:
    name = rig.agency("old")
    topic = feed_topic(name)
    with kafka_admin(rig.settings.kafka("admin")) as client:
        wrong = {"segment.ms": "604800000", "message.timestamp.type": "CreateTime"}
        kafka.alter(client, topic, wrong | {"retention.ms": str(30 * 86_400_000)})

        kafka.make_topics(client, name)

        found = kafka.settings_of(client, topic)
    assert (found["segment.ms"], found["message.timestamp.type"]) == ("43200000", "LogAppendTime")
    assert found["retention.ms"] == str(30 * 86_400_000)
