"""Every figure beside a slow recount from its definition in docs/planning.md."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import orjson
import psycopg
import pytest

from ops.stats import tables
from ops.stats.report import Report
from projections.stats import Moment, NothingAssessedError, counting, month_end
from projections.stats_figures import HIDDEN
from tests.integration.stats.invented import NOW, TODAY, Invented, Said, Someone

BENEFITS = {"child": "child_benefit"}
KINDS = ("child_benefit", "disability_support", "lonely_care")
BY = frozenset({"region", "district", "kind", "age"})
BANDS = {"0-1": 2, "2-6": 7, "7-17": 18, "18-34": 35, "35-54": 55, "55-59": 60, "60+": 999}
PRESENT = Moment(TODAY, NOW)


def place(one: Someone, moment: Moment) -> str:
    """Return the district of the registration that began last, of those known then."""
    known = [(s, d) for s, d, at in one.homes if s <= moment.on and at <= moment.at]
    return max(known)[1] if known else "unknown"


def band(one: Someone, on: date) -> str:
    years = on.year - one.born_on.year - ((on.month, on.day) < (one.born_on.month, one.born_on.day))
    return next(name for name, below in BANDS.items() if years < below)


def stands(one: Someone, kind: str, moment: Moment) -> Said | None:
    said = [said for said in one.needs if said.kind == kind and said.at <= moment.at]
    return said[-1] if said and said[-1].status != "ended" else None


def recount(invented: Invented, moment: Moment) -> Counter[tuple[str, str, str]]:
    """Count by kind, place of every level, and age or all."""
    found: Counter[tuple[str, str, str]] = Counter()
    for one in invented.people:
        for kind in KINDS:
            if stands(one, kind, moment):
                district = place(one, moment)
                for where in {"all", district[:4] if district != "unknown" else district, district}:
                    found[kind, where, "all"] += 1
                    found[kind, where, band(one, moment.on)] += 1
    return found


def key(row: dict[str, str]) -> tuple[str, str, str]:
    where = row["district"] if row["level"] == "district" else row["region"]
    return row["kind"], where, row.get("age", "all")


def test_needs_and_their_changes(invented: Invented) -> None:
    invented.populate(300)

    with counting(invented.dsn, 2) as stats:
        report = tables.needs(stats, PRESENT, BY, KINDS)()

    now, before = recount(invented, PRESENT), recount(invented, month_end(date(2026, 2, 1)))
    shown = [row for row in report.rows if row["count"] != HIDDEN]
    changed = [row for row in report.rows if row["change"] != HIDDEN]
    assert len(shown) > 20
    assert len(changed) > 20
    for row in shown:
        assert row["count"] == now[key(row)] >= 10
    for row in changed:
        assert row["change"] == now[key(row)] - before[key(row)]
        assert before[key(row)] >= 10
    assert {row["count"] for row in report.rows if row["kind"] == "lonely_care"} == {HIDDEN}
    for row in report.rows:
        if row["kind"] == "child_benefit" and row["age"] == "all":
            assert (row["cost_minor"] == HIDDEN) == (row["count"] == HIDDEN)
            if row["cost_minor"] != HIDDEN:
                assert abs(row["cost_minor"] - row["count"] * 36_000_000) <= 180_000_000


def test_a_month_that_is_over_never_changes(invented: Invented) -> None:
    invented.populate(120)
    february = month_end(date(2026, 2, 1))
    with counting(invented.dsn, 2) as stats:
        first = tables.needs(stats, february, BY, KINDS)().rows

    for one in invented.people:  # recorded in March, of what was in January
        invented.moves(one, "1708201", date(2026, 1, 1), at=NOW)
    with counting(invented.dsn, 2) as stats:
        second = tables.needs(stats, february, BY, KINDS)().rows

    assert second == first


def test_take_up(invented: Invented) -> None:
    invented.populate(300)

    with counting(invented.dsn, 2) as stats:
        report = tables.take_up(stats, PRESENT, BY, BENEFITS, KINDS)()

    entitled, paid = recount(invented, PRESENT), Counter[str]()
    for one in invented.people:
        if stands(one, "child_benefit", PRESENT) and one.paid:
            district = place(one, PRESENT)
            paid.update({"all", district[:4] if district != "unknown" else district, district})
    rows = [row for row in report.rows if row["paid"] != HIDDEN]
    assert len(rows) > 3
    for row in rows:
        _, where, _ = key(row)
        assert row["entitled"] == entitled["child_benefit", where, "all"]
        assert row["paid"] == paid[where]
        assert row["share_percent"] == round(100 * row["paid"] / row["entitled"], 1)


def test_the_same_totals_are_hidden_in_both_tables(invented: Invented) -> None:
    invented.populate(60)

    with counting(invented.dsn, 2) as stats:
        needs = tables.needs(stats, PRESENT, BY, KINDS)()
        take_up = tables.take_up(stats, PRESENT, BY, BENEFITS, KINDS)()

    def hidden(report: Report, column: str) -> set[tuple[str, str, str]]:
        return {
            key(row)
            for row in report.rows
            if row[column] == HIDDEN
            and row.get("age", "all") == "all"
            and row["kind"] == "child_benefit"
        }

    assert hidden(needs, "count") == hidden(take_up, "entitled") != set()


def test_days(invented: Invented) -> None:
    born = datetime(2026, 2, 1, tzinfo=UTC)
    invented.country.complete()
    connection = invented.country.connection
    connection.execute("UPDATE live.completeness SET known_from = '2026-01-31'")
    for days in range(12):
        one = invented.someone(date(2026, 1, 20), "1703202", at=born)
        said_at = datetime(2026, 2, 1 + days, 12, tzinfo=UTC)
        invented.says(one, "child_benefit", "detected", said_at, 100)
        paid_at = datetime(2026, 2, 20 + days % 3, tzinfo=UTC)
        invented.pays(one, "child_benefit", "child", date(2026, 2, 1), at=paid_at)

    with counting(invented.dsn, 2) as stats:
        rows = tables.days(stats, PRESENT, BENEFITS, KINDS).rows

    found = {(row["kind"], row["span"]): row for row in rows}
    told = found["child_benefit", "recorded_to_need"]
    assert (told["count"], told["median_days"], told["p90_days"]) == (12, 5, 10)
    happened = found["child_benefit", "occurred_to_since"]
    assert happened["count"] == 12
    waited = sorted(19 + days % 3 - days for days in range(12))
    paid = found["child_benefit", "need_to_payment"]
    assert (paid["median_days"], paid["p90_days"]) == (waited[5], waited[10])
    assert found["lonely_care", "recorded_to_need"]["count"] == HIDDEN


def test_missing(invented: Invented) -> None:
    country = invented.country
    for number in range(40):
        one = invented.someone(date(1980, 1, 1), "1703202" if number < 28 else None)
        invented.works(one, "2020-01-01")
        if number < 12:
            country.earns_once(one.name, "2026-02-01", 100)
    for number in range(3):
        dead = invented.people[12 + number].name
        country.died(dead, "2026-01-01", days=("2026-01-01", None))

    with counting(invented.dsn, 2) as stats:
        rows = tables.missing(stats, PRESENT, BY, date(2026, 2, 1))().rows

    country_rows = {row["what"]: row["count"] for row in rows if row["level"] == "country"}
    assert country_rows["income_report"] == 40 - 12 - 3
    assert country_rows["registration"] == 12
    assert country_rows["link"] == HIDDEN
    assert country_rows["family_all"] == 40
    assert country_rows["family_assessed"] == HIDDEN  # all of them: it would say zero of the others
    assert country_rows["family_no_adult"] == HIDDEN
    by_region = {row["region"]: row["count"] for row in rows if row["what"] == "income_report"}
    assert by_region["unknown"] == 12


def test_an_annulled_registration_does_not_count(invented: Invented) -> None:
    people = [invented.someone(date(2020, 1, 1), "1703202") for _ in range(30)]
    for one in people:
        invented.says(one, "child_benefit", "detected", MARCH_FIRST, 100)
    for one in people[:15]:
        invented.country.annul(f"residence {one.name} 1", one.name)

    with counting(invented.dsn, 2) as stats:
        rows = tables.needs(stats, PRESENT, frozenset({"region"}), KINDS)().rows

    found = {row["region"]: row["count"] for row in rows if row["kind"] == "child_benefit"}
    assert found == {"all": 30, "1703": 15, "unknown": 15}


def test_nothing_to_count_is_said(invented: Invented, database: str) -> None:
    with pytest.raises(NothingAssessedError, match="nobody"), counting(invented.dsn, 2):
        pass


def test_the_reading_is_on_record(invented: Invented) -> None:
    invented.populate(3)
    with counting(invented.dsn, 2) as stats:
        tables.needs(stats, PRESENT, BY, KINDS)
        stats.leave({"what": "stats needs"})

    with psycopg.connect(invented.dsn) as connection:
        rows = connection.execute("SELECT kind, body FROM kept.audit_leaves").fetchall()
    assert rows == [("read", {"what": "stats needs"})]


def test_outputs_agree(invented: Invented) -> None:
    invented.populate(100)
    with counting(invented.dsn, 2) as stats:
        report = tables.needs(stats, PRESENT, BY, KINDS)()

    lines = report.csv().split("\r\n")
    rows = orjson.loads(report.json())["rows"]
    assert lines[0] == "month,level,region,district,name,kind,age,count,change,cost_minor"
    assert len(lines) == len(rows) + 2  # the header, and the end of the last line
    assert lines[1].split(",")[7] == str(rows[0]["count"])


MARCH_FIRST = datetime(2026, 3, 1, tzinfo=UTC)
