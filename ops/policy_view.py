"""How a policy and an agency's grants look on a screen."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.console import Console
from rich.table import Table

from schemas import rights_fields as known
from schemas.rights import ALLOWED, RULES, Access, Basis, Grant, Grants, Policy, decide

_ALWAYS: Final = "the whole country"
_OWN: Final = "only whose data it is"
_REACH: Final = {
    "national": _ALWAYS,
    "regional": "regions that the grant names",
    "own": _OWN,
}


def render_policy(policy: Policy, language: str, console: Console) -> None:
    """Print every legal basis with what it allows, then what each group of fields is."""
    for basis in policy.bases.values():
        console.print(_basis(policy, basis, language))
    table = Table("group", "what it is", "fields", title="Groups of fields")
    for group in policy.groups.values():
        mark = " (sensitive)" if group.is_sensitive else ""
        table.add_row(group.name, group.title[language] + mark, str(len(group.fields)))
    console.print(table)


def render_agency(
    policy: Policy, grants: Grants, language: str, console: Console, now: datetime
) -> None:
    """Print each grant of an agency: whether it counts, and what it lets the agency see."""
    if grants.revoked_at is not None:
        console.print(f"{grants.agency} was revoked on {grants.revoked_at:%Y-%m-%d %H:%M} UTC")
    if not len(grants):
        console.print(f"{grants.agency} was granted nothing")
    for grant in grants:
        basis = policy.bases.get(grant.basis)
        console.print(_grant(policy, grants, grant, now))
        if basis is not None:
            console.print(_basis(policy, basis, language))


def _grant(policy: Policy, grants: Grants, grant: Grant, now: datetime) -> Table:
    table = Table("", "", title=f"Grant {grant.id}", show_header=False)
    table.add_row("agency", grants.agency)
    table.add_row("basis, purpose", f"{grant.basis}, {grant.purpose}")
    table.add_row("where", ", ".join(sorted(grant.regions)) if grant.regions else _ALWAYS)
    until = "open" if grant.expires_at is None else f"{grant.expires_at:%Y-%m-%d %H:%M}"
    table.add_row("from, until (UTC)", f"{grant.since:%Y-%m-%d %H:%M}, {until}")
    table.add_row("counts now", _standing(policy, grants, grant, now))
    return table


def _standing(policy: Policy, grants: Grants, grant: Grant, now: datetime) -> str:
    """Return ``yes``, or why not, whatever the operation and wherever the person lives."""
    basis = policy.bases.get(grant.basis)
    operation = min(basis.operations, default="lookup") if basis else "lookup"
    region = min(grant.regions) if grant.regions else None
    one = Grants(grants.agency, grants.is_known, grants.revoked_at, (grant,))
    access = Access(grants.agency, grant.purpose, grant.basis, operation, region, is_own=True)
    rule = decide(policy, one, access, now).rule
    return "yes" if rule == ALLOWED else f"no: {RULES[rule]} ({rule})"


def _basis(policy: Policy, basis: Basis, language: str) -> Table:
    title = f"{basis.name}: {basis.title[language]}"
    table = Table("", "", title=title, show_header=False)
    example = " (an example, to be replaced)" if basis.illustrative else ""
    table.add_row("law", basis.law + example)
    if basis.sensitive_law is not None:
        table.add_row("law for health", basis.sensitive_law)
    table.add_row("in force", f"{basis.since} to {basis.until or 'open'}")
    table.add_row("purposes", _titles(policy, basis, language))
    table.add_row("where", _REACH[basis.reach])
    limit = "as the grant says" if basis.longest_days is None else f"{basis.longest_days} days"
    table.add_row("a grant's longest", limit)
    back = "to the beginning" if basis.history_days is None else f"{basis.history_days} days"
    table.add_row("history of a feed", back)
    for operation in known.OPERATIONS:
        if operation in basis.operations:
            fields = basis.fields_of(operation)
            named = [name for name in sorted(basis.groups) if policy.groups[name].fields & fields]
            table.add_row(operation, ", ".join(named))
    if basis.need_kinds:
        table.add_row("kinds of needs", ", ".join(sorted(basis.need_kinds)))
    if basis.event_types:
        table.add_row("event types", ", ".join(sorted(basis.event_types)))
    return table


def _titles(policy: Policy, basis: Basis, language: str) -> str:
    return "; ".join(
        f"{name}: {policy.purposes[name].title[language]}" for name in sorted(basis.purposes)
    )
