"""An open loop: who stalls is charged for everybody who came meanwhile."""

from __future__ import annotations

import asyncio

from ops.bench.asking import Asker

_ANSWER = b"HTTP/1.1 %d OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers one request after the other; the first keeps it busy until it is let go."""

    def __init__(self, stall_seconds: float, status: int = 200) -> None:
        self.stall_seconds = stall_seconds
        self.status = status
        self.asked: list[bytes] = []
        self.served = 0  # connections
        self._one_at_a_time = asyncio.Lock()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.served += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                async with self._one_at_a_time:
                    self.asked.append(head)
                    if len(self.asked) == 1:
                        await asyncio.sleep(self.stall_seconds)
                    writer.write(_ANSWER % self.status)
        except asyncio.IncompleteReadError:
            writer.close()
            await writer.wait_closed()
            self.served -= 1


def ask(server: Server, times: list[float]) -> Asker:
    async def main() -> Asker:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        async with listening:
            port = listening.sockets[0].getsockname()[1]
            requests = [f"GET /{n} HTTP/1.1\r\n\r\n".encode() for n in range(len(times))]
            asker = Asker(port, requests, times)
            await asker.run()
            while server.served:
                await asyncio.sleep(0.001)
            return asker

    return asyncio.run(main())


def test_everybody_is_asked_once_and_each_answer_is_noted() -> None:
    server = Server(0.0)

    asker = ask(server, [n / 1000 for n in range(50)])

    assert asker.statuses == [200] * 50
    assert sorted(head.split()[1] for head in server.asked) == sorted(
        f"/{n}".encode() for n in range(50)
    )
    assert asker.bytes_got == 100
    assert all(latency > 0 for latency in asker.latencies)


def test_a_stall_is_charged_to_all_who_came_meanwhile() -> None:
    """With the clock of a closed loop one latency would show it; here nearly all do."""
    times = [n / 100 for n in range(30)]

    asker = ask(Server(0.5), times)

    # Nobody is answered before the stall ends, half a second after the first was planned.
    assert all(
        latency >= 0.5 - at - 0.01 for latency, at in zip(asker.latencies, times, strict=True)
    )
    assert sum(latency > 0.2 for latency in asker.latencies) >= 29


def test_a_refusal_is_told_as_such() -> None:
    assert ask(Server(0.0, status=503), [0.0, 0.001]).statuses == [503, 503]
