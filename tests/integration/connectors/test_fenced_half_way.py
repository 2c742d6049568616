"""A process that is fenced in the middle of a transaction is told so, wherever the news comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connectors.messages import Composed, Message, Position
from ops.settings import Settings
from schemas.errors import PermanentError
from tests.integration.connectors.test_kafka_outlet import (
    drain,
    incomes,
    outlet,
    own_topics,  # noqa: F401 - a fixture
    relay,
)
from tests.unit.connectors.fakes import ListSource, composer, income, translate


def test_a_zombie_fenced_between_two_sends_is_told_so(
    stack: Settings,
    own_topics: str,  # noqa: F811
) -> None:
    zombie, successor = outlet(stack), relay(stack, own_topics, ListSource([income(1), income(2)]))
    zombie.open()
    source = ListSource([income(1), income(2)])
    page = source.next_page(None, 0)
    assert page is not None
    made = replace(composer(), topic=own_topics).compose(page, translate, Position.start(3), 1)

    class FencedAfterTheFirst(list[Message]):
        def __iter__(self) -> Iterator[Message]:
            for number, message in enumerate(super().__iter__()):
                if number == 1:
                    zombie._producer.flush()
                    successor.relay_page()
                yield replace(message, partition=self[0].partition, topic=self[0].topic)

    with pytest.raises(PermanentError, match="another process runs connector tax"):
        zombie.publish(Composed(FencedAfterTheFirst(made.messages), made.position, made.events, 0))

    drain(successor)
    successor.outlet.close()
    assert incomes(stack, own_topics) == [1, 2]
