"""Count for the query API what `hub stats needs` counts, with the same suppression."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

import psycopg

from ops.settings import Settings
from ops.stats import tables
from projections.http.figures import Count, Report
from projections.stats import Moment, Stats, month_end
from streams.rules.load import load_pack

# Every district, always: figures of a part are cut from these, so two cuts never disagree.
_BY: Final = frozenset({"region", "district", "kind"})


def counter(settings: Settings) -> Count:
    """Return what counts needs as they stand, or stood at the end of a month."""
    kinds = tuple(load_pack("uz").by_kind())

    def count(
        connection: psycopg.Connection[dict[str, Any]], month: date | None, now: datetime
    ) -> Callable[[], Report]:
        moment = Moment(settings.today, now)
        if month is not None and month < moment.month:
            moment = month_end(month)
        suppress = tables.needs(Stats(connection, settings.partitions), moment, _BY, kinds)
        return lambda: Report(moment.on, moment.at, suppress().rows)

    return count
