"""A receiver of webhooks for measuring: an HTTP server in a process of its own that notes when each message came."""

import asyncio
import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from time import time_ns
from typing import Final

_ANSWER: Final = b"HTTP/1.1 204 No Content\r\n\r\n"
Arrival = tuple[str, str, int]
"""Path, webhook-id, time [us since the epoch]."""


class Receiver:
    """What the measuring process knows about the receiver."""

    def __init__(self, port: int, dead_port: int, pipe: Pipe) -> None:
        self.port = port
        self.dead_port = dead_port
        self._pipe = pipe

    def arrivals(self) -> list[Arrival]:
        """Return what has come since the last call."""
        self._pipe.send("arrivals")
        found: list[Arrival] = self._pipe.recv()
        return found


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Run a receiver that answers on one port, and takes connections and never answers on another."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        port, dead_port = ours.recv()
        yield Receiver(port, dead_port, ours)
    finally:
        ours.close()
        process.terminate()
        process.join()


def _serve(pipe: Pipe) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_run(pipe))


async def _run(pipe: Pipe) -> None:
    arrivals: list[Arrival] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lines = head.split("\r\n")
                fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
                await reader.readexactly(int(fields["content-length"]))
                arrivals.append((lines[0].split(" ")[1], fields["webhook-id"], time_ns() // 1000))
                writer.write(_ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, backlog=1000)
    dead = await asyncio.start_server(ignore, "127.0.0.1", 0)
    pipe.send((server.sockets[0].getsockname()[1], dead.sockets[0].getsockname()[1]))

    def tell() -> None:
        try:
            pipe.recv()
            pipe.send(list(arrivals))
            arrivals.clear()
        except (EOFError, BrokenPipeError):
            asyncio.get_running_loop().stop()

    asyncio.get_running_loop().add_reader(pipe.fileno(), tell)
    await asyncio.Event().wait()
