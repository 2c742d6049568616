"""What reasons say again and again, word by word; ``telling`` has the notation."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Final

THREE_MONTHS: Final = ("2025-12-01", "2026-01-01", "2026-02-01")


def lines(text: str, *blocks: str) -> str:
    """Return what is to be told; a line ``{}`` stands for the next of ``blocks``, as far in."""
    rest = list(blocks)
    filled = [
        indent(rest.pop(0), line[:-2]) if line.strip() == "{}" else line
        for line in dedent(text).strip().splitlines()
    ]
    assert not rest
    return "\n".join(filled)


def per_head(
    each: int, together: int, *born: str, months: str = "2025-12/2026-02", paid: bool = True
) -> str:
    """Return the income per head, in tiyin, of 1he, 2she and whoever was ``born`` to them.

    Args:
        each: what comes to each in a month.
        together: what all earned in the months.
        born: their children.
        months: which.
        paid: whether 1he earned something in each of ``THREE_MONTHS``.
    """
    incomes = [f"  <- income 1he {month}" for month in THREE_MONTHS] if paid else []
    return "\n".join(
        [
            f"income_per_head met {each} tiyin_a_month",
            *incomes,
            f"  months_counted met {months} ~",
            f"  family_income met {together} tiyin",
            f"  members met {2 + len(born)}",
            "    <- person 1he",
            "    <- marriage 1he",
            "    <- person 2she",
            *(f"    <- birth {child}" for child in born),
        ]
    )


def out_of_work(
    result: str,
    *,
    work: str = "no_work_in_force met 0",
    able: str = "able_to_work met working_age of 2she\n  <- person 2she",
    home: str = "not_in_institution met",
    income: str = "no_income met 0 tiyin\n  months_counted met 2026-01/2026-02 ~",
) -> str:
    """Return what is said of 2she, whose work ended in November; unless told, nothing is amiss."""
    return lines(
        f"""
        since 2025-11-30
        employment_help {result}
          employment_ended met 2025-11-30
            <- employment_end 2she 2025-11-30
          {{}}
          {{}}
          {{}}
          {{}}
        """,
        *(dedent(part).strip() for part in (work, able, home, income)),
    )
