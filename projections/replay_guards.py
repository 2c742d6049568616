"""Who may do what to the tables that become ``live``: as to those that were ``live``.

``CREATE TABLE ... LIKE`` leaves out privileges, row security and policies. They are put on inside
the transaction that swaps the names, so no moment has tables without them: before it nobody but the
owner reaches the schema, after it they are there. Tables that move keep their own.
"""

from __future__ import annotations

from typing import Final

from psycopg import sql

from projections.replay_schema import LIVE
from projections.replay_session import Connection, in_schema

# What both schemas have: the kind of object, how GRANT calls it, and its list of privileges.
_GRANTS: Final = """
WITH object (how, named, signature, owner, list) AS (
    SELECT 'TABLE', c.relname::text, '', c.relowner, c.relacl FROM pg_class c
     WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind IN ('r', 'v')
    UNION ALL
    SELECT 'COLUMN ' || a.attname, c.relname, '', c.relowner, a.attacl
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0
       AND NOT a.attisdropped
    UNION ALL
    SELECT 'FUNCTION', p.proname, pg_get_function_identity_arguments(p.oid), p.proowner,
           coalesce(p.proacl, acldefault('f', p.proowner))
      FROM pg_proc p WHERE p.pronamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT 'SCHEMA', '', '', n.nspowner, n.nspacl FROM pg_namespace n
     WHERE n.oid = %(schema)s::regnamespace
    UNION ALL
    SELECT 'DEFAULT ' || d.defaclobjtype::text, d.defaclrole::regrole::text, '', 0, d.defaclacl
      FROM pg_default_acl d WHERE d.defaclnamespace = %(schema)s::regnamespace)
SELECT how, named, signature, privilege_type,
       CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE grantee::regrole::text END
  FROM object, aclexplode(list) WHERE grantee <> owner OR owner = 0 ORDER BY 1, 2, 3, 4, 5
"""
_SECURITY: Final = """
SELECT relname::text, relrowsecurity, relforcerowsecurity FROM pg_class
 WHERE relnamespace = %(schema)s::regnamespace AND relkind = 'r' ORDER BY relname
"""
_POLICIES: Final = """
SELECT tablename::text, policyname::text, permissive, roles::text[], cmd, qual, with_check
  FROM pg_policies WHERE schemaname = %(schema)s ORDER BY 1, 2
"""
_FUNCTIONS: Final = """
SELECT proname::text, pg_get_function_identity_arguments(oid) FROM pg_proc
 WHERE pronamespace = %s::regnamespace
"""
_DEFAULTS: Final = {"r": "TABLES", "S": "SEQUENCES", "f": "FUNCTIONS", "T": "TYPES"}

Row = tuple[object, ...]


def guards(connection: Connection, schema: str) -> dict[str, list[Row]]:
    """Return what the catalog says of privileges, row security and policies of a schema."""
    named = {"schema": schema}
    return {
        "privileges": connection.execute(_GRANTS, named).fetchall(),
        "row security": connection.execute(_SECURITY, named).fetchall(),
        "policies": [
            tuple(in_schema(each, LIVE) if isinstance(each, str) else each for each in row)
            for row in connection.execute(_POLICIES, named).fetchall()
        ],
    }


def put(connection: Connection, schema: str) -> None:
    """Give what ``schema`` has in common with ``live`` the guards of ``live``, and no others.

    When tables have moved to ``schema``, and functions have been made that need them.
    """
    wanted, found = guards(connection, LIVE), guards(connection, schema)
    tables = {row[0] for row in wanted["row security"]} & {row[0] for row in found["row security"]}
    code = {(row[0], row[1]) for row in connection.execute(_FUNCTIONS, [schema]).fetchall()}

    def is_common(row: Row) -> bool:
        kind = str(row[0]).partition(" ")[0]
        if kind == "FUNCTION":
            return (row[1], row[2]) in code
        return kind in {"SCHEMA", "DEFAULT"} or row[1] in tables

    for row in filter(is_common, found["privileges"]):
        connection.execute(_privilege("REVOKE", schema, row))
    for row in found["policies"]:
        if row[0] in tables:
            drop = sql.SQL("DROP POLICY {} ON {}").format(_name(row[1]), _table(schema, row[0]))
            connection.execute(drop)
    for row in filter(is_common, wanted["privileges"]):
        connection.execute(_privilege("GRANT", schema, row))
    for row in wanted["row security"]:
        if row[0] in tables:
            connection.execute(_security(schema, row))
    for row in wanted["policies"]:
        if row[0] in tables:
            connection.execute(_policy(schema, row))


def _privilege(verb: str, schema: str, row: Row) -> sql.Composed:
    """Return the statement that gives or takes one privilege."""
    how, named, signature, privilege, grantee = map(str, row)
    kind, _, detail = how.partition(" ")
    what: sql.Composable = sql.SQL(privilege)
    prefix: sql.Composable = sql.SQL("")
    if kind == "COLUMN":
        what = sql.SQL("{} ({})").format(sql.SQL(privilege), _name(detail))
        on: sql.Composable = sql.SQL("TABLE {}").format(_table(schema, named))
    elif kind == "TABLE":
        on = sql.SQL("TABLE {}").format(_table(schema, named))
    elif kind == "FUNCTION":
        on = sql.SQL("FUNCTION {}({})").format(_table(schema, named), sql.SQL(signature))
    elif kind == "SCHEMA":
        on = sql.SQL("SCHEMA {}").format(_name(schema))
    else:
        prefix = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} ").format(
            sql.SQL(named), _name(schema)
        )
        on = sql.SQL(_DEFAULTS[detail])
    word = sql.SQL("TO" if verb == "GRANT" else "FROM")
    parts = (prefix, sql.SQL(verb), what, on, word, sql.SQL(grantee))
    return sql.SQL("{}{} {} ON {} {} {}").format(*parts)


def _security(schema: str, row: Row) -> sql.Composed:
    table, is_on, is_forced = row
    return sql.SQL("ALTER TABLE {} {} ROW LEVEL SECURITY, {} ROW LEVEL SECURITY").format(
        _table(schema, table),
        sql.SQL("ENABLE" if is_on else "DISABLE"),
        sql.SQL("FORCE" if is_forced else "NO FORCE"),
    )


def _policy(schema: str, row: Row) -> sql.Composed:
    table, name, permissive, roles, command, qual, with_check = row
    assert isinstance(roles, list)
    statement = sql.SQL("CREATE POLICY {} ON {} AS {} FOR {} TO {}").format(
        _name(name),
        _table(schema, table),
        sql.SQL(str(permissive)),
        sql.SQL(str(command)),
        sql.SQL(", ").join(
            sql.SQL("PUBLIC") if role == "public" else _name(role) for role in roles
        ),
    )
    for word, body in (("USING", qual), ("WITH CHECK", with_check)):
        if body is not None:
            text = sql.SQL(in_schema(str(body), schema))
            statement += sql.SQL(" {} ({})").format(sql.SQL(word), text)
    return statement


def _name(name: object) -> sql.Identifier:
    return sql.Identifier(str(name))


def _table(schema: str, table: object) -> sql.Identifier:
    return sql.Identifier(schema, str(table))
