"""The example draft law on a dozen kinds of households, with gains worked out by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ops.cli import guarded, verdict
from ops.draft.command import app
from ops.draft.run import Trial
from ops.draft.share import Job, count
from ops.draft.tally import Tally
from ops.draft.work import Question
from ops.settings import Settings
from projections.everyone_store import EveryoneStore
from projections.suppression import ALL
from schemas.errors import HubError, PermanentError
from streams.everyone import Everyone
from streams.rules.load import load_pack
from tests.integration.assessment.country import NOW, ON, Country, person
from tests.integration.draft.conftest import COPIES
from tests.integration.draft.dozen import DOZEN, FIRST, SECOND

EXAMPLE = Path(__file__).parents[3] / "examples" / "draft-law.toml"
TIYIN = 100


def trial(settings: Settings, region: str = "", workers: int = 2, batch: int = 7) -> Trial:
    laws = load_pack("uz"), load_pack(EXAMPLE)
    question = Question(str(EXAMPLE), EXAMPLE.read_text(), ON.isoformat(), region)
    return Trial(settings, laws, question, workers, batch)


def tried(
    settings: Settings,
    *,
    resume: bool = False,
    said: list[str] | None = None,
    progress: Callable[[int, int, int], None] = lambda *_: None,
    **how: Any,
) -> dict[str, Any]:
    notes: list[str] = [] if said is None else said
    return trial(settings, **how).run(NOW, resume=resume, say=notes.append, progress=progress)


def everything(country: Country) -> dict[str, list[Any]]:
    """Every row of every table, audit leaves by kind."""
    tables = country.connection.execute(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname IN ('live', 'kept', 'public') ORDER BY 1"
    ).fetchall()
    return {
        name: sorted(
            country.connection.execute(f"SELECT t::text FROM {name} t".encode()).fetchall()
        )
        for (name,) in tables
    }


def test_what_each_household_gains_is_what_was_worked_out_by_hand(
    country: Country, database: str
) -> None:
    assert country.keystore is not None
    laws = load_pack("uz"), load_pack(EXAMPLE)
    everyone = Everyone(database, country.keystore, laws[0], 2, others=laws[1:])
    paid: dict[bytes, list[int]] = {}
    for batch in everyone.batches(ON, NOW):
        for law in laws:
            for assessment in batch.assess(law):
                sums = sum(need.amount_minor or 0 for need in assessment.needs())
                for member in assessment.household.members:
                    paid.setdefault(member.id, []).append(sums // TIYIN)

    for name, kind in DOZEN.items():
        for copy in range(COPIES):
            assert paid[person(f"{name} {copy} a0")] == [kind.now, kind.draft], name


def test_the_report_adds_them_up(country: Country, settings: Settings) -> None:
    found = tried(settings)

    kinds = DOZEN.values()
    now = COPIES * TIYIN * sum(kind.now for kind in kinds)
    then = COPIES * TIYIN * sum(kind.draft for kind in kinds)
    assert found["cost"]["total"] == {"in_force": now, "draft": then, "difference": then - now}
    assert found["households"] == {
        ALL: {"gains": 70, "same": 50, ALL: 120},
        FIRST[:4]: {"gains": 50, "same": 10, ALL: 60},
        SECOND[:4]: {"gains": 20, "same": 40, ALL: 60},
    }
    assert found["needs"]["child_benefit"][ALL] == {
        "gained": 10,
        "more": 50,
        "unchanged": 50,
        "in_force": 100,
        "draft": 110,
    }
    assert found["needs"]["material_assistance"][ALL]["gained"] == 20
    # In the first region nobody has it, which would be told of each of them.
    assert found["needs"]["material_assistance"][FIRST[:4]]["gained"] is None
    assert found["needs"]["material_assistance"][SECOND[:4]]["gained"] is None
    assert found["not_assessable"] == {law: {"income_unknown": 10} for law in ("in_force", "draft")}
    assert found["near_misses"]["in_force"]["family_low_income"] == 20  # at 750,000 of 700,000
    assert "family_low_income" not in found["near_misses"]["draft"]
    assert found["cost"]["by_place"][SECOND[:4]]["difference"] == 2 * 420_000 * TIYIN * COPIES


def test_examples_are_invented_and_treated_like_those_they_stand_for(
    country: Country, settings: Settings
) -> None:
    examples = tried(settings)["examples"]

    assert len(examples) == 3
    assert all(example["effect"] == "gains" for example in examples)
    for example in examples:
        now, then = (
            sum(need["amount_minor"] or 0 for need in example[law]) for law in ("in_force", "draft")
        )
        assert then > now
    text = json.dumps(examples)
    assert not any(name in text for name in DOZEN)


def test_nothing_changes_but_one_audit_leaf(country: Country, settings: Settings) -> None:
    before = everything(country)

    tried(settings)

    after = everything(country)
    leaves = after.pop("kept.audit_leaves")
    assert before.pop("kept.audit_leaves") == []
    assert after == before
    assert len(leaves) == 1
    assert "draft_law" in leaves[0][0]
    assert not (settings.home / "draft").exists() or not list((settings.home / "draft").iterdir())


def test_a_region_is_shown_by_district_and_few_are_hidden(
    country: Country, settings: Settings
) -> None:
    country.born("a stranger", "1990-01-01")
    place = {"district": "1703206", "dwelling": "hut", "kind": "home"}
    country.state("hut", ("a stranger", "residence", place), days=("2015-01-01", None))

    found = tried(settings, region="1703")

    assert found["region"] == "1703"
    assert set(found["households"]) == {ALL, FIRST, "1703206"}
    assert found["households"]["1703206"][ALL] is None
    assert found["households"][FIRST][ALL] is None  # else the stranger's could be computed
    assert found["cost"]["by_place"] == {FIRST: None, "1703206": None}


@pytest.mark.usefixtures("country")
def test_a_region_that_nobody_lives_in_is_refused(settings: Settings) -> None:
    with pytest.raises(PermanentError, match="nobody is registered in '9999'"):
        tried(settings, region="9999")


def test_killed_and_resumed_is_as_if_it_had_not_been(country: Country, settings: Settings) -> None:
    whole = tried(settings)
    script = (
        "import os, signal, sys; from ops.settings import Settings;"
        "from tests.integration.draft.test_try import tried;"
        "tried(Settings.from_environment(), progress=lambda done, *_:"
        " os.kill(os.getpid(), signal.SIGKILL) if done >= 3 else None)"
    )
    environment = settings.as_environment()
    killed = subprocess.run(
        [sys.executable, "-c", script],
        cwd=EXAMPLE.parents[1],
        env={**environment, "PYTHONPATH": ".", "PATH": ""},
        check=False,
    )
    _wait_until_nobody_reads(country)

    said: list[str] = []
    resumed = tried(settings, resume=True, said=said)

    assert killed.returncode == -9
    assert said[0].startswith("resuming:")
    assert int(said[0].split()[1]) >= 3
    assert resumed == whole


def test_a_share_ends_with_its_parent_even_while_it_waits(
    country: Country, settings: Settings
) -> None:
    job = Job("uz", "uz", ON.isoformat(), NOW.isoformat(), "", 0, 1, "", str(settings.home), 7)
    with (
        closing(EveryoneStore(settings.hub_dsn)) as store,
        psycopg.connect(settings.hub_dsn) as locking,
    ):
        told = replace(job, snapshot=store.export()).as_json()
        locking.execute("LOCK TABLE live.facts IN ACCESS EXCLUSIVE MODE")
        share = subprocess.Popen(
            [sys.executable, "-m", "ops.draft.share"],
            cwd=EXAMPLE.parents[1],
            env=os.environ | settings.as_environment(),
            stdin=subprocess.PIPE,
            text=True,
        )
        try:
            assert share.stdin is not None
            share.stdin.write(told + "\n")
            share.stdin.flush()
            _wait_until(country, "wait_event_type = 'Lock'", 1)
            share.stdin.close()
            assert share.wait(20) == 1
        finally:
            share.kill()
            share.wait()


def test_resumed_on_other_data_it_begins_anew(country: Country, settings: Settings) -> None:
    def stop(done: int, *_: int) -> None:
        if done >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tried(settings, progress=stop)
    country.connection.execute(
        "INSERT INTO live.progress (topic, partition, cluster_id, topic_id, next, epoch,"
        " partition_sequence) VALUES ('t', 0, 'c', 't', 5, 1, 5)"
    )

    said: list[str] = []
    found = tried(settings, resume=True, said=said)

    assert said == ["the data changed since the last run; beginning anew"]
    assert found["households"][ALL][ALL] == 120


def test_a_share_that_fails_ends_the_run_and_says_why(country: Country, settings: Settings) -> None:
    country.connection.execute("ALTER TABLE live.replacements RENAME TO gone")

    with pytest.raises(HubError, match="no tables yet"):
        tried(settings)

    _wait_until_nobody_reads(country)
    assert country.count("kept.audit_leaves") == 0


def test_a_bad_draft_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(EXAMPLE.read_text().replace("value = 800_000", 'value = "800"'))

    code = guarded(lambda: app(["try", str(path)], standalone_mode=False))

    assert code == verdict(PermanentError(""))[0]
    told = capsys.readouterr().err
    assert f"{path}: minimum_income_per_head, set 1: value" in told


def test_the_sum_of_shares_is_the_whole(country: Country, database: str) -> None:
    assert country.keystore is not None
    laws = load_pack("uz"), load_pack(EXAMPLE)
    sums = []
    for size in (3, 1000):
        everyone = Everyone(database, country.keystore, laws[0], 2, others=laws[1:])
        total = Tally()
        for batch in everyone.batches(ON, datetime.now(UTC), household_batch=size):
            total.add(Tally.from_json(json.loads(json.dumps(count(batch, laws, "").as_json()))))
        sums.append(total.as_json())

    assert sums[0] == sums[1]


def _wait_until_nobody_reads(country: Country) -> None:
    _wait_until(country, "true", 0)


def _wait_until(country: Country, what: str, count_: int) -> None:
    """Wait until so many sessions of shares are as said."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        row = country.connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hub-everyone'"
            f" AND datname = current_database() AND {what}".encode()
        ).fetchone()
        if row == (count_,):
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain for the shares")
