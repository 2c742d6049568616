"""Leaves of the table become a log that other people's code accepts."""

from __future__ import annotations

from tests.integration.audit.logrig import LogRig
from tests.outsiders import Outsider


def test_an_outsider_accepts_the_log_at_every_size(rig: LogRig, outsider: Outsider) -> None:
    size = 0
    for count in (1, 1, 253, 1, 1, 300, 5000):
        rig.leave(count)
        size += count

        assert rig.integrate() == size
        assert outsider.log(rig.signer.verifier_key, rig.folder) == ""
