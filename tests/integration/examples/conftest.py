"""A feed and a subscriber of each kind, on the real stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ops.settings import Settings

if TYPE_CHECKING:
    from tests.integration.examples.feeding import Feeding, Subscriber

# Imports stand in the fixtures: kafka-python warns while it is imported, and a conftest is imported
# before pytest knows which warnings may pass.


@pytest.fixture
def feeding(stack: Settings, unique_name: Callable[[str], str]) -> Iterator[Feeding]:
    from tests.integration.examples.feeding import Feeding  # noqa: PLC0415

    feeding = Feeding(stack, unique_name("fed"))
    yield feeding
    feeding.close()


@pytest.fixture(params=["kafka-python", "confluent-kafka", "console consumer"])
def subscriber(
    request: pytest.FixtureRequest, feeding: Feeding, tmp_path: Path
) -> Iterator[Subscriber]:
    from tests.integration.examples.feeding import Subscriber  # noqa: PLC0415

    subscriber = Subscriber(request.param, feeding.settings, feeding.agency, tmp_path)
    yield subscriber
    subscriber.stop()
