"""Parts of a feed again: equal under the same rights, withheld under lesser ones."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from projections import resends
from projections.resends import KeyConflictError, RangeError, Resend
from streams.chunk import Place
from streams.feeds import resending
from streams.feeds.places import Source, merge, pack, unpack
from streams.feeds.resending import SLICE

if TYPE_CHECKING:
    from tests.integration.feeds.rig import Rig
    from tests.integration.feeds.stated import Read


def ask(rig: Rig, agency: str, first: int, last: int, key: str = "k") -> Any:
    with closing(rig.connect()) as connection:
        return resends.ask(connection, agency, first, last, key, datetime.now(UTC), "test")


def state(rig: Rig, identifier: Any) -> Resend:
    with closing(rig.connect()) as connection:
        found = resends.state(connection, identifier)
    assert found is not None
    return found


def content(read: list[Read]) -> list[Any]:
    """All but when it was sent."""
    return [
        (r.key, r.name, r.headers["ce_type"], r.number, r.value["feed"]["event"], without_head(r))
        for r in read
    ]


def without_head(each: Read) -> Any:
    return {name: value for name, value in each.value.items() if name != "feed"}


def test_the_same_rights_give_the_same_records(rig: Rig) -> None:
    pension = rig.agency("pension")
    first = rig.grant(pension, "pension-law", "pension")
    many = SLICE + 300
    rig.write([rig.event("tax.income_reported", n % 9, n, gross_minor=n) for n in range(many)])
    rig.settle()
    rig.revoke(first)
    rig.settle()
    rig.grant(pension, "pension-law", "pension")
    rig.write([rig.event("tax.employment_started", 1, n) for n in range(20)])
    rig.settle()
    sent = rig.read(pension)
    assert len(sent) == many + 21

    asked = ask(rig, pension, 101, many + 11)
    assert ask(rig, pension, 101, many + 11) == asked
    rig.settle(12)
    again = rig.read(pension, again=True)
    assert content(again) == content(sent[100 : many + 11])
    assert any(each.name == "FeedEnded" for each in again)
    done = state(rig, asked)
    assert (done.status, done.sent, done.withheld) == ("done", many - 89, 0)
    assert content(rig.read(pension)) == content(sent)  # the feed itself is as it was


def test_lesser_rights_withhold(rig: Rig) -> None:
    agency = rig.agency("both")
    wide = rig.grant(agency, "pension-law", "pension")
    rig.grant(agency, "employment-law", "employment-help", regions=["1726"])
    home = rig.event("civil.residence_registered", "a", "h", district="1726266", until_on=None)
    rig.write([home])
    rig.write(
        [
            rig.event("tax.income_reported", "a", 1),
            rig.event("tax.employment_started", "a", 2),
            rig.event("tax.employment_started", "elsewhere", 3),
        ]
    )
    rig.settle()
    sent = {each.number: each for each in rig.read(agency)}
    assert len(sent) == 3
    rig.revoke(wide)
    asked = ask(rig, agency, 1, 3)
    rig.settle(12)
    rules = {}
    for each in rig.read(agency, again=True):
        rules[sent[each.number].value["person"], sent[each.number].name] = (
            each.value.get("rule"),
            each.value["feed"]["basis"],
        )
    names = {number: (each.value["person"], each.name) for number, each in sent.items()}
    income = next(key for key in names.values() if key[1] == "IncomeReported")
    here = next(key for key in names.values() if key == (income[0], "EmploymentStarted"))
    there = next(key for key in names.values() if key not in {income, here})
    assert rules[income] == ("event-type-not-in-basis", "")
    assert rules[here] == (None, "employment-law")
    assert rules[there][0] == "region-not-covered"
    assert (state(rig, asked).sent, state(rig, asked).withheld) == (3, 2)


def test_what_is_withheld_is_counted_over_all_slices(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resending, "SLICE", 2)
    agency = rig.agency("both")
    ended = rig.grant(agency, "pension-law", "pension")
    rig.grant(agency, "benefit-payments", "benefit-payment")
    rig.write([rig.event("tax.income_reported", 1, n) for n in range(5)])
    rig.settle()
    rig.write([rig.event("tax.benefit_paid", 1, n) for n in range(2)])
    rig.settle()
    rig.revoke(ended)

    asked = ask(rig, agency, 1, 7)
    rig.settle(12)

    assert [each.name for each in rig.read(agency, again=True)][5:] == ["BenefitPaid"] * 2
    assert (state(rig, asked).sent, state(rig, asked).withheld) == (7, 5)
    leaves = rig.rows(
        "body ->> 'sent', body ->> 'withheld' FROM kept.audit_leaves WHERE body ? 'withheld'"
    )
    assert leaves == [("7", "5")]


def test_a_killed_resend_is_finished_once(rig: Rig) -> None:
    pension = rig.agency("pension")
    rig.grant(pension, "pension-law", "pension")
    many = 3 * SLICE
    rig.write([rig.event("tax.income_reported", n % 9, n, gross_minor=n) for n in range(many)])
    rig.settle()
    asked = ask(rig, pension, 1, many)
    while rig.relay._state is None or rig.relay._state.resending is None:
        rig.relay.step()
    rig.stop_relay()  # what it remembered is gone; the checkpoint is not
    rig.settle(12)
    assert [each.number for each in rig.read(pension, again=True)] == list(range(1, many + 1))
    assert state(rig, asked).status == "done"


def test_what_cannot_be_asked_for(rig: Rig) -> None:
    pension = rig.agency("pension")
    grant = rig.grant(pension, "pension-law", "pension")
    rig.write([rig.event("tax.income_reported", 1, n) for n in range(5)])
    rig.settle()
    for first, last in ((0, 1), (3, 2), (1, 6), (1, 10**7)):
        with pytest.raises(RangeError):
            ask(rig, pension, first, last)
    asked = ask(rig, pension, 1, 5)
    with pytest.raises(KeyConflictError):
        ask(rig, pension, 1, 4)
    rig.revoke(grant)
    rig.settle(12)
    assert rig.read(pension, again=True) == []
    assert (state(rig, asked).status, state(rig, asked).rule) == ("refused", "grant-revoked")


def test_small_rows_of_the_index_become_one(rig: Rig) -> None:
    pension = rig.agency("pension")
    place = Place("t", 0)
    sources = [Source(place, 3 * n) for n in range(300)]
    store = rig.relay.store
    store.plan([pack(pension, n + 1, [source]) for n, source in enumerate(sources)], [])
    assert not store.compact(pension, 200, merge)  # too few that are sent
    assert store.compact(pension, 301, merge)
    rows = store.index(pension, 1, 300)
    assert len(rows) == 45
    assert [entry for row in rows for _, entry in unpack(row)] == sources
    # What was planned and not sent is replaced by what is sent.
    store.plan([pack(pension, 290, sources[:2])], [])
    assert [entry for _, entry in unpack(store.index(pension, 290, 295)[-1])] == sources[:2]
