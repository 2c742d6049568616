"""A country whose facts become known one after the other, at moments that the test says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from tests.integration.assessment.country import PARTITIONS, Country, person

REGISTRIES = ("civil", "tax", "health")
TOPICS = {name: f"registry.{name}.events.v1" for name in REGISTRIES}
_TAX = frozenset({"employment", "employment_end", "income", "benefit", "self_employment"})

_DATED = ("born_on", "died_on", "married_on", "divorced_on", "started_on", "ended_on")


def moment(day: str, hour: int = 12) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)


class Timeline(Country):
    """``at`` is the moment at which whatever is stated becomes known."""

    at: datetime = moment("2026-01-01")

    def state(self, record: str, *facts: tuple[str, str, dict[str, Any]], **how: Any) -> bytes:
        on = [facts[0][2][name] for name in _DATED if name in facts[0][2]]
        days = {"days": (on[0], None)} if on else {}
        event = super().state(record, *facts, **days | {"at": self.at} | how)
        topic = TOPICS["tax" if facts[0][1] in _TAX or record.startswith("income") else "civil"]
        self.connection.execute(
            "UPDATE live.facts SET topic = %s WHERE event_id = %s", [topic, UUID(bytes=event)]
        )
        return event

    def annul_type(self, record: str, who: str, event_type: str, version: int = 2) -> bytes:
        """Annul a record of a type, which decides how long that waits."""
        stated = (who, "annulled", {"type": event_type})
        return self.state(record, stated, version=version, change="ANNULLED")

    def complete(self, through: date = date(2026, 2, 28), registries: str = "") -> None:
        wanted = registries or " ".join(REGISTRIES)
        super().complete(through, wanted)
        for registry in wanted.split():
            for partition in range(PARTITIONS):
                self.connection.execute(
                    "UPDATE live.completeness SET known_from = %s WHERE event_id = %s",
                    [self.at, UUID(bytes=person(f"c{registry}{partition}{through}"))],
                )

    def paid(self, who: str, benefit: str, month: str, amount_soum: int, **more: Any) -> bytes:
        value = {"benefit": benefit, "month": month, "amount_minor": amount_soum * 100}
        days = (month, None)
        return self.state(
            f"benefit {who} {benefit} {month}", (who, "benefit", value), days=days, **more
        )

    def forget_causes(self) -> None:
        self.connection.execute("TRUNCATE live.causes")
