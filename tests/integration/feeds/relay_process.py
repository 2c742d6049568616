"""A relay in a process of its own, to be killed."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path

from ops.run.feeds import open_relay
from ops.settings import Settings
from schemas.errors import TransientError


def main() -> None:
    wiring = json.loads(sys.argv[1])
    settings = Settings(
        home=Path(wiring["home"]),
        cache=Path(wiring["cache"]),
        port_base=wiring["port_base"],
        hub_dsn_override=wiring["hub_dsn"],
    )
    while True:
        try:
            with ExitStack() as closer:
                relay = open_relay(settings, closer, sources=wiring["sources"], principal="admin")
                while True:
                    relay.step()
        except TransientError as error:
            print(error, flush=True)


if __name__ == "__main__":
    main()
