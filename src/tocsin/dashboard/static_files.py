"""Style sheet, scripts and pictures, under an address that changes with their content, so that browsers keep them."""

import hashlib
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"


class KeptFiles(StaticFiles):
    """Files that never change under their address."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file, to be kept for a year."""
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


@lru_cache
def static_digest() -> str:
    """Return a short hash of all static files; scripts import each other, so they share one."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(FOLDER).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def static_url(name: str) -> str:
    """Return the address of a static file, for example of `tocsin.css`."""
    return f"/static/{static_digest()}/{name}"


def mount_static(app: FastAPI) -> None:
    """Serve the static files."""
    app.mount(f"/static/{static_digest()}", KeptFiles(directory=FOLDER), name="static")
