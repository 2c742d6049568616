"""What each agency gets: held against a table written by hand from the policy's text."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ops.keystore import open_keystore
from projections.keystore import Erasure
from schemas.ids import days
from tests.builders import DAY

if TYPE_CHECKING:
    from tests.integration.feeds.rig import Rig
    from tests.integration.feeds.stated import Read

pytestmark = pytest.mark.long

# What an agency may see: by law, Avro name of the record, its fields. Nothing else comes.
PENSION = {
    "PersonIdentifierAssigned": {"born_on", "sex", "district", "identity"},
    "BirthRegistered": {"born_on", "sex", "district", "identity"},
    "DeathRegistered": {"died_on", "district"},
    "EmploymentStarted": {"employer", "started_on"},
    "EmploymentEnded": {"employer", "ended_on"},
    "IncomeReported": {"employer", "month", "gross_minor"},
    "SelfEmploymentRegistered": {"activity", "registered_on", "ended_on"},
}
BENEFITS = {
    "PersonIdentifierAssigned": {"born_on", "sex", "district", "identity"},
    "NameChanged": {"changed_on", "identity"},
    "DeathRegistered": {"died_on", "district"},
    "BenefitPaid": {"benefit", "month", "amount_minor"},
    "NeedDetected": {
        *("need", "household", "kind", "status", "since", "review_on", "urgency", "rule"),
        "amount_minor",
    },
}
EMPLOYMENT = {
    "EmploymentStarted": {"employer", "started_on"},
    "EmploymentEnded": {"employer", "ended_on"},
}
HEAD = {"feed", "person", "change", "occurred_at", "corrects", "redacted"}
NAME = {"surname": "Karimova", "given_name": "Zulfiya", "patronymic": None}
PINFL = "41503916310031"
TYPES = (
    *("civil.person_identifier_assigned", "civil.birth_registered", "civil.death_registered"),
    *("civil.marriage_registered", "civil.divorce_registered", "civil.name_changed"),
    *("civil.residence_registered", "civil.guardianship_established"),
    *("tax.employment_started", "tax.employment_ended", "tax.income_reported"),
    *("tax.self_employment_registered", "tax.property_registered", "tax.benefit_paid"),
    *("health.patient_linked", "health.disability_assessed", "health.condition_diagnosed"),
    *("health.pregnancy_registered", "health.care_dependency_assessed"),
    *("health.psychological_support_referred", "hub.need_detected"),
)


def one_of_each(rig: Rig, who: object, district: str = "1726266") -> list[dict[str, Any]]:
    """Every type of event about one person, who is registered in a district."""
    fields: dict[str, dict[str, Any]] = {
        "civil.residence_registered": {
            "district": district,
            "until_on": None,
            "contact": {"address": "Yunusobod 1"},
        },
        "civil.person_identifier_assigned": {"identity": {"pinfl": PINFL} | NAME},
        "civil.birth_registered": {"identity": {"pinfl": None} | NAME},
        "civil.name_changed": {"identity": NAME},
        "health.disability_assessed": {"health": {"group": 2, "until": "2027-01-31"}},
    }
    ordered = ["civil.residence_registered", *(t for t in TYPES if "residence" not in t)]
    return [rig.event(kind, who, (kind, who), **fields.get(kind, {})) for kind in ordered]


def seen(read: list[Read]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in read:
        found.setdefault(each.name, set()).update(each.value.keys() - HEAD)
    return found


def test_each_agency_gets_the_fields_of_its_law_and_no_more(rig: Rig) -> None:
    pension, benefits, work = rig.agency("pension"), rig.agency("benefits"), rig.agency("work")
    rig.grant(pension, "pension-law", "pension")
    rig.grant(benefits, "benefit-payments", "benefit-payment")
    rig.grant(work, "employment-law", "employment-help", regions=["1726"])
    rig.write(one_of_each(rig, "a"))
    rig.settle()
    assert seen(rig.read(pension)) == PENSION
    assert seen(rig.read(benefits)) == BENEFITS
    assert seen(rig.read(work)) == EMPLOYMENT
    for agency, law in ((pension, "pension-law"), (benefits, "benefit-payments")):
        assert {each.value["feed"]["basis"] for each in rig.read(agency)} == {law}
    person = next(r for r in rig.read(pension) if r.name == "PersonIdentifierAssigned")
    assert person.value["identity"] == {"pinfl": PINFL} | NAME
    assert person.value["born_on"] == date(2024, 3, 1)
    assert person.value["redacted"] == []


def test_no_two_agencies_share_a_name_of_anything(rig: Rig) -> None:
    pension, benefits = rig.agency("pension"), rig.agency("benefits")
    rig.grant(pension, "pension-law", "pension")
    rig.grant(benefits, "benefit-payments", "benefit-payment")
    written = rig.write([event for who in "abc" for event in one_of_each(rig, who)])
    rig.settle()
    ids = {agency: ids_in([r.value for r in rig.read(agency)]) for agency in (pension, benefits)}
    ours = ids_in([each.record for each in written])
    assert len(ids[pension]) > 20
    assert len(ids[benefits]) > 12
    assert not ids[pension] & ids[benefits]
    assert not (ids[pension] | ids[benefits]) & ours
    for each in rig.read(pension):
        assert each.key == each.value["person"]
        assert "1503" not in "".join(each.headers.values())


def ids_in(value: Any) -> set[bytes]:
    match value:
        case bytes():
            return {value} if len(value) == 16 else set()
        case dict():
            return set().union(*(ids_in(inner) for inner in value.values()))
        case list():
            return set().union(set(), *(ids_in(inner) for inner in value))
        case _:
            return set()


def test_regions(rig: Rig) -> None:
    """Only a national grant gets whom nobody knows the place of; a move counts from then on."""
    tashkent, samarkand = rig.agency("tashkent"), rig.agency("samarkand")
    rig.grant(tashkent, "employment-law", "employment-help", regions=["1726"])
    rig.grant(samarkand, "employment-law", "employment-help", regions=["1718", "1706"])
    national = rig.agency("national")
    rig.grant(national, "pension-law", "pension")

    def work(who: str, name: str) -> dict[str, Any]:
        return rig.event("tax.employment_started", who, name)

    def home(who: str, district: str, **more: Any) -> dict[str, Any]:
        return rig.event(
            "civil.residence_registered",
            who,
            ("home", who, district),
            district=district,
            until_on=None,
            **more,
        )

    rig.write([home("t", "1726266"), home("s", "1718401")])
    rig.write([work("t", "1"), work("s", "2"), work("nowhere", "3")])
    rig.settle()
    assert counts(rig, tashkent, samarkand, national) == [1, 1, 3]
    rig.write([home("t", "1718401", from_on=DAY + 40), work("t", "4")])
    rig.settle()
    assert counts(rig, tashkent, samarkand, national) == [1, 2, 4]


def counts(rig: Rig, *agencies: str) -> list[int]:
    return [
        sum(each.name == "EmploymentStarted" for each in rig.read(agency)) for agency in agencies
    ]


def test_an_id_that_is_linked_has_the_place_of_its_person(rig: Rig) -> None:
    work = rig.agency("work")
    rig.grant(work, "employment-law", "employment-help", regions=["1726"])
    home = rig.event("civil.residence_registered", "p", "h", district="1726266", until_on=None)
    linked = rig.event("health.patient_linked", "alias", "l", person=rig.person("p"))
    rig.write([home, linked])
    rig.write([rig.event("tax.employment_started", "alias", "w")])
    rig.settle()
    assert counts(rig, work) == [1]


def test_what_was_erased_is_null_and_says_so(rig: Rig) -> None:
    pension = rig.agency("pension")
    rig.grant(pension, "pension-law", "pension")
    rig.write(one_of_each(rig, "erased"))
    rig.write(one_of_each(rig, "other"))
    decided = Erasure(bytes(16), rig.person("erased"), "identity")
    with closing(open_keystore(rig.settings)) as keys:
        keys.erase([decided], datetime.now(UTC))
    rig.settle()
    told = [r.value for r in rig.read(pension) if "identity" in r.value]
    erased = [value for value in told if value["redacted"]]
    assert len(told) == 4
    assert len(erased) == 2
    for value in erased:
        assert value["identity"] is None
        assert value["redacted"] == ["identity"]
    assert all(value["identity"] for value in told if not value["redacted"])


def test_what_is_restricted_goes_to_the_basis_that_may_read_it(rig: Rig) -> None:
    pension, benefits = rig.agency("pension"), rig.agency("benefits")
    rig.grant(pension, "pension-law", "pension")
    rig.grant(benefits, "benefit-payments", "benefit-payment")
    rig.write([rig.event("civil.person_identifier_assigned", "a", 1, identity=NAME)])
    decided = Erasure(bytes(16), rig.person("a"), "identity")
    with closing(open_keystore(rig.settings)) as keys:
        keys.restrict(decided, "by-law", None, ["pension-law"])
    rig.settle()
    told = {agency: rig.read(agency)[0].value for agency in (pension, benefits)}
    assert told[pension]["identity"]["surname"] == NAME["surname"]
    assert (told[benefits]["identity"], told[benefits]["redacted"]) == (None, ["identity"])


def test_a_date_that_is_not_covered_does_not_come_as_when_it_occurred(rig: Rig) -> None:
    """Whoever may not see a day of birth must not find it under another name."""
    from streams.feeds.shapes import shape  # noqa: PLC0415

    name = "civil.birth_registered"
    assert not shape("a", name, frozenset({f"{name}.sex"})).is_dated
    assert shape("a", name, frozenset({f"{name}.born_on"})).is_dated


def test_history_begins_where_the_grant_says(rig: Rig) -> None:
    today = datetime.now(UTC).date()
    pension = rig.agency("pension")
    rig.grant(pension, "pension-law", "pension", history_from=today)
    old = {"recorded_at": (days(today) - 1) * 86_400_000_000}
    rig.write(
        [
            rig.event("tax.income_reported", "a", "old", gross_minor=1, meta=old),
            rig.event("tax.income_reported", "a", "new", gross_minor=2),
        ]
    )
    rig.settle()
    assert [each.value["gross_minor"] for each in rig.read(pension)] == [2]


def test_a_feed_ends_and_goes_on_with_the_next_number(rig: Rig) -> None:
    pension, other = rig.agency("pension"), rig.agency("other")
    first = rig.grant(pension, "pension-law", "pension")
    rig.grant(other, "pension-law", "pension")
    rig.write([rig.event("tax.income_reported", "a", n, gross_minor=n) for n in range(5)])
    rig.settle()
    rig.revoke(first)
    rig.write([rig.event("tax.income_reported", "a", n, gross_minor=n) for n in range(5, 8)])
    rig.settle(12)
    read = rig.read(pension)
    assert [each.number for each in read] == [1, 2, 3, 4, 5, 6]
    assert (read[-1].name, read[-1].value["rule"], read[-1].key) == (
        "FeedEnded",
        "grant-revoked",
        None,
    )
    assert len(rig.read(other)) == 8
    rig.grant(pension, "pension-law", "pension", history_from=datetime.now(UTC).date())
    rig.settle(12)
    read = rig.read(pension)
    assert [each.number for each in read] == list(range(1, 10))
    assert [each.value["gross_minor"] for each in read[6:]] == [5, 6, 7]


def test_an_expired_grant_ends_the_feed(rig: Rig) -> None:
    pension = rig.agency("pension")
    now = datetime.now(UTC)
    rig.grant(pension, "pension-law", "pension", expires_at=now + timedelta(hours=1))
    rig.write([rig.event("tax.income_reported", "a", 1)])
    rig.settle()
    rig.relay.now = lambda: now + timedelta(hours=1)
    rig.write([rig.event("tax.income_reported", "a", 2)])
    rig.settle()
    rig.settle()
    assert [each.name for each in rig.read(pension)] == ["IncomeReported", "FeedEnded"]
    assert rig.read(pension)[-1].value["rule"] == "grant-expired"
