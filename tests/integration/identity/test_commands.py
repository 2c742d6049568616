"""``hub person link`` and its sisters, as an operator types them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from ops.person import app
from ops.run.api import identify
from ops.settings import Settings
from schemas.errors import PermanentError
from schemas.ids import text
from tests.integration.assessment.country import Country, person

PINFL = "30211975910033"  # the published example
ALIAS = text(person("8patient"))
Hub = Callable[..., Result]


@pytest.fixture
def hub(
    country: Country, database: str, free_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Hub:
    """A person under the example's number, a patient, and the command beside them."""
    settings = {"HUB_HOME": str(free_settings.home), "HUB_DSN": database, "HUB_KEYS_DSN": database}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    # The fixture's keys are wrapped under this one: a home of before epochs.
    wrapping_key = free_settings.home / "secrets" / "wrapping_key"
    wrapping_key.write_text((b"w" * 32).hex(), encoding="ascii")
    country.born(f"={me()}", "1997-11-02", "F")
    country.disabled("8patient", 2)

    def run(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(app, list(arguments), input=stdin)

    return run


def me() -> UUID:
    return UUID(bytes=identify(Settings.from_environment(), PINFL))


def decisions(country: Country) -> list[dict[str, object]]:
    rows = country.connection.execute(
        "SELECT body FROM kept.outbox WHERE kind = 'operator' ORDER BY id"
    ).fetchall()
    return [json.loads(row[0]) for row in rows]


@pytest.mark.parametrize("asks_for_both", [True, False])
def test_numbers_come_on_standard_input(country: Country, hub: Hub, asks_for_both: bool) -> None:
    option, first = ((), f"{ALIAS}\n") if asks_for_both else (("--alias", ALIAS), "")
    done = hub("link", "--reason", "papers seen", "--no-wait", *option, stdin=f"{first}{PINFL}\n")

    assert done.exit_code == 0, done.output
    assert done.output == f"decided: {ALIAS} is linked to {me()}\n"
    assert [(one["alias"], one["person"]) for one in decisions(country)] == [(ALIAS, str(me()))]
    again = hub("link", "--reason", "again", "--no-wait", "--alias", ALIAS, stdin=f"{PINFL}\n")
    assert again.exit_code == 0
    assert again.output.startswith("already so, by operator: ")
    assert len(decisions(country)) == 1


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["--reason", f"number {PINFL}"], "", "run of 7 digits"),
        (["--reason", "ok", "--alias", PINFL], "", "not an id of the hub"),
        (["--reason", "ok"], f"{PINFL}\n", "not an id of the hub"),
        (["--reason", "ok", "--alias", ALIAS], "30211975910034\n", "check digit"),
        (["--reason", "ok", "--alias", ALIAS, "--person", PINFL], "", "not an id of the hub"),
    ],
)
def test_what_is_wrong_is_said_and_not_repeated(
    country: Country, hub: Hub, arguments: list[str], stdin: str, words: str
) -> None:
    refused = hub("link", *arguments, stdin=stdin)

    said = re.sub(r"[\s│╭╮╰╯─]+", " ", refused.output)
    assert refused.exit_code == 2
    assert words in said
    assert "3021197" not in said
    assert decisions(country) == []


def test_unlinking_needs_a_link(country: Country, hub: Hub) -> None:
    refused = hub("unlink", "--reason", "another", "--alias", ALIAS)

    assert isinstance(refused.exception, PermanentError)
    assert "linked to nobody" in str(refused.exception)


def test_the_ids_of_a_person_are_listed(country: Country, hub: Hub) -> None:
    link = {"person": f"={me()}", "reason": "identifier"}
    country.state("link", ("8patient", "linked_to", link))

    shown = hub("identities", stdin=f"{PINFL}\n")
    listed = json.loads(hub("identities", "--person", str(me()), "-o", "json").output)

    assert shown.exit_code == 0, shown.output
    assert f"person {me()}" in shown.output
    assert {row["id"] for row in listed["identities"]} <= {str(me()), ALIAS}
    assert hub("identities", "--person", str(UUID(int=1))).exit_code == 1
