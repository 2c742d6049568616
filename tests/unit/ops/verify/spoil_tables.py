"""Ways to spoil tables and needs, one thing at a time."""

from __future__ import annotations

from ops.verify.compare import World
from ops.verify.facts import canonical
from ops.verify.ids import digest
from ops.verify.values import (
    Broken,
    Complete,
    Place,
    Quarantined,
)
from schemas.topics import EVENTS
from tests.unit.ops.verify.makers import (
    CHILD,
    DIGEST_KEY,
    MOTHER,
)
from tests.unit.ops.verify.spoil_topics import NOBODY


def change_a_fact(whole: World) -> None:
    number, row = next(
        (n, row) for n, row in enumerate(whole.tables.facts) if row.fact.kind == "income"
    )
    value = canonical({"employer": NOBODY, "month": "2026-06-01", "gross_minor": 50_000_000})
    whole.tables.facts[number] = row._replace(fact=row.fact._replace(value=value))


def change_a_seal(whole: World) -> None:
    row = whole.tables.facts[0]
    whole.tables.facts[0] = row._replace(fact=row.fact._replace(sealed=b"other"))


def end_a_residence_early(whole: World) -> None:
    number, row = next(
        (n, row) for n, row in enumerate(whole.tables.facts) if row.fact.kind == "residence"
    )
    fact = row.fact._replace(valid_to="2026-01-01")
    whole.tables.facts[number] = row._replace(fact=fact)


def drop_a_fact(whole: World) -> None:
    whole.tables.facts.pop()


def double_a_fact(whole: World) -> None:
    whole.tables.facts.append(whole.tables.facts[-1])


def invent_a_fact(whole: World) -> None:
    whole.tables.facts.append(whole.tables.facts[-1]._replace(event_id=NOBODY))


def know_a_fact_earlier(whole: World) -> None:
    whole.tables.facts[0] = whole.tables.facts[0]._replace(known_from=1)


def drop_a_closure(whole: World) -> None:
    whole.tables.closures.pop()


def drop_a_replacement(whole: World) -> None:
    whole.tables.replacements.pop()


def replace_another(whole: World) -> None:
    row = whole.tables.replacements.pop()
    whole.tables.replacements.append(row._replace(replaced=NOBODY))


def change_a_completeness(whole: World) -> None:
    row: Complete = whole.tables.completeness[0]
    whole.tables.completeness[0] = row._replace(through="2026-09-30")


def suppress_too_much(whole: World) -> None:
    whole.tables.progress[0] = whole.tables.progress[0]._replace(suppressed=1)


def count_too_few(whole: World) -> None:
    row = whole.tables.progress[0]
    whole.tables.progress[0] = row._replace(events=row.events - 1)


def set_a_good_record_aside(whole: World) -> None:
    place = whole.topics.events[0].place
    whole.tables.quarantined.append(Quarantined(place, NOBODY, "meta", None))


def overlook_a_broken_record(whole: World) -> None:
    place = Place(EVENTS["civil"], 0, 777)
    whole.topics.broken.append(Broken(place, "wire_format"))


def drop_a_need(whole: World) -> None:
    row = next(row for row in whole.tables.needs if row.kind == "lonely_care")
    whole.tables.needs.remove(row)


def change_a_need(whole: World, **fields: object) -> None:
    number, row = next((n, row) for n, row in enumerate(whole.tables.needs) if row.person == CHILD)
    whole.tables.needs[number] = row._replace(**fields)  # type: ignore[arg-type]


def pay_another_amount(whole: World) -> None:
    change_a_need(whole, amount_minor=36_000_000)


def change_support(whole: World, **fields: object) -> None:
    """Change a need of which the rules fix every day, in the table."""
    rows = whole.tables.needs
    number = next(n for n, row in enumerate(rows) if row.kind == "disability_support")
    rows[number] = rows[number]._replace(**fields)  # type: ignore[arg-type]


def find_it_earlier(whole: World) -> None:
    change_support(whole, since="2023-12-31")


def review_it_later(whole: World) -> None:
    change_support(whole, review_on=None)


def call_it_less_urgent(whole: World) -> None:
    change_support(whole, urgency="soon")


def name_another_household(whole: World) -> None:
    change_a_need(whole, household=NOBODY)


def end_a_need(whole: World) -> None:
    change_a_need(whole, status="ended")


def cite_nothing(whole: World) -> None:
    change_a_need(whole, evidence=())


def cite_what_does_not_exist(whole: World) -> None:
    change_a_need(whole, evidence=(NOBODY,))


def invent_a_need(whole: World) -> None:
    row = whole.tables.needs[0]
    whole.tables.needs.append(row._replace(need=NOBODY, person=MOTHER, kind="lonely_care"))


def give_a_need_twice(whole: World) -> None:
    whole.tables.needs.append(whole.tables.needs[0]._replace(need=NOBODY))


def lose_a_need_event(whole: World) -> None:
    event = whole.topics.needs.pop()  # the last of its partition: no sequence tells
    assert event.change == "CREATED"


def forget_the_history(whole: World) -> None:
    whole.tables.history.pop()


def say_another_status(whole: World) -> None:
    event = whole.topics.needs[0]
    event.content["status"] = "changed"
    event.digest = digest(DIGEST_KEY, event.type, event.subject, event.change, event.content)


def expect_more_for_a_known_person(whole: World) -> None:
    assert whole.ledger is not None
    known = whole.ledger.known[0]
    needs = (*known.needs, ("child_benefit", 1))
    whole.ledger.known[0] = known._replace(needs=needs)
