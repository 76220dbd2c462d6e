"""Entity tags: who has the newest answer already is told so, in place of getting it again (RFC 9110, section 8.8.3)."""

from collections.abc import Callable, Coroutine
from hashlib import blake2b
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

_MARKS: Final = ("ETag", "Cache-Control", "Vary")


class TaggedRoute(APIRoute):
    """A route whose answers carry a tag of their content; they may be kept, if they are asked for again each time."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route, with tags around it."""
        answer = super().get_route_handler()

        async def tagged(request: Request) -> Response:
            response = await answer(request)
            if request.method != "GET" or response.status_code != 200:
                return response
            tag = f'W/"{blake2b(bytes(response.body), digest_size=12).hexdigest()}"'  # weak: compression changes bytes
            response.headers["ETag"] = tag
            response.headers["Cache-Control"] = "no-cache"
            if not _is_known(tag, request.headers.getlist("if-none-match")):
                return response
            kept = {name: response.headers[name] for name in _MARKS if name in response.headers}
            return Response(status_code=304, headers=kept)

        return tagged


def _is_known(tag: str, given: list[str]) -> bool:
    """Return whether a tag is among those of ``If-None-Match``; strong and weak ones of one content are the same."""
    tags = {one.strip().removeprefix("W/") for line in given for one in line.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags
