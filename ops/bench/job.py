"""What a contestant is told, and the one thing that it tells: when it held its first record."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(slots=True, kw_only=True)
class Job:
    """One run of one contestant; written to a file that is the contestant's only argument.

    Where Kafka is, and every password, a contestant reads as each of our processes does.
    """

    dsn: str  # of empty tables, this run's own
    topic: str
    group: str  # this run's own
    batch: int  # records in a transaction, or what comes closest in the contestant's own idiom
    types: dict[int, str]  # event types by schema id
    first_record_file: str
    _noted: bool = field(default=False, repr=False)

    def write(self, path: Path) -> None:
        """Leave the job for the contestant."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: str) -> Job:
        """Return the job that ``write`` left."""
        told = json.loads(Path(path).read_text(encoding="utf-8"))
        told["types"] = {int(schema_id): name for schema_id, name in told["types"].items()}
        return cls(**told)

    def started(self) -> None:
        """Note, once, that the first record is in hand: here the clock starts."""
        if not self._noted:
            self._noted = True
            said = f"{time.time()} {time.process_time()}"
            Path(self.first_record_file).write_text(said, encoding="ascii")

    def first_record(self) -> tuple[float, float]:
        """Return what ``started`` noted: the time, and the processor time used until then."""
        at, used = Path(self.first_record_file).read_text(encoding="ascii").split()
        return float(at), float(used)
