"""Deciding: the rules in their order, against an oracle that knows nothing of how it is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.rights import RULES, Access, Basis, Decision, Grant, Grants, Policy, Purpose, decide

NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
TITLE = {"uz": "x", "ru": "x", "en": "x"}
FIELDS = frozenset({"lookup.person", "needs.person", "hub.need_detected.kind"})

moments = st.sampled_from([NOW + timedelta(days=d) for d in (-400, -1, 0, 1, 400)])
days = st.sampled_from([NOW.date() + timedelta(days=d) for d in (-400, -1, 0, 1, 400)])
names = st.sampled_from(["one", "two", "three"])
operations = st.sampled_from(["lookup", "needs", "subscribe", "delete"])
regions = st.none() | st.frozensets(st.sampled_from(["17", "1703", "26"]), max_size=2)
districts = st.sampled_from([None, "1703202", "1726266", "2603", "17"])

bases = st.builds(
    Basis,
    name=names,
    title=st.just(TITLE),
    law=st.just("law"),
    illustrative=st.just(False),
    since=days,
    until=st.none() | days,
    reach=st.sampled_from(["national", "regional", "own"]),
    longest_days=st.none() | st.sampled_from([1, 400, 401]),
    history_days=st.none() | st.sampled_from([0, 30]),
    sensitive_law=st.none(),
    purposes=st.frozensets(names, min_size=1),
    operations=st.frozensets(st.sampled_from(["lookup", "needs", "subscribe"]), min_size=1),
    groups=st.just(frozenset()),
    need_kinds=st.just(frozenset({"child_benefit"})),
    event_types=st.just(frozenset({"hub.need_detected"})),
    fields=st.just(FIELDS),
)
grants = st.builds(
    Grant,
    id=st.uuids(),
    agency=st.sampled_from(["mine", "other"]),
    basis=names,
    purpose=names,
    regions=regions,
    since=moments,
    expires_at=st.none() | moments,
    revoked_at=st.none() | moments,
    history_from=st.none() | days,
)
accesses = st.builds(
    Access,
    agency=st.sampled_from(["mine", "mine", "mine", "other"]),
    purpose=st.sampled_from(["one", "two", "unheard-of"]),
    basis=st.sampled_from(["one", "two", "unheard-of"]),
    operation=operations,
    region=districts,
    is_own=st.booleans(),
)
policies = st.lists(bases, unique_by=lambda basis: basis.name, max_size=3).map(
    lambda made: Policy(
        {name: Purpose(name, TITLE, "law", illustrative=False) for name in ("one", "two", "three")},
        {},
        {basis.name: basis for basis in made},
    )
)


def is_allowed(policy: Policy, held: Grants, access: Access, now: datetime) -> bool:
    """The oracle: the sentences of docs/rights.md, each by itself and in no order."""
    basis = policy.bases.get(access.basis)
    if basis is None or not held.is_known or held.agency != access.agency:
        return False
    if held.revoked_at is not None and not now < held.revoked_at:
        return False
    day_begins = datetime.combine(basis.since, time.min, tzinfo=UTC)
    day_ends = datetime.combine(basis.until or date.max, time.max, tzinfo=UTC)
    law = (
        day_begins <= now <= day_ends
        and {access.purpose} <= basis.purposes
        and {access.operation} <= basis.operations
        and (basis.reach != "own" or access.is_own)
    )
    return law and any(_counts(basis, one, access, now) for one in held.granted)


def _counts(basis: Basis, one: Grant, access: Access, now: datetime) -> bool:
    age = now - one.since
    if (one.agency, one.basis, one.purpose) != (access.agency, access.basis, access.purpose):
        return False
    place = access.region
    heads = {place[:length] for length in range(len(place) + 1)} if place else set()
    is_bounded = basis.reach != "regional" or bool(one.regions)
    is_feed = access.operation == "subscribe" and place is None
    covered = is_bounded and (is_feed or one.regions is None or bool(heads & one.regions))
    return (
        covered
        and age >= timedelta()
        and not (basis.longest_days is not None and age >= timedelta(days=basis.longest_days))
        and all(now < end for end in (one.expires_at, one.revoked_at) if end is not None)
    )


@given(policies, st.lists(grants, max_size=6), accesses, st.booleans(), st.none() | moments)
def test_what_is_allowed_is_what_the_oracle_allows(
    policy: Policy,
    granted: list[Grant],
    access: Access,
    is_known: bool,
    revoked_at: datetime | None,
) -> None:
    held = Grants("mine", is_known, revoked_at, tuple(granted))

    found = decide(policy, held, access, NOW)

    assert found.allowed == is_allowed(policy, held, access, NOW)
    assert found.rule in RULES
    assert found.allowed == (found.rule == "allowed") == bool(found.grant and found.fields)
    if not found.allowed:
        assert found == Decision(False, found.rule, found.grant)


@given(policies, st.lists(grants, max_size=6), accesses, st.randoms())
def test_the_order_of_grants_does_not_matter(
    policy: Policy, granted: list[Grant], access: Access, chance: object
) -> None:
    held = Grants("mine", granted=tuple(granted))
    mixed = list(granted)
    chance.shuffle(mixed)  # type: ignore[attr-defined]

    assert decide(policy, held, access, NOW) == decide(
        policy, Grants("mine", granted=tuple(mixed)), access, NOW
    )


@given(policies, st.lists(grants, max_size=6), accesses)
def test_one_grant_less_never_allows_more(
    policy: Policy, granted: list[Grant], access: Access
) -> None:
    whole = decide(policy, Grants("mine", granted=tuple(granted)), access, NOW)
    for without in range(len(granted)):
        fewer = tuple(granted[:without] + granted[without + 1 :])
        found = decide(policy, Grants("mine", granted=fewer), access, NOW)
        assert found.fields <= whole.fields


LAW = Basis(
    name="one",
    title=TITLE,
    law="law",
    illustrative=False,
    since=date(2026, 1, 1),
    until=date(2026, 12, 31),
    reach="regional",
    longest_days=365,
    history_days=30,
    sensitive_law=None,
    purposes=frozenset({"one"}),
    operations=frozenset({"needs", "subscribe"}),
    groups=frozenset(),
    need_kinds=frozenset(),
    event_types=frozenset({"hub.need_detected"}),
    fields=FIELDS,
)
POLICY = Policy(
    {name: Purpose(name, TITLE, "law", illustrative=False) for name in ("one", "two")},
    {},
    {"one": LAW},
)
GOOD = Grant(
    UUID(int=1), "mine", "one", "one", frozenset({"1703"}), datetime(2026, 9, 1, tzinfo=UTC),
    None, None, None,
)  # fmt: skip
ASK = Access("mine", "one", "one", "needs", "1703202")


def change(one: Grant, **more: object) -> Grant:
    return replace(one, **more)  # type: ignore[arg-type]


# Each line breaks one rule and every rule after it as well: the first one names the answer.
YEAR = timedelta(days=365)
BROKEN: list[tuple[str, Grants, Access, datetime]] = [
    ("unknown-agency", Grants("mine", False, NOW), Access("mine", "x", "x", "x"), NOW),
    ("unknown-agency", Grants("other", True, None, (GOOD,)), ASK, NOW),
    ("agency-revoked", Grants("mine", True, NOW, (GOOD,)), Access("mine", "x", "x", "x"), NOW),
    ("unknown-purpose", Grants("mine"), Access("mine", "x", "x", "x"), NOW),
    ("unknown-basis", Grants("mine"), Access("mine", "one", "x", "x"), NOW),
    ("unknown-operation", Grants("mine"), Access("mine", "one", "one", "x"), NOW),
    ("no-grant", Grants("mine"), ASK, NOW),
    ("no-grant", Grants("mine", granted=(change(GOOD, agency="other"),)), ASK, NOW),
    ("no-grant", Grants("mine", granted=(change(GOOD, basis="two"),)), ASK, NOW),
    ("no-grant", Grants("mine", granted=(change(GOOD, purpose="two"),)), ASK, NOW),
    (
        "grant-revoked",
        Grants("mine", granted=(change(GOOD, revoked_at=NOW, since=NOW + YEAR),)),
        ASK,
        NOW,
    ),
    ("grant-not-yet", Grants("mine", granted=(GOOD,)), ASK, GOOD.since - timedelta(days=1)),
    ("grant-expired", Grants("mine", granted=(change(GOOD, expires_at=NOW),)), ASK, NOW),
    ("grant-expired", Grants("mine", granted=(GOOD,)), ASK, GOOD.since + YEAR),
    # The policy was shortened after the grant was given for longer.
    (
        "grant-expired",
        Grants("mine", granted=(change(GOOD, expires_at=GOOD.since + 3 * YEAR),)),
        ASK,
        GOOD.since + YEAR,
    ),
    (
        "basis-not-yet",
        Grants("mine", granted=(change(GOOD, since=NOW - YEAR),)),
        ASK,
        datetime(2025, 12, 31, 23, 59, tzinfo=UTC),
    ),
    ("basis-expired", Grants("mine", granted=(GOOD,)), ASK, datetime(2027, 1, 1, tzinfo=UTC)),
    (
        "purpose-not-in-basis",
        Grants("mine", granted=(change(GOOD, purpose="two", regions=None),)),
        Access("mine", "two", "one", "lookup"),
        NOW,
    ),
    (
        "operation-not-in-basis",
        Grants("mine", granted=(change(GOOD, regions=None),)),
        Access("mine", "one", "one", "lookup"),
        NOW,
    ),
    ("grant-exceeds-basis", Grants("mine", granted=(change(GOOD, regions=None),)), ASK, NOW),
    (
        "region-unknown",
        Grants("mine", granted=(GOOD,)),
        Access("mine", "one", "one", "needs", None),
        NOW,
    ),
    (
        "region-not-covered",
        Grants("mine", granted=(GOOD,)),
        Access("mine", "one", "one", "needs", "170"),
        NOW,
    ),
    ("allowed", Grants("mine", granted=(GOOD,)), ASK, NOW),
    ("allowed", Grants("mine", granted=(GOOD,)), ASK, datetime(2026, 12, 31, 23, tzinfo=UTC)),
]


@pytest.mark.parametrize(("rule", "held", "access", "now"), BROKEN)
def test_the_first_rule_that_applies_names_the_answer(
    rule: str, held: Grants, access: Access, now: datetime
) -> None:
    assert decide(POLICY, held, access, now).rule == rule


def test_every_rule_is_tried() -> None:
    elsewhere = {"not-own", "not-in-force"}  # the table of cells; the database

    assert {line[0] for line in BROKEN} | elsewhere == set(RULES)


def test_of_a_revoked_grant_and_its_successor_the_one_that_counts_answers() -> None:
    old = change(GOOD, id=UUID(int=9), revoked_at=NOW)
    wider = change(GOOD, id=UUID(int=3), regions=frozenset({"1726"}))

    found = decide(POLICY, Grants("mine", granted=(old, wider, GOOD)), ASK, NOW)

    assert found.grant == GOOD


def test_a_feed_is_allowed_as_such_and_each_event_by_its_place() -> None:
    def rule(region: str | None) -> str:
        ask = Access("mine", "one", "one", "subscribe", region)
        return decide(POLICY, Grants("mine", granted=(GOOD,)), ask, NOW).rule

    assert rule(None) == "allowed"
    assert rule("1703202") == "allowed"
    assert rule("1726266") == "region-not-covered"


@pytest.mark.parametrize(
    ("history_from", "expected"),
    [
        (None, date(2026, 8, 2)),
        (date(2026, 8, 20), date(2026, 8, 20)),
        (date(2020, 1, 1), date(2026, 8, 2)),
    ],
)
def test_history_begins_where_law_and_grant_allow(
    history_from: date | None, expected: date
) -> None:
    held = Grants("mine", granted=(change(GOOD, history_from=history_from),))

    assert decide(POLICY, held, ASK, NOW).history_from == expected
