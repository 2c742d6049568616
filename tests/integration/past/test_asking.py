"""The API and the commands about another day and another moment, on real tables."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from rich.console import Console

from ops.cli import command_app
from ops.keystore import open_keystore
from ops.payments import render as render_payments
from ops.person_view import render
from ops.run.api import identify, judge, queries
from ops.screen_texts import words_of
from ops.settings import Settings
from projections.moments import moment as asked
from projections.needs_store import NeedsStore, connect
from projections.past_queries import PastQueries
from projections.payment_queries import PaymentQueries
from schemas.ids import text
from streams.assessor import Assessor
from streams.rules.uz import PACK
from tests.integration.api.conftest import Asking, admit_agencies, serving, settings_at, signer_of
from tests.integration.assessment.country import PARTITIONS, person
from tests.integration.past.timeline import TOPICS, Timeline, moment

ON = date(2026, 3, 10)
NOW = moment("2026-03-10")
DATES = {"what", "person", "mode", "as_of"}
ALI, SON = text(person("1ali")), text(person("3son"))


@pytest.fixture
def settings(database: str, free_settings: Settings) -> Settings:
    return replace(settings_at(database, free_settings.home), today_override=ON)


@pytest.fixture
def country(settings: Settings) -> Iterator[Timeline]:
    """A poor couple with a son; said on 10 March, when the income was corrected upwards."""
    keystore = open_keystore(settings)
    made = Timeline(settings.hub_dsn, keystore)
    with closing(keystore), closing(made.connection), closing(connect(settings.hub_dsn)) as hub:
        keys = settings.keys
        assessor = Assessor(NeedsStore(hub), keystore, keys, PACK, PARTITIONS)
        made.at = moment("2026-03-01")
        made.born("1ali", "1990-05-01", "M")
        made.born("2vali", "1992-05-01", "F")
        made.married("1ali", "2vali")
        made.born("3son", "2015-05-01", "M", mother="2vali", father="1ali")
        made.earns("1ali", 1_800_000)
        made.disabled("2vali", 2)
        made.complete()
        for topic in TOPICS.values():
            for partition in range(PARTITIONS):
                made.connection.execute(
                    "INSERT INTO live.progress VALUES (%s, %s, 'c', 't', 9, 1, 9, 0, 7)",
                    [topic, partition],
                )
        _drain(assessor, made, moment("2026-03-02"))
        made.at = moment("2026-03-05")
        made.earns("1ali", 4_000_000, version=2)
        made.at = moment("2026-03-05")
        _drain(assessor, made, moment("2026-03-06"))
        yield made


def _drain(assessor: Assessor, country: Timeline, at: datetime) -> None:
    """Judge, and let what was said be known at ``at``."""
    while assessor.assess_batch(ON, at) is not None:
        pass
    for table in ("live.need_history", "live.needs", "live.memberships"):
        country.connection.execute(
            f"UPDATE {table} SET known_from = %s WHERE known_from > '2026-10-01'".encode(), [at]
        )


@pytest.fixture
def api(settings: Settings, country: Timeline) -> Iterator[httpx.Client]:
    admit_agencies(settings.hub_dsn)
    with serving(settings) as client:
        client.headers.update(Asking(client, signer_of(settings), "social").headers())
        yield client


def ask(api: httpx.Client, what: str, who: str = SON, **when: str) -> dict[str, Any]:
    answer = api.get(f"/v1/persons/{who}/{what}", params=when)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def kinds(answer: dict[str, Any]) -> list[str]:
    return [need["kind"] for need in answer["needs"]]


def test_needs_as_they_stand_as_said_and_judged_again(api: httpx.Client) -> None:
    stand = ask(api, "needs")
    assert (stand["mode"], kinds(stand)) == ("said", [])

    said = ask(api, "needs", known_at="2026-03-04T00:00:00Z", mode="said")
    assert (said["mode"], said["as_of"], kinds(said)) == ("said", None, ["child_benefit"])
    assert said["needs"][0]["reason"]["law"] == "PF-6277 (2021); PF-258 (26 Dec 2025)"

    ended = ask(api, "needs", known_at="2026-03-07T00:00:00Z", mode="said")
    assert kinds(ended) == []

    judged = ask(api, "needs", as_of="2026-03-10", known_at="2026-03-04T00:00:00Z")
    assert (judged["mode"], judged["as_of"]) == ("judged", "2026-03-10")
    assert kinds(judged) == ["child_benefit"]
    assert judged["needs"][0]["amount_minor"] == 27_500_000
    assert {row["states"] for row in judged["evidence"]} >= {"birth", "income"}
    assert judged["household"]["outcome"] == "assessed"
    assert kinds(ask(api, "needs", as_of="2026-03-10")) == []


def test_completeness_is_as_it_was_known(api: httpx.Client, country: Timeline) -> None:
    country.at = moment("2026-04-05")
    country.complete(date(2026, 3, 31))
    early = ask(api, "facts", known_at="2026-03-01T12:00:00Z")["freshness"]
    late = ask(api, "needs", as_of="2026-03-10")["freshness"]

    assert late["tax"]["complete_through"] == "2026-03-31"
    assert early["civil"]["complete_through"] == "2026-02-28"
    before = api.get(f"/v1/persons/{SON}/needs?as_of=2026-03-10&known_at=2026-02-28T00:00:00Z")
    assert before.status_code == 404  # nothing was known of the son


def test_facts_and_what_was_sealed_of_them(api: httpx.Client) -> None:
    mother = ask(api, "facts", text(person("2vali")))
    states = {fact["kind"]: fact for fact in mother["facts"]}

    assert set(states) == {"person", "marriage", "child", "disability"}
    assert states["disability"]["is_sealed"] is True
    assert "sealed" not in states["disability"]
    value = states["disability"]["value"]
    assert (value["assessed_on"], value["health"]["group"]) == ("2024-01-01", 2)
    father = ask(api, "facts", ALI, as_of="2026-02-10", known_at="2026-03-04T00:00:00+05:00")
    grosses = [f["value"]["gross_minor"] for f in father["facts"] if f["kind"] == "income"]
    assert set(grosses) == {180_000_000}


def test_the_household_as_it_was_said(api: httpx.Client, country: Timeline) -> None:
    three = [text(person(name)) for name in ("1ali", "2vali", "3son")]
    assert ask(api, "household")["household"]["members"] == three
    then = ask(api, "household", known_at="2026-03-02T12:00:00Z", mode="said")
    assert (then["mode"], then["household"]["members"]) == ("said", three)
    nobody = ask(api, "household", known_at="2026-03-02T11:59:59Z", mode="said")
    assert nobody["household"] is None  # nothing was said yet


def test_the_household_of_a_day(api: httpx.Client) -> None:
    now = ask(api, "household", as_of="2026-03-10")["household"]
    before_the_birth = ask(api, "household", ALI, as_of="2015-04-30")["household"]

    assert now["members"] == [text(person(name)) for name in ("1ali", "2vali", "3son")]
    assert before_the_birth["members"] == now["members"][:2]
    assert ask(api, "household", SON, as_of="2015-04-30")["household"] is None


def test_the_history_says_what_caused_each_change(api: httpx.Client, country: Timeline) -> None:
    history = ask(api, "history")["history"]

    assert [row["status"] for row in history] == ["detected", "ended"]
    assert history[1]["cause"]["states"] == "income"
    assert history[1]["cause"]["registry"] == "tax"
    assert history[1]["reason"]["condition"] == "child_benefit"
    until = ask(api, "history", known_at="2026-03-04T00:00:00Z")["history"]
    assert [row["status"] for row in until] == ["detected"]


def test_every_read_leaves_its_dates(api: httpx.Client, country: Timeline) -> None:
    ask(api, "facts", as_of="2026-03-01", known_at="2026-03-05T00:00:00Z")
    ask(api, "history", known_at="2026-03-05T00:00:00Z")
    api.get(f"/v1/persons/{text(b'n' * 16)}/needs?as_of=2026-03-01")

    rows = country.connection.execute(
        "SELECT jsonb_path_query_array(body, '$.keyvalue()') FROM kept.audit_leaves"
        " WHERE kind = 'read' ORDER BY id"
    ).fetchall()
    rows = [({one["key"]: one["value"] for one in row[0] if one["key"] in DATES},) for row in rows]
    about: dict[str, str] = {}
    judged = about | {"as_of": "2026-03-01", "mode": "judged"}
    assert [body for (body,) in rows] == [
        judged | {"what": "facts", "person": SON},
        about | {"what": "history", "person": SON, "mode": "said"},
        judged | {"what": "needs", "person": text(b"n" * 16)},
    ]


def test_without_a_leaf_there_is_no_answer(api: httpx.Client, country: Timeline) -> None:
    country.connection.execute("ALTER TABLE kept.audit_leaves RENAME TO away")

    for what in ("needs?as_of=2026-03-01", "facts", "household?as_of=2026-03-01", "history"):
        # A connection of its own: after a fault the server closes it.
        url = f"{api.base_url}/v1/persons/{SON}/{what}"
        answer = httpx.get(url, headers=dict(api.headers), timeout=20)
        assert answer.status_code == 500
        assert SON not in answer.text


def test_dates_that_cannot_be_asked_for(api: httpx.Client) -> None:
    """``tests/unit/projections/test_moments.py`` has them all."""
    wrong = {
        "as_of=10.03.2026": "as-of-malformed",
        "as_of=0001-01-01": "as-of-out-of-range",
        "known_at=2999-01-01T00:00:00Z": "known-at-future",
        "known_at=2026-03-01": "known-at-malformed",
        "known_at=1999-12-31T23:59:59Z": "known-at-out-of-range",
        "as_of=today&known_at=yesterday": "as-of-malformed",
        "mode=guessed": "mode-unknown",
        "mode=said&as_of=2026-03-01": "as-of-with-said",
    }
    for query, name in wrong.items():
        answer = api.get(f"/v1/persons/{SON}/needs?{query}")
        assert answer.status_code in {409, 422}
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == f"/problems/{name}"
        assert not any(word in answer.text for word in ("10.03", "today", "2999", "guessed"))


def test_a_judged_answer_can_be_read_by_people(settings: Settings, country: Timeline) -> None:
    page = io.StringIO()
    at = asked("2026-03-10", "2026-03-04T00:00:00Z", None, today=ON, now=datetime.now(UTC))
    with queries(settings) as answers:
        past = PastQueries(answers, judge(settings, answers))
        answer = past.needs(UUID(SON), at, {"who": "test"})
        answer["facts"] = past.facts(UUID(SON), at, {"who": "test"})["facts"]
        render(answer, Console(file=page, width=200), words_of("en"))
        render_payments(PaymentQueries(answers).open_by_month(), Console(file=page, width=200))

    shown = page.getvalue()
    print(shown)
    assert "judged again as of 2026-03-10, known at 2026-03-04T00:00:00 UTC" in shown
    assert "275,000 soum a month" in shown
    assert "Facts" in shown
    assert "nothing was found to be paid wrongly" in shown


def test_the_commands(
    settings: Settings,
    country: Timeline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    number = "30211975910033"  # the published example
    who = "=" + text(identify(settings, number))
    country.state("alias", (who, "linked_to", {"person": "3son"}))
    known_at = ["--known-at", "2026-03-05T18:00:00Z"]

    def hub(name: str, *arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{number}\n"))
        with pytest.raises(SystemExit) as end:
            command_app(name)(args=list(arguments), prog_name=f"hub {name}")
        captured = capsys.readouterr()
        assert number not in captured.out + captured.err
        return int(end.value.code or 0), captured.out + captured.err

    code, shown = hub("person", "show", "--as-of", "2026-03-04", "--lang", "uz-Latn", *known_at)
    assert (code, "qayta baholandi 2026-03-04 holatiga" in shown) == (0, True)
    code, shown = hub("person", "show", "--as-of", "2026-02-30", *known_at)
    assert (code, shown) == (2, "hub: as_of is a day: YYYY-MM-DD.\n")
    code, shown = hub("person", "show", "--lang", "fr")
    assert code == 2
    code, shown = hub("person", "show", "--facts", "-o", "json", *known_at)
    assert [fact["kind"] for fact in orjson.loads(shown)["facts"]] == ["linked_to", "birth"]
    code, shown = hub("payments")
    assert (code, "nothing was found" in shown) == (0, True)
    code, shown = hub("payments", "--each", "-o", "json")
    assert orjson.loads(shown)["findings"] == []
