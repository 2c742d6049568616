"""A relay in miniature: what is published stays with the cursor, and the process may die."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from connectors.source import Complete, Cursor, Page, Source, SourceRecord


class Crash(Exception):
    """The process died here."""


class Fault(Enum):
    """Where one turn of the relay ends."""

    NONE = "nowhere"
    READ = "the page was read, nothing is published"
    PUBLISHED = "published with the cursor, the source was not told"
    TOLD = "the source was told, and the process died after"


@dataclass
class Published:
    """What one transaction after another left in Kafka."""

    cursor: Cursor | None = None
    pages: list[Page] = field(default_factory=list)

    @property
    def records(self) -> list[SourceRecord]:
        return [record for page in self.pages for record in page.records]

    @property
    def keys(self) -> list[str]:
        return [record.source_key for record in self.records]

    @property
    def complete(self) -> list[Complete]:
        return [page.complete for page in self.pages if page.complete]

    @property
    def suppressed(self) -> int:
        return sum(page.suppressed for page in self.pages)


def relay_page(source: Source, published: Published, fault: Fault = Fault.NONE) -> bool:
    """Relay one page; return False if there was none."""
    page = source.next_page(published.cursor, 0)
    if page is None:
        return False
    if fault is Fault.READ:
        raise Crash
    published.pages.append(page)
    published.cursor = page.cursor
    if fault is Fault.PUBLISHED:
        raise Crash
    source.committed(page.cursor)
    if fault is Fault.TOLD:
        raise Crash
    return True


def relay_all(
    start: Callable[[], Source], published: Published, faults: Iterator[Fault] | None = None
) -> Published:
    """Relay to the end, with a new process after every crash."""
    more = True
    while more:
        source = start()
        try:
            if published.cursor is not None:
                source.committed(published.cursor)
            while more:
                more = relay_page(
                    source, published, next(faults, Fault.NONE) if faults else Fault.NONE
                )
        except Crash:
            more = True
        finally:
            source.close()
    return published
