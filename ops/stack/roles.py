"""The roles of PostgreSQL: who may log in, and with which password.

What a role may do with the hub's tables is for the migrations to say; here is only what belongs to
no migration: the registry of schemas owns its database, the civil connector may follow the civil
one and read it, and nobody else may even connect to either or to the keys.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from ops.secret_files import (
    CIVIL_CONNECTOR,
    DATABASE_ROLES,
    OWNER,
    SCHEMA_REGISTRY,
    database_password,
)

# Who besides the owner may connect; a database that is not named here lets every role in.
_MAY_CONNECT: Final = {
    "hub_keys": ("hub_pipeline", "hub_api"),
    "civil": (CIVIL_CONNECTOR,),
    "registry": (SCHEMA_REGISTRY,),
}
_LOCK: Final = "SELECT pg_advisory_lock(hashtext('hub roles'))"  # two `hub init` at once
_CIVIL: Final[tuple[LiteralString, ...]] = (
    # For what is there, and for what the registry makes later.
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SCHEMAS TO {role}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO {role}",
)
_CIVIL_NOW: Final[tuple[LiteralString, ...]] = (
    "GRANT USAGE ON SCHEMA civil TO {role}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA civil TO {role}",
)
_TAKE_OVER: Final = """
    DO $$
    DECLARE
        name text;
    BEGIN
        FOR name IN SELECT oid::regclass FROM pg_class
                     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S', 'v')
                       AND pg_get_userbyid(relowner) = 'hub'
                       AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = pg_class.oid
                                       AND d.deptype IN ('a', 'i') AND pg_class.relkind = 'S') LOOP
            EXECUTE format('ALTER TABLE %s OWNER TO registry', name);
        END LOOP;
    END $$
"""


def create_roles(dsn: str, folder: Path) -> None:
    """Create the roles that are missing, and give each the password of the password file.

    Nobody's password is in a statement, only its verifier. A crash in between leaves the earlier
    roles as they should be, and the next call goes on.

    Args:
        dsn: of the owner, to any database of the cluster.
        folder: where the password file is.

    Raises:
        SettingsError: the password file lacks a role.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_LOCK)
        rows = connection.execute("SELECT rolname, rolcanlogin FROM pg_roles").fetchall()
        known = {str(name) for name, _ in rows}
        for role in DATABASE_ROLES:
            if role not in known:
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
            set_password(connection, role, database_password(folder, role))
        connection.execute(
            sql.SQL("ALTER ROLE {} REPLICATION").format(sql.Identifier(CIVIL_CONNECTOR))
        )
        present = connection.execute("SELECT datname FROM pg_database").fetchall()
        for (database,) in present:
            if database in _MAY_CONNECT:
                _close(connection, str(database))


def set_password(connection: psycopg.Connection, role: str, password: str) -> None:
    """Have this password count, and no other, from the role's next connection on.

    In the transaction that is open. The statement holds the verifier only: it may be logged.
    """
    verifier = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), verifier.decode())
    )


def _close(connection: psycopg.Connection, database: str) -> None:
    name = sql.Identifier(database)
    connection.execute(sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(name))
    for role in _MAY_CONNECT[database]:
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(role))
        )


def hand_over(registry_dsn: str, civil_dsn: str) -> None:
    """Give the databases of others to those who work in them.

    Each is a transaction; a crash between them leaves the second to the next call.
    """
    with psycopg.connect(registry_dsn) as connection:
        connection.execute("ALTER DATABASE registry OWNER TO registry")
        connection.execute("ALTER SCHEMA public OWNER TO registry")
        connection.execute(_TAKE_OVER)  # a home from before: its tables are the owner's
    names = {"owner": sql.Identifier(OWNER), "role": sql.Identifier(CIVIL_CONNECTOR)}
    with psycopg.connect(civil_dsn) as connection:
        there = connection.execute("SELECT to_regnamespace('civil') IS NOT NULL").fetchone()
        for statement in _CIVIL + (_CIVIL_NOW if there == (True,) else ()):
            connection.execute(sql.SQL(statement).format(**names))
