"""Places that somebody is registered in."""

from __future__ import annotations

import pytest

from ops.stats.places import check
from schemas.errors import PermanentError


@pytest.mark.parametrize("code", ["1703", "1703202"])
def test_a_district_and_its_region_are_known(code: str) -> None:
    check(code, ["1703202", "1706"])


@pytest.mark.parametrize("code", ["9999", "1703203", "170", ""])
def test_where_nobody_is_registered_is_refused(code: str) -> None:
    with pytest.raises(PermanentError, match="nobody is registered in"):
        check(code, ["1703202", "1706"])
