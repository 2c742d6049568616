"""The audit log for outsiders (C2SP tlog-tiles): files as they are. No person is named in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi import Path as InPath
from starlette.exceptions import HTTPException
from starlette.responses import Response

from projections.http.documented import served

_FOR_EVER: Final = "public, max-age=31536000, immutable"  # a tile is never written twice

Level = Annotated[
    str, InPath(pattern="^(entries|[0-9]|[1-5][0-9]|6[0-3])$", description="A level, or entries.")
]
Place = Annotated[
    str,
    InPath(
        pattern=r"^(x[0-9]{3}/){0,6}[0-9]{3}(\.p/[1-9][0-9]{0,2})?$",
        description="Which tile; one that is not full has its width.",
        examples=["000.p/5"],
    ),
]


def routes(folder: Path) -> APIRouter:
    """Return the routes to the log in ``folder``."""
    router = APIRouter(tags=["audit log"])

    @router.get("/audit/checkpoint", **served("checkpoint", "text/plain; charset=utf-8"))
    def checkpoint() -> Response:
        """The newest signed checkpoint (C2SP tlog-checkpoint)."""
        return _file(folder / "checkpoint", "text/plain; charset=utf-8", "no-cache")

    @router.get("/audit/tile/{level}/{place:path}", **served("tile", "application/octet-stream"))
    def tile(level: Level, place: Place) -> Response:
        """A tile of hashes, or a bundle of entries."""
        return _file(folder / "tile" / level / place, "application/octet-stream", _FOR_EVER)

    return router


def _file(path: Path, kind: str, cache: str) -> Response:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise HTTPException(404) from None
    return Response(content, 200, {"Cache-Control": cache}, kind)
