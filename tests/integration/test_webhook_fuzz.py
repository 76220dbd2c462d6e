"""Whatever bytes a receiver sends, in whatever pieces, the sender has an answer that the database can keep."""

import asyncio
from ipaddress import ip_network

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.webhooks.addresses import AddressRules
from api.webhooks.schedule import retry_after
from api.webhooks.sender import Answer, Sender
from citywatch.clock import SystemClock

STATUS = st.one_of(st.integers(0, 9999).map(str), st.sampled_from(["100", "101", "204", "200", "410", "x", ""]))
HEADER = st.tuples(
    st.sampled_from(["content-length", "transfer-encoding", "retry-after", "connection", "location", "", "bad name"]),
    st.one_of(
        st.integers(-5, 10**12).map(str),
        st.sampled_from(["chunked", "close", "gzip, chunked", "Fri, 31 Dec 9999 23:59:59 GMT", "http://[::1"]),
        st.text(max_size=20),
    ),
)


@st.composite
def answers(draw: st.DrawFn) -> list[bytes]:
    """Return an answer that is more or less HTTP, or not at all, cut into pieces."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.lists(st.binary(max_size=200), max_size=4))
    lines = [f"HTTP/{draw(st.sampled_from(['1.1', '1.0', '2', '9']))} {draw(STATUS)} Fine"]
    lines += [f"{name}: {value}" for name, value in draw(st.lists(HEADER, max_size=5))]
    whole = "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogatepass") + draw(st.binary(max_size=300))
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=3)))
    return [whole[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


async def exchange(pieces: list[bytes]) -> Answer:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    rules = AddressRules((ip_network("127.0.0.0/8"),))
    async with server, Sender(rules, timeout=5, tls=TLS) as sender:
        return await sender.post(f"http://127.0.0.1:{port}/", {"webhook-id": "evt_1"}, b"{}")


TLS = httpx.create_ssl_context()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(pieces=answers())
def test_every_answer_is_understood_or_an_error(pieces: list[bytes]) -> None:
    answer = asyncio.run(exchange(pieces))
    assert (answer.error is None) == answer.is_success
    for text in (answer.error, answer.excerpt):
        assert text is None or ("\0" not in text and len(text) <= 500 and text.encode())
    retry_after(answer.retry_after, SystemClock().now())
