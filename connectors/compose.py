"""Turn one page of a registry into the messages of one Kafka transaction. Pure but for nonces.

Order inside a page is kept. Every record of the page becomes exactly one event or one quarantine
entry; nothing is dropped here. Sequence numbers continue those of the position given, so composing
a page again after a failure gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from connectors.messages import Composed, Message, Numbers, Position, cloud_event_headers
from connectors.partitioner import partition_of
from connectors.source import Complete, Draft, Entry, Page, SourceRecord, Translate
from schemas import topics
from schemas.catalogue import EventType, catalogue, checkpoint, quarantine_entry
from schemas.codec import encode
from schemas.errors import InvalidRecord
from schemas.ids import MICROSECONDS_A_DAY, ZERO, Id, Keys, days, text
from schemas.registry import SchemaIds
from schemas.sealing import seal, seal_bytes


class KeyStore(Protocol):
    """The keys under which personal data is sealed, one for each (id, class)."""

    def keys(self, wanted: Iterable[tuple[bytes, str]]) -> Mapping[tuple[bytes, str], bytes]:
        """Return the key of each wanted pair; a key that did not exist is durable on return.

        Raises:
            TransientError: the key store does not answer; nothing may be published.
            PermanentError: a key was erased; what to do with such a record is not decided here.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that broke a rule."""

    record: SourceRecord
    rule: str
    field: str | None


def translate_page(
    records: Sequence[SourceRecord], translate: Translate
) -> tuple[list[Draft], list[Fault]]:
    """Sort ``records`` into drafts and faults, source order kept in each."""
    drafts: list[Draft] = []
    faults: list[Fault] = []
    for record in records:
        try:
            drafts.append(translate(record))
        except InvalidRecord as error:
            faults.append(Fault(record, error.rule, error.field))
    return drafts, faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """What one connector needs to know to compose its pages."""

    registry: str  # civil, tax, health or hub
    connector: str  # the name in the checkpoint: civil, tax, health or needs
    topic: str
    partitions: int
    ids: Keys
    schema_ids: SchemaIds
    key_store: KeyStore

    def compose(self, page: Page, translate: Translate, at: Position, now: int) -> Composed:
        """Return the messages of ``page`` and the position after it.

        Args:
            page: what the source returned.
            translate: the registry's translator.
            at: the position that is committed.
            now: microseconds since 1970, UTC.
        """
        drafts, faults = translate_page(page.records, translate)
        entry_ids = [self.ids.quarantine_id(self.registry, f.record.source_key) for f in faults]
        sealing = self.key_store.keys(
            {(d.subject, name) for d in drafts for name, block in d.sealed.items() if block}
            | {(entry, "quarantine") for entry in entry_ids}
        )
        numbers = Numbers(at, max(now, at.recorded_at))
        messages = [self._event(draft, sealing, numbers) for draft in drafts]
        if page.complete is not None:
            messages += [
                self._complete(page.complete, partition, numbers)
                for partition in range(self.partitions)
            ]
        entries = [
            self._entry(fault, entry_id, sealing[entry_id, "quarantine"], numbers.recorded_at)
            for fault, entry_id in zip(faults, entry_ids, strict=True)
        ]
        messages += [self._quarantine(entry) for entry in (*entries, *page.entries)]
        position = numbers.position(page.cursor)
        messages.append(self._checkpoint(position))
        return Composed(
            messages, position, numbers.sequence - at.sequence, len(faults) + len(page.entries)
        )

    def _event(
        self, draft: Draft, sealing: Mapping[tuple[bytes, str], bytes], numbers: Numbers
    ) -> Message:
        row = catalogue()[draft.type]
        event_id = self.ids.event_id(self.registry, draft.source_key)
        fields: dict[str, Any] = {}
        content: dict[str, Any] = {}
        for name in row.fields:
            if name in draft.presealed:
                fields[name] = draft.presealed[name]
            elif name in row.sealed:
                block = content[name] = draft.sealed.get(name)
                key = block and sealing[draft.subject, name]
                # An erased key (empty): the block is left out; nothing may be sealed for it again.
                fields[name] = seal(key, event_id, name, block) if key else None
            else:
                value = draft.fields[name]
                content[name] = _json(value)
                fields[name] = days(value) if isinstance(value, date) else value
        digest = draft.content_digest or self.ids.content_digest(
            row.name, draft.subject, draft.change, content
        )
        return self._message(
            row,
            fields,
            partition=partition_of(draft.subject, self.partitions),
            numbers=numbers,
            id=event_id,
            record=self.ids.record_id(self.registry, draft.record_key),
            version=draft.version,
            subject=draft.subject,
            occurred_at=days(draft.occurred_on) * MICROSECONDS_A_DAY,
            change=draft.change,
            corrects=draft.corrects and self.ids.event_id(self.registry, draft.corrects),
            digest=digest,
            causation_id=draft.causation_id,
        )

    def _complete(self, complete: Complete, partition: int, numbers: Numbers) -> Message:
        row = catalogue()["hub.source_complete"]
        kind = "first" if complete.snapshot else "later"
        source_key = f"source_complete/{complete.through.isoformat()}/{kind}/{partition}"
        content = {
            "registry": self.registry,
            "through": complete.through.isoformat(),
            "snapshot": complete.snapshot,
        }
        return self._message(
            row,
            content | {"through": days(complete.through)},
            partition=partition,
            numbers=numbers,
            id=self.ids.event_id(self.registry, source_key),
            record=self.ids.record_id(self.registry, source_key),
            version=1,
            subject=ZERO,
            occurred_at=days(complete.through) * MICROSECONDS_A_DAY,
            change="CREATED",
            corrects=None,
            causation_id=None,
            digest=self.ids.content_digest(row.name, ZERO, "CREATED", content),
        )

    def _message(
        self,
        row: EventType,
        fields: Mapping[str, Any],
        *,
        partition: int,
        numbers: Numbers,
        id: Id,  # noqa: A002 - the field's name
        subject: bytes,
        occurred_at: int,
        **meta: Any,
    ) -> Message:
        sequence, partition_sequence = numbers.next(partition)
        record = {
            "meta": {
                "id": id,
                "source": self.registry,
                "subject": subject,
                "type": row.name,
                "occurred_at": occurred_at,
                "recorded_at": numbers.recorded_at,
                "sequence": sequence,
                "partition_sequence": partition_sequence,
                "correlation_id": meta.get("causation_id") or id,
                **meta,
            },
            **fields,
        }
        return Message(
            topic=self.topic,
            partition=partition,
            key=subject,
            value=encode(row, self.schema_ids.of(self.topic, row.name), record),
            headers=cloud_event_headers(
                id, row.name, self.registry, subject, numbers.rfc3339(occurred_at)
            ),
        )

    def _entry(self, fault: Fault, entry_id: Id, key: bytes, recorded_at: int) -> Entry:
        return Entry(
            id=entry_id,
            source=self.registry,
            source_key=fault.record.source_key,
            rule=fault.rule,
            field=fault.field,
            recorded_at_us=recorded_at,
            original=seal_bytes(key, entry_id, "quarantine", fault.record.original),
        )

    def _quarantine(self, entry: Entry) -> Message:
        row = quarantine_entry()
        value = {
            "id": entry.id,
            "source": entry.source,
            "source_key": entry.source_key,
            "rule": entry.rule,
            "field": entry.field,
            "recorded_at": entry.recorded_at_us,
            "original": entry.original,
        }
        return Message(
            topic=topics.QUARANTINE,
            partition=0,
            key=entry.source.encode(),
            value=encode(row, self.schema_ids.of(topics.QUARANTINE, row.name), value),
        )

    def _checkpoint(self, position: Position) -> Message:
        row = checkpoint()
        value = {
            "connector": self.connector,
            "sequence": position.sequence,
            "partition_sequences": list(position.partition_sequences),
            "recorded_at": position.recorded_at,
            "cursor": position.cursor,
        }
        return Message(
            topics.CHECKPOINTS,
            topics.CHECKPOINT_PARTITION[self.connector],
            self.connector.encode(),
            encode(row, self.schema_ids.of(topics.CHECKPOINTS, row.name), value),
        )


def _json(value: object) -> object:
    match value:
        case bytes():
            return text(value)
        case date():
            return value.isoformat()
        case _:
            return value
