"""What is left of an answer: what was allowed, and nothing that nobody has named."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import rights_fields
from schemas.rights import Decision, load_policy
from schemas.rights_facts import FACTS
from streams.facts import facts

ANSWER: dict[str, Any] = {
    "person": "p",
    "mode": "said",
    "needs": [
        {"kind": "employment_help", "since": "d", "amount_minor": 5, "reason": {"a": 1}},
        {"kind": "disability_support", "since": "d", "amount_minor": 5, "reason": {"a": 1}},
        {"since": "d"},
    ],
    "near_misses": [{"kind": "child_benefit"}],
    "household": {"household": "h", "members": ["a"], "outcome": "assessed", "secret": 1},
    "secret": {"person": "p"},
    "freshness": {"civil": {"complete_through": None}},
}


def decision(operation: str, *fields: str, **more: Any) -> Decision:
    return Decision(True, "allowed", fields=frozenset(fields), operation=operation, **more)


def test_fields_kinds_and_nothing_else_are_left() -> None:
    found = decision(
        "needs",
        "needs.person",
        "needs.needs.kind",
        "needs.needs.amount_minor",
        "needs.household.outcome",
        "needs.freshness",
        need_kinds=frozenset({"employment_help"}),
    ).cut(ANSWER)

    assert found == {
        "person": "p",
        "needs": [{"kind": "employment_help", "amount_minor": 5}],
        "household": {"outcome": "assessed"},
        "freshness": {"civil": {"complete_through": None}},
    }


def test_a_whole_that_is_allowed_is_still_cut_by_kind() -> None:
    found = decision("needs", "needs.near_misses", need_kinds=frozenset({"lonely_care"}))

    assert found.cut(ANSWER) == {"near_misses": []}


def test_what_is_no_object_where_one_is_expected_is_not_let_through() -> None:
    only = decision("needs", "needs.household.outcome", "needs.needs.kind")

    assert only.cut({"household": None, "needs": None}) == {"household": None, "needs": []}
    assert only.cut({"household": "text"}) == {"household": None}
    assert only.cut({"household": ["text", {"outcome": 1}]}) == {"household": [{"outcome": 1}]}


def test_facts_are_cut_by_event_type_and_by_the_fields_of_events() -> None:
    answer = {
        "facts": [
            {"kind": "income", "value": {"employer": "e", "gross_minor": 5, "more": 1}, "x": 1},
            {"kind": "disability", "value": {"assessed_on": "d"}},
            {"kind": "annulled", "value": {"type": "t"}},
            {"kind": "child", "value": {"child": "c", "born_on": "d"}},
        ]
    }
    allowed = decision(
        "facts",
        "facts.facts.kind",
        "facts.facts.value",
        "tax.income_reported.gross_minor",
        "civil.birth_registered.born_on",
        event_types=frozenset({"tax.income_reported", "civil.birth_registered"}),
    )

    assert allowed.cut(answer) == {
        "facts": [
            {"kind": "income", "value": {"gross_minor": 5}},
            {"kind": "child", "value": {"born_on": "d"}},
        ]
    }


def test_what_is_withheld_says_nothing_of_anybody() -> None:
    jobs = next(basis for basis in load_policy().bases.values() if basis.name == "employment-law")
    found = decision("needs", *jobs.fields_of("needs"), need_kinds=jobs.need_kinds)

    lacking = found.withheld()

    assert "needs.needs.reason" in lacking
    assert "disability_support" in lacking
    assert not found.fields & set(lacking)
    assert decision("needs").withheld() == sorted(
        rights_fields.answer_fields()["needs"] | rights_fields.NEED_KINDS
    )
    assert Decision(False, "no-grant").withheld() == []
    facts_of = decision("facts", event_types=frozenset({"tax.income_reported"})).withheld()
    assert {"tax.income_reported.month", "tax.benefit_paid"} <= set(facts_of)
    assert "tax.benefit_paid.month" not in facts_of


paths = sorted(rights_fields.all_fields())
names = st.sampled_from(
    sorted({part for path in paths for part in path.split(".")[1:]} | {"secret", "kind"})
)
values = st.recursive(
    st.none() | st.integers() | st.sampled_from(["", "a", "oʻ"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@given(
    st.sampled_from(rights_fields.OPERATIONS),
    st.dictionaries(names, values, max_size=6),
    st.frozensets(st.sampled_from(paths), max_size=60),
)
def test_whatever_is_left_lies_under_a_field_that_was_allowed(
    operation: str, answer: dict[str, Any], fields: frozenset[str]
) -> None:
    rows = {name: each for name, each in answer.items() if name not in {"needs", "facts"}}
    rows = {name: [] if name in {"near_misses", "unknown", "history"} else each
            for name, each in rows.items()}  # fmt: skip

    left = decision(operation, *fields).cut(rows)

    for path, value in leaves(operation, left):
        covered = any(path == field or path.startswith(f"{field}.") for field in fields)
        assert covered or value in (None, [], {}), path


def leaves(path: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        return [leaf for name, each in value.items() for leaf in leaves(f"{path}.{name}", each)]
    if isinstance(value, list) and value:
        return [leaf for each in value for leaf in leaves(path, each)]
    return [(path, value)]


SAMPLE: dict[str, Any] = {
    "provisional": b"q" * 16, "sex": "F", "kind": "home", "share_percent": 5, "activity": "a",
    "benefit": "child", "reason": "identifier", "gross_minor": 1, "amount_minor": 1,
    "district": "1703202",
}  # fmt: skip


@pytest.mark.parametrize("event_type", sorted(rights_fields.types_of("facts")))
def test_every_fact_of_an_event_is_cut_by_a_row_of_the_table(event_type: str) -> None:
    """What ``streams.facts`` really states has no kind and no key that the table lacks."""
    record: dict[str, Any] = {"meta": {"subject": b"p" * 16, "change": "CREATED"}}
    for field in rights_fields.event_fields()[event_type]:
        name = field.rpartition(".")[2]
        is_day = re.search("_on$|month", name) is not None
        record[name] = 20_000 if is_day else SAMPLE.get(name, b"o" * 16)
    if event_type.startswith("hub.identity"):
        record["person"] = b"p" * 16

    stated = facts(event_type, record)

    for fact in stated:
        assert set(fact.value) <= set(FACTS[fact.kind]), fact.kind
        for key in fact.value:
            named = FACTS[fact.kind][key]
            assert fact.kind.endswith(("linked_to", "linked_from")) or event_type in named
