"""How writers and readers of ``live`` stand to a swap of schemas.

Writers lock the row of ``kept.generation`` FOR SHARE, first thing; a swap waits for them and they
for it. A reader of several statements on one snapshot would do neither: the names it looks up
after a swap lead to tables whose rows its snapshot is too old to see. So it begins with ``HOLD``,
which takes no snapshot: either it is before the swap, and the swap waits for it, or after it.
"""

from __future__ import annotations

from typing import Final

HOLD: Final = "LOCK TABLE kept.generation IN ROW SHARE MODE"
EXCLUDE: Final = "LOCK TABLE kept.generation IN EXCLUSIVE MODE"
