"""All that PostgreSQL's catalog says of a schema: what it is made of, and who may do what to it.

Asked of the catalog itself, with nothing of the code that rebuilds.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

# Each row: kind of thing, its name, what is said of it. Places inside tables are not compared.
_QUERIES: Final = {
    "schema": """
        SELECT 'schema', nspowner::regrole::text, grantee::regrole::text, privilege_type
          FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner)))
         WHERE nspname = %(schema)s
        """,
    "relation": """
        SELECT relname, relkind::text, relowner::regrole::text, relrowsecurity, relforcerowsecurity,
               reloptions, relreplident::text, relpersistence::text, reltablespace,
               obj_description(oid, 'pg_class')
          FROM pg_class WHERE relnamespace = %(schema)s::regnamespace
        """,
    "privilege": """
        SELECT relname, grantee::regrole::text, privilege_type, is_grantable
          FROM pg_class,
               aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END
                                                      ::"char", relowner)))
         WHERE relnamespace = %(schema)s::regnamespace AND relkind IN ('r', 'v', 'S')
        """,
    "column": """
        SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity::text,
               attgenerated::text, attcompression::text, attstorage::text, attstattarget,
               attoptions, attcollation::regcollation::text,
               pg_get_expr(adbin, adrelid), col_description(c.oid, attnum)
          FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
               LEFT JOIN pg_attrdef d ON (adrelid, adnum) = (attrelid, attnum)
         WHERE relnamespace = %(schema)s::regnamespace AND relkind IN ('r', 'v') AND attnum > 0
           AND NOT attisdropped
        """,
    "privilege on a column": """
        SELECT relname, attname, grantee::regrole::text, privilege_type
          FROM pg_attribute JOIN pg_class c ON c.oid = attrelid, aclexplode(attacl)
         WHERE relnamespace = %(schema)s::regnamespace AND NOT attisdropped
        """,
    "index": """
        SELECT pg_get_indexdef(indexrelid), indisvalid, indisready, indisprimary, indisclustered,
               indisreplident
          FROM pg_index JOIN pg_class c ON c.oid = indrelid
         WHERE relnamespace = %(schema)s::regnamespace
        """,
    "constraint": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated
          FROM pg_constraint WHERE connamespace = %(schema)s::regnamespace
        """,
    "policy": """
        SELECT polrelid::regclass::text, polname, polcmd::text, polpermissive,
               ARRAY(SELECT who::regrole::text FROM unnest(polroles) AS who ORDER BY 1),
               pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
          FROM pg_policy JOIN pg_class c ON c.oid = polrelid
         WHERE relnamespace = %(schema)s::regnamespace
        """,
    "trigger": """
        SELECT pg_get_triggerdef(t.oid), tgenabled::text
          FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
         WHERE relnamespace = %(schema)s::regnamespace AND NOT tgisinternal
        """,
    "rule": """
        SELECT pg_get_ruledef(r.oid) FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
         WHERE relnamespace = %(schema)s::regnamespace
        """,
    "statistics": """
        SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
         WHERE stxnamespace = %(schema)s::regnamespace
        """,
    "function": """
        SELECT pg_get_functiondef(oid), proowner::regrole::text
          FROM pg_proc WHERE pronamespace = %(schema)s::regnamespace
        """,
    "privilege on a function": """
        SELECT p.oid::regprocedure::text, grantee::regrole::text, privilege_type
          FROM pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner)))
         WHERE pronamespace = %(schema)s::regnamespace
        """,
    "what is granted of things to come": """
        SELECT defaclrole::regrole::text, defaclobjtype::text, grantee::regrole::text,
               privilege_type
          FROM pg_default_acl, aclexplode(defaclacl)
         WHERE defaclnamespace = %(schema)s::regnamespace
        """,
    "type": """
        SELECT typname, typtype::text, typowner::regrole::text FROM pg_type
         WHERE typnamespace = %(schema)s::regnamespace
        """,
}


def catalog(connection: psycopg.Connection[Any], schema: str = "live") -> dict[str, list[str]]:
    """Return everything, in an order of its own."""
    named = {"schema": schema}
    return {
        kind: sorted(map(repr, connection.execute(query.encode(), named).fetchall()))
        for kind, query in _QUERIES.items()
    }
