"""Errors as JSON: one shape everywhere, `{"error": {"code", "message", "retryable"}}`."""

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from backend.errors import body_of
from backend.http.replies import headers_of
from backend.http.statuses import status_of
from knowledge.errors import DeskError

_LOG = logging.getLogger(__name__)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_LONGEST_NAME = 200
_NO_FIELD = "There is no such field; leave it out, or look it up in /openapi.json"
_HTTP_CODES = {400: "invalid_body", 404: "not_found", 405: "method_not_allowed"}


def error_response(status: int, code: str, message: str, *, retryable: bool = False) -> JSONResponse:
    """Make an error response in the common format."""
    return JSONResponse(body_of(code, message, retryable=retryable), status)


def install_error_handlers(app: FastAPI) -> None:
    """Install handlers that answer every error of the app in the common format."""
    app.add_exception_handler(DeskError, _desk_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected_error)


async def _desk_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DeskError)  # noqa: S101 - registered for this type
    response = error_response(status_of(error), error.code, error.message, retryable=error.retryable)
    response.headers.update(headers_of(error))
    return response


async def _validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type
    errors: Sequence[dict[str, Any]] = error.errors()
    # Unknown fields come first: a missing field is often one that was misspelt.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    if first["type"] == "json_invalid":
        return error_response(400, "invalid_json", f"The body is not valid JSON: {first['ctx']['error']}.")
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    # Unknown field names are the client's: of any length, and with lone surrogates.
    named = where[:_LONGEST_NAME].encode("utf-8", "replace").decode()
    said = _NO_FIELD if first["type"] == "extra_forbidden" else first["msg"]
    return error_response(422, "invalid_request", f"{named}: {said}.")


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    messages = {
        400: "The body cannot be read; send UTF-8 JSON.",
        404: f"There is nothing at {request.url.path}; see /openapi.json for what there is.",
        405: f"{request.method} is not possible at {request.url.path}; see /openapi.json.",
    }
    code = _HTTP_CODES.get(error.status_code, "http_error")
    response = error_response(error.status_code, code, messages.get(error.status_code, str(error.detail)))
    response.headers.update(error.headers or {})
    if error.status_code == 405:
        response.headers["allow"] = ", ".join(_methods_of(request))
    return response


def _methods_of(request: Request) -> list[str]:
    """Return the methods that a path allows; each has its own route, and the framework names only the first one's."""
    scopes = {method: {**request.scope, "method": method} for method in _METHODS}
    routes = request.app.routes
    return [name for name, scope in scopes.items() if any(route.matches(scope)[0] is Match.FULL for route in routes)]


async def _unexpected_error(request: Request, error: Exception) -> JSONResponse:
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return error_response(500, "internal_error", "Something went wrong on our side; please try again.", retryable=True)
