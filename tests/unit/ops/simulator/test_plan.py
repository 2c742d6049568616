"""The plan of a country: the same from the same seed, and within its rates."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from ops.simulator.contract import Keys
from ops.simulator.country import Country, Places
from ops.simulator.expectations import ExpectedEvent, ExpectedFault
from ops.simulator.expecting import Expected
from ops.simulator.plan import Plan, plan, standing_rows
from ops.simulator.rates import TROUBLE

UNTIL = date(2026, 9, 30)
KEYS = Keys(b"p" * 32, b"e" * 32, b"d" * 32)
PEOPLE, DAYS = 3000, 20


def country(seed: int, people: int = PEOPLE, days: int = DAYS, until: date = UNTIL) -> Country:
    places = Places(home=Path("nowhere"), civil_dsn="", tax_folder=Path("nowhere"))
    return Country(people, days, seed, until, places=places, keys=KEYS)


def expected(whole: Country) -> list[Expected]:
    return [whole.expected(number) for number in range(whole.days + 1)]


def items(day: Expected) -> list[ExpectedEvent | ExpectedFault]:
    return [*day.events, *day.faults]


@pytest.fixture(scope="module")
def one_plan() -> Plan:
    return plan(PEOPLE, DAYS, 1, UNTIL)


@pytest.fixture(scope="module")
def days() -> list[Expected]:
    return expected(country(1))


def test_the_same_seed_plans_the_same_country_and_another_seed_another() -> None:
    assert plan(400, 5, 7, UNTIL) == plan(400, 5, 7, UNTIL)
    assert plan(400, 5, 7, UNTIL) != plan(400, 5, 8, UNTIL)


def test_a_person_gives_about_five_events(days: list[Expected]) -> None:
    events = sum(len(day.events) for day in days)

    assert 4.5 * PEOPLE <= events <= 5.5 * PEOPLE


def test_no_two_expected_records_share_an_id(days: list[Expected]) -> None:
    both = [item for day in days for item in items(day)]
    ids = Counter(item.id for item in both)
    keys = Counter((item.registry, item.source_key) for item in both)

    assert max(ids.values()) == 1
    assert max(keys.values()) == 1


def test_every_change_and_every_event_type_occurs(days: list[Expected]) -> None:
    events = [event for day in days for event in day.events]

    assert {event.change for event in events} == {"CREATED", "CORRECTED", "ANNULLED", "ENDED"}
    assert len({event.type for event in events}) == 20
    assert {event.phase for event in days[0].events} == {"backlog"}
    assert {event.phase for day in days[1:] for event in day.events} == {"live"}


def test_what_stands_at_the_end_of_the_backlog_is_what_the_ledger_does_not_call_superseded(
    one_plan: Plan, days: list[Expected]
) -> None:
    standing = {
        f"{table}/{row['record_id']}/{row['revision']}"
        for table, rows in standing_rows(one_plan.civil[0]).items()
        for row in rows
    }
    both = items(days[0])

    due = {i.source_key for i in both if i.registry == "civil" and not i.superseded}
    assert due == standing
    assert any(i.superseded for i in both)


def test_revisions_of_a_record_count_from_one_without_a_gap(one_plan: Plan) -> None:
    latest: Counter[str] = Counter()
    for number in sorted(one_plan.civil):
        for write in one_plan.civil[number]:
            record = str(write.row["record_id"])
            if write.op != "delete":
                assert write.row["revision"] == latest[record] + 1
                latest[record] += 1
            else:
                assert number > 0


def test_a_replacement_follows_its_annulment_at_once_or_some_days_later(one_plan: Plan) -> None:
    writes = [w for number in sorted(one_plan.civil) for w in one_plan.civil[number]]
    before = dict(enumerate(writes, start=1))
    annulled = {w.row["record_id"]: w for w in writes if w.row["status"] == "annulled"}
    new = [(n, w) for n, w in enumerate(writes) if w.op == "insert" and w.row["replaces"]]

    assert {write.joined for _, write in new} == {True, False}
    for number, write in new:
        void = annulled[write.row["replaces"]]
        assert write.row["replaces_revision"] == int(str(void.row["revision"])) - 1
        assert void.on <= write.on
        if write.joined:
            assert before[number] is void


def test_instants_never_fall_and_several_versions_share_one(one_plan: Plan) -> None:
    instants = [v.updated_at for n in sorted(one_plan.health) for v in one_plan.health[n]]

    assert instants == sorted(instants)
    assert len(set(instants)) < 0.8 * len(instants)


def test_planted_faults_keep_to_their_rates(days: list[Expected]) -> None:
    events = Counter(e.registry for day in days for e in day.events)
    faults = Counter(f.registry for day in days for f in day.faults)
    civil = TROUBLE["civil_broken_then_mended"] + TROUBLE["civil_broken_extra"]

    assert 0.4 * civil < faults["civil"] / events["civil"] < 2 * civil
    assert 0.2 * 0.002 < faults["tax"] / events["tax"] < 3 * 0.002
    assert 0.2 * 0.002 < faults["health"] / events["health"] < 3 * 0.002


def test_both_kinds_of_bad_file_come_before_and_during_the_live_days(
    days: list[Expected],
) -> None:
    refused = {(f.reason, f.phase) for day in days for f in day.files if f.outcome == "refused"}
    names = Counter(file.name for day in days for file in day.files)
    applied = {f.name for day in days for f in day.files if f.outcome == "applied"}

    assert refused == {(r, p) for r in ("hash", "rows") for p in ("backlog", "live")}
    assert max(names.values()) == 1
    repeated = {f.repeats for day in days for f in day.files if f.outcome == "duplicate"}
    assert repeated
    assert repeated <= applied


def test_four_months_are_closed_in_order_and_the_last_full_month_by_the_reference_date() -> None:
    for until in (UNTIL, date(2026, 3, 1), date(2024, 2, 29)):
        whole = plan(200, 10, 3, until)
        files = [f for n in sorted(whole.tax) for f in whole.tax[n] if not f.refused_for]

        closes = [f.closes for f in files if f.closes and not f.repeats]

        last = until.replace(day=1) - timedelta(days=1)
        assert len(closes) == 4
        assert closes == sorted(closes)
        assert closes[-1] == f"{last:%Y-%m}"


def test_manifest_numbers_rise_and_only_a_repeat_uses_one_again(one_plan: Plan) -> None:
    files = [f for n in sorted(one_plan.tax) for f in one_plan.tax[n]]
    numbers = [f.number for f in files]

    assert numbers == sorted(numbers)
    assert len({f.number for f in files if not f.repeats}) == len(
        [f for f in files if not f.repeats]
    )


def test_no_country_without_live_days_and_none_on_a_leap_day_is_a_problem() -> None:
    assert set(plan(100, 0, 1, UNTIL).civil) == {0}
    assert plan(100, 3, 1, date(2028, 2, 29)).civil[0]


def test_a_number_given_later_names_the_birth_that_had_none(one_plan: Plan) -> None:
    writes = [write for day in one_plan.civil.values() for write in day]
    unnumbered = {
        w.row["record_id"] for w in writes if w.table == "birth" and not w.row["child_pinfl"]
    }
    named = [w.row["birth_record"] for w in writes if w.row.get("birth_record")]

    assert len(set(named)) >= 5  # some in the backlog, some while we live
    assert set(named) <= unnumbered
    assert any(w.row.get("birth_record") for n, day in one_plan.civil.items() if n for w in day)


def test_earning_parents_die_and_some_of_their_children_are_left_alone(one_plan: Plan) -> None:
    rows = standing_rows(one_plan.civil[0])
    dead = {row["pinfl"]: row["died_on"] for row in rows["death"] if row["status"] == "valid"}
    files = [file for day in one_plan.tax.values() for file in day]
    worked = {
        row.cells["pinfl"] for file in files if file.kind == "employment" for row in file.rows
    }
    alone = [
        row
        for row in rows["birth"]
        if row["mother_pinfl"] in dead and not row["father_pinfl"] and row["child_pinfl"]
    ]
    wards = {row["ward_pinfl"] for row in rows["guardianship"]}

    assert len(dead.keys() & worked) >= 10
    assert {row["child_pinfl"] in wards for row in alone} == {True, False}


def test_some_who_are_known_to_health_alone_have_another_name_there(one_plan: Plan) -> None:
    civil = {(row["surname"], row["born_on"]) for row in standing_rows(one_plan.civil[0])["person"]}
    born = {born_on for _, born_on in civil}
    patients = [v.body for day in one_plan.health.values() for v in day if v.type == "Patient"]
    nameless = [body for body in patients if body and "identifier" not in body]
    same = [(body["name"][0].get("family"), body.get("birthDate")) in civil for body in nameless]

    assert any(same)
    assert not all(same)
    assert sum(body.get("birthDate") in born for body in nameless) > len(nameless) / 2
