"""Errors as HTTP answers: RFC 9457 problem details. The only place that knows HTTP status codes of our errors."""

from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from citywatch.errors import CitywatchError, Conflict, Misconfigured, NotFound, Rejected, Unavailable
from citywatch.logs import logger

MEDIA_TYPE: Final = "application/problem+json"
_STATUS: Final[dict[type[CitywatchError], tuple[int, str]]] = {
    NotFound: (404, "Not found"),
    Conflict: (409, "Conflict"),
    Rejected: (422, "Not acceptable as it is"),
    Unavailable: (503, "Not available now"),
    Misconfigured: (503, "Not set up"),
}


class FieldFault(BaseModel):
    """What is wrong with one field of a request."""

    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no alarm 17"])
    errors: list[FieldFault] = Field(default_factory=list, description="faults by field, for requests that do not fit")


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem, "description": title, "content": {MEDIA_TYPE: {}}}
    for status, title in ((422, "The request does not fit"), (503, "The database does not answer now"))
}


def problem(status: int, title: str, detail: str, errors: list[FieldFault] | None = None) -> JSONResponse:
    """Return a problem as an answer."""
    body = Problem(title=title, status=status, detail=detail, errors=errors or [])
    headers = {"Retry-After": "5"} if status == 503 else None
    return JSONResponse(body.model_dump(), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def install_error_handlers(app: FastAPI) -> None:
    """Turn every error of an app into problem details; stack traces go to the log alone."""

    @app.exception_handler(CitywatchError)
    async def known(_request: Request, error: CitywatchError) -> JSONResponse:
        status, title = _STATUS.get(type(error), (500, "Internal error"))
        return problem(status, title, str(error))

    @app.exception_handler(RequestValidationError)
    async def unfit(_request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [
            FieldFault(field=".".join(str(part) for part in fault["loc"][1:]) or "body", message=fault["msg"])
            for fault in error.errors()
        ]
        detail = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        return problem(422, "The request does not fit", detail, faults)

    @app.exception_handler(OverflowError)
    async def out_of_time(_request: Request, _error: OverflowError) -> JSONResponse:
        return problem(422, "The request does not fit", "a time is too far away; stay within the years 2 to 9998")

    @app.exception_handler(HTTPException)
    async def plain(_request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), str(error.detail))

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception) -> JSONResponse:
        logger().error("request failed", path=request.url.path, exc_info=error)
        return problem(500, "Internal error", "something went wrong here; the log of the API says what")
