"""A policy says one thing only, or is refused with its place and rule."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from schemas import rights_fields
from schemas.errors import PermanentError
from schemas.rights import PolicyError, load_policy, parse_policy
from schemas.rights_facts import FACTS
from streams import facts
from streams.rules.uz import PACK

TEXT = (files("schemas") / "policy" / "uz.toml").read_text("utf-8")

# (what is replaced, by what, what the error names)
FAULTS = [
    ('reach = "own"', 'reach = "everywhere"', "bases.data-subject.reach: must be one of national"),
    ("from = 2019-10-01", 'from = "2019-10-01"', "bases.data-subject.from: must be a day"),
    ("from = 2019-10-01", "from = 2019-10-01T00:00:00Z", "from: must be a day"),
    ("from = 2019-10-01\n", "", "bases.data-subject.from: is missing"),
    (
        "from = 2019-10-01",
        "from = 2019-10-01\nuntil = 2019-09-30",
        "bases.data-subject.until: is before from",
    ),
    ("longest_days = 1096", "longest_days = 0", "longest_days: must be a whole number of days"),
    ("longest_days = 1096", "longest_days = true", "longest_days: must be a whole number"),
    ('history = "all"', 'history = "none"', 'history: must be "all" or a whole number'),
    ('history = "all"\n', "", "history: is missing"),
    ("history = 90", "history = false", 'history: must be "all"'),
    ('law = "PF-6277 (2021)', 'lex = "PF-6277 (2021)', "purposes.benefit-payment.law: is missing"),
    ('law = "PF-6277 (2021)', 'lex = "PF-6277 (2021)', "lex: is not a setting of the policy"),
    ("\nillustrative = true", '\nillustrative = "yes"', "illustrative: must be true or false"),
    (
        'purposes = ["pension"]',
        'purposes = ["pensions"]',
        "bases.pension-law.purposes: 'pensions' is not a purpose",
    ),
    ('purposes = ["pension"]', "purposes = []", "bases.pension-law.purposes: is empty"),
    ('purposes = ["pension"]', 'purposes = "pension"', "purposes: must be a list of texts"),
    (
        'purposes = ["pension"]',
        'purposes = ["pension", "pension"]',
        "purposes: 'pension' stands there twice",
    ),
    ('operations = ["statistics"]', 'operations = ["count"]', "'count' is not an operation"),
    ('groups = ["statistics"]', 'groups = ["statistic"]', "'statistic' is not a group"),
    (
        'need_kinds = ["employment_help"]',
        'need_kinds = ["help"]',
        "bases.employment-law.need_kinds: 'help' is not a kind of need",
    ),
    (
        '"tax.benefit_paid",\n    "hub.need',
        '"tax.benefit_payed",\n    "hub.need',
        "bases.benefit-payments.event_types: 'tax.benefit_payed' is not an event type",
    ),
    (
        '"civil.residence_registered.dwelling"',
        '"civil.residence_registered.flat"',
        "groups.dwelling.fields: 'civil.residence_registered.flat' is not a field",
    ),
    (
        ' "civil.residence_registered.contact",',
        ' "civil.residence_registered.dwelling",',
        "groups.contact.fields: civil.residence_registered.dwelling is in group dwelling already",
    ),
    (
        ' "civil.residence_registered.contact",',
        ' "civil.residence_registered.dwelling",',
        "groups: in no group: civil.residence_registered.contact",
    ),
    (
        '"health.disability_assessed.assessed_on",',
        '"health.disability_assessed.assessed_on", "needs.unknown",',
        "needs.unknown is in group reasons already",
    ),
    (
        ' "civil.residence_registered.contact",',
        ' "civil.residence_registered.contact", "needs.unknown",',
        "groups.contact.fields: needs.unknown is sensitive and others are not",
    ),
    (
        'sensitive_law = "ZRU',
        'law_for_health = "ZRU',
        "bases.data-subject.sensitive_law: is missing, and these need it: group health, group",
    ),
    (
        'need_kinds = ["employment_help"]',
        'need_kinds = ["employment_help", "disability_support"]',
        "bases.employment-law.sensitive_law: is missing, and these need it: need disability",
    ),
    (
        '    "tax.employment_started", "tax.employment_ended",\n    "hub',
        '    "health.condition_diagnosed", "tax.employment_ended",\n    "hub',
        "bases.employment-law.sensitive_law: is missing, and these need it: health.condition",
    ),
    (
        'operations = ["statistics"]',
        'operations = ["statistics"]\nevent_types = ["tax.benefit_paid"]',
        "event_types: are of no use without the operation facts or subscribe",
    ),
    (
        'operations = ["statistics"]',
        'operations = ["statistics", "subscribe"]',
        "event_types: are missing, and subscribe shows nothing else",
    ),
    (
        'operations = ["statistics"]',
        'operations = ["statistics", "lookup"]',
        "groups: none of them has a field of lookup",
    ),
    (
        'groups = ["statistics"]',
        'groups = ["statistics", "income"]',
        "groups: income has no field of these operations and event types",
    ),
    ('uz = "Statistika", ', "", "groups.statistics.title.uz: is missing"),
    (
        'uz = "Statistika", ',
        'uz = "Statistika", kaa = "x", ',
        "title.kaa: is not one of uz, ru, en",
    ),
    ('uz = "Statistika"', 'uz = " "', "groups.statistics.title.uz: is missing"),
    ("[bases.pension-law]", "[bases.Pension]", "bases: 'Pension' is not a name"),
    ("[bases.pension-law]", "[bases.employment-law]", "not TOML"),
    ("[purposes.oversight]", "[purpose.oversight]", "purpose: is not a setting of the policy"),
    (
        "[purposes.oversight]",
        "[purposes]\noversight = 1\n[purposes.x]",
        "oversight: is not a table",
    ),
]


def test_the_policy_of_this_build_can_be_meant() -> None:
    policy = load_policy()

    assert parse_policy(TEXT, "uz.toml") == policy
    assert len(policy.bases) == 7


@pytest.mark.parametrize(("old", "new", "named"), FAULTS)
def test_a_fault_is_refused_by_place_and_rule(old: str, new: str, named: str) -> None:
    assert old in TEXT

    with pytest.raises(PolicyError) as refused:
        parse_policy(TEXT.replace(old, new, 1), "draft.toml")

    lines = str(refused.value).splitlines()
    assert all(line.startswith("draft.toml: ") for line in lines)
    assert any(named in line for line in lines), lines


def test_all_faults_are_told_together() -> None:
    text = TEXT
    for old, new, _ in FAULTS[:1] + FAULTS[5:6] + FAULTS[12:13]:
        text = text.replace(old, new, 1)

    with pytest.raises(PolicyError) as refused:
        parse_policy(text, "draft.toml")

    assert len(str(refused.value).splitlines()) == 3


def test_a_file_that_cannot_be_read_is_told_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"^gone.toml: cannot be read \(FileNotFoundError\)$"):
        load_policy(tmp_path / "gone.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PermanentError, match="cannot be read"):
        load_policy(tmp_path / "bytes.toml")


@pytest.mark.parametrize("text", ["", "x", "purposes = 1", "[purposes]", "[purposes]\na = 1"])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy(text, "draft.toml")


def test_kinds_of_needs_are_those_of_the_rules() -> None:
    kinds = {kind for rule in PACK.rules for kind in rule.kinds}
    sensitive = {kind for rule in PACK.rules if rule.sensitive for kind in rule.kinds}

    assert kinds == rights_fields.NEED_KINDS
    assert sensitive == rights_fields.SENSITIVE_NEEDS


def test_every_field_of_health_is_sensitive() -> None:
    for name, fields in rights_fields.event_fields().items():
        for field in fields:
            is_health = name.startswith("health.") or field.endswith(".needs")
            assert rights_fields.is_sensitive(field) == is_health, field


def test_every_key_of_every_fact_comes_from_a_field() -> None:
    """Kinds and keys as ``streams.facts`` states them, read from its source."""
    fields = {field for own in rights_fields.event_fields().values() for field in own}
    assert {field for keys in FACTS.values() for field in keys.values()} <= fields
    for event_type in facts.STATED_TYPES:
        if event_type not in UNSTATED:
            assert event_type in rights_fields.types_of("facts"), event_type
    assert rights_fields.kinds_of(rights_fields.types_of("facts")) == set(FACTS)


def test_links_that_operators_decide_are_not_shown_with_those_of_a_registry() -> None:
    """A fact of both has one kind, and row security knows kinds only."""
    assert not rights_fields.kinds_of(frozenset({"health.patient_linked"}))


# Of these no fact comes that a question about a person answers.
UNSTATED = {"hub.erasure_decided", "hub.quarantine_released"}
