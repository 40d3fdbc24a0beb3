"""What is answered when something goes wrong: pages for people, problem details for programs (RFC 9457)."""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from common.errors import ApprovalError, BusyError, PolykubeError, StackFileError
from portal.access.guard import NotSignedIn
from portal.runs.service import BarredError, NoRunError
from portal.web.pages import page

API: Final = "/api/"
_MEDIA: Final = "application/problem+json"
_STATUS: Final[Mapping[type[PolykubeError], int]] = {
    BarredError: 403,
    NoRunError: 404,
    ApprovalError: 409,
    BusyError: 409,
    StackFileError: 422,
}
_log = logging.getLogger("polykube.portal")


def add_handlers(app: FastAPI) -> None:
    """Have the app answer errors so."""
    app.add_exception_handler(NotSignedIn, _not_signed_in)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(PolykubeError, _polykube)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _defect)


async def _not_signed_in(request: Request, _: Exception) -> Response:
    if request.url.path.startswith(API):
        answer = _problem(401, "Nobody is signed in.")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    wanted = request.url.path if request.method == "GET" else "/"
    return RedirectResponse(f"/login?next={quote(wanted)}", 303)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer(request, error.status_code, str(error.detail))


async def _polykube(request: Request, error: Exception) -> Response:
    assert isinstance(error, PolykubeError)
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 503)
    if status == 503:  # noqa: PLR2004
        _log.error("%s %s: %s", request.method, request.url.path, error)
    return _answer(request, status, error.problems[0].summary, problems=error.problems)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = "; ".join(f"{'.'.join(map(str, it['loc'][1:]))}: {it['msg']}" for it in error.errors())
    return _answer(request, 422, f"The request is not as it should be: {found}")


async def _defect(request: Request, error: Exception) -> Response:
    _log.exception("%s %s", request.method, request.url.path, exc_info=error)
    return _answer(request, 500, "This is a defect of the portal. Its log says more.")


def _answer(request: Request, status: int, text: str, problems: Any = ()) -> Response:
    if request.url.path.startswith(API):
        return _problem(status, text, problems)
    return page(request, "error.html", status, code=status, text=text, problems=problems)


def _problem(status: int, text: str, problems: Any = ()) -> Response:
    body = {"title": text, "status": status, "problems": [asdict(each) for each in problems]}
    return JSONResponse(body, status, media_type=_MEDIA)
