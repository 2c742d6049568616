"""Who needs a visit: order, selection, names only with a purpose and on record."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from typer.testing import CliRunner

from ops.cli import command_app
from ops.keystore import open_keystore
from ops.settings import Settings, create_secrets
from projections.keystore import initialise
from schemas.sealing import seal
from tests.integration.assessment.country import person
from tests.integration.stats.invented import Invented, Someone, uuid

NEED = """
INSERT INTO live.needs (need, version, person, household, kind, status, since, review_on, urgency,
                        rule, evidence, reason, reason_digest, event_id, assessed_on)
VALUES (%s, 1, %s, %s, %s, 'detected', %s, NULL, %s, 'r', '{}', '', '', %s, '2026-03-20')
"""


@pytest.fixture
def settings(invented: Invented, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    monkeypatch.setenv("HUB_DSN", invented.dsn)
    monkeypatch.setenv("HUB_KEYS_DSN", invented.dsn)
    monkeypatch.setenv("HUB_TODAY", "2026-03-20")
    create_secrets(tmp_path / "secrets")
    initialise(invented.dsn)
    return Settings.from_environment()


def needs(
    invented: Invented, one: Someone, kind: str, since: date, urgency: str = "normal"
) -> None:
    event = uuid(f"{one.name} {kind}")
    values = [event, uuid(one.name), uuid(f"h{one.name}"), kind, since, urgency, event]
    invented.country.connection.execute(NEED, values)


def three(invented: Invented) -> list[Someone]:
    """A normal need that is old, an immediate one, and one that speaks of health; one elsewhere."""
    people = [invented.someone(date(1980, 1, 1), "1703202") for _ in range(3)]
    needs(invented, people[0], "child_benefit", date(2025, 1, 1))
    needs(invented, people[1], "lonely_care", date(2026, 3, 1), "immediate")
    needs(invented, people[2], "medical_follow_up", date(2026, 1, 1), "soon")
    other = invented.someone(date(1980, 1, 1), "1703203")
    needs(invented, other, "child_benefit", date(2024, 1, 1))
    return people


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command_app("worklist"), [*arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def leaves(invented: Invented) -> list[dict[str, str]]:
    with psycopg.connect(invented.dsn) as connection:
        return [row[0] for row in connection.execute("SELECT body FROM kept.audit_leaves")]


def test_the_most_urgent_first_and_nothing_of_health(
    invented: Invented, settings: Settings
) -> None:
    people = three(invented)

    lines = run("--district", "1703202", "-o", "csv", "--lang", "en").splitlines()

    assert [line.split(",")[0] for line in lines[1:]] == ["Immediate", "Normal"]
    assert [line.split(",")[-2] for line in lines[1:]] == [
        str(uuid(people[1].name)),
        str(uuid(people[0].name)),
    ]
    assert [leaf["what"] for leaf in leaves(invented)] == ["worklist"]


def test_health_with_a_purpose(invented: Invented, settings: Settings) -> None:
    three(invented)

    lines = run("--district", "1703", "-o", "csv", "--purpose", "visits").splitlines()

    assert len(lines) == 5


def test_names_are_opened_on_record(invented: Invented, settings: Settings) -> None:
    people = three(invented)
    name_of(invented, settings, people[0], "Karimova", "Lola")

    secret = run("--district", "1703202", "-o", "csv")
    text = run("--district", "1703202", "-o", "csv", "--with-names", "--purpose", "visits")

    assert "Karimova" not in secret
    assert "Karimova Lola" in text
    opened = [leaf for leaf in leaves(invented) if leaf["what"] == "worklist names"]
    assert {leaf["person"] for leaf in opened} == {str(uuid(one.name)) for one in people}
    assert {leaf["purpose"] for leaf in opened} == {"visits"}


def test_an_erased_name_is_empty(invented: Invented, settings: Settings) -> None:
    people = three(invented)
    name_of(invented, settings, people[0], "Karimova", "Lola")
    invented.country.connection.execute("UPDATE sealing_keys SET state = 'erased', wrapped = NULL")

    text = run("--district", "1703202", "-o", "csv", "--with-names", "--purpose", "visits")

    assert "Karimova" not in text


def test_an_unknown_district_is_named(invented: Invented, settings: Settings) -> None:
    three(invented)

    result = CliRunner().invoke(command_app("worklist"), ["--district", "1799999"])

    assert "nobody is registered in '1799999'" in str(result.exception)
    assert leaves(invented) == []


def name_of(
    invented: Invented, settings: Settings, one: Someone, surname: str, given_name: str
) -> None:
    owner, event = person(one.name), person(f"event name {one.name} 1")
    with closing(open_keystore(settings)) as keystore:
        key = keystore.keys([(owner, "identity")])[owner, "identity"]
    block = seal(key, event, "identity", {"surname": surname, "given_name": given_name})
    at = datetime(2026, 1, 1, tzinfo=UTC)
    invented.country.state(
        f"name {one.name}", (one.name, "name", {"changed_on": "2020-01-01"}), at=at
    )
    invented.country.connection.execute(
        "UPDATE live.facts SET sealed = %s, sensitivity = 'identity' WHERE event_id = %s",
        [block, UUID(bytes=event)],
    )
