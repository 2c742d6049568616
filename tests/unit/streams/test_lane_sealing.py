"""A key store that is away holds a lane up, and no more than that."""

from __future__ import annotations

from schemas.errors import TransientError
from streams.chunk import Chunk
from tests.unit.streams.test_lane import PLACE, ReverseSealer, Rig, Sent, drive, until


class SealerAway(ReverseSealer):
    """Does not answer at first."""

    def __init__(self) -> None:
        self.asked = 0

    def seal_quarantine(self, entry_id: bytes, original: bytes) -> bytes:
        self.asked += 1
        if self.asked < 3:
            raise TransientError("the key store does not answer")
        return super().seal_quarantine(entry_id, original)


def test_a_key_store_that_does_not_answer_is_asked_again() -> None:
    sealer = SealerAway()

    async def scenario(rig: Rig) -> None:
        rig.lane._wiring.sealer = sealer
        claim = await rig.claimed()
        rig.lane.put(Chunk(claim, [Sent(0, b"k", b"no event")], 0, 1, 1))
        await until(lambda: rig.store.next == 1)

    rig = drive(scenario)

    assert sealer.asked == 3
    assert [each.rule for each in rig.store.works[0].quarantined] == ["wire_format"]
    assert rig.lane.place == PLACE
