"""Style, script and icon: what pages need besides themselves, all of it from here."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from automation.preview.html import STYLE

router = APIRouter()
_FILES: Final = Path(__file__).parent / "static"
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#1f5fbf" d="M16 2 28 9v14l-12 7L4 23V9z"/>'
    '<path fill="none" stroke="#fff" stroke-width="2.5" d="m16 9 6 3.5v7L16 23l-6-3.5v-7z"/></svg>'
)
_SERVED: Final[Mapping[str, tuple[str, Callable[[], str]]]] = {
    "portal.css": ("text/css", lambda: STYLE + (_FILES / "portal.css").read_text()),
    "portal.js": ("text/javascript", (_FILES / "portal.js").read_text),
    "icon.svg": ("image/svg+xml", lambda: _ICON),
}
_HOUR: Final = "public, max-age=3600"


@router.get("/static/{name}", include_in_schema=False)
def static(name: str) -> Response:
    """One of these files, and no other one of this machine."""
    if name not in _SERVED:
        raise HTTPException(404, "There is no such file.")
    kind, _ = _SERVED[name]
    return Response(_content(name), media_type=kind, headers={"Cache-Control": _HOUR})


@cache
def _content(name: str) -> str:
    return _SERVED[name][1]()
