"""The half of subscriber_console.sh that keeps what the console consumer prints.

    pip install fastavro
    subscriber_console.py INI offset             where in the feed to begin
    subscriber_console.py INI topics             the feed's topic and that of resends
    subscriber_console.py INI properties         the consumer's settings, for --command-config
    subscriber_console.py INI take MARK [FILE]   takes the feed from standard input; FILE holds what
                                                 the topic of resends printed

The console consumer prints values as raw bytes. A value may hold any byte, so what stands between
records, and between their parts, is a mark that nobody can guess, a new one at each start.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from subscriber_store import Feed, Line, Store, follow, main, read_settings


def properties(feed: Feed) -> str:
    """Return Java's settings. They hold the password: keep them out of files that others read."""
    quoted = feed.password.replace("\\", "\\\\").replace('"', '\\"')
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    jaas = f'{module} required username="{feed.user}" password="{quoted}";'
    lines = [
        f"bootstrap.servers={feed.bootstrap}",
        f"security.protocol={'SASL_SSL' if feed.ca_file else 'SASL_PLAINTEXT'}",
        "sasl.mechanism=SCRAM-SHA-512",
        "sasl.jaas.config=" + jaas.replace("\\", "\\\\"),
        "isolation.level=read_committed",
        "enable.auto.commit=false",
    ]
    if feed.ca_file:
        lines += ["ssl.truststore.type=PEM", f"ssl.truststore.location={feed.ca_file}"]
    return "\n".join(lines) + "\n"


def lines_of(stream: BinaryIO, mark: bytes) -> Iterator[Line]:
    """Yield records from what the console consumer prints: offset, headers, value."""
    between, end, held = b"<" + mark + b">", b"[" + mark + b"]", b""
    while piece := stream.read1(1 << 16):  # type: ignore[attr-defined]  # of a buffered stream
        *whole, held = (held + piece).split(end)
        for record in whole:
            offset, headers, value = record.split(between)
            said = dict(header.split(b":", 1) for header in headers.split(b","))
            kind = said[b"ce_type"].decode()
            yield Line(int(said[b"feed_number"]), kind, int(offset.split(b":")[1]), value)


def run(feed: Feed, store: Store) -> str | None:
    """Take the feed from standard input; what was sent again, from the file."""
    from subscriber_avro import decoder  # noqa: PLC0415 - slow to import, and used here alone

    mark = sys.argv[3].encode()

    def resent() -> Iterator[Line]:
        for name in sys.argv[4:]:
            with Path(name).open("rb") as file:
                yield from lines_of(file, mark)

    return follow(lines_of(sys.stdin.buffer, mark), resent, decoder(feed), store)


if __name__ == "__main__":
    settings = read_settings(sys.argv[1])
    match sys.argv[2]:
        case "offset":
            print(Store(settings.store).position()[1])
        case "topics":
            print(settings.topic, settings.resend_topic)
        case "properties":
            print(properties(settings), end="")
        case _:
            sys.exit(main(run, ()))
