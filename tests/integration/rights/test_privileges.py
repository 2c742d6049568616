"""Every table of every schema, for every role, as a table by hand says; and nothing besides."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from projections.migrations import migrate
from tests.integration.rights.rig import World

TABLE: Final = Path(__file__).parent / "rights_table_privileges.txt"
ROLES: Final = (
    "hub_pipeline",
    "hub_api",
    "hub_judge",
    "hub_stats",
    "hub_rights",
    "hub_audit",
    "public",
)
LETTERS: Final = {"S": "SELECT", "I": "INSERT", "U": "UPDATE", "D": "DELETE"}
OTHERS: Final = ("TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")

_TABLES: Final = r"""
SELECT n.nspname || '.' || c.relname
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
 WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\_%'
   AND n.nspname <> 'information_schema' ORDER BY 1
"""
_WHOLE: Final = "SELECT has_table_privilege(%(role)s, %(table)s, %(privilege)s)"
_COLUMNS: Final = """
SELECT attname::text FROM pg_attribute
 WHERE attrelid = %(table)s::regclass AND attnum > 0 AND NOT attisdropped
   AND has_column_privilege(%(role)s, %(table)s::regclass, attnum, %(privilege)s) ORDER BY 1
"""


def declared() -> tuple[dict[tuple[str, str], str], dict[tuple[str, str, str], str]]:
    """Letters by table and role; columns by table, role and privilege."""
    letters: dict[tuple[str, str], str] = {}
    columns: dict[tuple[str, str, str], str] = {}
    for line in TABLE.read_text("utf-8").splitlines():
        if "|" in line and not line.startswith("#"):
            table, *cells = (cell.strip() for cell in line.split("|"))
            letters |= {(table, role): cell for role, cell in zip(ROLES, cells, strict=True)}
        elif ":" in line and not line.startswith("#"):
            head, _, names = line.partition(":")
            table, role, privilege = head.split()
            columns[table, role, privilege.upper()] = names.strip()
    return letters, columns


@pytest.fixture
def owner(database: str) -> Any:
    migrate(database)
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def test_every_table_is_declared(owner: psycopg.Connection[Any]) -> None:
    tables = {row[0] for row in owner.execute(_TABLES).fetchall()}

    assert tables == {table for table, _ in declared()[0]}


def test_privileges_are_as_declared(owner: psycopg.Connection[Any]) -> None:
    letters, columns = declared()
    found, some = {}, {}
    for table, role in letters:
        cell = ""
        for letter, privilege in LETTERS.items():
            named = {"table": table, "role": role, "privilege": privilege}
            if owner.execute(_WHOLE, named).fetchone() == (True,):
                cell += letter
            elif letter != "D" and (listed := owner.execute(_COLUMNS, named).fetchall()):
                cell += letter.lower()
                some[table, role, privilege] = " ".join(row[0] for row in listed)
        for privilege in OTHERS:
            named = {"table": table, "role": role, "privilege": privilege}
            assert owner.execute(_WHOLE, named).fetchone() == (False,), (table, role, privilege)
        found[table, role] = cell or "-"

    assert found == letters
    assert some == columns


def test_a_select_of_every_table_does_as_declared(world: World) -> None:
    """Tried, not asked of the catalog; and what row security leaves of it."""
    letters, _ = declared()
    counts = {
        role: _counts(world, role, letters) for role in ("hub_pipeline", "hub_api", "hub_audit")
    }

    for role, seen in counts.items():
        assert set(seen) == {
            table for (table, who), cell in letters.items() if who == role and "S" in cell.upper()
        }
    api = counts["hub_api"]
    open_ones = {"live.completeness", "live.progress"}
    assert {api[t] for t in api if t.startswith("live.") and t not in open_ones} == {0}
    assert api["kept.audit_leaves"] == 0
    assert counts["hub_pipeline"]["live.facts"] > 10


def _counts(world: World, role: str, letters: dict[tuple[str, str], str]) -> dict[str, int]:
    """Rows that a role counts of each table that lets it."""
    seen = {}
    with world.as_role(role, autocommit=True) as connection:
        for table in {table for table, _ in letters}:
            try:
                row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
            except psycopg.errors.InsufficientPrivilege:
                continue
            assert row is not None
            seen[table] = row[0]
    return seen


FORBIDDEN: Final = (
    "UPDATE live.facts SET kind = 'x'",
    "DELETE FROM live.needs",
    "INSERT INTO kept.grants VALUES (gen_random_uuid())",
    "UPDATE kept.grants SET revoked_at = NULL",
    "UPDATE kept.bases SET reach = 'national'",
    "UPDATE kept.generation SET number = number + 1",
    "DELETE FROM kept.generation",
    "SELECT * FROM kept.rights_key",
    "SELECT * FROM live.payment_findings",
    "SELECT * FROM kept.right_in_force()",
    "SELECT kept.rights_seal('{}')",
    "SELECT kept.registered_at('{}')",
    "SELECT kept.may_judge()",
    "SET ROLE hub_rights",
    "SET ROLE hub_pipeline",
    "SET ROLE hub",
    "SET SESSION AUTHORIZATION hub",
    "SET row_security = off; SELECT count(*) FROM live.facts",
    "ALTER TABLE live.facts DISABLE ROW LEVEL SECURITY",
    "DROP POLICY sight ON live.facts",
    "CREATE TABLE kept.mine (n int)",
    "CREATE TABLE public.mine (n int)",
    "CREATE TEMPORARY TABLE mine (n int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "INSERT INTO kept.audit_leaves (kind, body, number) VALUES ('read', '{}', 1)",
    "INSERT INTO kept.audit_leaves (kind, body) VALUES ('decision', '{}')",
    "UPDATE kept.audit_leaves SET body = '{}'",
    "LOCK TABLE kept.generation IN EXCLUSIVE MODE",
    "COPY live.facts TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
)


def test_what_the_api_may_not_do(api: psycopg.Connection[Any]) -> None:
    for statement in FORBIDDEN:
        try:
            api.execute(statement.encode())
        except psycopg.errors.InsufficientPrivilege:
            api.rollback()
        else:
            pytest.fail(statement)


def test_what_the_api_must_do(api: psycopg.Connection[Any]) -> None:
    """Hold off a swap, and put on record what it did."""
    api.execute("LOCK TABLE kept.generation IN ROW SHARE MODE")
    assert api.execute("SELECT number FROM kept.generation").fetchone() == (1,)
    api.execute(
        "INSERT INTO kept.audit_leaves (kind, body) VALUES ('read', '{}'), ('refusal', '{}')"
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        api.execute("INSERT INTO kept.generation (number) VALUES (2)")


def test_functions_that_run_as_somebody_else(owner: psycopg.Connection[Any]) -> None:
    """They belong to a role that nobody can be, and look names up where nobody can put one."""
    rows = owner.execute(
        "SELECT proname, proowner::regrole::text, proconfig FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = pronamespace"
        " WHERE prosecdef AND nspname IN ('live', 'kept', 'public')"
    ).fetchall()

    assert len(rows) > 10
    # To drop a schema is the owner's alone; what it may drop is tried in test_orphans.py.
    assert {row[0] for row in rows if row[1] == "hub"} == {"drop_orphan"}
    assert {row[1] for row in rows} == {"hub_rights", "hub"}
    assert {row[2][0] for row in rows} == {"search_path=pg_catalog, pg_temp"}
    role = owner.execute(
        "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles"
        " WHERE rolname = 'hub_rights'"
    ).fetchone()
    assert role == (False, False, False, False)
    members = owner.execute(
        "SELECT member::regrole::text FROM pg_auth_members WHERE roleid = 'hub_rights'::regrole"
    ).fetchall()
    assert {row[0] for row in members} <= {"hub"}


def test_only_the_pipeline_and_the_owner_pass_by_row_security(
    owner: psycopg.Connection[Any],
) -> None:
    rows = owner.execute(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'hub%' AND (rolbypassrls OR rolsuper)"
    ).fetchall()

    assert {row[0] for row in rows} == {"hub", "hub_pipeline"}


def test_views_run_as_who_asks(owner: psycopg.Connection[Any]) -> None:
    rows = owner.execute(
        "SELECT relname, reloptions FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE relkind IN ('v', 'm') AND nspname IN ('live', 'kept', 'public')"
    ).fetchall()

    assert [row for row in rows if "security_invoker=true" not in (row[1] or ())] == []
