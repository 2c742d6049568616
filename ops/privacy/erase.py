"""``hub person erase`` and ``hub person restrict``: what becomes of a person's data, by law."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from ops.agency import kafka
from ops.identity import asking
from ops.identity.asking import Person
from ops.keystore import open_keystore
from ops.operators import login
from ops.privacy.coming import Coming
from ops.privacy.quarantine import CLASS, Entry, linked_entries
from ops.secret_files import ADMIN
from ops.settings import Settings
from ops.stack.kafka_admin import kafka_admin
from projections import rotation
from projections.agencies import agencies
from projections.deadlines import Kept, due, kept
from projections.decisions import ReasonError, check_reason
from projections.erasures import Category, Decided, Linked, decide, linked
from schemas import retention, topics
from schemas.errors import RULES, InvalidRecord
from schemas.retention import Rule

Reason = Annotated[str, typer.Option("--reason", help="Why, in words; without numbers.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait until it is carried out.")]
Timeout = Annotated[
    int, typer.Option("--timeout", min=1, max=86_400, help="Seconds to wait at most.")
]
_OWN: Final = ("identity", "contact", "health", "tax", "needs")  # of a person, not of an entry
_DAY: Final = timedelta(days=1)
_LOOK: Final = timedelta(minutes=10)  # until Kafka looks for what is too old, and unlinks it


def erase(
    *,
    reason: Reason,
    person: Person = None,
    table: Annotated[
        Path | None, typer.Option("--retention", help="Another table than the country's.")
    ] = None,
    yes: Yes = False,
    no_wait: NoWait = False,
    timeout: Timeout = 120,
) -> None:
    """Erase what the law lets us erase of a person, over all ids that are theirs.

    Shows the plan first: of each class what becomes of it, until when, and by which law. What is
    erased can never be opened again, by nobody; the registries' own stores are not ours. The PINFL
    is asked for, or read from standard input; never given as an argument. Doing it again changes
    nothing, but takes in ids that were linked since.

    Examples:
      hub person erase --reason "asked for it in person, letter of today"
      hub person erase --person 5d1c33f0-8a51-8e02-9b77-3f2f8f0c9d11 --reason "..." --yes
      hub person erase --reason "..." --yes < pinfl.txt
    """
    said = checked(reason)
    settings = Settings.from_environment()
    console = Console(soft_wrap=True)
    rules = retention.load(table)
    with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
        found = linked_ids(settings, connection, person)
        with closing(open_keystore(settings)) as keystore:
            entries = linked_entries(settings, keystore, found.ids)
        standing = kept(connection, found.ids)
        plan = planned(found, entries, rules, standing, settings.today)
        _show(console, found, plan, rules)
        if not yes:
            typer.confirm("This cannot be undone. Go on?", abort=True)
        decided = decide(connection, settings.keys, plan, said, login(), settings.today)
        carry_out(console, settings, connection, decided, None if no_wait else timeout)
    what_remains(console, settings, plan)


def restrict(
    *,
    reason: Reason,
    sensitivity: Annotated[str, typer.Option("--class", help="identity, health, needs, ...")],
    basis: Annotated[str, typer.Option("--basis", help="The law by which it is kept.")],
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day.")
    ] = None,
    person: Person = None,
    yes: Yes = False,
    no_wait: NoWait = False,
    timeout: Timeout = 120,
) -> None:
    """Keep one class of a person's data, opened only for what the retention table names.

    Examples:
      hub person restrict --class health --basis "Court order" --until 2027-01-31 --reason "..."
    """
    said = checked(reason)
    rules = retention.load()
    if sensitivity not in _OWN:
        raise typer.BadParameter(", ".join(_OWN), param_hint="--class")
    rule = replace(rules[sensitivity], decision="restrict", law=basis)
    settings = Settings.from_environment()
    last = None if until is None else until.date()
    if last is not None and last < settings.today:
        raise typer.BadParameter("this day has passed", param_hint="--until")
    console = Console(soft_wrap=True)
    with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
        found = linked_ids(settings, connection, person)
        plan = [Category(one, rule, last) for one in found.ids]
        _show(console, found, plan, {sensitivity: rule})
        if not yes:
            typer.confirm("Go on?", abort=True)
        decided = decide(connection, settings.keys, plan, said, login(), settings.today)
        carry_out(console, settings, connection, decided, None if no_wait else timeout)


def planned(
    found: Linked,
    entries: Sequence[Entry],
    rules: Mapping[str, Rule],
    standing: Sequence[Kept],
    on: date,
) -> list[Category]:
    """Return what is to be decided: each class of each id, and each entry.

    What a law keeps, it keeps from the first decision on: asking again does not make it longer,
    and what is over is erased.
    """
    over = {(one.person, one.sensitivity) for one in due(standing, on)}
    over |= {(one.person, one.sensitivity) for one in standing if one.is_erased}
    untils = {(one.person, one.sensitivity, one.law): one.until for one in standing}
    rule = rules[CLASS]
    plan = [Category(entry.id, rule, rule.until(on)) for entry in entries]
    for one in found.ids:
        for name in _OWN:
            rule = rules[name]
            if (one, name) in over and rule.decision != "erase":
                plan.append(over_now(one, rule))
            else:
                until = untils.get((one, name, rule.law), rule.until(on))
                plan.append(Category(one, rule, until))
    return plan


def over_now(subject: UUID, rule: Rule) -> Category:
    """Return the erasure of what was kept for its time."""
    law = "The time for which a law kept it is over"
    return Category(subject, replace(rule, decision="erase", law=law, readable_for=()), None)


def linked_ids(
    settings: Settings, connection: psycopg.Connection[tuple[object, ...]], person: str | None
) -> Linked:
    """Return the ids of the person that is asked for; ends the command if nobody knows them."""
    try:
        asked = asking.by_number(settings) if person is None else None
    except InvalidRecord as error:
        raise typer.BadParameter(RULES[error.rule], param_hint="PINFL") from None
    asked = asking.identifier(person, "--person") if person is not None else asked
    assert asked is not None
    found = linked(connection, asked)
    if found is None:
        print("hub: no registry has stated anything about this person", file=sys.stderr)
        raise typer.Exit(1)
    return found


def _show(
    console: Console, found: Linked, plan: Sequence[Category], rules: Mapping[str, Rule]
) -> None:
    table = Table("class", "of", "what becomes of it", "until", "law")
    counts = Counter((each.rule, each.until) for each in plan)
    if CLASS in rules and not any(rule.sensitivity == CLASS for rule, _ in counts):
        counts[rules[CLASS], None] = 0
    for (rule, until), count in counts.items():
        table.add_row(
            rule.title,
            f"{count} {'entries' if rule.sensitivity == CLASS else 'ids'}",
            rule.decision,
            "for good" if until is None else until.isoformat(),
            rule.law,
        )
    console.print(table)
    console.print(f"ids of this person: {', '.join(map(str, found.ids))}", highlight=False)
    if found.others:
        console.print(
            f"once taken for this person, and left alone: {', '.join(map(str, found.others))}",
            highlight=False,
        )


def carry_out(
    console: Console,
    settings: Settings,
    connection: psycopg.Connection[tuple[object, ...]],
    decided: Sequence[Decided],
    timeout: int | None,
) -> None:
    """Say what was decided, and wait until it is carried out."""
    fresh = sum(one.is_new for one in decided)
    console.print(f"{fresh} decisions put on record, {len(decided) - fresh} stood already")
    if timeout is None:
        return
    with closing(open_keystore(settings)) as keystore, console.status("waiting") as status:
        Coming(connection, keystore, decided).wait(timeout, status.update)
    console.print("carried out")


def what_remains(console: Console, settings: Settings, plan: Sequence[Category]) -> None:
    """Say where copies are, and until when."""
    erased = [each for each in plan if each.rule.decision == "erase"]
    if not erased:
        return
    found = rotation.status(settings.keys_dsn)
    current = next(epoch for epoch in found.epochs if epoch.state == "current")
    console.print(
        f"old pages, the write-ahead log and backups of the key store open what was erased until "
        f"`hub keys rotate`; the present epoch {current.number} began {current.began_at:%Y-%m-%d}"
    )
    kept = datetime.now(UTC).date()
    for topic in topics.TOPICS:
        milliseconds = int(topic.config.get("retention.ms", "-1"))
        if milliseconds > 0:
            last = kept + timedelta(milliseconds=milliseconds) + _DAY
            console.print(f"{topic.name} keeps what stands in it now until {last} at the latest")
    console.print(f"{_feeds(settings)}; what an agency took out is its own to erase")


def _feeds(settings: Settings) -> str:
    """Say until when agencies' feeds hold what stands in them: their topics' settings are asked."""
    with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
        names = [each.agency for each in agencies(connection)]
    with kafka_admin(settings.kafka(ADMIN)) as client:
        longest = kafka.kept_for(client, names)
    if longest is None:
        return "a feed of an agency is kept for ever: give its topic a retention.ms"
    if not longest:
        return "no agency has a feed"
    last = (datetime.now(UTC) + longest + _LOOK).date()
    return f"agencies' feeds keep what stands in them now until {last} at the latest"


def checked(reason: str) -> str:
    """Return the reason, or end the command if it is none."""
    try:
        return check_reason(reason)
    except ReasonError as error:
        raise typer.BadParameter(str(error), param_hint="--reason") from None


def register(app: typer.Typer) -> None:
    """Add these commands to ``hub person``."""
    for command in (erase, restrict):
        app.command()(command)
